package template

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Mode is what a template's text becomes, which decides how output is escaped.
type Mode uint8

// The modes.
const (
	HTML   Mode = iota // a page or a fragment of one: escaped for its place in the markup
	Text               // a plain-text part: as it is
	Header             // a subject or preheader: one line, no control characters
)

// Vars is what a template may name.
type Vars struct {
	Root          campaign.Type                // an object: profile, inputs by name, unsubscribe_url, segment …
	Contents      []string                     // {% content NAME %}
	Strings       map[string]map[string]string // locale → key → text, for {{ "key" | t }}
	DefaultLocale string                       // whose strings stand in for locales that have none; "": the first
	Catalogs      map[string]campaign.Type     // catalog → type of its rows, for refs: {{ profile.store.hours }}
}

// Data is what a template is rendered with.
type Data struct {
	// Values holds campaign values (nested map[string]any) for the fields of
	// Vars.Root. Dates may be in their JSON form. A string of white space counts
	// as missing.
	Values map[string]any

	Content  func(name string) *Template              // the case chosen for this person; nil: nothing
	Catalog  func(catalog, key string) map[string]any // the row that a ref names; nil: none
	Locale   string                                   // "de" or "de-AT"; "": English, and the default strings
	Location *time.Location                           // for dates; nil: UTC
	Now      time.Time                                // {{ "now" | date }}

	// Link rewrites an address of an <a> that leads to the web, other than those
	// of the ways out (unsubscribe_url and its like). Ordinal counts the calls
	// for one mail from 0, contents included. Nil: addresses stay as they are.
	Link func(url string, ordinal int) string
	// Tail is HTML that is put before </body>, or at the end: the open pixel.
	Tail string
}

// Template is a checked and compiled template: immutable, safe for concurrent use.
type Template struct {
	mode    Mode
	program []op
	slots   []slot // the paths from the root that it reads
	locals  int    // variables of its own
	reads   Reads
	links   []Link
}

// wayOut are the variables that hold addresses which must work whatever befalls
// click tracking. Links to them are not rewritten.
var wayOut = map[string]bool{"unsubscribe_url": true, "preferences_url": true, "view_url": true, "why_url": true}

// maxSource bounds a template; mail clients cut mails off at a tenth of it.
const maxSource = 1 << 20

// Check parses src, checks it against vars and compiles it. The Template is nil
// if one of the problems is an error. Problems stand in the order of the source.
func Check(src string, mode Mode, vars Vars) (*Template, []Problem) {
	return check(src, mode, mode == HTML, vars)
}

// CheckLiquid checks the Liquid in a source whose markup is not HTML yet, such
// as MJML: names, types, filters, translations, but not the places where
// outputs stand. What the source is compiled to is then given to Check, whose
// further findings have Context set.
func CheckLiquid(src string, vars Vars) []Problem {
	_, problems := check(src, HTML, false, vars)
	return problems
}

func check(src string, mode Mode, follow bool, vars Vars) (*Template, []Problem) {
	ps := new(problems)
	if len(src) > maxSource {
		ps.add(span{0, 0}, codeTooLarge, "It has %d bytes; %d are the most.", len(src), maxSource)
		return nil, ps.list
	}
	c := newCompiler(src, mode, follow, vars, ps)
	t := c.template(parse(src, ps))
	if !ps.failed() {
		c.rehearse(t)
	}
	if ps.failed() {
		t = nil
	}
	return t, ps.sorted()
}

// rehearse renders each branch once with sample data.
func (c *compiler) rehearse(t *Template) {
	data := SampleData(c.wanted.of(c.vars))
	for _, locale := range c.locales() {
		data.Locale = locale
		if _, err := t.render(nil, data, true); err != nil {
			c.problems.add(span{0, 0}, codeSample, "%v.", err)
			return
		}
	}
}

// Reads tells what t looks at.
func (t *Template) Reads() Reads { return t.reads }

// Links are the addresses of the <a> in an HTML template, in order.
func (t *Template) Links() []Link { return t.links }
