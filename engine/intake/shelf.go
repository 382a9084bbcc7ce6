package intake

import (
	"errors"

	"github.com/herald-campaigns/herald/engine/store"
)

// item is a call, or a row of a file, that was read: a draft or a problem.
type item struct {
	call    *Call // or:
	line    int   // in the file
	text    string
	draft   *draft
	problem *problem
}

// body is what is kept of an item that is refused.
func (it item) body() string {
	if it.call != nil {
		return it.call.body()
	}
	return it.text
}

// shelf puts items into the store within one transaction.
type shelf struct {
	tx       store.Tx
	origin   origin
	known    map[string]int64 // people who are named by their key alone
	rejected []store.Rejected
}

func newShelf(tx store.Tx, o origin) *shelf {
	return &shelf{tx: tx, origin: o, known: map[string]int64{}}
}

// put stores an item, or keeps it as rejected. It leaves the draft as it is: the
// transaction may run again.
func (s *shelf) put(it item) (Result, error) {
	if it.problem != nil {
		s.reject(it, it.problem)
		return Result{Status: Rejected, Reason: it.problem.reason}, nil
	}
	d := it.draft
	result := Result{Status: Accepted, Warnings: d.warnings}
	var err error
	if result.Person, err = s.person(d.person); err != nil {
		return result, err
	}
	if result.Event, err = s.events(it, result.Person); err != nil {
		return result, err
	}
	said, err := s.words(result.Person, d.words)
	if err != nil {
		return result, err
	}
	if result.Event == 0 {
		result.Event = said
	}
	if d.isEvent && result.Event == 0 {
		result.Status = Duplicate
		return result, nil
	}
	for _, p := range d.quarantined {
		s.reject(it, p)
	}
	return result, nil
}

// person stores what is known of somebody and returns the number.
func (s *shelf) person(p store.Person) (int64, error) {
	bare := p.Key != "" && p.AnonymousID == "" && p.Email == "" && p.Phone == "" && p.Attributes == nil && p.CreatedAt.IsZero()
	if id, ok := s.known[p.Key]; bare && ok {
		return id, nil
	}
	stored, err := s.tx.Identify(p)
	if err == nil && bare {
		s.known[p.Key] = stored.ID
	}
	return stored.ID, err
}

// events stores the events of a person and returns the Seq of the first that is
// news, 0 when none is. They are stored one by one, before the next item may
// move their person.
func (s *shelf) events(it item, person int64) (first int64, err error) {
	for _, e := range it.draft.events {
		e.Person = person
		seqs, err := s.tx.AppendEvents([]store.Event{e})
		if err != nil {
			return first, err
		}
		if seqs[0] == 0 {
			if err := s.compare(it, e); err != nil {
				return first, err
			}
		}
		if first == 0 {
			first = seqs[0]
		}
	}
	return first, nil
}

// compare lists an event whose messageId was taken before by another.
func (s *shelf) compare(it item, e store.Event) error {
	first, err := s.tx.EventByMessageID(e.MessageID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if first.Person != e.Person || first.Name != e.Name || !sameJSON(first.Properties, e.Properties) {
		s.reject(it, problemf("another event has this messageId, and was first"))
	}
	return nil
}

func (s *shelf) reject(it item, p *problem) {
	if p.noise {
		return
	}
	s.rejected = append(s.rejected, store.Rejected{Source: s.origin.source, Line: it.line, Reason: p.full(), Body: it.body(), At: s.origin.received})
}

// close stores what was refused.
func (s *shelf) close() error {
	if len(s.rejected) == 0 {
		return nil
	}
	return s.tx.Reject(s.rejected)
}
