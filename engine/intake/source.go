package intake

import (
	"errors"
	"fmt"
	"strings"

	"github.com/herald-campaigns/herald/dsl/link"
)

// sourcePrefix begins the kind of rows that a source block reads.
const sourcePrefix = "source."

// sourced understands a row by a source block.
func (v *vocabulary) sourced(source *link.Source, columns map[string]any, o origin) (d *draft, skip bool, p *problem) {
	read, err := source.Read(columns, o.received)
	if err != nil {
		var wrong *link.RowError
		if errors.As(err, &wrong) { // its reason may quote a value
			return nil, false, &problem{reason: wrong.Place + " does not fit " + sourcePrefix + source.Def.Name, detail: wrong.Reason}
		}
		return nil, false, problemf("%s cannot read it", sourcePrefix+source.Def.Name)
	}
	if read.Skipped {
		return nil, true, nil
	}
	d = &draft{isEvent: source.Def.Event != ""}
	d.person.UpdatedAt = o.received
	if p := d.sourcedPerson(&read); p != nil {
		return nil, false, p
	}
	if d.isEvent {
		p = v.sourcedEvent(d, source, &read, o)
	} else {
		p = v.sourcedProfile(d, &read, o)
	}
	if p != nil {
		return nil, false, p
	}
	for _, w := range read.Consents {
		said := word{topic: w.Topic, channel: w.Channel, granted: w.Subscribed, at: w.At, source: "import " + o.source, proof: strings.TrimSpace(w.Proof)}
		if p := v.addWord(d, said, o); p != nil {
			d.quarantined = append(d.quarantined, p)
		}
	}
	d.number()
	return d, false, nil
}

// sourcedPerson adds whom a row is about.
func (d *draft) sourcedPerson(read *link.SourceRow) *problem {
	for _, set := range []func() *problem{
		func() *problem { return d.key(&d.person.Key, "id", read.ID) },
		func() *problem { return d.key(&d.person.AnonymousID, "anonymous_id", read.Anonymous) },
		func() *problem { return d.identity("email", read.Email) },
		func() *problem { return d.identity("phone", read.Phone) },
	} {
		if p := set(); p != nil {
			return p
		}
	}
	if d.person.Key == "" && d.person.AnonymousID == "" && d.person.Email == "" {
		return problemf("it does not say whom it is about: person { } of its source gives no id and no email")
	}
	return nil
}

func (v *vocabulary) sourcedEvent(d *draft, source *link.Source, read *link.SourceRow, o origin) *problem {
	e, p := v.event(source.Def.Event)
	if p != nil {
		return p
	}
	if read.At.IsZero() {
		return problemf("it does not say when the event happened: `at` of its source gives nothing")
	}
	if p := o.happened("the event", read.At); p != nil {
		return p
	}
	if len(read.MessageID) > maxID {
		return problemf("its key is longer than %d bytes", maxID)
	}
	properties := make(map[string]any, len(read.Values))
	for name, value := range read.Values {
		properties[name] = plain(value)
	}
	d.addEvent(e.Name, read.At, read.MessageID, properties, o)
	return nil
}

func (v *vocabulary) sourcedProfile(d *draft, read *link.SourceRow, o origin) *problem {
	if !read.At.IsZero() {
		if p := o.happened("at", read.At); p != nil {
			return p
		}
		d.person.UpdatedAt = read.At
	}
	for name, value := range read.Values {
		a, ok := v.attributes.find(name)
		if !ok {
			return problemf("attribute %s is not declared", quote(name))
		}
		if p := d.trait(a, plain(value)); p != nil {
			return p
		}
	}
	if at := d.person.CreatedAt; !at.IsZero() {
		return o.happened("created_at", at)
	}
	return nil
}

// source finds a source block by its name.
func (m *Model) source(name string) (*link.Source, error) {
	for _, s := range m.Sources {
		if s.Def.Name == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("source.%s is not declared: it may have been, when the row came", name)
}
