package sqlite

import (
	"errors"

	"github.com/herald-campaigns/herald/engine/store"
)

// change is what a transaction did to a person, to be written at its end: of
// each person the last one counts.
type change struct{ gone, moved, loud, born bool }

// Quietly implements store.Tx.
func (t *tx) Quietly() { t.quiet = true }

// change notes that something about a person is new.
func (t *tx) change(person int64, c change) {
	was, there := t.changes[person]
	if !there {
		t.changed = append(t.changed, person)
	}
	t.changes[person] = change{c.gone || was.gone, c.moved || was.moved, !t.quiet || was.loud, c.born || was.born}
}

// where is at, if something happened there.
func where(happened bool, at int64) int64 {
	if happened {
		return at
	}
	return 0
}

// flush writes the changes. It draws their numbers at the end of the
// transaction, when nobody else can.
func (t *tx) flush() error {
	if len(t.changed) == 0 {
		return nil
	}
	seq, err := one(t.conn, (*row).int64, `SELECT coalesce(max(seq), 0) FROM changes`)
	if err != nil {
		return err
	}
	born := make([]int, 0, len(t.changed))
	for i, person := range t.changed {
		c := t.changes[person]
		if c.born {
			born = append(born, i)
			continue
		}
		if _, err := t.exec(`INSERT INTO changes (seq, person, gone, moved, loud) VALUES (?1, ?2, ?3, iif(?4, ?1, 0), iif(?5, ?1, 0))
			ON CONFLICT (person) DO UPDATE SET seq = excluded.seq, gone = excluded.gone,
				moved = max(moved, excluded.moved), loud = max(loud, excluded.loud)`, seq+int64(i)+1, person, c.gone, c.moved, c.loud); err != nil {
			return err
		}
	}
	_, err = t.execMany(`INSERT OR FAIL INTO changes (seq, person, gone, moved, loud) VALUES`, 5, len(born), func(args []any, i int) []any {
		person, at := t.changed[born[i]], seq+int64(born[i])+1
		c := t.changes[person]
		return append(args, at, person, c.gone, where(c.moved, at), where(c.loud, at))
	})
	if err != nil {
		return err
	}
	t.changed = t.changed[:0]
	clear(t.changes)
	return nil
}

// ChangesAfter implements store.PeopleReader.
func (r *reader) ChangesAfter(after int64, limit int) ([]store.Change, error) {
	return all(r.conn, func(r *row) store.Change {
		return store.Change{Seq: r.int64(), Person: r.int64(), Gone: r.bool(), Moved: r.int64(), Loud: r.int64()}
	}, `SELECT seq, person, gone, moved, loud FROM changes WHERE seq > ? ORDER BY seq LIMIT ?`, after, noLimit(limit))
}

// Heads implements store.PeopleReader.
func (r *reader) Heads() (event, change int64, err error) {
	event, err = r.drawn("events")
	if err != nil {
		return 0, 0, err
	}
	change, err = one(r.conn, (*row).int64, `SELECT coalesce(max(seq), 0) FROM changes`)
	return event, change, err
}

// drawn is the largest number that a table with AUTOINCREMENT ever gave.
func (r *reader) drawn(table string) (int64, error) {
	n, err := one(r.conn, (*row).int64, `SELECT seq FROM sqlite_sequence WHERE name = ?`, table)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

// ChangesAfter implements store.PeopleReader; it sees what the transaction changed.
func (t *tx) ChangesAfter(after int64, limit int) ([]store.Change, error) {
	if err := t.flush(); err != nil {
		return nil, err
	}
	return t.reader.ChangesAfter(after, limit)
}

// Heads implements store.PeopleReader.
func (t *tx) Heads() (event, change int64, err error) {
	if err := t.flush(); err != nil {
		return 0, 0, err
	}
	return t.reader.Heads()
}
