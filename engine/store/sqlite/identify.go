package sqlite

import (
	"errors"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// Identify implements store.PeopleWriter.
func (t *tx) Identify(p store.Person) (store.Person, error) {
	p, err := cleaned(p)
	if err != nil {
		return store.Person{}, err
	}
	matches, err := t.matches(p)
	if err != nil {
		return store.Person{}, err
	}
	into, absorbed, anonymousID := matches.Resolve(p)
	device := p.AnonymousID
	if !anonymousID {
		p.AnonymousID = ""
	}
	p = matches.News(p, into)
	var stored store.Person
	if into == nil {
		stored, err = t.addPerson(p)
	} else {
		stored, err = t.updatePerson(*into, absorbed, p)
	}
	if err == nil && anonymousID {
		err = t.putDevice(device, stored.ID)
	}
	return stored, err
}

// putDevice says whose a device is.
func (t *tx) putDevice(device string, person int64) error {
	_, err := t.exec(`INSERT INTO anonymous_ids (id, person) VALUES (?, ?)
		ON CONFLICT (id) DO UPDATE SET person = excluded.person WHERE person <> excluded.person`, device, person)
	return err
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

// born is a person of whom news is all that is known.
func born(news store.Person) store.Person {
	var p store.Person
	p.Learn(news)
	p.UpdatedAt = news.UpdatedAt
	if p.CreatedAt.IsZero() {
		p.CreatedAt = p.UpdatedAt
	}
	return p
}

func (t *tx) addPerson(news store.Person) (store.Person, error) {
	p := born(news)
	if err := t.recallFor(store.Person{}, p); err != nil {
		return p, err
	}
	last, err := t.drawn("people")
	if err != nil {
		return p, err
	}
	p.ID = last + 1
	t.change(p.ID, change{born: true})
	t.alive[p.ID] = true
	return p, t.insertPeople([]*store.Person{&p})
}

// insertPeople adds people under the numbers that they have.
func (t *tx) insertPeople(people []*store.Person) error {
	var wrong error
	_, err := t.execMany(`INSERT OR FAIL INTO people (`+personColumns+`) VALUES`, 8, len(people), func(args []any, i int) []any {
		p := people[i]
		attributes, err := objectText(p.Attributes)
		if err != nil && wrong == nil {
			wrong = err
		}
		return append(args, p.ID, orNull(p.Key), orNull(p.AnonymousID), orNull(p.Email), orNull(p.Phone), attributes, p.CreatedAt, p.UpdatedAt)
	})
	return errors.Join(err, wrong)
}

// rewritePerson stores a person who is there.
func (t *tx) rewritePerson(p *store.Person) error {
	attributes, err := objectText(p.Attributes)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE people SET key = ?2, anonymous_id = ?3, email = ?4, phone = ?5, attributes = ?6, created_at = ?7, updated_at = ?8 WHERE id = ?1`,
		p.ID, orNull(p.Key), orNull(p.AnonymousID), orNull(p.Email), orNull(p.Phone), attributes, p.CreatedAt, p.UpdatedAt)
	return err
}

// recallFor looks after suppressions of the addresses that are new to a person.
func (t *tx) recallFor(was, p store.Person) error {
	if p.Email != was.Email {
		if err := t.recall(p.Email); err != nil {
			return err
		}
	}
	if p.Phone != was.Phone {
		return t.recall(p.Phone)
	}
	return nil
}

func (t *tx) updatePerson(p store.Person, absorbed []*store.Person, news store.Person) (store.Person, error) {
	was := p
	for _, other := range absorbed {
		if err := t.absorb(p.ID, other); err != nil {
			return p, err
		}
		p.Absorb(*other)
	}
	if changed := p.Learn(news); !changed && len(absorbed) == 0 {
		return p, nil
	}
	if err := t.recallFor(was, p); err != nil {
		return p, err
	}
	t.change(p.ID, change{})
	return p, t.rewritePerson(&p)
}

// instant is t as it is stored: UTC, to the microsecond.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
