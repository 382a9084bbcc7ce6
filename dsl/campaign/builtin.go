package campaign

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

// BuiltinEvents happen to everyone who is written to, without being declared.
// Their wire name is their label: none of them can be sent to the HTTP API.
func BuiltinEvents() []Event {
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
