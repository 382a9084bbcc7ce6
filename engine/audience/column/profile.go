package column

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

func (t *Table) putProfile(slot uint32, r *store.Record) {
	for name, c := range t.Attributes {
		c.put(slot, attribute(&r.Person, name, t.Plan.Attributes[name].Declared))
	}
}

// attribute is a stored attribute in its declared type; nil where it is absent
// or does not fit.
func attribute(p *store.Person, name string, declared campaign.Type) any {
	switch name {
	case "id":
		return nonEmpty(p.Key)
	case "email":
		return nonEmpty(p.Email)
	case "phone":
		return nonEmpty(p.Phone)
	case "created_at":
		if p.CreatedAt.IsZero() {
			return nil
		}
		return p.CreatedAt.UTC()
	}
	return fit(declared, p.Attributes[name])
}

func nonEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// address is where a channel reaches a person; "" for nowhere.
func address(p *store.Person, channel string) string {
	switch channel {
	case "email":
		return p.Email
	case "sms":
		return p.Phone
	}
	return ""
}

func (t *Table) putConsents(slot uint32, r *store.Record) {
	for topic, b := range t.Topics {
		b.Put(slot, granted(r.Consents, func(c *store.Consent) bool { return c.Topic == topic }))
		t.Topics[topic] = b
	}
	for channel := range t.Deliverable {
		reached := address(&r.Person, channel) != ""
		for _, closed := range r.Suppressed {
			reached = reached && closed != channel
		}
		deliverable, reachable := t.Deliverable[channel], t.Reachable[channel]
		deliverable.Put(slot, reached)
		reachable.Put(slot, reached && granted(r.Consents, func(c *store.Consent) bool { return c.Channel == channel }))
		t.Deliverable[channel], t.Reachable[channel] = deliverable, reachable
	}
	for permission, c := range t.Consents {
		c.put(slot, word(r.Consents, permission))
	}
}

func granted(consents []store.Consent, which func(*store.Consent) bool) bool {
	for i := range consents {
		if c := &consents[i]; c.Granted && which(c) {
			return true
		}
	}
	return false
}

// word is what was said on a permission; nil for nothing.
func word(consents []store.Consent, p Permission) *store.Consent {
	for i := range consents {
		if c := &consents[i]; c.Topic == p.Topic && c.Channel == p.Channel {
			return c
		}
	}
	return nil
}

func newConsent(details bool) *Consent {
	c := &Consent{}
	if details {
		c.At, c.Source = []int64{}, newColumn(campaign.Of(campaign.String))
	}
	return c
}

func (c *Consent) put(slot uint32, said *store.Consent) {
	c.Known.Put(slot, said != nil)
	c.Granted.Put(slot, said != nil && said.Granted)
	if c.Source == nil {
		return
	}
	for len(c.At) <= int(slot) {
		c.At = append(c.At, 0)
	}
	if said == nil {
		c.At[slot] = 0
		c.Source.put(slot, nil)
		return
	}
	c.At[slot] = said.At.UnixMicro()
	c.Source.put(slot, nonEmpty(said.Source))
}

// Said is when and where the person of a slot gave a word; the zero time and ""
// where nothing was said, or the Plan wants no details.
func (c *Consent) Said(slot uint32) (at time.Time, source string) {
	if c.Source == nil || !c.Known.Has(slot) {
		return time.Time{}, ""
	}
	source, _ = c.Source.Value(slot).(string)
	return time.UnixMicro(c.At[slot]).UTC(), source
}
