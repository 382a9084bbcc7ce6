package intake

import (
	"slices"
	"strings"
	"unicode"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
)

// vocabulary is a Model made ready for looking words up.
type vocabulary struct {
	model      *Model
	attributes words[*campaign.Attribute]
	events     words[*eventWords]
	own        words[string] // herald's own events
	topics     words[*campaign.Topic]
	properties map[string]bool // of any event, folded
}

// eventWords is a declared event with its properties.
type eventWords struct {
	*campaign.Event
	site       bool // built in: campaign.SiteEvents
	properties words[*campaign.Field]
}

func newVocabulary(m *Model) *vocabulary {
	v := &vocabulary{model: m, properties: map[string]bool{}}
	for _, a := range campaign.BuiltinAttributes() {
		v.attributes.add(a.Name, &a)
	}
	if m.Profile != nil {
		for i := range m.Profile.Attributes {
			a := &m.Profile.Attributes[i]
			v.attributes.add(a.Name, a)
		}
	}
	for _, e := range campaign.BuiltinEvents() {
		v.own.add(e.Name, e.Name)
	}
	for _, e := range campaign.SiteEvents() {
		v.addEvent(&e, true)
	}
	v.events.names = nil // hints name what is declared
	for _, e := range m.Events {
		v.addEvent(e, false)
	}
	for _, t := range m.Topics {
		v.topics.add(t.Name, t)
	}
	return v
}

func (v *vocabulary) addEvent(e *campaign.Event, site bool) {
	declared := &eventWords{Event: e, site: site}
	for i := range e.Properties {
		f := &e.Properties[i]
		declared.properties.add(f.Name, f)
		v.properties[fold(f.Name)] = true
	}
	v.events.add(e.Name, declared)
	if e.Wire != "" {
		v.events.add(e.Wire, declared)
	}
}

// words are names with their meanings. A name is found as it is declared, or in
// the manner of another system: firstName, "First Name" and first-name are
// first_name, as long as no two declared names become the same by that.
type words[T comparable] struct {
	exact  map[string]T
	folded map[string]T
	clash  map[string]bool
	names  []string
}

// add declares a name; a name that is there gets the new meaning.
func (w *words[T]) add(name string, meaning T) {
	if w.exact == nil {
		w.exact, w.folded, w.clash = map[string]T{}, map[string]T{}, map[string]bool{}
	}
	old, again := w.exact[name]
	if !again {
		w.names = append(w.names, name)
	}
	w.exact[name] = meaning
	f := fold(name)
	if other, taken := w.folded[f]; taken && other != meaning && !(again && other == old) {
		w.clash[f] = true
	}
	w.folded[f] = meaning
}

func (w *words[T]) find(name string) (T, bool) {
	if meaning, ok := w.exact[name]; ok {
		return meaning, true
	}
	f := fold(name)
	meaning, ok := w.folded[f]
	if !ok || w.clash[f] {
		var none T
		return none, false
	}
	return meaning, true
}

// hint is " (did you mean x?)", or what there is when nothing is near.
func (w *words[T]) hint(name string) string {
	if near := diag.DidYouMean(name, w.names); near != "" {
		return `: did you mean "` + near + `"?`
	}
	if len(w.names) == 0 {
		return ": none is declared"
	}
	names := slices.Sorted(slices.Values(w.names))
	more := ""
	if len(names) > 12 {
		names, more = names[:12], " …"
	}
	return ": declared are " + strings.Join(names, ", ") + more
}

// fold is a name without case and separators.
func fold(name string) string {
	if isFolded(name) {
		return name
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

func isFolded(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
