package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// cell is a value of a row: a text from CSV, anything from JSON.
type cell struct {
	place *place
	raw   any
}

// row understands the cells of one row; cells without a value are not among
// them.
func (v *vocabulary) row(kind Kind, cells []cell, o origin) (*draft, *problem) {
	d := &draft{isEvent: kind == Events}
	d.person.UpdatedAt = o.received
	if p := v.who(d, cells); p != nil {
		return nil, p
	}
	if at := d.person.CreatedAt; !at.IsZero() {
		if p := o.happened("created_at", at); p != nil {
			return nil, p
		}
	}
	if d.person.Key == "" && d.person.AnonymousID == "" && d.person.Email == "" {
		return nil, problemf("it does not say whom it is about: it has no id and no email")
	}
	v.consentCells(d, cells, o)
	if kind == Events {
		if p := v.eventCells(d, cells, o); p != nil {
			return nil, p
		}
	}
	d.number()
	return d, nil
}

// who reads the cells that tell of the person.
func (v *vocabulary) who(d *draft, cells []cell) *problem {
	for _, c := range cells {
		var p *problem
		switch c.place.role {
		case attributeRole:
			p = d.trait(c.place.attribute, c.raw)
		case anonymousRole:
			p = d.key(&d.person.AnonymousID, c.place.name, text(c.raw))
		case bundleRole:
			if traits, ok := c.raw.(map[string]any); ok && !d.isEvent {
				p = v.traits(d, traits)
			}
		}
		if p != nil {
			return p
		}
	}
	return nil
}

// said are the words that exports have for a consent.
var said = map[string]bool{
	"subscribed": true, "yes": true, "true": true, "1": true,
	"unsubscribed": false, "no": false, "false": false, "0": false,
}

// consentCells reads the columns topic.NAME, consent_at and consent_source. A
// consent that cannot be taken is quarantined; its row is taken all the same.
func (v *vocabulary) consentCells(d *draft, cells []cell, o origin) {
	var at time.Time
	var proof string
	for _, c := range cells {
		switch c.place.role {
		case consentAtRole:
			var p *problem
			if at, p = instantOf(c.place.name, c.raw); p != nil {
				d.quarantined = append(d.quarantined, p)
			}
		case consentSourceRole:
			proof = strings.TrimSpace(text(c.raw))
		}
	}
	for _, c := range cells {
		if c.place.role != topicRole {
			continue
		}
		granted, ok := said[strings.ToLower(strings.TrimSpace(text(c.raw)))]
		p := problemf("column %s says neither subscribed nor unsubscribed", quote(c.place.name))
		if ok {
			p = v.addWord(d, word{topic: c.place.topic, channel: c.place.channel, granted: granted, at: at, source: "import " + o.source, proof: proof}, o)
		}
		if p != nil {
			d.quarantined = append(d.quarantined, p)
		}
	}
}

// eventCells reads what happened.
func (v *vocabulary) eventCells(d *draft, cells []cell, o origin) *problem {
	var name, messageID string
	var at time.Time
	for _, c := range cells {
		var p *problem
		switch c.place.role {
		case eventRole:
			name = strings.TrimSpace(text(c.raw))
		case atRole:
			at, p = instantOf(c.place.name, c.raw)
		case messageIDRole:
			p = d.key(&messageID, c.place.name, text(c.raw))
		}
		if p != nil {
			return p
		}
	}
	e, p := v.event(name)
	if p != nil {
		return p
	}
	if at.IsZero() {
		return problemf("it does not say when the event happened: give at, or timestamp")
	}
	if p := o.happened("the event", at); p != nil {
		return p
	}
	properties, p := v.propertyCells(d, e, cells)
	if p != nil {
		return p
	}
	d.addEvent(e.Name, at, messageID, properties, o)
	return nil
}

func (v *vocabulary) propertyCells(d *draft, e *eventWords, cells []cell) (map[string]any, *problem) {
	properties := map[string]any{}
	for _, c := range cells {
		switch c.place.role {
		case propertyRole:
			f := c.place.field(e)
			if f == nil {
				return nil, e.undeclared(c.place.name)
			}
			if p := e.property(d, properties, f, c.raw); p != nil {
				return nil, p
			}
		case bundleRole:
			bundle, ok := c.raw.(map[string]any)
			if !ok {
				return nil, problemf("%s must be an object", quote(c.place.name))
			}
			more, p := e.read(d, bundle)
			if p != nil {
				return nil, p
			}
			maps.Copy(properties, more)
		}
	}
	return properties, nil
}

// number gives each event a messageId made of what it says, so that a file
// imported again, or another file that says the same, doubles nothing.
func (d *draft) number() {
	for i := range d.events {
		e := &d.events[i]
		if e.MessageID == "" {
			e.MessageID = contentID(d.person, e.Name, e.At, e.Properties)
			d.content = e.MessageID
		}
	}
	for i := range d.words {
		w := &d.words[i]
		if w.messageID == "" && !w.at.IsZero() {
			w.messageID = contentID(d.person, w.event(), w.at, map[string]any{"topic": w.topic, "channel": w.channel})
		}
	}
}

func contentID(p store.Person, name string, at time.Time, properties map[string]any) string {
	who, id := "key ", p.Key
	switch {
	case p.Key != "":
	case p.Email != "":
		who, id = "email ", p.Email
	default:
		who, id = "anonymous ", p.AnonymousID
	}
	var buffer [512]byte
	b := strconv.AppendQuote(append(buffer[:0], who...), id)
	b = strconv.AppendQuote(append(b, ' '), name)
	b = strconv.AppendInt(append(b, ' '), at.UnixMicro(), 10)
	b, err := appendJSON(append(b, ' '), properties)
	if err != nil {
		return "" // cannot be: it came from JSON
	}
	sum := sha256.Sum256(b)
	const prefix = "content-"
	var text [len(prefix) + 32]byte
	copy(text[:], prefix)
	hex.Encode(text[len(prefix):], sum[:16])
	return string(text[:])
}

// appendJSON is json.Marshal of a map, in a fraction of the time where it holds
// what most do.
func appendJSON(b []byte, properties map[string]any) ([]byte, error) {
	if properties == nil {
		return append(b, "null"...), nil
	}
	var names [16]string
	keys := names[:0]
	for name := range properties {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, name := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, name); err != nil {
			return nil, err
		}
		if b, err = appendValue(append(b, ':'), properties[name]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		if isPlainText(v) {
			b = append(append(append(b, '"'), v...), '"')
			return b, nil
		}
	case float64:
		if size := math.Abs(v); v == 0 || size >= 1e-6 && size < 1e21 {
			return strconv.AppendFloat(b, v, 'f', -1, 64), nil
		}
	case bool:
		return strconv.AppendBool(b, v), nil
	}
	text, err := json.Marshal(v)
	return append(b, text...), err
}

// isPlainText reports whether JSON writes a text as it is.
func isPlainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// text is a cell as text; "" for what is none.
func text(raw any) string {
	if s, ok := raw.(string); ok {
		return s
	}
	v, err := campaign.Coerce(campaign.Of(campaign.String), raw)
	if err != nil {
		return ""
	}
	s, _ := v.(string)
	return s
}

// instantOf reads a cell that holds an instant.
func instantOf(name string, raw any) (time.Time, *problem) {
	written := text(raw)
	if at, err := time.Parse(time.RFC3339Nano, written); err == nil { // the usual case
		return at.UTC(), nil
	}
	return parseInstant(quote(name), written)
}

func quote(name string) string { return fmt.Sprintf("%.80q", name) }

// objectCells turns a flat JSON object into cells. Keys are sorted, so that the
// same object always gives the same draft.
func objectCells(object map[string]any, place func(string) *place) []cell {
	cells := make([]cell, 0, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if raw := object[name]; raw != nil && raw != "" {
			cells = append(cells, cell{place(name), raw})
		}
	}
	return cells
}
