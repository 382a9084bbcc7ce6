package store

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"
)

// ErrNobody says that a person was to be identified by nothing at all.
var ErrNobody = fmt.Errorf("a person needs a key, an anonymous ID or an email address")

// Matches are the profiles that the identifiers of one Identify lead to, each
// nil when there is none. It is where implementations meet: they look the
// three up, Resolve decides.
type Matches struct {
	Key, AnonymousID, Email *Person
}

// Resolve decides whom p means.
//
// A profile without a Key is nobody's yet: it goes to the first who comes with
// its AnonymousID or Email. One with a Key stays what it is, so that a device
// or an address that two customers share merges neither.
//
// Into is the profile to update, nil for a new one; absorbed are the ones that
// it takes over. AnonymousID is false when the anonymous ID stays with somebody
// else.
func (m Matches) Resolve(p Person) (into *Person, absorbed []*Person, anonymousID bool) {
	into = m.into(p)
	for _, other := range []*Person{m.AnonymousID, m.Email} {
		if other != nil && other.Key == "" && (into == nil || other.ID != into.ID) && !contains(absorbed, other) {
			absorbed = append(absorbed, other)
		}
	}
	anonymousID = p.AnonymousID != "" &&
		(m.AnonymousID == nil || m.AnonymousID.Key == "" || into != nil && m.AnonymousID.ID == into.ID)
	return into, absorbed, anonymousID
}

func (m Matches) into(p Person) *Person {
	if p.Key != "" {
		switch {
		case m.Key != nil:
			return m.Key
		case m.AnonymousID != nil && m.AnonymousID.Key == "":
			return m.AnonymousID
		case m.Email != nil && m.Email.Key == "":
			return m.Email
		}
		return nil
	}
	switch {
	case m.AnonymousID == nil:
		return m.Email
	case m.Email == nil && m.AnonymousID.Key != "" && p.Email != "" && m.AnonymousID.Email != "":
		return nil // somebody else at a customer's device: the customer's address is not theirs to change
	case m.Email != nil && (m.Email.Key != "" || m.AnonymousID.Key != ""):
		return m.Email // the address says more than the device
	}
	return m.AnonymousID
}

// News is what p says of the profile that it updates. An address that was given up
// in a merge leads to the survivor, but does not become the survivor's own again
// unless it comes with a key.
func (m Matches) News(p Person, into *Person) Person {
	if into != nil && p.Key == "" && m.Email != nil && m.Email.ID == into.ID && into.Email != p.Email {
		p.Email = ""
	}
	return p
}

func contains(people []*Person, p *Person) bool {
	for _, q := range people {
		if q.ID == p.ID {
			return true
		}
	}
	return false
}

// Absorb adds to p what only other knows.
func (p *Person) Absorb(other Person) {
	p.AnonymousID = either(p.AnonymousID, other.AnonymousID)
	p.Email = either(p.Email, other.Email)
	p.Phone = either(p.Phone, other.Phone)
	p.CreatedAt = earlier(p.CreatedAt, other.CreatedAt)
	if other.UpdatedAt.After(p.UpdatedAt) {
		p.UpdatedAt = other.UpdatedAt
	}
	p.Attributes = merge(other.Attributes, p.Attributes)
}

// Learn brings p up to date with news of the same person: what is given
// replaces, what is empty is left, an attribute of nil is removed, the earlier
// CreatedAt holds. It reports whether anything but UpdatedAt changed; when
// nothing did, p is as it was.
func (p *Person) Learn(news Person) bool {
	was := *p
	p.Key = either(p.Key, news.Key)
	p.AnonymousID = either(news.AnonymousID, p.AnonymousID)
	p.Email = either(strings.ToLower(news.Email), p.Email)
	p.Phone = either(news.Phone, p.Phone)
	p.CreatedAt = earlier(p.CreatedAt, news.CreatedAt)
	p.Attributes = merge(p.Attributes, news.Attributes)
	changed := p.Key != was.Key || p.AnonymousID != was.AnonymousID || p.Email != was.Email || p.Phone != was.Phone ||
		!p.CreatedAt.Equal(was.CreatedAt) || !sameAttributes(p.Attributes, was.Attributes)
	if changed && news.UpdatedAt.After(p.UpdatedAt) {
		p.UpdatedAt = news.UpdatedAt
	}
	return changed
}

// merge returns old with the changes of news; old itself is left alone.
func merge(old, news map[string]any) map[string]any {
	if len(news) == 0 {
		return old
	}
	merged := make(map[string]any, len(old)+len(news))
	maps.Copy(merged, old)
	for name, value := range news {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = value
		}
	}
	if len(merged) == 0 {
		return nil
	}
	return merged
}

func sameAttributes(a, b map[string]any) bool {
	return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b))
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
