package column

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
)

// pass is one walk over all arrays of a table, in a fixed order: it writes or
// reads them, adds up what they take, or gives back what they do not need.
type pass struct {
	do    action
	w     io.Writer
	r     io.Reader
	left  int64 // bytes that may still be read
	err   error
	bytes int64 // measured
}

type action uint8

const (
	writing action = iota
	reading
	measuring
	trimming
)

// errDamaged says that what was read is not what was written.
var errDamaged = errors.New("it is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// An array is written as its length in elements (-1: nil), its elements as they
// lie in memory, and a CRC-32C of both.
func slice[T fixed](p *pass, s *[]T) {
	switch p.do {
	case measuring:
		p.bytes += int64(cap(*s) * sizeOf[T]())
	case trimming:
		if spare := cap(*s) - len(*s); spare > len(*s)/16 {
			*s = append(make([]T, 0, len(*s)), *s...)
		}
	case writing:
		p.writeArray(length(*s), rawBytes(*s))
	case reading:
		n := p.readLength(sizeOf[T]())
		*s = nil
		if n >= 0 {
			*s = make([]T, n)
		}
		p.readArray(n, rawBytes(*s))
	}
}

func length[T any](s []T) int64 {
	if s == nil {
		return -1
	}
	return int64(len(s))
}

func (p *pass) writeArray(n int64, b []byte) {
	head := binary.LittleEndian.AppendUint64(nil, uint64(n))
	sum := crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, b)
	for _, part := range [][]byte{head, b, binary.LittleEndian.AppendUint32(nil, sum)} {
		if p.err == nil {
			_, p.err = p.w.Write(part)
		}
	}
}

// readLength is the length of the next array. One that cannot be true, for want
// of bytes to follow, is not believed.
func (p *pass) readLength(size int) int64 {
	var head [8]byte
	p.read(head[:])
	n := int64(binary.LittleEndian.Uint64(head[:]))
	if p.err == nil && (n < -1 || n > p.left/int64(size)) {
		p.err = errDamaged
	}
	if p.err != nil {
		return -1
	}
	return n
}

func (p *pass) readArray(n int64, b []byte) {
	p.read(b)
	var sum [4]byte
	p.read(sum[:])
	head := binary.LittleEndian.AppendUint64(nil, uint64(n))
	if p.err == nil && crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, b) != binary.LittleEndian.Uint32(sum[:]) {
		p.err = errDamaged
	}
}

func (p *pass) read(b []byte) {
	if p.err != nil || len(b) == 0 {
		return
	}
	if int64(len(b)) > p.left {
		p.err = errDamaged
		return
	}
	p.left -= int64(len(b))
	if _, err := io.ReadFull(p.r, b); err != nil {
		p.err = fmt.Errorf("%w: %w", errDamaged, err)
	}
}

// scalar is an array of one.
func scalar[T fixed](p *pass, v *T) {
	if p.do == measuring || p.do == trimming {
		return
	}
	s := []T{*v}
	slice(p, &s)
	if p.do == reading && p.err == nil {
		if len(s) != 1 {
			p.err = errDamaged
			return
		}
		*v = s[0]
	}
}

func (b *Bits) walk(p *pass) { slice(p, (*[]uint64)(b)) }

func (t *Table) walk(p *pass) {
	slice(p, &t.IDs)
	t.Gone.walk(p)
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		t.Attributes[name].walk(p)
	}
	for _, label := range slices.Sorted(maps.Keys(t.Events)) {
		t.Events[label].walk(p)
	}
	for _, sets := range []map[string]Bits{t.Topics, t.Reachable, t.Deliverable} {
		for _, name := range slices.Sorted(maps.Keys(sets)) {
			b := sets[name]
			b.walk(p)
			if p.do == reading { // others may be looking while it is written
				sets[name] = b
			}
		}
	}
	for _, permission := range t.Plan.Permissions() {
		t.Consents[permission].walk(p)
	}
}

func (c *Consent) walk(p *pass) {
	c.Known.walk(p)
	c.Granted.walk(p)
	if c.Source != nil {
		slice(p, &c.At)
		c.Source.walk(p)
	}
}

func (c *Column) walk(p *pass) {
	scalar(p, &c.rows)
	scalar(p, &c.left)
	c.Known.walk(p)
	c.Bool.walk(p)
	slice(p, &c.Num.F64)
	slice(p, &c.Num.I32)
	scalar(p, &c.Num.Scale)
	slice(p, &c.Code.U8)
	slice(p, &c.Code.U16)
	slice(p, &c.Code.U32)
	slice(p, &c.Day)
	slice(p, &c.Micros)
	slice(p, &c.Nanos)
	slice(p, &c.From)
	slice(p, &c.To)
	if c.Dict != nil {
		c.Dict.walk(p)
	}
	for _, part := range c.parts() {
		part.walk(p)
	}
}

func (d *Dict) walk(p *pass) {
	slice(p, &d.Bytes)
	slice(p, &d.Ends)
	switch p.do {
	case reading:
		d.released = 0
		d.Edition++
		if p.err == nil {
			d.rehash(len(d.Ends))
		}
	case measuring:
		slice(p, &d.table)
	}
}

func (e *Events) walk(p *pass) {
	slice(p, &e.Offsets)
	e.At.walk(p)
	slice(p, &e.Last)
	for _, name := range slices.Sorted(maps.Keys(e.Props)) {
		e.Props[name].walk(p)
	}
	e.Dirty.walk(p)
	e.walkLate(p)
}

func (t *Times) walk(p *pass) {
	scalar(p, &t.Base)
	slice(p, &t.Sec)
	slice(p, &t.Milli)
	slice(p, &t.Micro)
	rows, micros := []uint32{}, []int64{}
	for _, row := range slices.Sorted(maps.Keys(t.Odd)) {
		rows, micros = append(rows, row), append(micros, t.Odd[row])
	}
	slice(p, &rows)
	slice(p, &micros)
	if p.do != reading || p.err != nil || len(rows) == 0 {
		return
	}
	if len(rows) != len(micros) {
		p.err = errDamaged
		return
	}
	t.Odd = make(map[uint32]int64, len(rows))
	for i, row := range rows {
		t.Odd[row] = micros[i]
	}
}

// mapEntry is about what an entry of Late takes beside its rows.
const mapEntry = 56

// walkLate writes Late as slots, how many rows each has, and the rows of all.
func (e *Events) walkLate(p *pass) {
	if p.do == measuring {
		for _, rows := range e.Late {
			p.bytes += mapEntry + int64(cap(rows))*4
		}
		return
	}
	slots, counts, rows := []uint32{}, []uint32{}, []uint32{}
	if p.do == writing {
		for _, slot := range slices.Sorted(maps.Keys(e.Late)) {
			slots, counts = append(slots, slot), append(counts, uint32(len(e.Late[slot])))
			rows = append(rows, e.Late[slot]...)
		}
	}
	dead := uint64(e.dead)
	slice(p, &slots)
	slice(p, &counts)
	slice(p, &rows)
	scalar(p, &dead)
	if p.do != reading || p.err != nil {
		return
	}
	e.Late, e.late, e.dead = make(map[uint32][]uint32, len(slots)), len(rows), int(dead)
	for i, slot := range slots {
		if i >= len(counts) || int(counts[i]) > len(rows) {
			p.err = errDamaged
			return
		}
		n := counts[i]
		e.Late[slot] = rows[:n:n]
		rows = rows[n:]
	}
}
