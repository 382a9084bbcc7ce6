package expr

import "time"

// Subject is one person, in one place of a journey perhaps, as the evaluator
// asks for them. Values are campaign values of the declared type; a value of
// another Go type counts as absent. What a place does not have is not asked
// for: a segment's condition never calls Step.
type Subject interface {
	// Attribute is the stored value of an attribute of the profile. Defaults are
	// the evaluator's business: ok is false for a value that is not stored.
	Attribute(name string) (v any, ok bool)
	// Events is the history of the event with this label, oldest first. Rows
	// after the instant of the evaluation may be included; they do not count.
	Events(label string) []EventRow
	// Segment tells whether the person is in the segment.
	Segment(label string) Truth
	// Subscribed tells whether the person permits the topic.
	Subscribed(topic string) bool
	// Reachable tells whether the channel has a permission and an address that works.
	Reachable(channel string) bool
	// Consent is what the person last said of a topic by a channel; ok is false
	// where nothing was said.
	Consent(topic, channel string) (c ConsentWord, ok bool)
	// Event is the payload that `event` stands for: properties, and `at`.
	Event() map[string]any
	// Trigger is the payload that `trigger.event` stands for: properties, and `at`.
	Trigger() map[string]any
	// EnteredAt is journey.entered_at.
	EnteredAt() time.Time
	// Step is what is known of a step: Step("reminder", "opened"). A step that was
	// not on the way has no fields.
	Step(name, field string) (v any, ok bool)
}

// ItemSubject is a Subject that came into a journey for one element of a list, or
// for one row of a catalog: trigger.item. For any other Subject it is unknown.
type ItemSubject interface {
	Subject
	// Item is a campaign value; nil for none.
	Item() any
}

// EventRow is one event of a history.
type EventRow struct {
	At    time.Time
	Props map[string]any // campaign values; the map belongs to the Subject and is only read
}

// ConsentWord is what a person said of a topic by a channel. A zero At and an
// empty Source count as absent.
type ConsentWord struct {
	Granted bool
	At      time.Time
	Source  string // where it was said: "preferences", "form", "import"
}

// Nobody is a Subject of whom nothing is known. It can be embedded by Subjects
// that answer only some of the questions.
type Nobody struct{}

var _ Subject = Nobody{}

// Attribute is absent.
func (Nobody) Attribute(string) (any, bool) { return nil, false }

// Events is empty.
func (Nobody) Events(string) []EventRow { return nil }

// Segment is unknown.
func (Nobody) Segment(string) Truth { return Unknown }

// Subscribed is false.
func (Nobody) Subscribed(string) bool { return false }

// Reachable is false.
func (Nobody) Reachable(string) bool { return false }

// Consent is absent.
func (Nobody) Consent(string, string) (ConsentWord, bool) { return ConsentWord{}, false }

// Event is empty.
func (Nobody) Event() map[string]any { return nil }

// Trigger is empty.
func (Nobody) Trigger() map[string]any { return nil }

// EnteredAt is the zero time, which counts as absent.
func (Nobody) EnteredAt() time.Time { return time.Time{} }

// Step is absent.
func (Nobody) Step(string, string) (any, bool) { return nil, false }

// Truth is the value of a condition. The zero Truth is Unknown.
type Truth uint8

// The truth values. An unknown condition selects nobody.
const (
	Unknown Truth = iota
	False
	True
)

// TruthOf is True or False.
func TruthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// Holds reports whether t is True: whether the condition selects.
func (t Truth) Holds() bool { return t == True }

// Not turns True and False around.
func (t Truth) Not() Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// And is False if either is, else Unknown if either is.
func (t Truth) And(u Truth) Truth {
	switch {
	case t == False || u == False:
		return False
	case t == Unknown || u == Unknown:
		return Unknown
	}
	return True
}

// Or is True if either is, else Unknown if either is.
func (t Truth) Or(u Truth) Truth {
	return t.Not().And(u.Not()).Not()
}

// String is "true", "false" or "unknown".
func (t Truth) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "unknown"
}

// Value is what an expression gives. The zero Value is unknown.
type Value struct {
	v any
}

// ValueOf is a known value; nil is the unknown one.
func ValueOf(v any) Value { return Value{v} }

// Known reports whether there is a value.
func (v Value) Known() bool { return v.v != nil }

// Any is the campaign value, nil when it is unknown. An event is a map of its
// properties and `at`; the map may be the Subject's own and must not be changed.
func (v Value) Any() any { return v.v }

// Truth is the value of a condition; Unknown for what is no bool.
func (v Value) Truth() Truth {
	if b, ok := v.v.(bool); ok {
		return TruthOf(b)
	}
	return Unknown
}

// Text writes the value as string() of the language would: numbers without a
// trailing ".0", dates as 2026-12-31, times in RFC 3339; "" when unknown.
func (v Value) Text() string { return text(v.v) }
