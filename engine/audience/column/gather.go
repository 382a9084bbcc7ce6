package column

import (
	"github.com/herald-campaigns/herald/dsl/campaign"
)

// none stands, in an order of rows, for a row that has no value.
const none = ^uint32(0)

// rowOrder says which rows a column is to have, in which order.
type rowOrder struct {
	rows []uint32
	gaps bool // none is among them
	all  bool // every row is among them that has a value
}

// pick makes s anew.
func pick[T any](s []T, o rowOrder) []T {
	if s == nil {
		return nil
	}
	out := make([]T, len(o.rows))
	for i, r := range o.rows {
		if r != none {
			out[i] = s[r]
		}
	}
	return out
}

func (b Bits) pick(o rowOrder) Bits {
	out := make(Bits, (len(o.rows)+63)>>6)
	for i, r := range o.rows {
		if r != none && b.Has(r) {
			out[i>>6] |= 1 << (i & 63)
		}
	}
	return out
}

// gather makes all arrays anew. Rows that are not in the order are gone, with
// their elements; their strings are, after the next sweep.
func (c *Column) gather(o rowOrder) {
	c.gatherKnown(o)
	switch c.Type.Kind {
	case campaign.Bool:
		c.Bool = c.Bool.pick(o)
	case campaign.Number:
		c.Num.F64 = pick(c.Num.F64, o)
		c.Num.I32 = pick(c.Num.I32, o)
		if c.Num.Scale == 0 && c.Num.F64 == nil {
			c.Num.Scale, c.Num.I32 = 1, make([]int32, len(o.rows))
		}
	case campaign.String, campaign.Ref, campaign.Any:
		c.gatherCodes(o)
		if !o.all {
			c.Dict.released++
		}
	case campaign.Date:
		c.Day = pick(c.Day, o)
	case campaign.Time:
		c.Micros = pick(c.Micros, o)
	case campaign.Duration:
		c.Nanos = pick(c.Nanos, o)
	case campaign.List, campaign.Set, campaign.Map:
		c.gatherElements(o)
	case campaign.Object:
		for _, f := range c.Fields {
			f.gather(o)
		}
	}
	c.rows = uint32(len(o.rows))
	c.fill()
}

// fill gives a column that had no rows, and so no arrays, those of empty rows.
func (c *Column) fill() {
	n := int(c.rows)
	switch c.Type.Kind {
	case campaign.String, campaign.Ref, campaign.Any:
		if c.Code.U8 == nil && c.Code.U16 == nil && c.Code.U32 == nil {
			c.Code.U8 = make([]uint8, n)
		}
	case campaign.Date:
		if c.Day == nil {
			c.Day = make([]int32, n)
		}
	case campaign.Time:
		if c.Micros == nil {
			c.Micros = make([]int64, n)
		}
	case campaign.Duration:
		if c.Nanos == nil {
			c.Nanos = make([]int64, n)
		}
	case campaign.List, campaign.Set, campaign.Map:
		if c.From == nil {
			c.From, c.To = make([]uint32, n), make([]uint32, n)
		}
	}
}

func (c *Column) gatherKnown(o rowOrder) {
	switch {
	case c.collection():
	case c.Known != nil:
		c.Known = c.Known.pick(o)
	case o.gaps:
		c.Known = ones(c.rows).pick(o)
	}
}

func (c *Column) gatherCodes(o rowOrder) {
	c.Code.U8, c.Code.U16, c.Code.U32 = pick(c.Code.U8, o), pick(c.Code.U16, o), pick(c.Code.U32, o)
}

func (c *Column) gatherElements(o rowOrder) {
	elements := rowOrder{rows: make([]uint32, 0, c.Elem.rows-c.left), all: o.all}
	from, to := make([]uint32, len(o.rows)), make([]uint32, len(o.rows))
	for i, r := range o.rows {
		from[i] = uint32(len(elements.rows))
		if r != none {
			for e := c.From[r]; e < c.To[r]; e++ {
				elements.rows = append(elements.rows, e)
			}
		}
		to[i] = uint32(len(elements.rows))
	}
	c.From, c.To, c.left = from, to, 0
	c.Elem.gather(elements)
	if c.Keys != nil {
		c.Keys.gather(elements)
	}
}

// inOrder is the order in which n rows stand.
func inOrder(n int) rowOrder {
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	return rowOrder{rows: rows, all: true}
}

// tidy takes out elements of nobody when they are many.
func (c *Column) tidy() {
	if c.Elem == nil {
		for _, f := range c.Fields {
			f.tidy()
		}
		return
	}
	if live := c.Elem.rows - c.left; c.left > live/4+1024 {
		c.gatherElements(inOrder(int(c.rows)))
	}
	c.Elem.tidy()
}
