package postgres

import "github.com/herald-campaigns/herald/engine/store"

// change is what a transaction did to a person, to be written at its end: of
// each person the last one counts.
type change struct{ gone, moved, loud bool }

// Quietly implements store.Tx.
func (t *tx) Quietly() { t.quiet = true }

// change notes that something about a person is new.
func (t *tx) change(person int64, c change) {
	was, there := t.changes[person]
	if !there {
		t.changed = append(t.changed, person)
	}
	t.changes[person] = change{c.gone || was.gone, c.moved || was.moved, !t.quiet || was.loud}
}

// flushChanges writes the changes, whose numbers it draws.
func (t *tx) flushChanges() error {
	n := len(t.changed)
	if n == 0 {
		return nil
	}
	first := t.draw("change", n)
	gone, moved, loud := make([]bool, n), make([]int64, n), make([]int64, n)
	for i, person := range t.changed {
		c := t.changes[person]
		gone[i] = c.gone
		if c.moved {
			moved[i] = first + int64(i)
		}
		if c.loud {
			loud[i] = first + int64(i)
		}
	}
	err := t.later(`INSERT INTO changes (person, seq, gone, moved, loud)
		SELECT person, $1::bigint + place - 1, gone, moved, loud
		FROM unnest($2::bigint[], $3::boolean[], $4::bigint[], $5::bigint[]) WITH ORDINALITY AS c (person, gone, moved, loud, place)
		ON CONFLICT (person) DO UPDATE SET seq = excluded.seq, gone = excluded.gone,
			moved = greatest(changes.moved, excluded.moved), loud = greatest(changes.loud, excluded.loud)`,
		first, append([]int64(nil), t.changed...), gone, moved, loud)
	t.changed = t.changed[:0]
	clear(t.changes)
	return err
}

// ChangesAfter implements store.PeopleReader.
func (r *reader) ChangesAfter(after int64, limit int) ([]store.Change, error) {
	return all(r.conn, func(r *row) store.Change {
		return store.Change{Seq: r.int64(), Person: r.int64(), Gone: r.bool(), Moved: r.int64(), Loud: r.int64()}
	}, `SELECT seq, person, gone, moved, loud FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2`, after, noLimit(limit))
}

// Heads implements store.PeopleReader.
func (r *reader) Heads() (event, change int64, err error) {
	err = r.query(`SELECT e.value, c.value FROM counters e, counters c WHERE e.name = 'event' AND c.name = 'change'`, nil, func(r *row) error {
		event, change = r.int64(), r.int64()
		return nil
	})
	return event, change, err
}

// ChangesAfter implements store.PeopleReader; it sees what the transaction changed.
func (t *tx) ChangesAfter(after int64, limit int) ([]store.Change, error) {
	if err := t.flushChanges(); err != nil {
		return nil, err
	}
	return t.reader.ChangesAfter(after, limit)
}

// Heads implements store.PeopleReader; it sees what the transaction did.
func (t *tx) Heads() (event, change int64, err error) {
	if err := t.usable(); err != nil {
		return 0, 0, err
	}
	err = t.flushChanges()
	return t.counters["event"], t.counters["change"], err
}
