package sqlite

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

const eventColumns = `seq, person, name, at, received_at, message_id, imported, properties`

func readEvent(r *row) store.Event { return readEventWith(r, nil) }

func readEventWith(r *row, p picks) store.Event {
	e := store.Event{
		Seq: r.int64(), Person: r.int64(), Name: r.text(), At: r.time(), ReceivedAt: r.time(), MessageID: r.text(), Imported: r.bool(),
	}
	e.Properties = r.picked(p, e.Name)
	return e
}

// AppendEvents implements store.PeopleWriter. The Seqs are drawn here, so that all
// rows can be put into their tables in the order of each.
func (t *tx) AppendEvents(events []store.Event) ([]int64, error) {
	if len(events) == 0 {
		return nil, nil
	}
	if err := t.mustKnowAll(events); err != nil {
		return nil, err
	}
	last, err := t.drawn("events")
	if err != nil {
		return nil, err
	}
	seqs := make([]int64, len(events))
	for i := range seqs {
		seqs[i] = last + int64(i) + 1
	}
	if err := t.claimIDs(events, seqs); err != nil {
		return nil, err
	}
	fresh := make([]int, 0, len(events))
	for i, seq := range seqs {
		if seq != 0 {
			fresh = append(fresh, i)
		}
	}
	if err := t.insertEvents(events, seqs, fresh); err != nil {
		return nil, err
	}
	return seqs, t.insertPersonEvents(events, seqs, fresh)
}

// insertEvents adds the rows of those events that are news, in order.
func (t *tx) insertEvents(events []store.Event, seqs []int64, fresh []int) error {
	var wrong error
	_, err := t.execMany(`INSERT OR FAIL INTO events (`+eventColumns+`) VALUES`, 8, len(fresh), func(args []any, i int) []any {
		e := &events[fresh[i]]
		properties, err := objectText(e.Properties)
		if err != nil && wrong == nil {
			wrong = err
		}
		return append(args, seqs[fresh[i]], e.Person, e.Name, e.At, e.ReceivedAt, orNull(e.MessageID), e.Imported, properties)
	})
	return errors.Join(err, wrong)
}

// insertPersonEvents notes whose the events are, in the order of people.
func (t *tx) insertPersonEvents(events []store.Event, seqs []int64, fresh []int) error {
	type ref struct{ person, name, at, seq int64 }
	refs := make([]ref, len(fresh))
	for n, i := range fresh {
		name, err := t.word(events[i].Name)
		if err != nil {
			return err
		}
		refs[n] = ref{events[i].Person, name, atKey(events[i].At), seqs[i]}
	}
	slices.SortFunc(refs, func(a, b ref) int {
		return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.name, b.name), cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
	})
	_, err := t.execMany(`INSERT OR FAIL INTO person_events (person, name, at, seq) VALUES`, 4, len(refs), func(args []any, i int) []any {
		r := &refs[i]
		return append(args, r.person, r.name, r.at, r.seq)
	})
	return err
}

// atKey is an instant by which events are ordered; an unknown one comes first.
func atKey(at time.Time) int64 {
	if at.IsZero() {
		return math.MinInt64
	}
	return at.UnixMicro()
}

// mustKnowAll says store.ErrNotFound when one of the events is nobody's.
func (t *tx) mustKnowAll(events []store.Event) error {
	var unknown []int64
	for i := range events {
		if person := events[i].Person; !t.alive[person] {
			unknown = append(unknown, person)
		}
	}
	if len(unknown) > bulkRows {
		slices.Sort(unknown)
		unknown = slices.Compact(unknown)
		if err := t.query(`SELECT id FROM people WHERE id IN (SELECT value FROM json_each(?))`, []any{list(unknown)}, func(r *row) error {
			t.alive[r.int64()] = true
			return nil
		}); err != nil {
			return err
		}
	}
	for _, person := range unknown {
		if err := t.mustKnow(person); err != nil {
			return err
		}
	}
	return nil
}

// mustKnow says store.ErrNotFound of nobody. Whom the transaction has met it knows.
func (t *tx) mustKnow(person int64) error {
	if t.alive[person] {
		return nil
	}
	_, err := one(t.conn, (*row).int64, `SELECT id FROM people WHERE id = ?`, person)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("person %d: %w", person, err)
		if t.failed == nil {
			t.failed = err // half of what was asked for must not be kept
		}
		return err
	}
	if err == nil {
		t.alive[person] = true
	}
	return err
}

// EventsAfter implements store.PeopleReader.
func (r *reader) EventsAfter(after int64, limit int) ([]store.Event, error) {
	return all(r.conn, readEvent, `SELECT `+eventColumns+` FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, after, noLimit(limit))
}

// Event implements store.JourneyReader.
func (r *reader) Event(seq int64) (store.Event, error) {
	return one(r.conn, readEvent, `SELECT `+eventColumns+` FROM events WHERE seq = ?`, seq)
}

// EachEvent implements store.PeopleReader: one pass through the table.
func (r *reader) EachEvent(after int64, need store.Need, f func(*store.Event) error) error {
	where, args := ` WHERE seq > ?`, []any{after}
	if !need.AllEvents {
		where, args = where+` AND name IN (SELECT value FROM json_each(?))`, append(args, list(need.Events))
	}
	picks := picksOf(need)
	names := map[string]string{} // of the few labels one string each
	var e store.Event
	return r.query(`SELECT seq, person, at, imported, name, properties FROM events`+where+` ORDER BY seq`, args, func(r *row) error {
		e = store.Event{Seq: r.int64(), Person: r.int64(), At: r.time(), Imported: r.bool()}
		label := r.text()
		name, ok := names[label]
		if !ok {
			name, names[label] = label, label
		}
		e.Name, e.Properties = name, r.picked(picks, name)
		if r.err != nil {
			return nil // query reports it
		}
		return f(&e)
	})
}

// EventByMessageID implements store.PeopleReader.
func (r *reader) EventByMessageID(id string) (store.Event, error) {
	if id == "" {
		return store.Event{}, store.ErrNotFound
	}
	seq, _, err := r.seqByID(id)
	if err != nil {
		return store.Event{}, err
	}
	return r.Event(seq) // of 0 there is none
}

// CountEvents implements store.PeopleReader.
func (r *reader) CountEvents() (int64, error) {
	return one(r.conn, (*row).int64, `SELECT count(*) FROM person_events`)
}
