package link

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Source is a source that can read rows. It is safe for concurrent use.
type Source struct {
	Def    *campaign.Source
	Digest campaign.Digest

	where, key, at                *expr.Checked // nil: none
	id, anonymousID, email, phone *expr.Checked // nil: none
	fields                        []sourceField
	consents                      []sourceConsent
}

type sourceField struct {
	name  string
	typ   campaign.Type
	value *expr.Checked
}

type sourceConsent struct {
	def                   *campaign.SourceConsent
	subscribed, at, proof *expr.Checked
}

// SourceRow is what a row says. What it does not say has the zero value.
type SourceRow struct {
	Skipped   bool // where does not hold: nothing else is set
	ID        string
	Anonymous string
	Email     string
	Phone     string
	At        time.Time
	MessageID string         // of an event whose source has a key
	Values    map[string]any // campaign values of the types of the properties or attributes; absent ones, and empty collections, are left out
	Consents  []SourceWord
}

// SourceWord is what a row says of a topic. At and Proof may be missing.
type SourceWord struct {
	Topic, Channel string
	Subscribed     bool
	At             time.Time
	Proof          string
}

// RowError says why a row does not fit its source.
type RowError struct {
	Place  string // what of the row, or of the source, it is about: `column gross`, `map total`
	Reason string
}

// Error names the place and the reason.
func (e *RowError) Error() string { return e.Place + ": " + e.Reason }

// Read understands one row: columns and what stands in them, texts from CSV, JSON
// values from JSONL and Parquet. now is the instant of the import. The error is a
// *RowError.
func (s *Source) Read(columns map[string]any, now time.Time) (SourceRow, error) {
	row, err := s.row(columns)
	if err != nil {
		return SourceRow{}, err
	}
	r := reading{row: row, now: now}
	if s.where != nil && !r.value(s.where).Truth().Holds() {
		return SourceRow{Skipped: true}, nil
	}
	out := SourceRow{ID: r.text(s.id), Anonymous: r.text(s.anonymousID), Email: r.text(s.email), Phone: r.text(s.phone)}
	if out.At, err = r.instant("at", s.at); err != nil {
		return SourceRow{}, err
	}
	if s.key != nil {
		key := r.text(s.key)
		if key == "" {
			return SourceRow{}, &RowError{"key", "the row has no key: " + s.Def.Key.Text + " has no value"}
		}
		out.MessageID = s.Def.MessageID(key)
	}
	if out.Values, err = s.values(&r); err != nil {
		return SourceRow{}, err
	}
	out.Consents, err = s.words(&r)
	return out, err
}

// row brings the columns to the type that the source gives them.
func (s *Source) row(columns map[string]any) (map[string]any, error) {
	t := s.Def.Row
	out := make(map[string]any, len(columns))
	for name, raw := range columns {
		column := t.Elem // of a map
		if t.Kind == campaign.Object {
			f, ok := t.Field(name)
			if !ok {
				continue
			}
			column = &f.Type
		}
		v, err := campaign.Coerce(*column, raw)
		if err != nil {
			return nil, &RowError{fmt.Sprintf("column %q", name), err.Error()}
		}
		if v != nil && v != "" {
			out[name] = v
		}
	}
	return out, nil
}

func (s *Source) values(r *reading) (map[string]any, error) {
	out := make(map[string]any, len(s.fields))
	for _, f := range s.fields {
		v, err := campaign.Coerce(f.typ, r.value(f.value).Any())
		if err != nil {
			return nil, &RowError{"map " + f.name, err.Error()}
		}
		if !isAbsent(v) {
			out[f.name] = v
		}
	}
	return out, nil
}

// isAbsent reports whether a cell says nothing. A collection that is absent is
// empty to an expression, and must not take away what is known.
func isAbsent(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func (s *Source) words(r *reading) ([]SourceWord, error) {
	var out []SourceWord
	for _, c := range s.consents {
		said := r.value(c.subscribed).Truth()
		if said == expr.Unknown {
			continue
		}
		at, err := r.instant("consent "+c.def.Topic, c.at)
		if err != nil {
			return nil, err
		}
		out = append(out, SourceWord{Topic: c.def.Topic, Channel: c.def.Channel, Subscribed: said.Holds(), At: at, Proof: r.text(c.proof)})
	}
	return out, nil
}

// reading is one row under evaluation.
type reading struct {
	row map[string]any
	now time.Time
}

func (r *reading) value(c *expr.Checked) expr.Value { return c.Given(r.row, r.now) }

// text is the value of an expression as text; "" for none.
func (r *reading) text(c *expr.Checked) string {
	if c == nil {
		return ""
	}
	return r.value(c).Text()
}

// instant is the value of an expression that gives a time, or a text that is one,
// or a date: its first instant in UTC.
func (r *reading) instant(place string, c *expr.Checked) (time.Time, error) {
	if c == nil {
		return time.Time{}, nil
	}
	v := r.value(c).Any()
	if d, ok := v.(campaign.CivilDate); ok {
		return d.In(time.UTC), nil
	}
	t, err := campaign.Coerce(campaign.Of(campaign.Time), v)
	if err != nil {
		return time.Time{}, &RowError{place, err.Error()}
	}
	at, _ := t.(time.Time)
	return at, nil
}

func (p *Project) linkSource(r campaign.Resource) (*Source, error) {
	def, err := decodeAs[*campaign.Source](r)
	if err != nil {
		return nil, err
	}
	l, sc := p.linker(r), RowScope(def.Row)
	optional := func(place string, e *campaign.Expr) *expr.Checked {
		if e == nil {
			return nil
		}
		return l.check(place, *e, sc, e.Type)
	}
	s := &Source{
		Def: def, Digest: r.Digest,
		where: optional("where", def.Where), key: optional("key", def.Key), at: optional("at", def.At),
		id: optional("id", def.Person.ID), anonymousID: optional("anonymous_id", def.Person.AnonymousID),
		email: optional("email", def.Person.Email), phone: optional("phone", def.Person.Phone),
	}
	for _, b := range def.Map {
		t, ok := p.sourceTarget(def, b.Input)
		if !ok {
			l.fail("map "+b.Input, "nothing has that name any more")
		}
		s.fields = append(s.fields, sourceField{b.Input, t, l.check("map "+b.Input, b.Value, sc, b.Value.Type)})
	}
	for i := range def.Consents {
		c := &def.Consents[i]
		place := "consent " + c.Topic
		s.consents = append(s.consents, sourceConsent{c,
			l.check(place, c.Subscribed, sc, c.Subscribed.Type), l.check(place, c.At, sc, c.At.Type), l.check(place, c.Proof, sc, c.Proof.Type)})
	}
	return s, l.err()
}

// sourceTarget is the type of what a source fills.
func (p *Project) sourceTarget(def *campaign.Source, name string) (campaign.Type, bool) {
	if def.Event == "" {
		for _, a := range p.profile.Attributes {
			if a.Name == name {
				return a.Type, true
			}
		}
		return campaign.Type{}, false
	}
	e, ok := p.events[def.Event]
	if !ok {
		return campaign.Type{}, false
	}
	f, ok := campaign.ObjectOf(e.Properties...).Field(name)
	return f.Type, ok
}
