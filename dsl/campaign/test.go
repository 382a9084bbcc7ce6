package campaign

import "time"

// Test is what should happen to somebody in a journey, on simulated time. Tests
// stand beside a Revision and are no part of it.
type Test struct {
	Name    string         `json:"name"`
	Journey string         `json:"journey"`         // label
	Place   string         `json:"place"`           // where it is written: cart.test.hcl:3
	Start   time.Time      `json:"start"`           // the instant that "0h" stands for
	Enter   *time.Duration `json:"enter,omitempty"` // let in then, whatever the trigger; nil: by what is given
	Until   time.Duration  `json:"until,omitempty"` // how long is looked; 0: until nothing more is to come
	Given   Given          `json:"given"`
	Expect  Expect         `json:"expect"`
}

// TestStart is the Start of tests that name none: a Monday in no time zone's
// change of clocks.
var TestStart = time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)

// Given is what is known of the person, and what they do. Instants are counted
// from the test's Start; those before it are negative.
type Given struct {
	Profile     map[string]any    `json:"profile,omitempty"` // campaign values by attribute
	Consents    []GivenConsent    `json:"consents,omitempty"`
	Events      []GivenEvent      `json:"events,omitempty"` // in the order written
	Engagements []Engagement      `json:"engagements,omitempty"`
	Answers     []GivenAnswer     `json:"answers,omitempty"`
	Arms        map[string]string `json:"arms,omitempty"` // of splits, by step; else by chance
}

// GivenConsent is what the person says of a topic.
type GivenConsent struct {
	Topic   string        `json:"topic"`
	Channel string        `json:"channel"`
	Granted bool          `json:"granted"`
	At      time.Duration `json:"at,omitempty"`
}

// GivenEvent is something that the person does.
type GivenEvent struct {
	Event string         `json:"event"` // label
	At    time.Duration  `json:"at"`
	Data  map[string]any `json:"data,omitempty"` // campaign values by property
}

// Engagement is what becomes of what a send sends, each time.
type Engagement struct {
	Step  string         `json:"step"`
	Kind  EngagementKind `json:"kind"`
	After time.Duration  `json:"after"` // since it was sent
	Link  string         `json:"link,omitempty"`
}

// EngagementKind is what may become of a message.
type EngagementKind string

// The kinds of engagement.
const (
	Delivered EngagementKind = "delivered"
	Opened    EngagementKind = "opened"
	Clicked   EngagementKind = "clicked"
	Bounced   EngagementKind = "bounced"
)

// GivenAnswer is what the web service of a call answers. One that is not given
// answers 200 and nothing.
type GivenAnswer struct {
	Step     string         `json:"step"`
	Status   int            `json:"status"` // 0: nobody answers
	Response map[string]any `json:"response,omitempty"`
}

// Expect is what should come of it. What is nil, or "", is not looked at.
type Expect struct {
	Sent       []ExpectedSend  `json:"sent"` // all that is sent, in order; empty and not nil: nothing
	Entered    *bool           `json:"entered,omitempty"`
	Exited     *bool           `json:"exited,omitempty"`     // by exit_when
	Outcome    string          `json:"outcome,omitempty"`    // "completed", "goal", "exited", …; "inside"
	Attributes map[string]any  `json:"attributes,omitempty"` // at the end; nil: absent
	Segments   map[string]bool `json:"segments,omitempty"`   // at the end
	Path       []string        `json:"path,omitempty"`       // the steps gone by, in order
}

// ExpectedSend is a message that should be sent.
type ExpectedSend struct {
	Message string         `json:"message"`
	At      *time.Duration `json:"at,omitempty"` // counted from Start; nil: at any time
}
