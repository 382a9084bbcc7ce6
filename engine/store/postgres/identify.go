package postgres

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// Identify implements store.PeopleWriter.
func (t *tx) Identify(p store.Person) (store.Person, error) {
	stored, err := t.IdentifyAll([]store.Person{p})
	if err != nil {
		return store.Person{}, err
	}
	return stored[0], nil
}

// identifyChunk bounds how many people are looked up at once.
const identifyChunk = 2000

// IdentifyAll implements store.PeopleWriter: everybody who may be meant is looked up
// in one go, who is meant is decided here, and what is written travels together.
func (t *tx) IdentifyAll(people []store.Person) ([]store.Person, error) {
	stored := make([]store.Person, 0, len(people))
	for chunk := range slices.Chunk(people, identifyChunk) {
		known, err := t.acquaintances(chunk)
		if err != nil {
			return nil, err
		}
		for i := range chunk {
			p, absorbed, err := t.identify(chunk[i], known)
			if err != nil {
				return nil, err
			}
			stored = append(stored, p)
			if absorbed && i+1 < len(chunk) { // names lead to others now
				if known, err = t.acquaintances(chunk[i+1:]); err != nil {
					return nil, err
				}
			}
		}
	}
	return stored, nil
}

// identify stores one person, and says whether another was taken over.
func (t *tx) identify(p store.Person, known *acquaintances) (store.Person, bool, error) {
	if p.Key == "" && p.AnonymousID == "" && p.Email == "" {
		return p, false, store.ErrNobody
	}
	p = tidy(p)
	matches := known.matches(p)
	into, absorbed, anonymousID := matches.Resolve(p)
	device := p.AnonymousID
	if !anonymousID {
		p.AnonymousID = ""
	}
	p = matches.News(p, into)
	var stored store.Person
	var err error
	if into == nil {
		stored, err = t.addPerson(p)
	} else {
		stored, err = t.updatePerson(*into, absorbed, p)
	}
	if err != nil {
		return stored, false, err
	}
	if anonymousID && known.devices[device] != stored.ID {
		known.devices[device] = stored.ID
		err = t.later(`INSERT INTO anonymous_ids (id, person) VALUES ($1, $2)
			ON CONFLICT (id) DO UPDATE SET person = excluded.person`, device, stored.ID)
	}
	known.meet(stored)
	return stored, len(absorbed) > 0, err
}

// tidy is p as it will be read back.
func tidy(p store.Person) store.Person {
	p.Key, p.AnonymousID, p.Email, p.Phone = clean(p.Key), clean(p.AnonymousID), clean(strings.ToLower(p.Email)), clean(p.Phone)
	p.CreatedAt, p.UpdatedAt = instant(p.CreatedAt), instant(p.UpdatedAt)
	return p
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
	if err := t.recallFor(store.Person{}, p); err != nil {
		return p, err
	}
	p.ID = t.draw("person", 1)
	t.change(p.ID, change{})
	return p, t.later(`INSERT INTO people (id, key, anonymous_id, email, phone, attributes, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.ID, orNull(p.Key), orNull(p.AnonymousID), orNull(p.Email), orNull(p.Phone), attributes, p.CreatedAt, p.UpdatedAt)
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
	attributes, err := objectText(p.Attributes)
	if err != nil {
		return p, err
	}
	if err := t.recallFor(was, p); err != nil {
		return p, err
	}
	t.change(p.ID, change{})
	return p, t.later(`UPDATE people SET key = $2, anonymous_id = $3, email = $4, phone = $5, attributes = $6, created_at = $7, updated_at = $8 WHERE id = $1`,
		p.ID, orNull(p.Key), orNull(p.AnonymousID), orNull(p.Email), orNull(p.Phone), attributes, p.CreatedAt, p.UpdatedAt)
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

// acquaintances are all people who may be meant by some that are to be identified.
type acquaintances struct {
	byID    map[int64]*store.Person
	keys    map[string]int64
	devices map[string]int64
	emails  map[string][]int64 // who has the address now, ascending
	aliases map[[2]string]int64
}

// acquaintances looks up everybody who has a name that one of people comes with.
func (t *tx) acquaintances(people []store.Person) (*acquaintances, error) {
	k := &acquaintances{
		byID: map[int64]*store.Person{}, keys: map[string]int64{}, devices: map[string]int64{},
		emails: map[string][]int64{}, aliases: map[[2]string]int64{},
	}
	var keys, devices, emails []string
	for i := range people {
		p := tidy(people[i])
		keys, devices, emails = some(keys, p.Key), some(devices, p.AnonymousID), some(emails, p.Email)
	}
	if len(keys)+len(devices)+len(emails) == 0 {
		return k, nil
	}
	err := t.query(`SELECT '', people.key, `+personColumns+` FROM people WHERE key = ANY($1)
		UNION ALL SELECT '', people.email, `+personColumns+` FROM people WHERE email = ANY($3)
		UNION ALL SELECT 'device', anonymous_ids.id, `+personColumns+` FROM anonymous_ids JOIN people ON people.id = person WHERE anonymous_ids.id = ANY($2)
		UNION ALL SELECT kind, alias, `+personColumns+` FROM aliases JOIN people ON people.id = person WHERE kind = 'key' AND alias = ANY($1)
		UNION ALL SELECT kind, alias, `+personColumns+` FROM aliases JOIN people ON people.id = person WHERE kind = 'email' AND alias = ANY($3)`,
		[]any{keys, devices, emails}, func(r *row) error {
			by, name := r.text(), r.text()
			p := readPerson(r)
			if k.byID[p.ID] == nil {
				k.meet(p)
			}
			switch by {
			case "device":
				k.devices[name] = p.ID
			case "key", "email":
				k.aliases[[2]string{by, name}] = p.ID
			}
			return nil
		})
	return k, err
}

func some(names []string, name string) []string {
	if name == "" {
		return names
	}
	return append(names, name)
}

// meet takes a person in, as they are now.
func (k *acquaintances) meet(p store.Person) {
	if was := k.byID[p.ID]; was != nil && was.Email != p.Email {
		k.emails[was.Email] = slices.DeleteFunc(k.emails[was.Email], func(id int64) bool { return id == p.ID })
	}
	k.byID[p.ID] = &p
	if p.Key != "" {
		k.keys[p.Key] = p.ID
	}
	if at, there := slices.BinarySearch(k.emails[p.Email], p.ID); p.Email != "" && !there {
		k.emails[p.Email] = slices.Insert(k.emails[p.Email], at, p.ID)
	}
}

// matches are whom the names of p lead to; see reader.PersonByKey and its like.
func (k *acquaintances) matches(p store.Person) (m store.Matches) {
	if p.Key != "" {
		m.Key = k.copyOf(k.keys[p.Key])
		if m.Key == nil {
			m.Key = k.copyOf(k.aliases[[2]string{"key", p.Key}])
		}
	}
	if p.AnonymousID != "" {
		m.AnonymousID = k.copyOf(k.devices[p.AnonymousID])
	}
	if p.Email == "" || m.Key != nil && m.Key.Email == p.Email { // the usual case: nothing new
		return m
	}
	if ids := k.emails[p.Email]; len(ids) > 0 {
		m.Email = k.copyOf(ids[0])
	} else {
		m.Email = k.copyOf(k.aliases[[2]string{"email", p.Email}])
	}
	return m
}

func (k *acquaintances) copyOf(id int64) *store.Person {
	if p := k.byID[id]; p != nil {
		same := *p
		return &same
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

// someone is a person who must be there.
func (t *tx) someone(id int64) (store.Person, error) {
	p, err := t.Person(id)
	if errors.Is(err, store.ErrNotFound) {
		err = nobody(id)
	}
	return p, err
}
