package sqlite

import (
	"strings"

	"github.com/herald-campaigns/herald/engine/store"
)

const personColumns = `id, key, anonymous_id, email, phone, attributes, created_at, updated_at`

func readPerson(r *row) store.Person {
	return store.Person{
		ID: r.int64(), Key: r.text(), AnonymousID: r.text(), Email: r.text(), Phone: r.text(),
		Attributes: r.object(), CreatedAt: r.time(), UpdatedAt: r.time(),
	}
}

// Person implements store.PeopleReader.
func (r *reader) Person(id int64) (store.Person, error) {
	return one(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE id = ?`, id)
}

// PersonByKey implements store.PeopleReader.
func (r *reader) PersonByKey(key string) (store.Person, error) {
	return one(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE key = ?`, key)
}

// PersonByEmail implements store.PeopleReader.
func (r *reader) PersonByEmail(email string) (store.Person, error) {
	return one(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE email = ? ORDER BY id LIMIT 1`, strings.ToLower(email))
}

// PersonByAnonymousID implements store.PeopleReader.
func (r *reader) PersonByAnonymousID(id string) (store.Person, error) {
	return one(r.conn, readPerson, `SELECT `+personColumns+` FROM people
		WHERE id = (SELECT person FROM anonymous_ids WHERE id = ?)`, id)
}

// CountPeople implements store.PeopleReader.
func (r *reader) CountPeople() (int64, error) {
	return one(r.conn, (*row).int64, `SELECT count(*) FROM people`)
}

// Suppressed implements store.PeopleReader.
func (r *reader) Suppressed(channel, address string) (*store.Suppression, error) {
	found, err := all(r.conn, func(r *row) *store.Suppression {
		return &store.Suppression{Channel: r.text(), Address: r.text(), Reason: r.text(), At: r.time()}
	}, `SELECT channel, address, reason, at FROM suppressions WHERE address = ? AND channel = ?`, strings.ToLower(address), channel)
	if len(found) == 0 {
		return nil, err
	}
	return found[0], err
}

// Suppress implements store.PeopleWriter.
func (t *tx) Suppress(s store.Suppression) error {
	_, err := t.exec(`INSERT INTO suppressions (channel, address, reason, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (address, channel) DO NOTHING`, s.Channel, strings.ToLower(s.Address), s.Reason, s.At)
	return err
}
