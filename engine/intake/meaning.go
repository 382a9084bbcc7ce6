package intake

import (
	"maps"
	"strings"
	"time"
)

// call understands a call.
func (v *vocabulary) call(c *Call, o origin) (*draft, *problem) {
	if c.malformed != nil {
		return nil, c.malformed
	}
	d := &draft{isEvent: c.Type != "identify" && c.Type != "alias", public: c.Public}
	d.person.UpdatedAt = o.received
	if p := d.key(&d.person.Key, "userId", c.UserID); p != nil {
		return nil, p
	}
	if p := d.key(&d.person.AnonymousID, "anonymousId", c.AnonymousID); p != nil {
		return nil, p
	}
	if len(c.MessageID) > maxID {
		return nil, problemf("messageId is longer than %d bytes", maxID)
	}
	return d, v.meaning(d, c, o)
}

func (v *vocabulary) meaning(d *draft, c *Call, o origin) *problem {
	switch c.Type {
	case "identify":
		return v.identify(d, c, o)
	case "alias":
		return d.aliasOf(c)
	case "track":
		return v.track(d, c, o)
	case "page":
		return v.site(d, c, "page_viewed", map[string]any{"name": c.Name, "category": c.Category}, o)
	case "screen":
		return v.site(d, c, "screen_viewed", map[string]any{"name": c.Name, "category": c.Category}, o)
	case "group":
		if strings.TrimSpace(c.GroupID) == "" {
			return problemf("it does not say which group: give groupId")
		}
		return v.site(d, c, "group_joined", map[string]any{"group_id": c.GroupID}, o)
	case "":
		return problemf("it has no type: there are %s", callTypes)
	}
	p := problemf("calls of the type %.80q are not taken: %s are", c.Type, callTypes)
	p.noise = true
	return p
}

const callTypes = "identify, track, page, screen, group and alias"

// isCallType reports whether a type is one of Segment's.
func isCallType(kind string) bool {
	switch kind {
	case "identify", "track", "page", "screen", "group", "alias":
		return true
	}
	return false
}

func (v *vocabulary) identify(d *draft, c *Call, o origin) *problem {
	if p := v.traits(d, c.Traits); p != nil {
		return p
	}
	if at := d.person.CreatedAt; !at.IsZero() {
		if p := o.happened("created_at", at); p != nil {
			return p
		}
	}
	return d.named()
}

// aliasOf says that previousId, a key or an anonymous ID, and userId are one
// person.
func (d *draft) aliasOf(c *Call) *problem {
	if c.Public {
		return problemf("who is whom is for the shop's own key to say: a browser's key has no alias")
	}
	if d.person.Key == "" {
		return problemf("alias does not say who it is: give userId")
	}
	if p := d.key(&d.previous, "previousId", c.PreviousID); p != nil {
		return p
	}
	if d.previous == "" {
		return problemf("alias does not say who it was: give previousId")
	}
	d.person.AnonymousID = ""
	return nil
}

func (v *vocabulary) track(d *draft, c *Call, o origin) *problem {
	at, p := v.whoAndWhen(d, c, o)
	if p != nil {
		return p
	}
	declared, p := v.event(c.Event)
	if p != nil {
		if name := fold(c.Event); name == "subscribed" || name == "unsubscribed" {
			return v.callWord(d, c, name == "subscribed", at, o)
		}
		return p
	}
	properties, p := declared.read(d, declared.withContext(c.Properties, c.Context))
	if p != nil {
		return p
	}
	d.addEvent(declared.Name, at, c.MessageID, properties, o)
	return nil
}

// site reads a call that is an event of its own: page, screen, group.
func (v *vocabulary) site(d *draft, c *Call, label string, more map[string]any, o origin) *problem {
	at, p := v.whoAndWhen(d, c, o)
	if p != nil {
		return p
	}
	declared, p := v.event(label)
	if p != nil {
		return p
	}
	raw := maps.Clone(c.Properties)
	if c.Type == "group" {
		raw = maps.Clone(c.Traits)
	}
	if raw == nil {
		raw = map[string]any{}
	}
	for name, value := range more {
		if value != "" {
			raw[name] = value
		}
	}
	properties, p := declared.read(d, declared.withContext(raw, c.Context))
	if p != nil {
		return p
	}
	d.addEvent(declared.Name, at, c.MessageID, properties, o)
	return nil
}

// whoAndWhen says whose event a call is, and when it happened.
func (v *vocabulary) whoAndWhen(d *draft, c *Call, o origin) (time.Time, *problem) {
	if p := d.addressFrom(c.Context); p != nil {
		return time.Time{}, p
	}
	if p := d.named(); p != nil {
		return time.Time{}, p
	}
	return c.instant(o)
}

// addressFrom names the person of an event by context.traits.email when it has
// no identifier.
func (d *draft) addressFrom(context map[string]any) *problem {
	if d.person.Key != "" || d.person.AnonymousID != "" {
		return nil
	}
	traits, _ := context["traits"].(map[string]any)
	address, ok := traits["email"].(string)
	if !ok {
		return nil
	}
	return d.identity("email", address)
}

// pageParts are what context.page says of a page.
var pageParts = []string{"path", "referrer", "search", "title", "url"}

// campaignParts are what context.campaign says, and the tag of each.
var campaignParts = map[string]string{"name": "utm_campaign", "content": "utm_content", "medium": "utm_medium", "source": "utm_source", "term": "utm_term"}

// withContext adds the parts of a call's context that the event has properties
// for and the call does not give itself: the page, for a page, and the tags of
// the campaign that led to it. Nothing else of the context is kept.
func (e *eventWords) withContext(raw, context map[string]any) map[string]any {
	copied := false
	add := func(name string, value any) {
		text, ok := value.(string)
		if _, given := raw[name]; !ok || text == "" || given || e.properties.exact[name] == nil {
			return
		}
		if !copied {
			raw, copied = maps.Clone(raw), true
			if raw == nil {
				raw = map[string]any{}
			}
		}
		raw[name] = text
	}
	if page, ok := context["page"].(map[string]any); ok && e.site {
		for _, name := range pageParts {
			add(name, page[name])
		}
	}
	if campaign, ok := context["campaign"].(map[string]any); ok {
		for part, name := range campaignParts {
			add(name, campaign[part])
		}
	}
	return raw
}
