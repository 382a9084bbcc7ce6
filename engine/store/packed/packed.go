// Package packed is the compact form in which stores keep sets of people.
//
// By role:
//   - where somebody is: Split, Join; a set is cut into parts of PartSize people
//   - one part in memory: Part, with Add, Remove, Has, Len, Each
//   - one part in the store: Part.Encode and Decode; Has asks without decoding
//
// Enters: numbers of people, 0 and up. Leaves: a blob for each part with anybody
// in it, of two bytes for each person and at most 512: 125 KB for a million
// people who are all inside, nothing for those who are not.
// Refused: a blob of another form, by an error.
//
// A part is a sorted list where that is shorter, else a bitmap, as in
// S. Chambi, D. Lemire, O. Kaser, R. Godin, "Better bitmap performance with
// Roaring bitmaps", Software: Practice and Experience 46 (2016). Parts are smaller
// than there, since each is a row that is written again when one person moves.
package packed

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"sort"
)

// PartSize is how many people a part is about.
const PartSize = 4096

const (
	words      = PartSize / 64
	bitmapSize = PartSize / 8 // bytes
	maxList    = bitmapSize/2 - 1
)

var errForm = errors.New("not a set of people that herald writes")

// Split says in which part of a set a person is, and where within it.
func Split(person int64) (part int64, at int) {
	return person / PartSize, int(person % PartSize)
}

// Join is the person at a place of a part.
func Join(part int64, at int) int64 { return part*PartSize + int64(at) }

// Part is the part of a set in memory; its zero value is empty.
type Part struct{ bits [words]uint64 }

// Has says whether the one at a place is in it.
func (p *Part) Has(at int) bool { return p.bits[at/64]&(1<<(at%64)) != 0 }

// Add puts the one at a place in; false when that was so.
func (p *Part) Add(at int) bool {
	was := p.Has(at)
	p.bits[at/64] |= 1 << (at % 64)
	return !was
}

// Remove takes the one at a place out; false when nobody was there.
func (p *Part) Remove(at int) bool {
	was := p.Has(at)
	p.bits[at/64] &^= 1 << (at % 64)
	return was
}

// Len is how many are in it.
func (p *Part) Len() int {
	n := 0
	for _, w := range p.bits {
		n += bits.OnesCount64(w)
	}
	return n
}

// Each calls f for each place that is taken, in order, until f returns an error.
func (p *Part) Each(f func(at int) error) error {
	for i, w := range p.bits {
		for ; w != 0; w &= w - 1 {
			if err := f(i*64 + bits.TrailingZeros64(w)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Encode is the stored form; nil for the empty part.
func (p *Part) Encode() []byte {
	n := p.Len()
	if n == 0 {
		return nil
	}
	if n > maxList {
		blob := make([]byte, 0, bitmapSize)
		for _, w := range p.bits {
			blob = binary.LittleEndian.AppendUint64(blob, w)
		}
		return blob
	}
	blob := make([]byte, 0, 2*n)
	for i, w := range p.bits {
		for ; w != 0; w &= w - 1 {
			blob = binary.LittleEndian.AppendUint16(blob, uint16(i*64+bits.TrailingZeros64(w))) //nolint:gosec // below PartSize
		}
	}
	return blob
}

// Decode reads the stored form; nil is the empty part.
func Decode(blob []byte) (*Part, error) {
	p := &Part{}
	switch {
	case len(blob) == bitmapSize:
		for i := range p.bits {
			p.bits[i] = binary.LittleEndian.Uint64(blob[8*i:])
		}
		return p, nil
	case len(blob) > bitmapSize || len(blob)%2 != 0:
		return nil, errForm
	}
	last := -1
	for ; len(blob) > 0; blob = blob[2:] {
		at := int(binary.LittleEndian.Uint16(blob))
		if at <= last || at >= PartSize {
			return nil, errForm
		}
		p.bits[at/64] |= 1 << (at % 64)
		last = at
	}
	return p, nil
}

// Has says whether the one at a place is in a part in its stored form.
func Has(blob []byte, at int) bool {
	if len(blob) == bitmapSize {
		return blob[at/8]&(1<<(at%8)) != 0
	}
	n := len(blob) / 2
	i := sort.Search(n, func(i int) bool { return int(binary.LittleEndian.Uint16(blob[2*i:])) >= at })
	return i < n && int(binary.LittleEndian.Uint16(blob[2*i:])) == at
}
