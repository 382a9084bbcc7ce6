package postgres

import (
	"errors"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/packed"
)

// IsMember implements store.JourneyReader.
func (r *reader) IsMember(segment string, person int64) (bool, error) {
	part, at := packed.Split(person)
	blob, err := one(r.conn, (*row).blob, `SELECT people FROM members WHERE part = $1 AND segment = $2`, part, segment)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return packed.Has(blob, at), err
}

// membersChunk is how many parts Members holds at a time: 400,000 people.
const membersChunk = 100

// Members implements store.JourneyReader. It holds some parts at a time, so that f
// may change them.
func (r *reader) Members(segment string, f func(person int64) error) error {
	type stored struct {
		number int64
		blob   []byte
	}
	for after := int64(-1); ; {
		parts, err := all(r.conn, func(r *row) stored { return stored{r.int64(), r.blob()} },
			`SELECT part, people FROM members WHERE segment = $1 AND part > $2 ORDER BY part LIMIT $3`, segment, after, membersChunk)
		if err != nil || len(parts) == 0 {
			return err
		}
		for _, s := range parts {
			after = s.number
			part, err := packed.Decode(s.blob)
			if err != nil {
				return err
			}
			if err := part.Each(func(at int) error { return f(packed.Join(s.number, at)) }); err != nil {
				return err
			}
		}
	}
}

// MemberCounts implements store.JourneyReader.
func (r *reader) MemberCounts() (map[string]int64, error) {
	counts := map[string]int64{}
	err := r.query(`SELECT segment, people FROM segment_sizes WHERE people > 0`, nil, func(r *row) error {
		segment := r.text()
		counts[segment] = r.int64()
		return nil
	})
	return counts, err
}

// ClearMembers implements store.JourneyWriter.
func (t *tx) ClearMembers(segment string) error {
	if err := t.later(`DELETE FROM members WHERE segment = $1`, segment); err != nil {
		return err
	}
	return t.later(`DELETE FROM segment_sizes WHERE segment = $1`, segment)
}

// segmentsOf are the segments that a person is inside of.
func (r *reader) segmentsOf(person int64) ([]string, error) {
	part, at := packed.Split(person)
	var inside []string
	err := r.query(`SELECT segment, people FROM members WHERE part = $1 ORDER BY segment`, []any{part}, func(r *row) error {
		if segment := r.text(); packed.Has(r.blob(), at) {
			inside = append(inside, segment)
		}
		return nil
	})
	return inside, err
}

// crossing changes who is inside: it reads the parts in one go, and writes back
// what became of them.
type crossing struct {
	tx    *tx
	parts map[place]*crossed
	order []place
	sizes map[string]int64 // how much larger each segment became
}

// place is where a part of a segment's members is kept.
type place struct {
	part    int64
	segment string
}

type crossed struct {
	packed.Part
	changed bool
}

// crossing prepares for changes at some places; a place may be named again.
func (t *tx) crossing(places []place) (*crossing, error) {
	c := &crossing{tx: t, parts: map[place]*crossed{}, sizes: map[string]int64{}}
	var numbers []int64
	var segments []string
	for _, at := range places {
		if c.parts[at] == nil {
			c.parts[at] = &crossed{}
			c.order = append(c.order, at)
			numbers, segments = append(numbers, at.part), append(segments, at.segment)
		}
	}
	if len(c.order) == 0 {
		return c, nil
	}
	err := t.query(`SELECT part, segment, people FROM unnest($1::bigint[], $2::text[]) AS n (part, segment) JOIN members USING (part, segment)`,
		[]any{numbers, segments}, func(r *row) error {
			at := place{r.int64(), r.text()}
			part, err := packed.Decode(r.blob())
			if err == nil {
				c.parts[at].Part = *part
			}
			return err
		})
	return c, err
}

// placeOf is where a person is among a segment's members.
func placeOf(segment string, person int64) place {
	part, _ := packed.Split(person)
	return place{part, clean(segment)}
}

// put puts a person in or takes the person out; false when that is so already.
func (c *crossing) put(segment string, person int64, inside bool) bool {
	_, at := packed.Split(person)
	where := placeOf(segment, person)
	p := c.parts[where]
	switch {
	case inside && p.Add(at):
		c.sizes[where.segment]++
	case !inside && p.Remove(at):
		c.sizes[where.segment]--
	default:
		return false
	}
	p.changed = true
	return true
}

// close writes what changed.
func (c *crossing) close() error {
	for _, at := range c.order {
		p := c.parts[at]
		if !p.changed {
			continue
		}
		var err error
		if blob := p.Encode(); blob == nil {
			err = c.tx.later(`DELETE FROM members WHERE part = $1 AND segment = $2`, at.part, at.segment)
		} else {
			err = c.tx.later(`INSERT INTO members (part, segment, people) VALUES ($1, $2, $3)
				ON CONFLICT (part, segment) DO UPDATE SET people = excluded.people`, at.part, at.segment, blob)
		}
		if err != nil {
			return err
		}
	}
	for segment, more := range c.sizes {
		if more == 0 {
			continue
		}
		if err := c.tx.later(`INSERT INTO segment_sizes (segment, people) VALUES ($1, $2)
			ON CONFLICT (segment) DO UPDATE SET people = segment_sizes.people + excluded.people`, segment, more); err != nil {
			return err
		}
	}
	return nil
}
