package sqlite

import (
	"errors"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/packed"
)

// wordID is the number of a word; 0 when there is none.
func (r *reader) wordID(word string) (int64, error) {
	id, err := one(r.conn, (*row).int64, `SELECT id FROM words WHERE word = ?`, word)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return id, err
}

// word is the number of a word, which is given one when it is new.
func (t *tx) word(word string) (int64, error) {
	id, ok := t.words[word]
	if ok {
		return id, nil
	}
	id, err := t.wordID(word)
	if err == nil && id == 0 {
		id, err = t.insert(`INSERT INTO words (word) VALUES (?)`, word)
	}
	if err == nil {
		t.words[word] = id
	}
	return id, err
}

// IsMember implements store.JourneyReader.
func (r *reader) IsMember(segment string, person int64) (bool, error) {
	part, at := packed.Split(person)
	blob, err := one(r.conn, (*row).blob, `SELECT people FROM members WHERE part = ? AND segment = (SELECT id FROM words WHERE word = ?)`, part, segment)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return packed.Has(blob, at), err
}

// Members implements store.JourneyReader. It holds one part at a time, so that f
// may change them.
func (r *reader) Members(segment string, f func(person int64) error) error {
	id, err := r.wordID(segment)
	if err != nil || id == 0 {
		return err
	}
	parts, err := all(r.conn, (*row).int64, `SELECT part FROM members WHERE segment = ? ORDER BY part`, id)
	if err != nil {
		return err
	}
	for _, number := range parts {
		part, err := r.part(number, id)
		if err != nil {
			return err
		}
		if err := part.Each(func(at int) error { return f(packed.Join(number, at)) }); err != nil {
			return err
		}
	}
	return nil
}

// part is a part of those inside a segment.
func (r *reader) part(number, segment int64) (*packed.Part, error) {
	blob, err := one(r.conn, (*row).blob, `SELECT people FROM members WHERE part = ? AND segment = ?`, number, segment)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return packed.Decode(blob)
}

// MemberCounts implements store.JourneyReader.
func (r *reader) MemberCounts() (map[string]int64, error) {
	counts := map[string]int64{}
	err := r.query(`SELECT word, people FROM segment_sizes JOIN words ON id = segment WHERE people > 0`, nil, func(r *row) error {
		segment, people := r.text(), r.int64()
		counts[segment] = people
		return nil
	})
	return counts, err
}

// ClearMembers implements store.JourneyWriter.
func (t *tx) ClearMembers(segment string) error {
	id, err := t.wordID(segment)
	if err != nil || id == 0 {
		return err
	}
	if _, err := t.exec(`DELETE FROM members WHERE segment = ?`, id); err != nil {
		return err
	}
	_, err = t.exec(`DELETE FROM segment_sizes WHERE segment = ?`, id)
	return err
}

// crossing changes who is inside: it reads each part once, and writes back what
// became of them.
type crossing struct {
	tx    *tx
	parts map[place]*crossed
	order []place
	sizes map[int64]int64 // how much larger each segment became
}

// place is where a part of a segment's members is kept.
type place struct{ part, segment int64 }

type crossed struct {
	packed.Part
	changed, stored bool
}

func (t *tx) crossing() *crossing {
	return &crossing{tx: t, parts: map[place]*crossed{}, sizes: map[int64]int64{}}
}

// put puts a person in or takes the person out; false when that is so already.
func (c *crossing) put(segment, person int64, inside bool) (bool, error) {
	number, at := packed.Split(person)
	p := c.parts[place{number, segment}]
	if p == nil {
		part, err := c.tx.part(number, segment)
		if err != nil {
			return false, err
		}
		p = &crossed{Part: *part, stored: part.Len() > 0}
		c.parts[place{number, segment}] = p
		c.order = append(c.order, place{number, segment})
	}
	switch {
	case inside && p.Add(at):
		c.sizes[segment]++
	case !inside && p.Remove(at):
		c.sizes[segment]--
	default:
		return false, nil
	}
	p.changed = true
	return true, nil
}

// close writes what changed.
func (c *crossing) close() error {
	var added []place
	for _, at := range c.order {
		p := c.parts[at]
		if !p.changed {
			continue
		}
		var err error
		switch blob := p.Encode(); {
		case blob == nil:
			_, err = c.tx.exec(`DELETE FROM members WHERE part = ? AND segment = ?`, at.part, at.segment)
		case p.stored:
			_, err = c.tx.exec(`UPDATE members SET people = ?3 WHERE part = ?1 AND segment = ?2`, at.part, at.segment, blob)
		default:
			added = append(added, at)
		}
		if err != nil {
			return err
		}
	}
	if _, err := c.tx.execMany(`INSERT OR FAIL INTO members (part, segment, people) VALUES`, 3, len(added), func(args []any, i int) []any {
		return append(args, added[i].part, added[i].segment, c.parts[added[i]].Encode())
	}); err != nil {
		return err
	}
	for segment, more := range c.sizes {
		if more == 0 {
			continue
		}
		if _, err := c.tx.exec(`INSERT INTO segment_sizes (segment, people) VALUES (?, ?)
			ON CONFLICT DO UPDATE SET people = people + excluded.people`, segment, more); err != nil {
			return err
		}
	}
	return nil
}
