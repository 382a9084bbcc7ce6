package column

import "hash/maphash"

var seed = maphash.MakeSeed()

// Len is the number of strings.
func (d *Dict) Len() int { return len(d.Ends) }

// String is the string of a code.
func (d *Dict) String(code uint32) string {
	from := uint32(0)
	if code > 0 {
		from = d.Ends[code-1]
	}
	return text(d.Bytes[from:d.Ends[code]])
}

// Find is the code of a string, if some row has it, or had it before the last
// sweep.
func (d *Dict) Find(s string) (code uint32, ok bool) {
	if len(d.table) == 0 {
		return 0, false
	}
	_, code, ok = d.place(s)
	return code, ok
}

// intern is the code of a string, a new one if there is none. Text that is there
// already is never written to: strings that were given out stay as they are.
func (d *Dict) intern(s string) uint32 {
	if 4*(len(d.Ends)+1) > 3*len(d.table) {
		d.rehash(2*len(d.Ends) + 8)
	}
	at, code, ok := d.place(s)
	if ok {
		return code
	}
	code = uint32(len(d.Ends))
	if n := len(d.Bytes); n+len(s) > cap(d.Bytes) && n >= longArray {
		d.Bytes = append(make([]byte, 0, n+n/16+len(s)), d.Bytes...)
	}
	d.Bytes = append(d.Bytes, s...)
	d.Ends = push(d.Ends, uint32(len(d.Bytes)))
	d.table[at] = code + 1
	d.Edition++
	return code
}

// place is where the table has s, or would have it. Open addressing with linear
// probing: Knuth, The Art of Computer Programming, volume 3, section 6.4.
func (d *Dict) place(s string) (at int, code uint32, ok bool) {
	mask := len(d.table) - 1
	for at = int(maphash.String(seed, s)) & mask; d.table[at] != 0; at = (at + 1) & mask {
		if code = d.table[at] - 1; d.String(code) == s {
			return at, code, true
		}
	}
	return at, 0, false
}

// rehash makes a table with room for n strings, at most three quarters full.
func (d *Dict) rehash(n int) {
	size := 16
	for 3*size < 4*n {
		size *= 2
	}
	d.table = make([]uint32, size)
	for code := range uint32(len(d.Ends)) {
		at, _, ok := d.place(d.String(code))
		if !ok {
			d.table[at] = code + 1
		}
	}
}

// keep drops the strings whose codes are not in used. It returns the new code of
// each that stays. Their text moves to memory of its own, so that nothing is left
// of the others.
func (d *Dict) keep(used Bits) (codes []uint32) {
	codes = make([]uint32, len(d.Ends))
	size, count := 0, 0
	used.Each(func(code uint32) { size += len(d.String(code)); count++ })
	old := *d
	*d = Dict{Bytes: make([]byte, 0, size), Ends: make([]uint32, 0, count), Edition: d.Edition + 1}
	used.Each(func(code uint32) {
		codes[code] = uint32(len(d.Ends))
		d.Bytes = append(d.Bytes, old.String(code)...)
		d.Ends = append(d.Ends, uint32(len(d.Bytes)))
	})
	d.rehash(count)
	return codes
}
