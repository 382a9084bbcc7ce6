package column

import (
	"math"
	"slices"
)

// maxScale is the finest part that integers are tried for: a millionth.
const maxScale = 1e6

// At is number i.
func (n *Numbers) At(i uint32) float64 {
	if n.F64 != nil {
		return n.F64[i]
	}
	return float64(n.I32[i]) / n.Scale
}

// room adds a zero.
func (n *Numbers) room() {
	if n.F64 != nil {
		n.F64 = push(n.F64, 0)
		return
	}
	if n.Scale == 0 {
		n.Scale = 1
	}
	n.I32 = push(n.I32, 0)
}

// put sets number i. All of them move to a finer scale, or to floats, when v does
// not fit otherwise.
func (n *Numbers) put(i uint32, v float64) {
	if n.F64 == nil {
		if k, ok := scaled(v, n.Scale); ok {
			n.I32[i] = k
			return
		}
		if n.refine(v) {
			n.I32[i], _ = scaled(v, n.Scale)
			return
		}
		n.float()
	}
	n.F64[i] = v
}

// scaled is v as an integer over scale, if that gives back v to the bit.
func scaled(v, scale float64) (int32, bool) {
	k := math.Round(v * scale)
	if !(math.Abs(k) <= math.MaxInt32) || k/scale != v || k == 0 && math.Signbit(v) {
		return 0, false
	}
	return int32(k), true
}

// refine finds a scale for v and all there are. A value keeps its bits: i/s and
// 10i/10s are the same quotient, rounded once.
func (n *Numbers) refine(v float64) bool {
	largest := int64(0)
	for _, k := range n.I32 {
		largest = max(largest, int64(k), -int64(k))
	}
	for scale := n.Scale * 10; scale <= maxScale; scale *= 10 {
		factor := int64(scale / n.Scale)
		if largest*factor > math.MaxInt32 {
			return false
		}
		if _, ok := scaled(v, scale); ok {
			for i := range n.I32 {
				n.I32[i] *= int32(factor)
			}
			n.Scale = scale
			return true
		}
	}
	return false
}

func (n *Numbers) float() {
	n.F64 = make([]float64, len(n.I32), max(cap(n.I32), 1))
	for i, k := range n.I32 {
		n.F64[i] = float64(k) / n.Scale
	}
	n.I32, n.Scale = nil, 0
}

func (n *Numbers) reserve(total int) {
	if n.F64 != nil {
		n.F64 = reserve(n.F64, total)
		return
	}
	n.I32 = reserve(n.I32, total)
}

// At is code i.
func (c *Codes) At(i uint32) uint32 {
	switch {
	case c.U32 != nil:
		return c.U32[i]
	case c.U16 != nil:
		return uint32(c.U16[i])
	}
	return uint32(c.U8[i])
}

func (c *Codes) room() {
	switch {
	case c.U32 != nil:
		c.U32 = push(c.U32, 0)
	case c.U16 != nil:
		c.U16 = push(c.U16, 0)
	default:
		c.U8 = push(c.U8, 0)
	}
}

func (c *Codes) put(i, code uint32) {
	if c.U32 == nil && code > math.MaxUint16 {
		c.widen32()
	} else if c.U32 == nil && c.U16 == nil && code > math.MaxUint8 {
		c.U16 = widen[uint8, uint16](c.U8)
		c.U8 = nil
	}
	switch {
	case c.U32 != nil:
		c.U32[i] = code
	case c.U16 != nil:
		c.U16[i] = uint16(code)
	default:
		c.U8[i] = uint8(code)
	}
}

func (c *Codes) widen32() {
	if c.U16 != nil {
		c.U32 = widen[uint16, uint32](c.U16)
	} else {
		c.U32 = widen[uint8, uint32](c.U8)
	}
	c.U8, c.U16 = nil, nil
}

func widen[From, To uint8 | uint16 | uint32](s []From) []To {
	wide := make([]To, len(s), max(cap(s), 1))
	for i, v := range s {
		wide[i] = To(v)
	}
	return wide
}

func (c *Codes) reserve(total int) {
	switch {
	case c.U32 != nil:
		c.U32 = reserve(c.U32, total)
	case c.U16 != nil:
		c.U16 = reserve(c.U16, total)
	default:
		c.U8 = reserve(c.U8, total)
	}
}

// push appends v. Long arrays grow by a sixteenth, so that little is kept for what
// is to come.
func push[T any](s []T, v T) []T {
	if n := len(s); n == cap(s) && n >= longArray {
		grown := make([]T, n, n+n/16)
		copy(grown, s)
		s = grown
	}
	return append(s, v)
}

const longArray = 1 << 16

// reserve makes room for total elements.
func reserve[T any](s []T, total int) []T {
	if cap(s) >= total {
		return s
	}
	return slices.Grow(s, total-len(s))
}
