package campaign

import "slices"

// BuiltinAttributes are on every profile.
func BuiltinAttributes() []Attribute {
	return []Attribute{
		{Name: "id", Type: Of(String), Description: "the identifier that the shop knows the person by"},
		{Name: "email", Type: Of(String), PII: true},
		{Name: "phone", Type: Of(String), PII: true},
		{Name: "language", Type: Of(String)},
		{Name: "timezone", Type: Of(String)},
		{Name: "created_at", Type: Of(Time)},
	}
}

// BuiltinEvents happen without being declared: those about mail, to everyone who
// is written to, and those of journeys' steps, which cannot be sent to the HTTP API;
// and SiteEvents.
func BuiltinEvents() []Event {
	return slices.Concat(mailEvents(), stepEvents(), SiteEvents())
}

// SiteEvents are what a shop's pages and apps tell of without its being declared:
// the calls page, screen and group of the Segment specification, and how long a
// page was looked at. https://segment.com/docs/connections/spec/
func SiteEvents() []Event {
	str := func(names ...string) (fields []Field) {
		for _, n := range names {
			fields = append(fields, Field{Name: n, Type: Of(String), Optional: true})
		}
		return fields
	}
	number := func(name string) Field { return Field{Name: name, Type: Of(Number), Optional: true} }
	campaign := str("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term")
	page := str("category", "name", "path", "referrer", "search", "title", "url")
	return []Event{
		{Name: "page_viewed", Wire: "Page Viewed", Properties: ObjectOf(append(page, campaign...)...).Fields},
		{Name: "page_left", Wire: "Page Left", Properties: ObjectOf(append(str("path", "title", "url"), number("seconds"))...).Fields},
		{Name: "screen_viewed", Wire: "Screen Viewed", Properties: ObjectOf(append(str("category", "name"), campaign...)...).Fields},
		{Name: "group_joined", Wire: "Group Joined", Properties: ObjectOf(append(str("group_id", "industry", "name", "plan", "website"), number("employees"))...).Fields},
	}
}

// mailEvents have their label as wire name.
func mailEvents() []Event {
	str := func(names ...string) []Field {
		fields := []Field{{Name: "campaign", Type: Of(String), Optional: true}, {Name: "message", Type: Of(String), Optional: true},
			{Name: "send", Type: Of(String), Optional: true}}
		for _, n := range names {
			fields = append(fields, Field{Name: n, Type: Of(String), Optional: true})
		}
		return ObjectOf(fields...).Fields
	}
	return []Event{
		{Name: "email_sent", Properties: str()},
		{Name: "email_delivered", Properties: str()},
		{Name: "email_opened", Properties: str()},
		{Name: "email_clicked", Properties: str("url", "link")},
		{Name: "email_bounced", Properties: str("kind")},
		{Name: "email_complained", Properties: str()},
		{Name: "subscribed", Properties: str("topic", "channel")},
		{Name: "unsubscribed", Properties: str("topic", "channel")},
		{Name: "message_withheld", Properties: str("reason")},
	}
}

// stepEvents are what the steps of journeys leave, other than messages and what
// they emit.
func stepEvents() []Event {
	fields := func(more ...Field) []Field {
		all := []Field{{Name: "campaign", Type: Of(String), Optional: true}, {Name: "step", Type: Of(String), Optional: true}}
		return ObjectOf(append(all, more...)...).Fields
	}
	return []Event{
		{Name: "attributes_updated", Properties: fields()},
		{Name: "call_answered", Properties: fields(Field{Name: "status", Type: Of(Number), Optional: true})},
		{Name: "journey_entered", Properties: fields(Field{Name: "journey", Type: Of(String), Optional: true})},
	}
}
