package column

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Write writes the table for Read to read on a machine with the same order of
// bytes. Strings of nobody are to be swept before.
func (t *Table) Write(w io.Writer) error {
	plan, err := json.Marshal(t.Plan)
	if err != nil {
		return err
	}
	p := &pass{do: writing, w: w}
	slice(p, &plan)
	order := uint64(byteOrder)
	scalar(p, &order)
	t.walk(p)
	return p.err
}

const byteOrder = 0x0102030405060708

// Read reads what Write wrote; size is how many bytes there are. What is damaged
// is refused.
func Read(r io.Reader, size int64) (*Table, error) {
	p := &pass{do: reading, r: r, left: size}
	var body []byte
	slice(p, &body)
	order := uint64(0)
	scalar(p, &order)
	if p.err != nil {
		return nil, p.err
	}
	if order != byteOrder {
		return nil, fmt.Errorf("it was written by a machine with another order of bytes")
	}
	var plan Plan
	if err := json.Unmarshal(body, &plan); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	t := New(plan)
	t.walk(p)
	if p.err == nil && p.left > 0 {
		p.err = errDamaged
	}
	if p.err != nil {
		return nil, p.err
	}
	for t.sorted < len(t.IDs) && (t.sorted == 0 || t.IDs[t.sorted-1] < t.IDs[t.sorted]) {
		t.sorted++
	}
	for i := t.sorted; i < len(t.IDs); i++ {
		t.behind[t.IDs[i]] = uint32(i)
	}
	if !t.whole() {
		return nil, errDamaged
	}
	return t, nil
}

// whole reports whether arrays that belong together are equally long.
func (t *Table) whole() bool {
	ok := true
	for _, c := range t.Attributes {
		ok = ok && int(c.rows) <= len(t.IDs) && c.whole()
	}
	for _, e := range t.Events {
		n := len(e.At.Sec)
		ok = ok && (e.At.Milli == nil || len(e.At.Milli) == n) && (e.At.Micro == nil || len(e.At.Micro) == n) &&
			len(e.Offsets) > 0 && len(e.Offsets) <= len(t.IDs)+1 && len(e.Last) <= len(t.IDs) && int(e.Offsets[len(e.Offsets)-1]) <= n
		for _, c := range e.Props {
			ok = ok && int(c.rows) == n && c.whole()
		}
	}
	for _, c := range t.Consents {
		ok = ok && (c.Source == nil || len(c.At) == c.Source.Len() && c.Source.whole())
	}
	return ok
}

func (c *Column) whole() bool {
	n := int(c.rows)
	switch c.Type.Kind {
	case campaign.Bool:
		return len(c.Bool) >= (n+63)>>6
	case campaign.Number:
		return len(c.Num.F64)+len(c.Num.I32) == n
	case campaign.String, campaign.Ref, campaign.Any:
		return len(c.Code.U8)+len(c.Code.U16)+len(c.Code.U32) == n
	case campaign.Date:
		return len(c.Day) == n
	case campaign.Time:
		return len(c.Micros) == n
	case campaign.Duration:
		return len(c.Nanos) == n
	case campaign.List, campaign.Set, campaign.Map:
		return len(c.From) == n && len(c.To) == n && c.Elem.whole() && (c.Keys == nil || c.Keys.rows == c.Elem.rows && c.Keys.whole())
	}
	for _, f := range c.Fields {
		if f.rows != c.rows || !f.whole() {
			return false
		}
	}
	return true
}

// Memory is how many bytes the arrays of each part take: "people",
// "attributes.spend", "events.order" (its times), "events.order.total", "consents".
func (t *Table) Memory() map[string]int64 {
	parts := map[string]int64{"people": int64(cap(t.IDs)*8 + cap(t.Gone)*8 + len(t.behind)*24)}
	measure := func(part string, walk func(*pass)) {
		p := &pass{do: measuring}
		walk(p)
		parts[part] += p.bytes
	}
	for name, c := range t.Attributes {
		measure("attributes."+name, c.walk)
	}
	for label, e := range t.Events {
		total := int64(0)
		for name, c := range e.Props {
			measure("events."+label+"."+name, c.walk)
			total += parts["events."+label+"."+name]
		}
		measure("events."+label, e.walk)
		parts["events."+label] -= total
	}
	for _, sets := range []map[string]Bits{t.Topics, t.Reachable, t.Deliverable} {
		for _, b := range sets {
			measure("consents", b.walk)
		}
	}
	for _, c := range t.Consents {
		measure("consents", c.walk)
	}
	return parts
}
