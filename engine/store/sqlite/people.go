package sqlite

import (
	"errors"
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
	p, err := one(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE key = ?`, key)
	return r.orAlias(p, err, "key", key)
}

// PersonByEmail implements store.PeopleReader.
func (r *reader) PersonByEmail(email string) (store.Person, error) {
	email = strings.ToLower(email)
	p, err := one(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE email = ? ORDER BY id LIMIT 1`, email)
	return r.orAlias(p, err, "email", email)
}

// PeopleByEmail implements store.PeopleReader.
func (r *reader) PeopleByEmail(email string) ([]store.Person, error) {
	if email == "" {
		return nil, nil
	}
	return all(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE email = ? ORDER BY id`, strings.ToLower(email))
}

// orAlias looks among the names of profiles that were merged where nobody was found.
func (r *reader) orAlias(p store.Person, err error, kind, alias string) (store.Person, error) {
	if !errors.Is(err, store.ErrNotFound) {
		return p, err
	}
	return one(r.conn, readPerson, `SELECT `+personColumns+` FROM people
		WHERE id = (SELECT person FROM aliases WHERE kind = ? AND alias = ?)`, kind, alias)
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
	if err == nil && len(found) == 0 { // of somebody who was erased
		found, err = all(r.conn, func(r *row) *store.Suppression {
			return &store.Suppression{Channel: r.text(), Address: strings.ToLower(address), Reason: r.text(), At: r.time()}
		}, `SELECT channel, reason, at FROM suppressed_hashes WHERE hash = ? AND channel = ?`, hashOf(strings.ToLower(address)), channel)
	}
	if len(found) == 0 {
		return nil, err
	}
	return found[0], err
}

// Suppress implements store.PeopleWriter.
func (t *tx) Suppress(s store.Suppression) error {
	address := strings.ToLower(s.Address)
	if known, err := t.Suppressed(s.Channel, address); known != nil || err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO suppressions (channel, address, reason, at) VALUES (?, ?, ?, ?)`, s.Channel, address, s.Reason, s.At); err != nil {
		return err
	}
	people, err := all(t.conn, (*row).int64, `SELECT id FROM people WHERE email = ?1 UNION SELECT id FROM people WHERE phone = ?1`, address)
	for _, person := range people {
		t.change(person, change{})
	}
	return err
}
