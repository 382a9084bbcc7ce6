package campaign

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
)

// Definition is one block of a project after compilation. It is a sealed sum:
// *Profile, *Event, *Catalog, *Topic, *Trait, *Segment, *Content, *Message,
// *Sender, *Provider, *Journey, *Broadcast, *Source.
type Definition interface {
	// Address is the block's name; Address().Kind() tells the variant.
	Address() addr.Addr
	definition()
}

// Profile says what is known of a person.
type Profile struct {
	Attributes []Attribute  `json:"attributes"`        // sorted by name, built-in ones included
	Timezone   TimezoneRule `json:"timezone,omitzero"` // where a person lives
	Locale     LocaleRule   `json:"locale,omitzero"`   // what a person reads
}

// Attribute is one typed field of the profile.
type Attribute struct {
	Name        string   `json:"name"`
	Type        Type     `json:"type"`
	Default     any      `json:"default,omitempty"` // JSON form of a value of Type; nil: none
	OneOf       []string `json:"one_of,omitempty"`  // allowed strings, or elements of a set
	PII         bool     `json:"pii,omitempty"`     // masked in plans
	Description string   `json:"description,omitempty"`
}

// TimezoneRule tells how a person's time zone is found.
type TimezoneRule struct {
	From    string `json:"from,omitempty"`    // attribute that holds an IANA name: "timezone"
	Default string `json:"default,omitempty"` // IANA name; "" is UTC
}

// LocaleRule tells how a person's language is found.
type LocaleRule struct {
	From    string   `json:"from,omitempty"` // attribute
	Known   []string `json:"known,omitempty"`
	Default string   `json:"default,omitempty"`
}

// Event is something people do, with its typed properties.
type Event struct {
	Name        string  `json:"name"`           // label: order_completed
	Wire        string  `json:"wire,omitempty"` // name in the HTTP API: "Order Completed"; "" is Name
	Properties  []Field `json:"properties"`     // sorted by name; all optional
	Description string  `json:"description,omitempty"`
}

// Type is the type that expressions see: the properties and `at`.
func (e *Event) Type() Type {
	return ObjectOf(append([]Field{{Name: "at", Type: Of(Time)}}, e.Properties...)...)
}

// Catalog is a table of things that campaigns speak of.
type Catalog struct {
	Name    string           `json:"name"`
	Key     string           `json:"key"`
	Columns []Field          `json:"columns"` // sorted by name; types inferred from the rows
	Rows    []map[string]any `json:"rows"`    // in the file's order; values in JSON form
}

// RowType is the type of one row.
func (c *Catalog) RowType() Type { return ObjectOf(c.Columns...) }

// Topic is what people subscribe to.
type Topic struct {
	Name          string `json:"name"`
	Description   string `json:"description,omitempty"`
	OptIn         string `json:"opt_in"` // "single" or "double"
	Transactional bool   `json:"transactional,omitempty"`
}

// Segment is a named condition over people.
type Segment struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	When        Expr   `json:"when"`
	Library     string `json:"library,omitempty"` // the library that brought it; "": the project declares it
}

// Trait is a value worked out for each person. Whoever names it keeps the name in
// its Text, and reads what the trait reads; evaluators get the value in its place.
type Trait struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Model       string `json:"model,omitempty"` // "points", "rfm", "affinity"; "": computed
	Value       Expr   `json:"value"`
}

// Content is a dynamic block: the body of the first case that holds.
type Content struct {
	Name  string        `json:"name"`
	Cases []ContentCase `json:"cases"` // a last case without When is the else
}

// ContentCase is one alternative. In a Content, Body is the source as written;
// in a Message's Block, HTML and Text are the compiled fragments.
type ContentCase struct {
	Name string `json:"name"` // "else" for the last
	When *Expr  `json:"when,omitempty"`
	Body string `json:"body,omitempty"`
	HTML string `json:"html,omitempty"` // Liquid
	Text string `json:"text,omitempty"` // Liquid
}

// Message is what is said, in compiled form: MJML has become HTML, the Liquid
// in it has been checked.
type Message struct {
	Name      string                       `json:"name"`
	Channel   string                       `json:"channel"` // "email"
	Topic     string                       `json:"topic"`
	Sender    string                       `json:"sender"`
	Subject   string                       `json:"subject"`             // Liquid
	Preheader string                       `json:"preheader,omitempty"` // Liquid
	HTML      string                       `json:"html,omitempty"`      // Liquid; "" for a text-only message
	Text      string                       `json:"text"`                // Liquid
	Inputs    []Field                      `json:"inputs,omitempty"`
	Blocks    []Content                    `json:"blocks,omitempty"`  // the contents it shows, compiled for its layout
	Strings   map[string]map[string]string `json:"strings,omitempty"` // locale → key → text
}

// Sender is who speaks.
type Sender struct {
	Name     string `json:"name"`
	From     string `json:"from"` // "The Daily Crumb <hello@dailycrumb.example>"
	ReplyTo  string `json:"reply_to,omitempty"`
	Provider string `json:"provider"`
}

// Provider is a configured way out.
type Provider struct {
	Name   string         `json:"name"`   // label; provider.NAME
	Source string         `json:"source"` // "builtin/smtp"
	Config map[string]any `json:"config"` // JSON values; a secret is a Secret
}

// Secret stands for a sensitive value that is looked up where it is used and
// written down nowhere else. Exactly one field is set.
type Secret struct {
	Variable string `json:"$variable,omitempty"` // a sensitive variable
	Env      string `json:"$env,omitempty"`      // an environment variable
}

// Journey is a path that people take after a trigger.
type Journey struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Trigger     Trigger  `json:"trigger"`
	Reentry     Reentry  `json:"reentry"`
	ExitWhen    *Expr    `json:"exit_when,omitempty"`
	GoalWhen    *Expr    `json:"goal_when,omitempty"` // whoever reaches it has ended, with success
	Priority    int      `json:"priority,omitempty"`  // the higher wins where journeys compete for a person
	OnChange    OnChange `json:"on_change"`
	Moved       []Moved  `json:"moved,omitempty"`
	Steps       Steps    `json:"steps"`
}

// Moved says that a step once live has another label now.
type Moved struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Origin is the first label that a step ever had: what was done under it is not
// done again under another.
func (j *Journey) Origin(step string) string {
	for range j.Moved { // a chain of renames is at most so long
		for _, m := range j.Moved {
			if m.To == step {
				step = m.From
				break
			}
		}
	}
	return step
}

// OnChange says what an edit does to people under way.
type OnChange string

// The policies of an edit.
const (
	Migrate OnChange = "migrate" // on in the new revision, from the same step
	Pin     OnChange = "pin"     // finish on the old one
	Restart OnChange = "restart" // from the beginning of the new one
	Leave   OnChange = "exit"    // end
)

// Reentry says when a person may enter again.
type Reentry struct {
	Per     ReentryPer    `json:"per"`
	Restart bool          `json:"restart,omitempty"` // who is inside begins anew; else the trigger is ignored
	After   time.Duration `json:"after,omitempty"`   // with Allow; 0: at once
	Allow   bool          `json:"allow"`             // false: never again
}

// ReentryPer is what counts as the same enrolment.
type ReentryPer string

// A person enters once at a time, or once for each key of the trigger.
const (
	PerPerson ReentryPer = "person"
	PerKey    ReentryPer = "key"
)

// Broadcast is a message to an audience, once or again and again.
type Broadcast struct {
	Name     string    `json:"name"`
	Audience Expr      `json:"audience"`
	Message  string    `json:"message"`
	With     []Binding `json:"with,omitempty"`
	Schedule Schedule  `json:"schedule"`
}

// Schedule says when, as local clock time. Either Once or RRule is set.
type Schedule struct {
	Once     string     `json:"once,omitempty"`     // local date and time: 2026-12-01T08:00
	RRule    string     `json:"rrule,omitempty"`    // RFC 5545, by whole days
	At       string     `json:"at,omitempty"`       // with RRule: 08:00
	Start    *CivilDate `json:"start,omitempty"`    // with RRule: first day; nil: the day of the first apply
	Timezone string     `json:"timezone,omitempty"` // IANA name, or "recipient"
}

// Recipient is the Schedule.Timezone that means each person's own.
const Recipient = "recipient"

// Address returns profile.profile: there is one profile in a project.
func (*Profile) Address() addr.Addr { return addr.New("profile", "profile") }

// Address returns event.NAME.
func (e *Event) Address() addr.Addr { return addr.New("event", e.Name) }

// Address returns catalog.NAME.
func (c *Catalog) Address() addr.Addr { return addr.New("catalog", c.Name) }

// Address returns topic.NAME.
func (t *Topic) Address() addr.Addr { return addr.New("topic", t.Name) }

// Address returns trait.NAME.
func (t *Trait) Address() addr.Addr { return addr.New("trait", t.Name) }

// Address returns segment.NAME.
func (s *Segment) Address() addr.Addr { return addr.New("segment", s.Name) }

// Address returns content.NAME.
func (c *Content) Address() addr.Addr { return addr.New("content", c.Name) }

// Address returns message.NAME.
func (m *Message) Address() addr.Addr { return addr.New("message", m.Name) }

// Address returns sender.NAME.
func (s *Sender) Address() addr.Addr { return addr.New("sender", s.Name) }

// Address returns provider.NAME.
func (p *Provider) Address() addr.Addr { return addr.New("provider", p.Name) }

// Address returns journey.NAME.
func (j *Journey) Address() addr.Addr { return addr.New("journey", j.Name) }

// Address returns broadcast.NAME.
func (b *Broadcast) Address() addr.Addr { return addr.New("broadcast", b.Name) }

func (*Profile) definition()   {}
func (*Event) definition()     {}
func (*Catalog) definition()   {}
func (*Topic) definition()     {}
func (*Trait) definition()     {}
func (*Segment) definition()   {}
func (*Content) definition()   {}
func (*Message) definition()   {}
func (*Sender) definition()    {}
func (*Provider) definition()  {}
func (*Journey) definition()   {}
func (*Broadcast) definition() {}
