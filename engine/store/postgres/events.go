package postgres

import (
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/herald-campaigns/herald/engine/store"
)

const eventColumns = `seq, person, name, at, received_at, message_id, imported, properties`

func readEvent(r *row) store.Event {
	return store.Event{
		Seq: r.int64(), Person: r.int64(), Name: r.text(), At: r.time(), ReceivedAt: r.time(),
		MessageID: r.text(), Imported: r.bool(), Properties: r.object(),
	}
}

// copyFrom is how many events are worth the preparations of a COPY.
const copyFrom = 100

// AppendEvents implements store.PeopleWriter.
func (t *tx) AppendEvents(events []store.Event) ([]int64, error) {
	if len(events) == 0 {
		return nil, nil
	}
	known, err := t.checkEvents(events)
	if err != nil {
		return nil, err
	}
	seqs := make([]int64, len(events))
	rows := make([][]any, 0, len(events))
	for i := range events {
		e := &events[i]
		if id := clean(e.MessageID); id != "" {
			if known[id] {
				continue
			}
			known[id] = true
		}
		properties, err := objectText(e.Properties)
		if err != nil {
			return nil, err
		}
		seqs[i] = t.draw("event", 1)
		rows = append(rows, []any{seqs[i], e.Person, e.Name, always(e.At), e.ReceivedAt, orNull(e.MessageID), e.Imported, properties})
	}
	return seqs, t.putEvents(rows)
}

// checkEvents refuses events of people who are not there, and returns the message
// IDs that are.
func (t *tx) checkEvents(events []store.Event) (map[string]bool, error) {
	people := make([]int64, len(events))
	ids := make([]string, 0, len(events))
	for i := range events {
		people[i] = events[i].Person
		ids = some(ids, events[i].MessageID)
	}
	slices.Sort(people)
	known := map[string]bool{}
	missing := int64(-1)
	err := t.query(`(SELECT p, NULL FROM unnest($1::bigint[]) p WHERE NOT EXISTS (SELECT 1 FROM people WHERE id = p) LIMIT 1)
		UNION ALL SELECT NULL, message_id FROM events WHERE message_id = ANY($2)`, []any{slices.Compact(people), ids}, func(r *row) error {
		if person, id := r.int64(), r.text(); id == "" {
			missing = person
		} else {
			known[id] = true
		}
		return nil
	})
	if err == nil && missing >= 0 {
		err = t.refuse(missing)
	}
	return known, err
}

// allThere says store.ErrNotFound of the first who is not there.
func (t *tx) allThere(people []int64) error {
	missing, err := all(t.conn, (*row).int64, `SELECT p FROM unnest($1::bigint[]) p WHERE NOT EXISTS (SELECT 1 FROM people WHERE id = p) LIMIT 1`, people)
	if err == nil && len(missing) > 0 {
		err = t.refuse(missing[0])
	}
	return err
}

// refuse says that somebody is not there, as a broken reference does in other
// stores: nothing of this update is kept.
func (t *tx) refuse(person int64) error {
	t.failed = nobody(person)
	return t.failed
}

// nobody says that there is no such person.
func nobody(person int64) error { return fmt.Errorf("person %d: %w", person, store.ErrNotFound) }

func (t *tx) putEvents(rows [][]any) error {
	if len(rows) < copyFrom {
		for _, row := range rows {
			if err := t.later(`INSERT INTO events (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, row...); err != nil {
				return err
			}
		}
		return nil
	}
	return t.copyIn("events", []string{"seq", "person", "name", "at", "received_at", "message_id", "imported", "properties"}, rows)
}

// copyIn adds rows, which it takes over, to a table by COPY.
func (c *conn) copyIn(table string, columns []string, rows [][]any) error {
	if err := c.usable(); err != nil {
		return err
	}
	if err := c.flush(); err != nil {
		return err
	}
	c.sent++
	for _, row := range rows {
		bind(row)
	}
	if _, err := c.pg.CopyFrom(c.ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows)); err != nil {
		return c.fail(err)
	}
	return nil
}

// EventsAfter implements store.PeopleReader.
func (r *reader) EventsAfter(after int64, limit int) ([]store.Event, error) {
	return all(r.conn, readEvent, `SELECT `+eventColumns+` FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`, after, noLimit(limit))
}

// eventChunk is how many events EachEvent holds at a time.
const eventChunk = 5000

// EachEvent implements store.PeopleReader.
func (r *reader) EachEvent(after int64, need store.Need, f func(*store.Event) error) error {
	var labels []string // nil: all
	if !need.AllEvents {
		if labels = need.Events; len(labels) == 0 {
			return nil
		}
	}
	nothing := bare(need)
	events := make([]store.Event, 0, eventChunk)
	for {
		events = events[:0]
		err := r.query(`SELECT seq, person, name, at, imported, CASE WHEN name = ANY($3) THEN NULL ELSE properties END FROM events
			WHERE seq > $1 AND ($2::text[] IS NULL OR name = ANY($2)) ORDER BY seq LIMIT $4`, []any{after, labels, nothing, eventChunk}, func(r *row) error {
			e := store.Event{Seq: r.int64(), Person: r.int64(), Name: r.text(), At: r.time(), Imported: r.bool(), Properties: r.object()}
			e.Properties = keep(e.Properties, need, e.Name)
			events = append(events, e)
			return nil
		})
		if err != nil || len(events) == 0 {
			return err
		}
		for i := range events {
			after = events[i].Seq
			if err := f(&events[i]); err != nil {
				return err
			}
		}
	}
}

// Event implements store.JourneyReader.
func (r *reader) Event(seq int64) (store.Event, error) {
	return one(r.conn, readEvent, `SELECT `+eventColumns+` FROM events WHERE seq = $1`, seq)
}

// EventByMessageID implements store.PeopleReader.
func (r *reader) EventByMessageID(id string) (store.Event, error) {
	return one(r.conn, readEvent, `SELECT `+eventColumns+` FROM events WHERE message_id = $1`, id)
}

// CountEvents implements store.PeopleReader.
func (r *reader) CountEvents() (int64, error) {
	return one(r.conn, (*row).int64, `SELECT count(*) FROM events`)
}
