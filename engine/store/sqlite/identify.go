package sqlite

import (
	"errors"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// Identify implements store.PeopleWriter.
func (t *tx) Identify(p store.Person) (store.Person, error) {
	if p.Key == "" && p.AnonymousID == "" && p.Email == "" {
		return store.Person{}, store.ErrNobody
	}
	p.Email = strings.ToLower(p.Email)
	p.CreatedAt, p.UpdatedAt = instant(p.CreatedAt), instant(p.UpdatedAt)
	matches, err := t.matches(p)
	if err != nil {
		return store.Person{}, err
	}
	into, absorbed, anonymousID := matches.Resolve(p)
	device := p.AnonymousID
	if !anonymousID {
		p.AnonymousID = ""
	}
	var stored store.Person
	if into == nil {
		stored, err = t.addPerson(p)
	} else {
		stored, err = t.updatePerson(*into, absorbed, p)
	}
	if err == nil && anonymousID {
		_, err = t.exec(`INSERT INTO anonymous_ids (id, person) VALUES (?, ?)
			ON CONFLICT (id) DO UPDATE SET person = excluded.person WHERE person <> excluded.person`, device, stored.ID)
	}
	return stored, err
}

// matches looks p up by all that it is given.
func (t *tx) matches(p store.Person) (m store.Matches, err error) {
	if m.Key, err = matching(t.PersonByKey, p.Key); err != nil {
		return m, err
	}
	if m.AnonymousID, err = matching(t.PersonByAnonymousID, p.AnonymousID); err != nil {
		return m, err
	}
	if m.Key != nil && m.Key.Email == p.Email { // the usual case: nothing new
		return m, nil
	}
	m.Email, err = matching(t.PersonByEmail, p.Email)
	return m, err
}

func matching(find func(string) (store.Person, error), id string) (*store.Person, error) {
	if id == "" {
		return nil, nil
	}
	found, err := find(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found, nil
}

func (t *tx) addPerson(news store.Person) (store.Person, error) {
	var p store.Person
	p.Learn(news)
	p.UpdatedAt = news.UpdatedAt
	if p.CreatedAt.IsZero() {
		p.CreatedAt = p.UpdatedAt
	}
	attributes, err := objectText(p.Attributes)
	if err != nil {
		return p, err
	}
	p.ID, err = t.insert(`INSERT INTO people (key, anonymous_id, email, phone, attributes, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		orNull(p.Key), orNull(p.AnonymousID), orNull(p.Email), orNull(p.Phone), attributes, p.CreatedAt, p.UpdatedAt)
	return p, err
}

func (t *tx) updatePerson(p store.Person, absorbed []*store.Person, news store.Person) (store.Person, error) {
	for _, other := range absorbed {
		if err := t.absorb(p.ID, other.ID); err != nil {
			return p, err
		}
		p.Absorb(*other)
	}
	if changed := p.Learn(news); !changed && len(absorbed) == 0 {
		return p, nil
	}
	attributes, err := objectText(p.Attributes)
	if err != nil {
		return p, err
	}
	_, err = t.exec(`UPDATE people SET key = ?2, anonymous_id = ?3, email = ?4, phone = ?5, attributes = ?6, created_at = ?7, updated_at = ?8 WHERE id = ?1`,
		p.ID, orNull(p.Key), orNull(p.AnonymousID), orNull(p.Email), orNull(p.Phone), attributes, p.CreatedAt, p.UpdatedAt)
	return p, err
}

// takeovers move everything of person ?2 to person ?1 and end ?2. Audiences
// that were frozen with ?2 stay as they are, and find nobody there.
var takeovers = []string{
	`UPDATE anonymous_ids SET person = ?1 WHERE person = ?2`,
	`UPDATE events SET person = ?1 WHERE person = ?2`,
	`UPDATE consents SET person = ?1 WHERE person = ?2`,
	`UPDATE sends SET person = ?1 WHERE person = ?2`,
	`UPDATE enrolments SET person = ?1 WHERE person = ?2`,
	`UPDATE waits SET person = ?1 WHERE person = ?2`,
	`INSERT INTO pending (journey, person, key, event, due_at) SELECT journey, ?1, key, event, due_at FROM pending WHERE person = ?2
		ON CONFLICT DO UPDATE SET event = max(event, excluded.event), due_at = max(due_at, excluded.due_at)`,
	`DELETE FROM pending WHERE person = ?2 AND ?1 <> ?2`,
	`INSERT INTO members (segment, person, since) SELECT segment, ?1, since FROM members WHERE person = ?2
		ON CONFLICT DO UPDATE SET since = min(since, excluded.since)`,
	`DELETE FROM members WHERE person = ?2 AND ?1 <> ?2`,
	`DELETE FROM people WHERE id = ?2 AND ?1 <> ?2`,
}

func (t *tx) absorb(into, from int64) error {
	for _, statement := range takeovers {
		if _, err := t.exec(statement, into, from); err != nil {
			return err
		}
	}
	return nil
}

// instant is t as it is stored: UTC, to the microsecond.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
