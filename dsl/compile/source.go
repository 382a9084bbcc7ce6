package compile

import (
	"fmt"
	"path"
	"slices"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// sources reads how files become facts.
func (c *compiler) sources() {
	for _, b := range c.of("source") {
		s := &sourceReader{c: c, b: b, def: &campaign.Source{Name: b.label(), Description: b.str("description")}}
		s.read()
		if !b.broken {
			c.define(s.def, s.depends...)
		}
	}
}

// sourceReader reads one source.
type sourceReader struct {
	c       *compiler
	b       *body
	def     *campaign.Source
	lost    bool // what the rows become, or their columns, could not be read: nothing is said of what hangs on it
	depends []addr.Addr
}

func (s *sourceReader) read() {
	b := s.b
	s.file()
	s.into()
	s.columns()
	if s.lost {
		b.broken = true
		return
	}
	s.def.Where = s.cel(b, "where", campaign.Of(campaign.Bool))
	s.def.Key = s.cel(b, "key", campaign.Of(campaign.String))
	s.def.At = s.instant(b, "at")
	switch isEvent := s.def.Event != ""; {
	case isEvent && !b.has("at") && !b.astray:
		b.missing("at", "when the event happened")
	case !isEvent && b.has("key"):
		b.fail("key", "A profile has no key of its own: it is found by its person.", "Leave it out.")
	}
	s.person()
	s.fields()
	for _, n := range b.nested("consent") {
		s.consent(n)
	}
}

func (s *sourceReader) file() {
	s.def.File, s.def.Format = s.b.str("file"), campaign.SourceFormat(s.b.str("format"))
	if _, err := path.Match(s.def.File, ""); err != nil {
		s.b.fail("file", fmt.Sprintf("%q is not a pattern.", s.def.File), `Write it as "exports/orders-*.csv".`)
	} else if path.IsAbs(s.def.File) || s.def.File != "" && !isWithin(s.def.File) {
		s.b.fail("file", "file names files of the project's folder.", "Write it as \"exports/orders-*.csv\"; `herald import` takes a file from anywhere.")
	}
}

// isWithin reports whether a path does not leave its folder.
func isWithin(name string) bool {
	clean := path.Clean(name)
	return clean != ".." && (len(clean) < 3 || clean[:3] != "../")
}

// into reads what a row becomes: event.x, or profile.
func (s *sourceReader) into() {
	a := s.b.attrs["into"]
	if a == nil { // which has been said
		s.lost = true
		return
	}
	if ref, ok := a.Expr.Reference(); ok && len(ref.Parts) == 1 && ref.Parts[0] == "profile" {
		s.depends = append(s.depends, s.c.profile.Address())
		return
	}
	if ref, ok := a.Expr.Reference(); !ok || len(ref.Parts) != 2 || ref.Parts[0] != "event" {
		s.lost = true
		s.c.report(diag.Diagnostic{
			Code: "no-reference", Summary: "A reference is expected",
			Detail: "into names an event, or the profile, and this is none.", Fix: "Write `into = event.NAME`, or `into = profile`.", Subject: a.Expr.Range(),
		})
		return
	}
	s.def.Event = s.b.reference("into")
	switch e := s.c.events[s.def.Event]; {
	case e == nil:
		s.lost = true
	case builtinEvent(e.Name) != nil && !fromOutside(e.Name):
		s.lost = true
		s.b.fail("into", fmt.Sprintf("event.%s is recorded by herald itself.", e.Name), "Name an event of the project.")
	default:
		s.depends = append(s.depends, addr.New("event", e.Name))
	}
}

// columns reads the type of `row`. A column may be empty in any row.
func (s *sourceReader) columns() {
	if !s.b.has("row") {
		s.def.Row = campaign.EveryColumn()
		return
	}
	t := s.b.typeOf("row")
	switch t.Kind {
	case campaign.Invalid:
		s.lost = true
		return
	case campaign.Object:
		t.Fields = slices.Clone(t.Fields)
		for i := range t.Fields {
			t.Fields[i].Optional = true
		}
	default:
		s.lost = true
		s.b.fail("row", fmt.Sprintf("row is an object that gives each column its type; this is a %s.", t), "Write row = object({ gross = number }).")
	}
	s.def.Row = t
}

func (s *sourceReader) cel(b *body, name string, want campaign.Type) *campaign.Expr {
	return s.needs(b.cel(name, link.RowScope(s.def.Row), want, nil))
}

// needs notes the catalogs that an expression looks into.
func (s *sourceReader) needs(e *campaign.Expr) *campaign.Expr {
	if e != nil {
		s.depends = append(s.depends, readAddrs(e.Reads)...)
	}
	return e
}

// instant reads CEL that gives a time, a date, or a text that is read as one.
func (s *sourceReader) instant(b *body, name string) *campaign.Expr {
	e := s.cel(b, name, campaign.Type{})
	if e == nil || e.Type.Kind == campaign.Time || e.Type.Kind == campaign.Date || goesAnywhere(e.Type) {
		return e
	}
	b.mistyped(name, fmt.Sprintf("%s must give a time or a date, and this gives a %s.", name, e.Type), "")
	return nil
}

func (s *sourceReader) person() {
	p := s.b.one("person")
	if p == nil { // which has been said
		return
	}
	text := campaign.Of(campaign.String)
	s.def.Person = campaign.SourcePerson{
		ID: s.cel(p, "id", text), AnonymousID: s.cel(p, "anonymous_id", text), Email: s.cel(p, "email", text), Phone: s.cel(p, "phone", text),
	}
	if !p.astray && !p.has("id") && !p.has("anonymous_id") && !p.has("email") {
		p.fail("", "Nothing tells whom a row is about.", "Add `id = \"row.customer\"`, or `email`.")
	}
	s.b.broken = s.b.broken || p.broken
}

// targets are what a row fills, sorted by name.
func (s *sourceReader) targets() []campaign.Field {
	if s.def.Event != "" {
		return s.c.events[s.def.Event].Properties
	}
	var out []campaign.Field
	for _, a := range s.c.profile.Attributes {
		if a.Name != "id" && a.Name != "email" && a.Name != "phone" { // which `person` tells
			out = append(out, campaign.Field{Name: a.Name, Type: a.Type})
		}
	}
	return out
}

// fields reads `map`, or takes the columns that have the name of what they fill.
func (s *sourceReader) fields() {
	if !s.b.has("map") {
		s.sameNames()
		return
	}
	items, ok := s.b.attrs["map"].Expr.Object()
	if !ok {
		s.b.mistyped("map", "map is an object that gives each property or attribute its CEL.", `Write { total = "row.total" }.`)
		return
	}
	given := map[string]syntax.Item{}
	for _, item := range items {
		given[item.Key] = item
	}
	var names []string
	for _, f := range s.targets() {
		names = append(names, f.Name)
		item, ok := given[f.Name]
		if !ok {
			continue
		}
		delete(given, f.Name)
		s.field(f, item)
	}
	for _, name := range sortedKeys(given) {
		s.unknown(name, given[name], names)
	}
}

// field reads the value of one target.
func (s *sourceReader) field(f campaign.Field, item syntax.Item) {
	sc := link.RowScope(s.def.Row)
	e := s.c.cel(item.Value, sc, campaign.Type{}, nil)
	if e != nil && !goesAnywhere(e.Type) {
		e = s.c.cel(item.Value, sc, f.Type, nil)
	}
	if e == nil {
		s.b.broken = true
		return
	}
	s.def.Map = append(s.def.Map, campaign.Binding{Input: f.Name, Value: *s.needs(e)})
}

// goesAnywhere reports whether values of a type are read when the row is: a text
// as in a CSV file, what is not looked into as in JSON.
func goesAnywhere(t campaign.Type) bool { return t.Kind == campaign.String || t.Kind == campaign.Any }

func (s *sourceReader) unknown(name string, item syntax.Item, names []string) {
	s.b.broken = true
	d := diag.Diagnostic{
		Code: "unknown-target", Summary: "Nothing has that name", Subject: item.KeyRange,
		Detail: fmt.Sprintf("The profile has no attribute %q.", name), Fix: didYouMean(name, names),
	}
	if s.def.Event != "" {
		d.Detail = fmt.Sprintf("event.%s has no property %q.", s.def.Event, name)
	} else if name == "id" || name == "email" || name == "phone" {
		d.Detail, d.Fix = fmt.Sprintf("%s tells whom the row is about.", name), fmt.Sprintf("Write person { %s = … }.", name)
	}
	s.c.report(d)
}

// sameNames takes columns as they are.
func (s *sourceReader) sameNames() {
	for _, f := range s.targets() {
		if _, declared := s.def.Row.Field(f.Name); !declared && s.def.Row.Kind == campaign.Object {
			continue
		}
		checked, _ := s.c.env.Check("row."+celName(f.Name), link.RowScope(s.def.Row), campaign.Type{})
		if checked == nil {
			continue
		}
		if t := checked.Type(); !goesAnywhere(t) && !t.Equal(f.Type) {
			s.b.fail("row", fmt.Sprintf("The column %s is a %s, and in %s it is a %s.", f.Name, t, s.filled(), f.Type), "Give it that type, or say in `map` how it is filled.")
			continue
		}
		s.def.Map = append(s.def.Map, campaign.Binding{Input: f.Name, Value: checked.Expr()})
	}
}

// filled is what the rows become, in words.
func (s *sourceReader) filled() string {
	if s.def.Event != "" {
		return "event." + s.def.Event
	}
	return "the profile"
}

func (s *sourceReader) consent(b *body) {
	consent := campaign.SourceConsent{Topic: b.label(), Channel: b.str("channel")}
	if consent.Channel == "" {
		consent.Channel = "email"
	}
	if s.c.topics[consent.Topic] == nil {
		s.c.report(diag.Diagnostic{
			Code: "unknown-reference", Summary: "Unknown reference",
			Detail: fmt.Sprintf("The project has no topic %q.", consent.Topic), Fix: s.c.declareIt("topic", consent.Topic), Subject: b.block.Labels[0].Range,
		})
		b.broken = true
	}
	set := func(into, e *campaign.Expr) {
		if e != nil {
			*into = *e
		}
	}
	set(&consent.Subscribed, s.cel(b, "subscribed", campaign.Of(campaign.Bool)))
	set(&consent.At, s.instant(b, "at"))
	set(&consent.Proof, s.cel(b, "proof", campaign.Of(campaign.String)))
	s.def.Consents = append(s.def.Consents, consent)
	s.depends = append(s.depends, addr.New("topic", consent.Topic))
	s.b.broken = s.b.broken || b.broken
}

// missing reports an attribute that this block needs, though not every one does.
func (b *body) missing(name, what string) {
	b.broken = true
	b.c.report(diag.Diagnostic{
		Code: "missing-attribute", Summary: "Something is missing",
		Detail: fmt.Sprintf("%s needs %q: %s.", written(b.block), name, what), Fix: fmt.Sprintf("Add `%s = …`.", name), Subject: b.block.Header,
	})
}
