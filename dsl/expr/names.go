package expr

// NameDoc describes something that can be named, for the reference of the
// language.
type NameDoc struct {
	Name    string // "consent.TOPIC.CHANNEL.granted"
	Where   string // "everywhere", "in a journey"
	Doc     string // a sentence or two
	Example string // a condition that uses it
}

// Names lists what can be named, in the order of the reference.
func Names() []NameDoc { return nameTable }

const (
	ofAPerson = "wherever a person can be named"
	inJourney = "in a journey"
)

var nameTable = []NameDoc{
	{"profile.ATTRIBUTE", ofAPerson, "An attribute of the person: its default where it is absent, unknown without one.",
		`profile.first_name == "Ada" && age(profile.birthday) >= 18`},
	{"events.EVENT", ofAPerson, "The history of an event, oldest first, until now.",
		`events.order_completed.within('30d').where(o, o.total > 20).any()`},
	{"segment.SEGMENT", ofAPerson, "Whether the person is in a segment.", `segment.vip && !segment.readers`},
	{"trait.TRAIT", ofAPerson, "A value that is worked out for the person, of whatever type it has.", `trait.score >= 20 && trait.newest.total > 50`},
	{"topic.TOPIC.subscribed", ofAPerson, "Whether the person permits a topic, by some channel.", `topic.weekly_special.subscribed`},
	{"consent.TOPIC.CHANNEL.granted", ofAPerson, "What the person last said of a topic by a channel; false where nothing was said.", `!consent.weekly_special.sms.granted`},
	{"consent.TOPIC.CHANNEL.at", ofAPerson, "When it was said; unknown where nothing was.", `now - consent.weekly_special.email.at < duration('7d')`},
	{"consent.TOPIC.CHANNEL.source", ofAPerson, "Where it was said: a form, an import; unknown where nothing was.", `consent.weekly_special.email.source == "form"`},
	{"reachable.CHANNEL", ofAPerson, "Whether a channel has a permission and an address that works.", `reachable.email || reachable.sms`},
	{"catalog.CATALOG[KEY]", "everywhere", "A row of a catalog.", `catalog.bread["rye"].price < 5`},
	{"variable.VARIABLE, local.LOCAL", "everywhere", "The value of a variable or a local.", `profile.points > variable.vip_spend`},
	{"now", "everywhere", "The instant of the evaluation.", `now - profile.created_at > duration('30d')`},
	{"trigger.event", inJourney, "The event that let the person in, with its properties and at.",
		`events.order_completed.exists(o, o.cart_id == trigger.event.cart_id)`},
	{"trigger.item", "in a journey that a list or a catalog starts", "The element that let the person in: of the trigger's items, or the row that changed.",
		`trigger.item.price > 10`},
	{"journey.entered_at", inJourney, "When the person entered.", `events.order_completed.since(journey.entered_at).any()`},
	{"step.STEP", inJourney, "What became of a step on the way here: at, delivered, opened, machine_opened, clicked, bounced and withheld of a send, met of a wait, ok, status and response of a call, arm of a split.",
		`step.reminder.opened || step.seen.met`},
	{"event", "in the key and where of a trigger", "The event that is looked at.", `size(event.items) > 0`},
	{"row", "in a source", "A row of a file.", `row.paid == "yes"`},
	{"value", "in the validation of a variable", "The value that is asked about.", `value > 0`},
}
