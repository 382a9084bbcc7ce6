package schema

// steps may stand in a journey, in a case of a branch and in an arm of a split.
var steps = func() []*Block {
	all := []*Block{send, wait, branch, split, update, subscribe, unsubscribe, emit, call, enter, throttle, exit, choose, handover}
	for _, way := range append(branch.Blocks[:len(branch.Blocks):len(branch.Blocks)], split.Blocks...) {
		way.Blocks = all
	}
	return all
}()

var send = &Block{
	Name: "send", Label: "name", Repeats: true, Doc: "Sends a message.",
	Attributes: []Attribute{
		{Name: "message", Kind: Reference, Refs: []string{"message"}, Required: true, Doc: "What is sent."},
		{Name: "with", Kind: Bindings, Doc: "A value for each input of the message, in CEL."},
		{Name: "resend_unknown", Kind: Bool, Doc: "Send again when a crash leaves open whether it was sent.", Default: "`false`"},
	},
}

var wait = &Block{
	Name: "wait", Label: "name", Repeats: true, Doc: "Lets time pass, or waits until something holds. One of `for`, `until` and `at`, or a `window` alone. Whose instant has passed already, or is not known, goes on at once.",
	Attributes: []Attribute{
		{Name: "for", Kind: Duration, Doc: "How long: `2d`, or CEL that gives a duration of the person's own, such as `days(trigger.event.days)`."},
		{Name: "until", Kind: Condition, Doc: "What to wait for."},
		{Name: "timeout", Kind: Duration, Doc: "With `until`: how long at the most; `never` is allowed."},
		{Name: "at", Kind: CEL, Doc: "Until when: a time, or a date, whose day begins at `clock`."},
		{Name: "clock", Kind: Clock, Doc: "With `at` that gives a date: the local clock time.", Default: "`09:00`"},
		{Name: "timezone", Kind: Timezone, Doc: "Of `clock` and `window`: an IANA name, or `recipient`.", Default: "`recipient`"},
		{Name: "react", Kind: Duration, Doc: "How soon it reacts: `now`, or a grid such as `15m` that wakes are aligned to.", Default: "`now`"},
	},
	Blocks: []*Block{{
		Name: "window", Doc: "Hours in which people go on. Who wakes outside of them waits for the next. It goes with `for` and `at`, and stands alone.",
		Attributes: []Attribute{
			{Name: "from", Kind: Clock, Required: true, Doc: "The local clock time at which it opens: `09:00`."},
			{Name: "to", Kind: Clock, Required: true, Doc: "When it closes. One that closes before it opens goes over midnight."},
			{Name: "days", Kind: Strings, OneOf: weekdays, Default: "all", Doc: "The days on which it opens, as in rules: `MO`, `TU`, `WE`, `TH`, `FR`, `SA`, `SU`."},
		},
	}},
}

// weekdays are written as in recurrence rules (RFC 5545).
var weekdays = []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}

var exit = &Block{Name: "exit", Label: "name", Repeats: true, Doc: "Ends the journey."}

var branch = &Block{
	Name: "branch", Label: "name", Repeats: true,
	Doc: "Goes down the first case that holds. Without an `else`, people for whom none holds go on after it.",
	Blocks: []*Block{
		{Name: "case", Label: "name", Repeats: true, Required: true, Doc: "One way.", Attributes: []Attribute{
			{Name: "when", Kind: Condition, Required: true, Doc: "Who goes this way."},
		}},
		{Name: "else", Doc: "The way of everybody else."},
	},
}

var split = &Block{
	Name: "split", Label: "name", Repeats: true,
	Doc: "Sends people down one of several arms, by chance. Who has been in an arm comes into it again, also after the journey was edited, as long as arms and weights stay. `step.NAME.arm` tells which.",
	Attributes: []Attribute{
		{Name: "salt", Kind: String, Default: "the journey and the step", Doc: "What a person's arm hangs on besides the person: splits of one salt and the same arms agree."},
		{Name: "experiment", Kind: Reference, Refs: []string{"experiment"}, Later: true, Doc: "The experiment whose variants the arms are."},
	},
	Blocks: []*Block{{Name: "arm", Label: "name", Repeats: true, Required: true, Doc: "One way. There are two at the least.", Attributes: []Attribute{
		{Name: "weight", Kind: Number, Default: "`1`", Doc: "Its part of the people, relative to the other arms: 50 and 50, 9 and 1."},
	}}},
}

var update = &Block{
	Name: "update", Label: "name", Repeats: true, Doc: "Sets attributes of the person.",
	Attributes: []Attribute{
		{Name: "set", Kind: Bindings, Required: true, Doc: "A value for each attribute, in CEL. One that comes out unknown is removed."},
	},
}

var subscribe = &Block{
	Name: "subscribe", Label: "name", Repeats: true,
	Doc:        "Notes that the person permits a topic. Give it only to people who said so.",
	Attributes: consentOf("What is permitted."),
}

var unsubscribe = &Block{
	Name: "unsubscribe", Label: "name", Repeats: true, Doc: "Takes the permission for a topic back.",
	Attributes: consentOf("What is no longer permitted."),
}

func consentOf(doc string) []Attribute {
	return []Attribute{
		{Name: "topic", Kind: Reference, Refs: []string{"topic"}, Required: true, Doc: doc},
		{Name: "channel", Kind: String, OneOf: []string{"email"}, LaterOneOf: []string{"sms", "push", "whatsapp"}, Default: "`email`", Doc: "The channel that it is said for."},
	}
}

var emit = &Block{
	Name: "emit", Label: "name", Repeats: true, Doc: "Records an event of the person, which segments and other journeys see like any other.",
	Attributes: []Attribute{
		{Name: "event", Kind: Reference, Refs: []string{"event"}, Required: true, Doc: "What is recorded."},
		{Name: "with", Kind: Bindings, Doc: "Values for its properties, in CEL. One that comes out unknown is left out."},
	},
}

var call = &Block{
	Name: "call", Label: "name", Repeats: true,
	Doc: "Asks a web service, once for each person. `step.NAME.ok` tells whether it answered 2xx, `step.NAME.status` with what, `step.NAME.response` what it said. People go on, whatever it answers.",
	Attributes: []Attribute{
		{Name: "url", Kind: String, Required: true, Doc: "An https URL, the same for everybody: what differs goes into `query` and `body`."},
		{Name: "method", Kind: String, OneOf: []string{"GET", "POST", "PUT", "PATCH", "DELETE"}, Default: "`POST` with a body, else `GET`", Doc: "The HTTP method."},
		{Name: "query", Kind: Bindings, Doc: "Parameters of the URL, in CEL. One that comes out unknown is left out."},
		{Name: "body", Kind: Bindings, Doc: "Fields of a JSON object, in CEL. One that comes out unknown is left out."},
		{Name: "headers", Kind: Map, Doc: "Further headers. One that is secret takes `env()` or a sensitive variable."},
		{Name: "response", Kind: TypeExpr, Doc: "What the JSON of the answer is read as: `object({ score = number })`. Fields that are missing are unknown. Left out: it is not looked at."},
		{Name: "timeout", Kind: Duration, Default: "`10s`", Doc: "How long to wait for an answer, a minute at the most."},
		{Name: "retries", Kind: Number, Default: "`3`", Doc: "How often it is tried again after what may pass: no connection, 429, 5xx. 10 at the most."},
	},
}

var enter = &Block{
	Name: "enter", Label: "name", Repeats: true, Doc: "Enrols the person in another journey, by its own rules of re-entry.",
	Attributes: []Attribute{
		{Name: "journey", Kind: Reference, Refs: []string{"journey"}, Required: true, Doc: "Which one. It may not be started by an event."},
		{Name: "with", Kind: Bindings, Doc: "A value for each input of its `api` trigger, in CEL."},
	},
}

var throttle = &Block{
	Name: "throttle", Label: "name", Repeats: true, Doc: "Lets so many people through in a time; the others wait for their turn.",
	Attributes: []Attribute{
		{Name: "max", Kind: Number, Required: true, Doc: "How many people."},
		{Name: "per", Kind: Duration, Required: true, Doc: "In how long."},
	},
}

var (
	choose   = &Block{Name: "choose", Label: "name", Repeats: true, Open: true, Later: true, Doc: "Picks the best arm for a person."}
	handover = &Block{Name: "handover", Label: "name", Repeats: true, Open: true, Later: true, Doc: "Hands over to a colleague."}
)

var moved = &Block{
	Name: "moved", Repeats: true, Later: true, Ahead: true,
	Doc: "Says that a step of a journey has another label now. People who wait there go on waiting, and what was sent is not sent again. It may stay for ever; a label that was used once is not used anew.",
	Example: `moved {
  from = journey.win_back.step.offer
  to   = journey.win_back.step.gift
}

journey "win_back" {
  trigger "lapse" { enters = segment.lapsed }
  wait "gift" { for = "2d" }
}

segment "lapsed" { when = "events.order_completed.within('60d').none()" }
event "order_completed" {}`,
	Attributes: []Attribute{
		{Name: "from", Kind: Reference, Refs: []string{"journey"}, Required: true, Doc: "The step as it was called: `journey.NAME.step.LABEL`."},
		{Name: "to", Kind: Reference, Refs: []string{"journey"}, Required: true, Doc: "The same step as it is called now."},
	},
}

var removed = &Block{
	Name: "removed", Repeats: true, Later: true, Ahead: true,
	Doc: "Takes away a journey that is live, with a word on the people inside. Without it such a journey cannot be deleted while there are any.",
	Example: `removed {
  from   = journey.win_back
  people = "finish"
}`,
	Attributes: []Attribute{
		{Name: "from", Kind: Reference, Refs: []string{"journey"}, Required: true, Doc: "The journey that is no longer declared."},
		{Name: "people", Kind: String, OneOf: []string{"finish", "exit"}, Required: true, Doc: "What becomes of who is inside: `finish` lets them go on to their end, `exit` ends their way."},
	},
}
