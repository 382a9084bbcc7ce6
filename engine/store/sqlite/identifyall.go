package sqlite

import (
	"errors"
	"strings"

	"github.com/herald-campaigns/herald/engine/store"
)

// rollSize is how many people IdentifyAll looks up at a time.
const rollSize = 1000

// IdentifyAll implements store.PeopleWriter: it looks many up at once, decides in
// memory, and writes many at once.
func (t *tx) IdentifyAll(people []store.Person) ([]store.Person, error) {
	if len(people) == 1 {
		p, err := t.Identify(people[0])
		return []store.Person{p}, err
	}
	stored := make([]store.Person, 0, len(people))
	for from := 0; from < len(people); from += rollSize {
		chunk := make([]store.Person, min(rollSize, len(people)-from))
		for i := range chunk {
			p, err := cleaned(people[from+i])
			if err != nil {
				return nil, err
			}
			chunk[i] = p
		}
		r, err := t.callRoll(chunk)
		if err != nil {
			return nil, err
		}
		for i := range chunk {
			p, err := r.identify(chunk[i])
			if err != nil {
				return nil, err
			}
			stored = append(stored, p)
		}
		if err := r.flush(); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// cleaned is p in the form in which people are stored; ErrNobody without a name.
func cleaned(p store.Person) (store.Person, error) {
	if p.Key == "" && p.AnonymousID == "" && p.Email == "" {
		return p, store.ErrNobody
	}
	p.Email = strings.ToLower(p.Email)
	p.CreatedAt, p.UpdatedAt = instant(p.CreatedAt), instant(p.UpdatedAt)
	return p, nil
}

// roll knows who has the names of some people, and holds back what is to be
// written of them.
type roll struct {
	tx                  *tx
	keys, devices, mail map[string]*store.Person // nil: nobody has it; not in it: has to be looked up
	people              map[int64]*store.Person
	added               []*store.Person
	isAdded             map[int64]bool
	altered             map[int64]bool
	carried             []carry // devices that are new
	last                int64   // number of a person
}

// carry says whose device it is.
type carry struct {
	device string
	person int64
}

// callRoll looks up all that chunk names.
func (t *tx) callRoll(chunk []store.Person) (*roll, error) {
	r := &roll{
		tx: t, keys: map[string]*store.Person{}, devices: map[string]*store.Person{}, mail: map[string]*store.Person{},
		people: map[int64]*store.Person{}, isAdded: map[int64]bool{}, altered: map[int64]bool{},
	}
	var err error
	if r.last, err = t.drawn("people"); err != nil {
		return nil, err
	}
	for i := range chunk {
		note(r.keys, chunk[i].Key)
		note(r.devices, chunk[i].AnonymousID)
	}
	if err := r.find(r.keys, `SELECT key, `+personColumns+` FROM people WHERE key IN (SELECT value FROM json_each(?))`); err != nil {
		return nil, err
	}
	if err := r.findAliases(r.keys, "key"); err != nil {
		return nil, err
	}
	if err := r.find(r.devices, `SELECT anonymous_ids.id, `+ofPeople+` FROM anonymous_ids JOIN people ON people.id = person
		WHERE anonymous_ids.id IN (SELECT value FROM json_each(?))`); err != nil {
		return nil, err
	}
	for i := range chunk {
		if p := r.keys[chunk[i].Key]; p == nil || p.Email != chunk[i].Email {
			note(r.mail, chunk[i].Email)
		}
	}
	if err := r.find(r.mail, `SELECT email, `+personColumns+` FROM people WHERE email IN (SELECT value FROM json_each(?)) ORDER BY id`); err != nil {
		return nil, err
	}
	return r, r.findAliases(r.mail, "email")
}

func note(names map[string]*store.Person, name string) {
	if name != "" {
		names[name] = nil
	}
}

// find asks a query for the people who have the names; of several the first counts.
func (r *roll) find(names map[string]*store.Person, query string, args ...any) error {
	var missing []string
	for name, p := range names {
		if p == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return r.tx.query(query, append([]any{list(missing)}, args...), func(row *row) error {
		name := row.text()
		p := readPerson(row)
		if r.people[p.ID] == nil {
			r.people[p.ID] = &p
		}
		if names[name] == nil {
			names[name] = r.people[p.ID]
		}
		return nil
	})
}

const ofPeople = `people.id, people.key, people.anonymous_id, people.email, people.phone, people.attributes, people.created_at, people.updated_at`

// findAliases looks among the names of those who were merged, if there are any.
func (r *roll) findAliases(names map[string]*store.Person, kind string) error {
	some, err := r.tx.anyAliases()
	if err != nil || !some {
		return err
	}
	return r.find(names, `SELECT alias, `+ofPeople+` FROM aliases JOIN people ON people.id = person
		WHERE alias IN (SELECT value FROM json_each(?)) AND kind = ?`, kind)
}

// anyAliases says whether anybody was ever merged.
func (t *tx) anyAliases() (bool, error) {
	return one(t.conn, (*row).bool, `SELECT EXISTS (SELECT 1 FROM aliases)`)
}

// who is the person with a name, looked up when it is not known.
func (r *roll) who(names map[string]*store.Person, name string, find func(string) (store.Person, error)) (*store.Person, error) {
	if name == "" {
		return nil, nil
	}
	if p, known := names[name]; known {
		return p, nil
	}
	if err := r.flush(); err != nil {
		return nil, err
	}
	p, err := find(name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		names[name] = nil
		return nil, nil
	case err != nil:
		return nil, err
	}
	if r.people[p.ID] == nil {
		r.people[p.ID] = &p
	}
	names[name] = r.people[p.ID]
	return names[name], nil
}

// matches is tx.matches from memory.
func (r *roll) matches(p store.Person) (m store.Matches, err error) {
	if m.Key, err = r.who(r.keys, p.Key, r.tx.PersonByKey); err != nil {
		return m, err
	}
	if m.AnonymousID, err = r.who(r.devices, p.AnonymousID, r.tx.PersonByAnonymousID); err != nil {
		return m, err
	}
	if m.Key != nil && m.Key.Email == p.Email {
		return m, nil
	}
	m.Email, err = r.who(r.mail, p.Email, r.tx.PersonByEmail)
	return m, err
}

// identify is tx.Identify from memory.
func (r *roll) identify(news store.Person) (store.Person, error) {
	matches, err := r.matches(news)
	if err != nil {
		return store.Person{}, err
	}
	into, absorbed, anonymousID := matches.Resolve(news)
	device := news.AnonymousID
	if !anonymousID {
		device, news.AnonymousID = "", ""
	}
	news = matches.News(news, into)
	switch {
	case len(absorbed) > 0:
		return r.absorb(into, absorbed, news, device)
	case into == nil:
		into, err = r.add(news)
	default:
		err = r.alter(into, news)
	}
	if err == nil && device != "" {
		err = r.carry(device, into)
	}
	if err != nil {
		return store.Person{}, err
	}
	return *into, nil
}

// add makes a new person.
func (r *roll) add(news store.Person) (*store.Person, error) {
	p := born(news)
	if err := r.tx.recallFor(store.Person{}, p); err != nil {
		return nil, err
	}
	r.last++
	p.ID = r.last
	r.people[p.ID] = &p
	r.added = append(r.added, &p)
	r.isAdded[p.ID] = true
	r.tx.change(p.ID, change{born: true})
	r.tx.alive[p.ID] = true
	if p.Key != "" {
		r.keys[p.Key] = &p
	}
	if other, known := r.mail[p.Email]; known && other == nil {
		r.mail[p.Email] = &p // the first who has it
	} else {
		delete(r.mail, p.Email) // an alias of somebody, or several have it: look again
	}
	return &p, nil
}

// alter brings a person up to date.
func (r *roll) alter(p *store.Person, news store.Person) error {
	was := *p
	r.tx.alive[p.ID] = true
	if !p.Learn(news) {
		return nil
	}
	if err := r.tx.recallFor(was, *p); err != nil {
		return err
	}
	r.tx.change(p.ID, change{})
	if !r.isAdded[p.ID] {
		r.altered[p.ID] = true
	}
	if p.Key != was.Key {
		r.keys[p.Key] = p
	}
	if p.Email != was.Email {
		delete(r.mail, was.Email) // several may have an address; the first of them counts
		delete(r.mail, p.Email)
	}
	return nil
}

// carry notes whose a device is.
func (r *roll) carry(device string, p *store.Person) error {
	was, known := r.devices[device]
	r.devices[device] = p
	switch {
	case known && was == nil:
		r.carried = append(r.carried, carry{device, p.ID})
		return nil
	case known && was.ID == p.ID:
		return nil
	}
	if err := r.flush(); err != nil {
		return err
	}
	return r.tx.putDevice(device, p.ID)
}

// absorb leaves what is rare to the store, and forgets what it knew of them.
func (r *roll) absorb(into *store.Person, absorbed []*store.Person, news store.Person, device string) (store.Person, error) {
	if err := r.flush(); err != nil {
		return store.Person{}, err
	}
	gone := map[int64]bool{into.ID: true}
	for _, p := range absorbed {
		gone[p.ID] = true
	}
	for _, names := range []map[string]*store.Person{r.keys, r.devices, r.mail} {
		for name, p := range names {
			if p != nil && gone[p.ID] {
				delete(names, name)
			}
		}
	}
	for id := range gone {
		delete(r.people, id)
	}
	delete(r.keys, news.Key)
	delete(r.mail, news.Email)
	delete(r.devices, device)
	p, err := r.tx.updatePerson(*into, absorbed, news)
	if err == nil && device != "" {
		err = r.tx.putDevice(device, p.ID)
	}
	return p, err
}

// flush writes what was held back.
func (r *roll) flush() error {
	if err := r.tx.insertPeople(r.added); err != nil {
		return err
	}
	for _, p := range r.added {
		delete(r.isAdded, p.ID)
	}
	r.added = r.added[:0]
	for id := range r.altered {
		if err := r.tx.rewritePerson(r.people[id]); err != nil {
			return err
		}
	}
	clear(r.altered)
	_, err := r.tx.execMany(`INSERT OR FAIL INTO anonymous_ids (id, person) VALUES`, 2, len(r.carried), func(args []any, i int) []any {
		return append(args, r.carried[i].device, r.carried[i].person)
	})
	r.carried = r.carried[:0]
	return err
}
