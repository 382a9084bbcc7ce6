package intake

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// draft is a call or a row that was understood: typed and validated, ready for
// the store, but for the number of its person.
type draft struct {
	person      store.Person
	events      []store.Event
	words       []word   // about topics
	isEvent     bool     // told of an event, not of a person
	public      bool     // came with the key of browsers
	previous    string   // of an alias: who the person was
	content     string   // messageId that was made of what the event says
	warnings    []string // what was left out
	quarantined []*problem
}

// origin is where and when data comes in.
type origin struct {
	source   string // "api", or a file
	kind     string // what each row of a file is to be
	received time.Time
	file     bool
	trigger  bool      // of a file: its events set things off all the same
	again    time.Time // when it is taken in after all, having been refused at `received`
}

// stored is when the store is told.
func (o origin) stored() time.Time {
	if !o.again.IsZero() {
		return o.again
	}
	return o.received
}

// history says that events of this origin set nothing off.
func (o origin) history() bool { return o.file && !o.trigger }

// ahead is how far an instant may lie in the future: clocks differ. What lies there
// counts as of its receipt.
const ahead = 5 * time.Minute

// happened checks the instant of something.
func (o origin) happened(what string, at time.Time) *problem {
	switch {
	case at.After(o.received.Add(ahead)):
		return &problem{reason: what + " is more than five minutes in the future: is the clock of the sender right?", detail: at.Format(time.RFC3339)}
	case at.Year() < 1970:
		return &problem{reason: what + " is before 1970", detail: at.Format(time.RFC3339)}
	}
	return nil
}

func (d *draft) warnf(format string, args ...any) {
	d.warnings = append(d.warnings, fmt.Sprintf(format, args...))
}

// named refuses a draft of nobody.
func (d *draft) named() *problem {
	if d.person.Key == "" && d.person.AnonymousID == "" && d.person.Email == "" {
		return problemf("it does not say whom it is about: give userId, anonymousId or the trait email")
	}
	return nil
}

// traits adds what is said of the person.
func (v *vocabulary) traits(d *draft, traits map[string]any) *problem {
	for _, name := range slices.Sorted(maps.Keys(traits)) {
		a, ok := v.attributes.find(name)
		if !ok {
			d.warnf("trait %q is not declared, and was left out%s", name, v.attributes.hint(name))
			continue
		}
		if p := d.trait(a, traits[name]); p != nil {
			return p
		}
	}
	return nil
}

// trait adds one attribute; nil removes it.
func (d *draft) trait(a *campaign.Attribute, raw any) *problem {
	v, p := read(naming{what: "attribute", name: a.Name}, a.Type, raw)
	if p == nil {
		p = oneOf(a, v)
	}
	if p != nil {
		return p
	}
	switch a.Name {
	case "id", "email", "phone", "created_at":
		return d.identity(a.Name, v)
	}
	if v == nil && raw != nil { // an empty text for a number
		return nil
	}
	if d.person.Attributes == nil {
		d.person.Attributes = map[string]any{}
	}
	d.person.Attributes[a.Name] = v
	return nil
}

// identity adds one of the attributes that a person is known by; they cannot be
// removed.
func (d *draft) identity(name string, v any) (p *problem) {
	s, _ := v.(string)
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	switch name {
	case "id":
		if d.person.Key == "" {
			return d.key(&d.person.Key, "id", s)
		}
		if d.person.Key != s {
			d.warnf("trait \"id\" differs from userId, and was left out")
		}
	case "email":
		d.person.Email, p = email(s)
	case "phone":
		d.person.Phone = s
	case "created_at":
		d.person.CreatedAt, _ = time.Parse(time.RFC3339Nano, s)
	}
	return p
}

// maxID is the longest identifier.
const maxID = 512

// key sets one of the identifiers.
func (d *draft) key(field *string, what, id string) *problem {
	if len(id) > maxID {
		return problemf("%s is longer than %d bytes", what, maxID)
	}
	*field = strings.TrimSpace(id)
	return nil
}

// property adds one property to an event's, under its declared name.
func (e *eventWords) property(d *draft, into map[string]any, f *campaign.Field, raw any) *problem {
	v, p := read(naming{"property", f.Name, e.Name}, f.Type, raw)
	if p != nil {
		return p
	}
	if v != nil {
		into[f.Name] = v
	}
	if f.Type.Elem == nil && f.Type.Kind != campaign.Object {
		return nil
	}
	given, _ := readable(f.Type, raw)
	for _, part := range extras(f.Type, given, f.Name) {
		d.warnf("%s of %s is not declared, and was left out", part, e.Name)
	}
	return nil
}

// undeclared refuses a property.
func (e *eventWords) undeclared(name string) *problem {
	return problemf("property %q of %s is not declared%s", name, e.Name, e.properties.hint(name))
}

// event finds a declared event by its name on the wire or its label.
func (v *vocabulary) event(name string) (*eventWords, *problem) {
	if e, ok := v.events.find(name); ok {
		return e, nil
	}
	if own, ok := v.own.find(name); ok {
		return nil, problemf("%s is an event of herald's own, which nobody else can send", own)
	}
	if name == "" {
		return nil, problemf("it does not say which event: give its name")
	}
	return nil, problemf("event %.80q is not declared%s", name, v.events.hint(name))
}

// read reads the properties of an event.
func (e *eventWords) read(d *draft, raw map[string]any) (map[string]any, *problem) {
	properties := make(map[string]any, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		f, ok := e.properties.find(name)
		switch {
		case ok:
		case e.site: // what a page says of itself has no end
			d.warnf("property %q of %s is not known, and was left out", name, e.Name)
			continue
		default:
			return nil, e.undeclared(name)
		}
		if p := e.property(d, properties, f, raw[name]); p != nil {
			return nil, p
		}
	}
	return properties, nil
}

// addEvent adds what happened: at its receipt at the latest, for a clock that is a
// little ahead has not seen the future.
func (d *draft) addEvent(name string, at time.Time, messageID string, properties map[string]any, o origin) {
	if at.After(o.received) {
		at = o.received
	}
	d.events = append(d.events, store.Event{
		Name: name, At: at, ReceivedAt: o.stored(), MessageID: messageID, Imported: o.history(), Properties: properties,
	})
}
