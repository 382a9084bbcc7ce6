package column

import "math/bits"

// Bits is a set of rows.
type Bits []uint64

// Has reports whether row i is in the set; rows beyond its length are not.
func (b Bits) Has(i uint32) bool { return int(i>>6) < len(b) && b[i>>6]&(1<<(i&63)) != 0 }

// Count is the number of rows in the set.
func (b Bits) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// Put takes row i in or out.
func (b *Bits) Put(i uint32, in bool) {
	if !in {
		if int(i>>6) < len(*b) {
			(*b)[i>>6] &^= 1 << (i & 63)
		}
		return
	}
	b.hold(i + 1)
	(*b)[i>>6] |= 1 << (i & 63)
}

// Each calls f for the rows of the set, ascending.
func (b Bits) Each(f func(i uint32)) {
	for k, w := range b {
		for ; w != 0; w &= w - 1 {
			f(uint32(k<<6 + bits.TrailingZeros64(w)))
		}
	}
}

// hold makes room for rows below n.
func (b *Bits) hold(n uint32) {
	for len(*b) < int(n+63)>>6 {
		*b = push(*b, 0)
	}
}

// ones is the set of all rows below n.
func ones(n uint32) Bits {
	b := make(Bits, int(n+63)>>6)
	for i := range b {
		b[i] = ^uint64(0)
	}
	if n&63 != 0 {
		b[len(b)-1] = 1<<(n&63) - 1
	}
	return b
}

// And keeps the rows that are in o as well.
func (b Bits) And(o Bits) {
	for i := range b {
		if i < len(o) {
			b[i] &= o[i]
		} else {
			b[i] = 0
		}
	}
}
