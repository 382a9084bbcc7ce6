package audience

import (
	"context"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/store"
)

// Difference is how one answer differs from another: what an edit does to a
// segment. Its lists are ascending.
type Difference struct {
	Before, After int
	Enters        []int64
	Leaves        []int64
	Stays         int
	Unknown       int // after
}

// Compare tells who enters, who leaves and who stays.
func Compare(before, after Selection) Difference {
	d := Difference{Before: len(before.Yes), After: len(after.Yes), Unknown: len(after.Unknown)}
	b, a := before.Yes, after.Yes
	for len(b) > 0 && len(a) > 0 {
		switch {
		case b[0] == a[0]:
			d.Stays++
			b, a = b[1:], a[1:]
		case b[0] < a[0]:
			d.Leaves = append(d.Leaves, b[0])
			b = b[1:]
		default:
			d.Enters = append(d.Enters, a[0])
			a = a[1:]
		}
	}
	d.Leaves = append(d.Leaves, b...)
	d.Enters = append(d.Enters, a...)
	return d
}

// Sample picks at most n people, spread evenly: old ones and new ones.
func Sample(people []int64, n int) []int64 {
	if len(people) <= n {
		return people
	}
	out := make([]int64, 0, max(n, 0))
	for i := range n {
		out = append(out, people[i*len(people)/n])
	}
	return out
}

// Reach is whom a message to an audience can reach.
type Reach struct {
	Matched     int // the condition holds
	Consented   int // of them, with permission for the topic on the channel
	Deliverable int // of them, with an address that is not suppressed
	Unknown     int // the condition is unknown
}

// Reach counts whom a message would reach now. topic is "" for a transactional
// one, which needs no permission.
func (s *Scan) Reach(ctx context.Context, condition *expr.Checked, topic, channel string, now time.Time) (Reach, error) {
	need := NeedOf(s.schema.project, link.ReadsOf(condition)...)
	need.Consents = true
	var reach Reach
	err := s.Each(ctx, need, now, func(p *Person) error {
		switch p.Test(condition) {
		case expr.Unknown:
			reach.Unknown++
		case expr.True:
			reach.Matched++
			reach.add(p, topic, channel)
		case expr.False:
		}
		return nil
	})
	if err != nil {
		return Reach{}, err
	}
	return reach, nil
}

// ReachAmong counts whom a message would reach of those whom an evaluator has
// selected. topic is "" for a transactional one.
func ReachAmong(ctx context.Context, s store.Store, schema *Schema, found Selection, topic, channel string, now time.Time) (Reach, error) {
	reach := Reach{Matched: len(found.Yes), Unknown: len(found.Unknown)}
	person := NewPerson(schema)
	err := s.View(ctx, func(r store.Reader) error {
		reach.Consented, reach.Deliverable = 0, 0
		for ids := range slices.Chunk(found.Yes, testBatch) {
			records, err := r.Records(ids, store.Need{Consents: true})
			if err != nil {
				return err
			}
			for i := range records {
				person.Reset(&records[i], now)
				reach.add(person, topic, channel)
			}
		}
		return nil
	})
	return reach, err
}

// add counts one person of whom the condition holds.
func (r *Reach) add(p *Person, topic, channel string) {
	if topic != "" && !p.Permits(topic, channel) {
		return
	}
	r.Consented++
	if p.Deliverable(channel) {
		r.Deliverable++
	}
}
