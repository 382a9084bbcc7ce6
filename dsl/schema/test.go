package schema

// test stands in files that end in .test.hcl.
var test = &Block{
	Name: "test", Label: "name", Repeats: true, FreeText: true,
	Doc: "What should happen to somebody in a journey, on simulated time. Tests stand in files that end in `.test.hcl`, and are run by `herald test`. Who is given has a mail address, and permits every topic unless a consent is given. Instants are counted from `start`; those before it, such as `-30d`, are history.",
	Example: `test "a click is a help" {
  journey = journey.abandoned_cart
  start   = "2026-03-28T09:00:00Z"
  until   = "14d"
  given {
    profile = { first_name = "Ada", dietary = ["vegan"] }
    arms    = { offer = "ten" }
    consent "news" {
      at      = "-30d"
      granted = true
    }
    event "cart_updated" {
      at   = "0h"
      data = { cart_id = "c1" }
    }
    event "cart_updated" {
      at   = "2h"
      data = { cart_id = "c1" }
    }
    delivered "reminder" { after = "1m" }
    opened "reminder" { after = "1h" }
    clicked "reminder" {
      after = "1h"
      link  = "https://shop.example/cart"
    }
    bounced "help" { after = "1m" }
    answered "score" {
      status   = 200
      response = { score = 0.7 }
    }
  }
  expect {
    entered    = true
    exited     = false
    outcome    = "completed"
    sent       = [{ message = message.reminder, at = "6h" }, { message = message.help }]
    path       = ["reminder", "score", "offer", "help"]
    attributes = { first_name = "Ada" }
    segments   = { vegans = true }
  }
}`,
	Beside: `journey "abandoned_cart" {
  trigger "cart" {
    event  = event.cart_updated
    settle = "4h"
  }
  send "reminder" { message = message.reminder }
  call "score" {
    url      = "https://shop.example/score"
    response = object({ score = number })
  }
  split "offer" {
    arm "ten" {}
    arm "loaf" {}
  }
  send "help" { message = message.help }
}
profile {
  attribute "first_name" { type = string }
  attribute "dietary" { type = set(string) }
}
event "cart_updated" {
  property "cart_id" { type = string }
}
segment "vegans" { when = "'vegan' in profile.dietary" }
topic "news" {}
provider "mailbox" {}
sender "bakery" {
  from     = "Bakery <hello@bakery.example>"
  provider = provider.mailbox
}
message "reminder" {
  topic   = topic.news
  sender  = sender.bakery
  subject = "Still warm"
  body    = "Leave: {{ unsubscribe_url }}"
}
message "help" {
  topic   = topic.news
  sender  = sender.bakery
  subject = "Need help?"
  body    = "Leave: {{ unsubscribe_url }}"
}`,
	Attributes: []Attribute{
		{Name: "journey", Kind: Reference, Refs: []string{"journey"}, Required: true, Doc: "What is tried."},
		{Name: "start", Kind: String, Default: "`2026-01-05T09:00:00Z`, a Monday", Doc: "The instant that `0h` stands for, as `2026-03-28T09:00:00Z`."},
		{Name: "enter", Kind: Duration, Doc: "Let the person in at this instant, whatever the trigger. Left out: by what is given."},
		{Name: "until", Kind: Duration, Default: "until nothing more is to come", Doc: "How long is looked."},
		{Name: "with", Kind: Map, Later: true, Doc: "With `enter`: the inputs of an `api` trigger."},
	},
	Blocks: []*Block{
		{Name: "given", Doc: "What is known of the person, and what they do.", Attributes: []Attribute{
			{Name: "profile", Kind: Map, Doc: "Attributes of the person."},
			{Name: "arms", Kind: Map, Doc: "The arm of splits, by step. Left out: by chance."},
		}, Blocks: []*Block{
			{Name: "consent", Label: "topic", Repeats: true, Again: true, Doc: "What the person says of a topic.", Attributes: []Attribute{
				{Name: "granted", Kind: Bool, Default: "`true`", Doc: "Whether it is given or taken back."},
				{Name: "channel", Kind: String, OneOf: []string{"email"}, Default: "`email`", Doc: "The channel that it is said for."},
				{Name: "at", Kind: Duration, Default: "`0h`", Doc: "When."},
			}},
			{Name: "event", Label: "name", Repeats: true, Again: true, Doc: "Something that the person does.", Attributes: []Attribute{
				{Name: "at", Kind: Duration, Default: "`0h`", Doc: "When."},
				{Name: "data", Kind: Map, Doc: "Its properties."},
			}},
			engagement("delivered", "A message of this send arrives."),
			engagement("opened", "A message of this send is opened, by a person."),
			engagement("clicked", "A message of this send is clicked, by a person.", Attribute{Name: "link", Kind: String, Doc: "The link that is clicked."}),
			engagement("bounced", "A message of this send comes back."),
			{Name: "answered", Label: "step", Repeats: true, Doc: "What the web service of a call answers. Left out: 200, and nothing.", Attributes: []Attribute{
				{Name: "status", Kind: Number, Default: "`200`", Doc: "The HTTP status; 0: nobody answers."},
				{Name: "response", Kind: Map, Doc: "The fields that the call's `response` declares."},
			}},
		}},
		{Name: "expect", Required: true, Doc: "What should come of it. What is left out is not looked at.", Attributes: []Attribute{
			{Name: "sent", Kind: Value, Doc: "All that is sent, in order: `[{ message = message.x, at = \"4h\" }]`; `at` may be left out. `[]` is nothing."},
			{Name: "entered", Kind: Bool, Doc: "Whether the person enters."},
			{Name: "exited", Kind: Bool, Doc: "Whether `exit_when` ends the way."},
			{Name: "outcome", Kind: String, Doc: "How the way ends: `completed`, `goal`, `exited`, `exit LABEL` by an exit step, or `inside` when it does not."},
			{Name: "path", Kind: Strings, Doc: "The steps gone by, in order."},
			{Name: "attributes", Kind: Map, Doc: "Attributes at the end; `null` is absent."},
			{Name: "segments", Kind: Map, Doc: "Segments that the person is in at the end, or not: `{ vip = true }`."},
		}},
	},
}

func engagement(name, doc string, more ...Attribute) *Block {
	return &Block{Name: name, Label: "step", Repeats: true, Again: true, Doc: doc, Attributes: append([]Attribute{
		{Name: "after", Kind: Duration, Default: "`0s`", Doc: "How long after it was sent."},
	}, more...)}
}
