package intake

import (
	"errors"
	"fmt"
	"slices"

	"github.com/herald-campaigns/herald/engine/store"
)

// item is a call, or a row of a file, that was read: a draft or a problem.
type item struct {
	call    *Call // or:
	line    int   // in the file
	text    string
	header  string         // of a CSV file, as it is written: a row is nothing without
	object  map[string]any // instead of text, of a Parquet file
	draft   *draft
	problem *problem
	skipped bool // a row that a source does not want
}

// body is what is kept of an item that is refused: a call, or a file of one row.
func (it item) body() string {
	if it.call != nil {
		return it.call.body()
	}
	if it.header != "" {
		return it.header + "\n" + it.text
	}
	if it.object != nil && it.text == "" {
		return objectJSON(it.object)
	}
	return it.text
}

// kind is what the item was to be; files say it for all of their rows.
func (it item) kind(o origin) string {
	if it.call != nil {
		return it.call.Type
	}
	return o.kind
}

// shelf puts items into the store within one transaction: many at a time, for
// each of the store's calls has a price.
type shelf struct {
	tx       store.Tx
	origin   origin
	people   []store.Person   // to be identified, in order
	bare     map[string]int   // place in people of who is named by the key alone
	known    map[string]int64 // the same, once identified
	entries  []entry
	rejected []store.Rejected
}

// entry is an item on its way: its person is people[at], or known already.
type entry struct {
	it     item
	result *Result
	at     int
	person int64
}

func newShelf(tx store.Tx, o origin) *shelf {
	if o.history() {
		tx.Quietly()
	}
	return &shelf{tx: tx, origin: o, bare: map[string]int{}, known: map[string]int64{}}
}

// put takes an item, to be stored by flush, or keeps it as rejected. The result
// is whole after that. It leaves the draft as it is: the transaction may run again.
func (s *shelf) put(it item, result *Result) error {
	if it.problem != nil {
		s.reject(it, it.problem)
		*result = Result{Status: Rejected, Reason: it.problem.reason}
		return nil
	}
	d := it.draft
	*result = Result{Status: Accepted, Warnings: d.warnings}
	for _, p := range d.quarantined {
		s.reject(it, p)
	}
	switch {
	case d.previous != "":
		return s.alias(d, result)
	case d.public || !s.origin.again.IsZero():
		return s.putCarefully(it, result)
	}
	s.enter(it, d.person, result)
	if len(d.words) > 0 && !s.origin.file { // the order of calls is kept in the record
		return s.flush()
	}
	return nil
}

// putCarefully looks first at what is known.
func (s *shelf) putCarefully(it item, result *Result) error {
	if err := s.flush(); err != nil {
		return err
	}
	p, err := s.onlyAdd(it.draft, it.draft.person, result)
	if err == nil {
		s.enter(it, p, result)
	}
	return err
}

// enter notes an item and its person.
func (s *shelf) enter(it item, p store.Person, result *Result) {
	e := entry{it: it, result: result, at: -1}
	bare := p.Key != "" && p.AnonymousID == "" && p.Email == "" && p.Phone == "" && p.Attributes == nil && p.CreatedAt.IsZero()
	if bare {
		if id, ok := s.known[p.Key]; ok {
			e.person = id
			s.entries = append(s.entries, e)
			return
		}
		if at, ok := s.bare[p.Key]; ok {
			e.at = at
			s.entries = append(s.entries, e)
			return
		}
		s.bare[p.Key] = len(s.people)
	}
	e.at = len(s.people)
	s.people = append(s.people, p)
	s.entries = append(s.entries, e)
}

// flush stores what was put.
func (s *shelf) flush() error {
	if len(s.entries) == 0 {
		return nil
	}
	if err := s.identify(); err != nil {
		return err
	}
	if err := s.events(); err != nil {
		return err
	}
	if err := s.words(); err != nil {
		return err
	}
	clear(s.entries) // what was stored need not stay in memory
	s.entries = s.entries[:0]
	return nil
}

// identify stores the people and tells each entry its person.
func (s *shelf) identify() error {
	stored, err := s.tx.IdentifyAll(s.people)
	if err != nil {
		return err
	}
	takers := false // rows that may take another's profile over
	for i := range s.people {
		takers = takers || identifiers(s.people[i]) > 1
	}
	for i := range s.entries {
		e := &s.entries[i]
		if e.at >= 0 {
			e.person = stored[e.at].ID
			if takers && stored[e.at].Key == "" {
				if e.person, err = s.heir(stored[e.at]); err != nil {
					return err
				}
			}
		}
		e.result.Person = e.person
	}
	for key, at := range s.bare {
		s.known[key] = stored[at].ID
	}
	clear(s.bare)
	clear(s.people)
	s.people = s.people[:0]
	return nil
}

// heir is who has the profile p, which nobody's key led to, now that all are
// identified: a later row may have taken it over.
func (s *shelf) heir(p store.Person) (int64, error) {
	found, err := s.tx.Person(p.ID)
	if errors.Is(err, store.ErrNotFound) && p.AnonymousID != "" {
		found, err = s.tx.PersonByAnonymousID(p.AnonymousID)
	}
	if errors.Is(err, store.ErrNotFound) && p.Email != "" {
		found, err = s.tx.PersonByEmail(p.Email)
	}
	return found.ID, err
}

// identifiers counts by how much a person is named.
func identifiers(p store.Person) (n int) {
	for _, id := range []string{p.Key, p.AnonymousID, p.Email} {
		if id != "" {
			n++
		}
	}
	return n
}

// events appends what happened, and tells each entry whether it was news.
func (s *shelf) events() error {
	var events []store.Event
	for i := range s.entries {
		for _, e := range s.entries[i].it.draft.events {
			e.Person = s.entries[i].person
			events = append(events, e)
		}
	}
	if len(events) == 0 {
		return nil
	}
	seqs, err := s.tx.AppendEvents(events)
	if err != nil {
		return err
	}
	n := 0
	for i := range s.entries {
		e := &s.entries[i]
		for range e.it.draft.events {
			switch {
			case seqs[n] == 0:
				if err := s.compare(e.it, events[n]); err != nil {
					return err
				}
			case e.result.Event == 0:
				e.result.Event = seqs[n]
			}
			n++
		}
		if len(e.it.draft.events) > 0 && e.it.draft.isEvent && e.result.Event == 0 {
			e.result.Status = Duplicate
		}
	}
	return nil
}

// alias makes the profiles that an alias names one.
func (s *shelf) alias(d *draft, result *Result) error {
	if err := s.flush(); err != nil {
		return err
	}
	clear(s.known)
	was, err := s.tx.PersonByKey(d.previous)
	if errors.Is(err, store.ErrNotFound) {
		was, err = s.tx.PersonByAnonymousID(d.previous)
	}
	news := d.person
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && was.Key == "":
		news.AnonymousID = d.previous // a device, seen already or yet to be
	case err != nil:
		return err
	}
	into, err := s.tx.Identify(news)
	if err == nil && was.Key != "" && into.ID != was.ID {
		into, err = s.tx.Merge(into.ID, was.ID)
	}
	result.Person = into.ID
	return err
}

// compare lists an event whose messageId was taken before by another.
func (s *shelf) compare(it item, e store.Event) error {
	if e.MessageID == it.draft.content { // made of what it says: it says the same
		return nil
	}
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
	s.rejected = append(s.rejected, store.Rejected{
		Kind: it.kind(s.origin), Source: s.origin.source, Line: it.line, Reason: p.full(), Body: it.body(), At: s.origin.received,
	})
}

// close stores what was put and what was refused.
func (s *shelf) close() error {
	if err := s.flush(); err != nil {
		return err
	}
	if len(s.rejected) == 0 {
		return nil
	}
	slices.SortStableFunc(s.rejected, func(a, b store.Rejected) int { return a.Line - b.Line })
	if err := s.tx.Reject(s.rejected); err != nil {
		return fmt.Errorf("keeping what was refused: %w", err)
	}
	return nil
}
