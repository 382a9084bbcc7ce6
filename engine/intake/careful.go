package intake

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/herald-campaigns/herald/engine/store"
)

// onlyAdd leaves out of p what must not replace what is known: with a browser's
// key, of a customer; when a row is taken in after all, of whoever has changed
// since. Each is told of.
func (s *shelf) onlyAdd(d *draft, p store.Person, result *Result) (store.Person, error) {
	p, err := s.ownAddress(d, p, result)
	if err != nil {
		return p, err
	}
	found, err := s.find(p)
	if errors.Is(err, store.ErrNotFound) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	var why string
	switch {
	case d.public && found.Key != "":
		why = "is known already, which a browser's key cannot replace"
	case !s.origin.again.IsZero() && found.UpdatedAt.After(s.origin.received):
		why = "is known from later"
	default:
		return p, nil
	}
	left := func(name string) {
		result.Warnings = append(slices.Clip(result.Warnings), fmt.Sprintf("%s %s, and was left out", name, why))
	}
	if p.Email != "" && found.Email != "" && p.Email != found.Email {
		p.Email = ""
		left("email")
	}
	if p.Phone != "" && found.Phone != "" && p.Phone != found.Phone {
		p.Phone = ""
		left("phone")
	}
	p.Attributes = maps.Clone(p.Attributes)
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		if old, known := found.Attributes[name]; known && !reflect.DeepEqual(old, p.Attributes[name]) {
			delete(p.Attributes, name)
			left(fmt.Sprintf("trait %q", name))
		}
	}
	return p, nil
}

// ownAddress leaves out the address of another customer: a browser's key gives it
// to nobody.
func (s *shelf) ownAddress(d *draft, p store.Person, result *Result) (store.Person, error) {
	if !d.public || p.Email == "" || p.Key == "" {
		return p, nil
	}
	others, err := s.tx.PeopleByEmail(p.Email)
	if err != nil {
		return p, err
	}
	if slices.ContainsFunc(others, func(o store.Person) bool { return o.Key != "" && o.Key != p.Key }) {
		p.Email = ""
		result.Warnings = append(slices.Clip(result.Warnings), "email is another customer's, and was left out")
	}
	return p, nil
}

// find is the profile that p would be told to.
func (s *shelf) find(p store.Person) (store.Person, error) {
	var m store.Matches
	for _, by := range []struct {
		id   string
		find func(string) (store.Person, error)
		into **store.Person
	}{{p.Key, s.tx.PersonByKey, &m.Key}, {p.AnonymousID, s.tx.PersonByAnonymousID, &m.AnonymousID}, {p.Email, s.tx.PersonByEmail, &m.Email}} {
		if by.id == "" {
			continue
		}
		found, err := by.find(by.id)
		switch {
		case err == nil:
			*by.into = &found
		case !errors.Is(err, store.ErrNotFound):
			return store.Person{}, err
		}
	}
	into, _, _ := m.Resolve(p)
	if into == nil {
		return store.Person{}, store.ErrNotFound
	}
	return *into, nil
}
