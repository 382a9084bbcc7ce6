package sqlite

import (
	"github.com/herald-campaigns/herald/engine/store"
)

const eventColumns = `seq, person, name, at, received_at, message_id, imported, properties`

func readEvent(r *row) store.Event {
	return store.Event{
		Seq: r.int64(), Person: r.int64(), Name: r.text(), At: r.time(), ReceivedAt: r.time(),
		MessageID: r.text(), Imported: r.bool(), Properties: r.object(),
	}
}

// AppendEvents implements store.PeopleWriter.
func (t *tx) AppendEvents(events []store.Event) ([]int64, error) {
	seqs := make([]int64, len(events))
	for i := range events {
		e := &events[i]
		properties, err := objectText(e.Properties)
		if err != nil {
			return nil, err
		}
		seqs[i], err = t.insert(`INSERT INTO events (person, name, at, received_at, message_id, imported, properties) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (message_id) WHERE message_id IS NOT NULL DO NOTHING`,
			e.Person, e.Name, e.At, e.ReceivedAt, orNull(e.MessageID), e.Imported, properties)
		if err != nil {
			return nil, unknownPerson(e.Person, err)
		}
	}
	return seqs, nil
}

// EventsAfter implements store.PeopleReader.
func (r *reader) EventsAfter(after int64, limit int) ([]store.Event, error) {
	return all(r.conn, readEvent, `SELECT `+eventColumns+` FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, after, noLimit(limit))
}

// Event implements store.JourneyReader.
func (r *reader) Event(seq int64) (store.Event, error) {
	return one(r.conn, readEvent, `SELECT `+eventColumns+` FROM events WHERE seq = ?`, seq)
}

// EventByMessageID implements store.PeopleReader.
func (r *reader) EventByMessageID(id string) (store.Event, error) {
	return one(r.conn, readEvent, `SELECT `+eventColumns+` FROM events WHERE message_id = ?`, id)
}

// CountEvents implements store.PeopleReader.
func (r *reader) CountEvents() (int64, error) {
	return one(r.conn, (*row).int64, `SELECT count(*) FROM events`)
}
