package postgres

import (
	"errors"
	"strings"

	"github.com/herald-campaigns/herald/engine/store"
)

const personColumns = `people.id, people.key, people.anonymous_id, people.email, people.phone, people.attributes, people.created_at, people.updated_at`

func readPerson(r *row) store.Person {
	return store.Person{
		ID: r.int64(), Key: r.text(), AnonymousID: r.text(), Email: r.text(), Phone: r.text(),
		Attributes: r.object(), CreatedAt: r.time(), UpdatedAt: r.time(),
	}
}

// Person implements store.PeopleReader.
func (r *reader) Person(id int64) (store.Person, error) {
	return one(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE id = $1`, id)
}

// PersonByKey implements store.PeopleReader.
func (r *reader) PersonByKey(key string) (store.Person, error) {
	p, err := one(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE key = $1`, key)
	return r.orAlias(p, err, "key", key)
}

// PersonByEmail implements store.PeopleReader.
func (r *reader) PersonByEmail(email string) (store.Person, error) {
	email = strings.ToLower(email)
	p, err := one(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE email = $1 ORDER BY id LIMIT 1`, email)
	return r.orAlias(p, err, "email", email)
}

// PeopleByEmail implements store.PeopleReader.
func (r *reader) PeopleByEmail(email string) ([]store.Person, error) {
	if email == "" {
		return nil, nil
	}
	return all(r.conn, readPerson, `SELECT `+personColumns+` FROM people WHERE email = $1 ORDER BY id`, strings.ToLower(email))
}

// orAlias looks among the names of profiles that were merged where nobody was found.
func (r *reader) orAlias(p store.Person, err error, kind, alias string) (store.Person, error) {
	if !errors.Is(err, store.ErrNotFound) {
		return p, err
	}
	return one(r.conn, readPerson, `SELECT `+personColumns+` FROM aliases JOIN people ON people.id = aliases.person WHERE kind = $1 AND alias = $2`, kind, alias)
}

// PersonByAnonymousID implements store.PeopleReader.
func (r *reader) PersonByAnonymousID(id string) (store.Person, error) {
	return one(r.conn, readPerson, `SELECT `+personColumns+` FROM anonymous_ids JOIN people ON people.id = person WHERE anonymous_ids.id = $1`, id)
}

// CountPeople implements store.PeopleReader.
func (r *reader) CountPeople() (int64, error) {
	return one(r.conn, (*row).int64, `SELECT count(*) FROM people`)
}

// Suppressed implements store.PeopleReader.
func (r *reader) Suppressed(channel, address string) (*store.Suppression, error) {
	address = strings.ToLower(address)
	found, err := all(r.conn, func(r *row) *store.Suppression {
		return &store.Suppression{Channel: channel, Address: address, Reason: r.text(), At: r.time()}
	}, `SELECT reason, at FROM suppressions WHERE address = $1 AND channel = $2
		UNION ALL SELECT reason, at FROM suppressed_hashes WHERE hash = $3 AND channel = $2`, address, channel, hashOf(address))
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
	if err := t.later(`INSERT INTO suppressions (channel, address, reason, at) VALUES ($1, $2, $3, $4)`, s.Channel, address, s.Reason, s.At); err != nil {
		return err
	}
	people, err := all(t.conn, (*row).int64, `SELECT id FROM people WHERE email = $1 UNION SELECT id FROM people WHERE phone = $1`, address)
	for _, person := range people {
		t.change(person, change{})
	}
	return err
}
