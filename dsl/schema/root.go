package schema

// Root is a project: a block without a name that holds all others.
var Root = &Block{
	Doc: "A project is a folder of .hcl and .hcl.json files; the order of files and blocks has no meaning.",
	Blocks: []*Block{
		herald, environment, variable, locals,
		provider, sender,
		profile, event, catalog, topic,
		trait, segment, library, content, message,
		journey, moved, removed, broadcast, source, test,
		later("recommender", "Picks rows of a catalog for each person."),
		later("offer", "Codes and gifts, each given once."),
		later("metric", "Something measured, with its formula and denominator."),
		later("experiment", "Variants of a message, journey or send time, compared honestly."),
		later("holdout", "People who get nothing, so that the effect of the rest can be measured."),
		later("limits", "Frequency caps and quiet hours."),
		later("policy", "Gates that plan and apply look at."),
		later("goal", "A metric with a target and a date."),
		later("module", "A project used inside another."),
		later("import", "Takes over something that exists at a provider."),
		later("check", "A condition over the live project."),
		later("form", "A sign-up form."),
		later("page", "A landing page."),
		later("group", "Accounts and households."),
		later("audience_sync", "A segment kept equal to an audience elsewhere."),
	},
}

func later(name, doc string) *Block {
	return &Block{Name: name, Label: "name", Doc: doc, Repeats: true, Open: true, Later: true}
}

var herald = &Block{
	Name: "herald",
	Doc:  "Where the project runs. One block in a project.",
	Example: `herald {
  name             = "daily-crumb"
  required_version = ">= 0.1.0"
  required_providers {
    smtp = { source = "builtin/smtp" }
  }
  store "postgres" { url = env("HERALD_DATABASE_URL") }
  temporal { address = "temporal.internal:7233" }
  site { base_url = "https://mail.dailycrumb.example" }
}`,
	Attributes: []Attribute{
		{Name: "name", Kind: String, Doc: "What the project is called.", Default: "the folder's name"},
		{Name: "required_version", Kind: String, Doc: "Versions of herald that may be used, such as `>= 0.1.0`. Others refuse to go on."},
	},
	Blocks: []*Block{
		{Name: "required_providers", Doc: "The providers that the project uses, each with its source.", Open: true},
		{Name: "temporal", Doc: "The Temporal cluster. Left out: the embedded server of `herald dev`.", Attributes: []Attribute{
			{Name: "address", Kind: String, Required: true, Doc: "host:port of the frontend."},
			{Name: "namespace", Kind: String, Doc: "The namespace.", Default: "`default`"},
		}},
		{Name: "site", Doc: "What the outside world reaches: tracking, preference centre, unsubscribing.", Attributes: []Attribute{
			{Name: "base_url", Kind: String, Required: true, Doc: "An http or https URL without a path."},
		}},
		store,
	},
}

var environment = &Block{
	Name: "environment", Label: "name", Repeats: true,
	Doc: "One place to run: staging, production. An environment that does not say `deliver = \"people\"` reaches the local mailbox and its allow list alone, whatever its providers say.",
	Example: `environment "staging" {
  deliver = "mailbox"
  allow   = ["@dailycrumb.example"]
}`,
	Attributes: []Attribute{
		{Name: "deliver", Kind: String, OneOf: []string{"mailbox", "people"}, Default: "`mailbox`", Doc: "Where what is sent may go."},
		{Name: "allow", Kind: Strings, Doc: "Addresses, or `@domains`, that are reached all the same."},
		{Name: "protect", Kind: Bool, Later: true, Doc: "Only a saved, approved plan may be applied."},
	},
}

var variable = &Block{
	Name: "variable", Label: "name", Repeats: true,
	Doc: "A value from outside: its default, `HERALD_VAR_name`, `-var-file`, `-var`, the later wins.",
	Example: `variable "vip_spend" {
  type        = number
  default     = 200
  description = "What a customer spends in 90 days to count as a VIP, in EUR"
  validation {
    condition = "value > 0"
    message   = "must be positive"
  }
}`,
	Attributes: []Attribute{
		{Name: "type", Kind: TypeExpr, Required: true, Doc: "The type of its value."},
		{Name: "default", Kind: Value, Doc: "The value when none is given."},
		{Name: "description", Kind: String, Doc: "What it is for."},
		{Name: "sensitive", Kind: Bool, Doc: "Its value is looked up where it is used, and written down nowhere."},
	},
	Blocks: []*Block{{Name: "validation", Repeats: true, Doc: "A condition that its value must meet.", Attributes: []Attribute{
		{Name: "condition", Kind: Condition, Required: true, Doc: "CEL over `value`."},
		{Name: "message", Kind: String, Required: true, Doc: "What to say when it does not hold."},
	}}},
}

var locals = &Block{
	Name: "locals", Repeats: true, Open: true,
	Doc: "Names for values, used as `local.x` in HCL and CEL.",
	Example: `locals {
  shop = "The Daily Crumb"
}`,
}

var provider = &Block{
	Name: "provider", Label: "name", Repeats: true, Open: true,
	Doc: "A configured way out. Its label is its kind, unless `required_providers` gives it a source. The attributes are the provider's own.",
	Example: `variable "smtp_password" {
  type      = string
  sensitive = true
}

provider "smtp" {
  host     = "smtp.dailycrumb.example"
  port     = 587
  username = "herald"
  password = variable.smtp_password
}`,
}

var sender = &Block{
	Name: "sender", Label: "name", Repeats: true,
	Doc: "Who speaks, and through which provider.",
	Example: `sender "bakery" {
  from     = "The Daily Crumb <hello@dailycrumb.example>"
  reply_to = "shop@dailycrumb.example"
  provider = provider.mailbox
}

provider "mailbox" {}`,
	Attributes: []Attribute{
		{Name: "from", Kind: String, Required: true, Doc: "`Name <address>`."},
		{Name: "reply_to", Kind: String, Doc: "Where answers go.", Default: "`from`"},
		{Name: "provider", Kind: Reference, Refs: []string{"provider"}, Required: true, Doc: "The way out."},
		{Name: "dkim", Kind: Map, Later: true, Doc: "Signs what is sent."},
	},
}

var profile = &Block{
	Name: "profile",
	Doc:  "What is known of a person, with its types. Every profile has `id`, `email`, `phone`, `language`, `timezone` and `created_at` besides. A type may be changed while there are values: to a wider one at once (a number, date, time, duration or ref to `string`, a date to `time`, a set to a list, anything to `any`, an object to one with more fields), to another one by a plan that counts the values which do not fit. The same goes for the properties of events.",
	Example: `profile {
  attribute "first_name" {
    type    = string
    default = "there"
    pii     = true
  }
  attribute "dietary" {
    type   = set(string)
    one_of = ["gluten_free", "vegan"]
  }
  timezone {
    from    = "profile.timezone"
    default = "Europe/Berlin"
  }
  locale {
    from    = "profile.language"
    known   = ["en", "de"]
    default = "en"
  }
}`,
	Blocks: []*Block{
		{Name: "attribute", Label: "name", Repeats: true, Doc: "One fact about a person.", Attributes: []Attribute{
			{Name: "type", Kind: TypeExpr, Required: true, Doc: "The type of its value."},
			{Name: "default", Kind: Value, Doc: "The value for people of whom it is not known."},
			{Name: "one_of", Kind: Strings, Doc: "The allowed strings, or elements of a set."},
			{Name: "pii", Kind: Bool, Doc: "Personal data: masked in plans."},
			{Name: "description", Kind: String, Doc: "What it is."},
		}},
		{Name: "timezone", Doc: "How a person's time zone is found.", Attributes: []Attribute{
			{Name: "from", Kind: String, Doc: "The attribute that holds it: `profile.timezone`.", Default: "`profile.timezone`"},
			{Name: "default", Kind: Timezone, Doc: "An IANA name, for people of whom it is not known or not valid.", Default: "`UTC`"},
		}},
		{Name: "locale", Doc: "How a person's language is found.", Attributes: []Attribute{
			{Name: "from", Kind: String, Doc: "The attribute that holds it: `profile.language`.", Default: "`profile.language`"},
			{Name: "known", Kind: Strings, Required: true, Doc: "The languages that the project has strings for."},
			{Name: "default", Kind: String, Required: true, Doc: "The language for everybody else."},
		}},
	},
}

var event = &Block{
	Name: "event", Label: "name", Repeats: true,
	Doc: "Something that people do, with its typed properties.",
	Example: `event "order_completed" {
  name = "Order Completed"
  property "total" {
    type = number
    unit = "EUR"
  }
  property "items" { type = list(object({ sku = string, price = number })) }
}`,
	Attributes: []Attribute{
		{Name: "name", Kind: String, Doc: "Its name in the HTTP API.", Default: "the label"},
		{Name: "description", Kind: String, Doc: "When it happens."},
	},
	Blocks: []*Block{{Name: "property", Label: "name", Repeats: true, Doc: "One fact about the event.", Attributes: []Attribute{
		{Name: "type", Kind: TypeExpr, Required: true, Doc: "The type of its value."},
		{Name: "unit", Kind: String, Doc: "What a number counts: EUR, kg."},
		{Name: "description", Kind: String, Doc: "What it is."},
	}}},
}

var catalog = &Block{
	Name: "catalog", Label: "name", Repeats: true,
	Doc: "A table of things that campaigns speak of, from a CSV or JSON file.",
	Example: `catalog "store" {
  key    = "id"
  source = file("stores.csv")
}`,
	Attributes: []Attribute{
		{Name: "key", Kind: String, Required: true, Doc: "The column that tells rows apart."},
		{Name: "source", Kind: Source, Required: true, Doc: "`file(\"x.csv\")` or `file(\"x.json\")`. Column types are inferred: numbers, booleans, dates, else strings."},
	},
}

var topic = &Block{
	Name: "topic", Label: "name", Repeats: true,
	Doc: "What people subscribe to. Consent is kept per person, topic and channel.",
	Example: `topic "weekly_special" {
  description = "What we bake this week"
  opt_in      = "single"
}`,
	Attributes: []Attribute{
		{Name: "description", Kind: String, Doc: "What subscribers read."},
		{Name: "opt_in", Kind: String, OneOf: []string{"single"}, LaterOneOf: []string{"double"}, Default: "`single`", Doc: "Whether a sign-up is confirmed by a mail."},
		{Name: "transactional", Kind: Bool, Doc: "Answers something the person did: consent is not asked, suppression is."},
	},
}

var segment = &Block{
	Name: "segment", Label: "name", Repeats: true,
	Doc: "A named condition over people.",
	Example: `segment "vip" {
  description = "Spent 200 EUR in 90 days"
  when        = "events.order_completed.within('90d').sum(o, o.total) >= 200"
}

event "order_completed" {
  property "total" { type = number }
}`,
	Attributes: []Attribute{
		{Name: "description", Kind: String, Doc: "Who they are."},
		{Name: "when", Kind: Condition, Required: true, Doc: "Who is inside. An unknown condition selects nobody."},
		{Name: "leave_when", Kind: Condition, Later: true, Doc: "Who leaves again, so that membership does not flap."},
	},
}

var content = &Block{
	Name: "content", Label: "name", Repeats: true,
	Doc: "A dynamic block: the body of the first case that holds. Shown by `{% content name %}`.",
	Example: `content "hero" {
  case "vegan" {
    when = "'vegan' in profile.dietary"
    body = "<mj-section><mj-column><mj-text>All plants.</mj-text></mj-column></mj-section>"
  }
  else { body = "<mj-section><mj-column><mj-text>Fresh today.</mj-text></mj-column></mj-section>" }
}

profile {
  attribute "dietary" { type = set(string) }
}`,
	Blocks: []*Block{
		{Name: "case", Label: "name", Repeats: true, Required: true, Doc: "One alternative.", Attributes: []Attribute{
			{Name: "when", Kind: Condition, Required: true, Doc: "Who sees it."},
			{Name: "body", Kind: Body, Required: true, Doc: "A fragment: what may stand where the tag stands."},
		}},
		{Name: "else", Doc: "For everybody else. Left out: they see nothing.", Attributes: []Attribute{
			{Name: "body", Kind: Body, Required: true, Doc: "A fragment."},
		}},
	},
}

var message = &Block{
	Name: "message", Label: "name", Repeats: true,
	Doc: "What is said. Templates see `profile`, `trait`, `segment`, the inputs and the built-in addresses, and nothing else.",
	Example: `message "hello" {
  channel = "email"
  topic   = topic.news
  sender  = sender.bakery
  subject = "Your {{ cart.items.first.name | default: 'order' }} is still warm"
  body    = <<-TEXT
    We keep it for you until tonight.
    Leave: {{ unsubscribe_url }}
  TEXT
  input "cart" { type = event.cart_updated }
}

event "cart_updated" {
  property "items" { type = list(object({ name = string, price = number })) }
}

topic "news" {}
provider "mailbox" {}

sender "bakery" {
  from     = "Bakery <hello@bakery.example>"
  provider = provider.mailbox
}`,
	Attributes: []Attribute{
		{Name: "channel", Kind: String, OneOf: []string{"email"}, LaterOneOf: []string{"sms", "push", "whatsapp", "webhook", "in_app"}, Default: "`email`", Doc: "The way it goes."},
		{Name: "topic", Kind: Reference, Refs: []string{"topic"}, Required: true, Doc: "What its readers subscribed to."},
		{Name: "sender", Kind: Reference, Refs: []string{"sender"}, Required: true, Doc: "Who speaks."},
		{Name: "subject", Kind: Liquid, Required: true, Doc: "The subject line."},
		{Name: "preheader", Kind: Liquid, Doc: "The line that inboxes show after the subject."},
		{Name: "body", Kind: Body, Required: true, Doc: "MJML (`<mjml`), HTML (`<!doctype` or `<html`), else text. A marketing mail must show `{{ unsubscribe_url }}` or `{{ preferences_url }}`."},
		{Name: "text", Kind: Body, Doc: "The plain text part.", Default: "made from the HTML"},
		{Name: "format", Kind: String, OneOf: []string{"mjml", "html", "text"}, Doc: "How `body` is read.", Default: "told by how it begins"},
		{Name: "strings", Kind: Directory, Doc: "`dir(\"strings\")`: one JSON file for each locale, for `{{ \"key\" | t }}`."},
	},
	Blocks: []*Block{{Name: "input", Label: "name", Repeats: true, Doc: "What a sender supplies by `with`.", Attributes: []Attribute{
		{Name: "type", Kind: TypeExpr, Required: true, Doc: "Its type; `event.x` is the type of an event."},
	}}},
}

var journey = &Block{
	Name: "journey", Label: "name", Repeats: true,
	Doc: "A path that people take after a trigger. Its steps run in the order written.",
	Example: `journey "welcome" {
  trigger "joined" { event = event.signed_up }
  reentry {
    after  = "30d"
    inside = "restart"
  }
  goal_when = "events.order_completed.since(journey.entered_at).any()"

  send "hello" { message = message.hello }
  wait "seen" {
    until   = "step.hello.opened"
    timeout = "2d"
  }
  branch "next" {
    case "seen" {
      when = "step.seen.met"
      send "more" { message = message.hello }
    }
    else {
      exit "quiet" {}
    }
  }
  split "offer" {
    arm "now" {
      weight = 70
      update "asked" { set = { asked_at = "now" } }
    }
    arm "later" {
      weight = 30
      wait "office" {
        for = "profile.patience"
        window {
          from = "09:00"
          to   = "17:00"
          days = ["MO", "TU", "WE", "TH", "FR"]
        }
      }
    }
  }
  call "score" {
    url      = "https://shop.example/score"
    body     = { person = "profile.id", arm = "step.offer.arm" }
    headers  = { Authorization = env("SHOP_TOKEN") }
    response = object({ score = number })
  }
  emit "scored" {
    event = event.scored
    with  = { score = "step.score.response.score" }
  }
  throttle "gently" {
    max = 1000
    per = "1h"
  }
  subscribe "tips" { topic = topic.tips }
  unsubscribe "news" { topic = topic.news }
  enter "care" {
    journey = journey.care
    with    = { score = "step.score.response.score" }
  }
}

journey "care" {
  trigger "sent" {
    api {
      input "score" { type = number }
    }
  }
  wait "birthday" {
    at    = "profile.birthday"
    clock = "08:00"
  }
  send "hello" { message = message.hello }
}

journey "refill" {
  trigger "bought" { event = event.order_completed }
  wait "used_up" { for = "days(trigger.event.days)" }
  send "hello" { message = message.hello }
}

profile {
  attribute "asked_at" { type = time }
  attribute "birthday" { type = date }
  attribute "patience" { type = duration }
}

event "order_completed" {
  property "days" { type = number }
}

event "scored" {
  property "score" { type = number }
}

topic "tips" {}
event "signed_up" {}
topic "news" {}
provider "mailbox" {}

sender "bakery" {
  from     = "Bakery <hello@bakery.example>"
  provider = provider.mailbox
}

message "hello" {
  topic   = topic.news
  sender  = sender.bakery
  subject = "Hello"
  body    = "Leave: {{ unsubscribe_url }}"
}`,
	Attributes: []Attribute{
		{Name: "description", Kind: String, Doc: "What it is for."},
		{Name: "exit_when", Kind: Condition, Doc: "Who leaves: asked at entry, whenever it can change, and again in the moment of sending."},
		{Name: "goal_when", Kind: Condition, Doc: "Who has reached what the journey is for, and leaves it with success: asked like `exit_when`, and before it."},
		{Name: "on_change", Kind: String, OneOf: []string{"pin"}, LaterOneOf: []string{"migrate", "restart", "exit"}, Ahead: true, Default: "`pin`", Doc: "What an edit does to people under way: `pin` lets them finish on the revision that they entered, `migrate` takes them on to the new one at the same step, `restart` to its beginning, `exit` ends their way."},
		{Name: "priority", Kind: Number, Later: true, Ahead: true, Default: "`0`", Doc: "Who goes first when journeys compete for a person: the higher, from -1000 to 1000."},
	},
	Blocks: append([]*Block{
		{Name: "trigger", Label: "name", Required: true, Doc: "Lets people in. One of `event`, `enters`, `leaves` and `date`, or an `api` block.", Attributes: []Attribute{
			{Name: "event", Kind: Reference, Refs: []string{"event"}, Doc: "Whoever this happens to."},
			{Name: "key", Kind: CEL, Doc: "With `event`: a string; one enrolment for each."},
			{Name: "settle", Kind: Duration, Doc: "With `event`: wait until the key (or person) has been quiet this long."},
			{Name: "where", Kind: Condition, Doc: "With `event`: only those for whom it holds, asked when settled."},
			{Name: "items", Kind: CEL, Later: true, Ahead: true, Doc: "With `event`: a list of it, such as `event.items`; one enrolment for each element, which `key`, `where` and the steps know as `trigger.item`. It needs a `key`."},
			{Name: "enters", Kind: Reference, Refs: []string{"segment"}, Doc: "Whoever enters this segment."},
			{Name: "leaves", Kind: Reference, Refs: []string{"segment"}, Doc: "Whoever leaves this segment."},
			{Name: "backfill", Kind: Bool, Doc: "With `enters` and `leaves`: enrol the people whom an edit moves, too.", Default: "`false`"},
			{Name: "date", Kind: CEL, Doc: "On the yearly return of this date."},
			{Name: "at", Kind: Clock, Doc: "With `date`: the local clock time.", Default: "`09:00`"},
			{Name: "timezone", Kind: Timezone, Doc: "With `date`: an IANA name, or `recipient`.", Default: "`recipient`"},
			{Name: "audience", Kind: Condition, Later: true, Ahead: true, Doc: "With `schedule`: who enters, counted when it is time."},
			{Name: "catalog", Kind: Reference, Later: true, Doc: "On a change in a catalog."},
		}, Blocks: []*Block{
			{Name: "schedule", Later: true, Ahead: true, Doc: "Lets the audience in once, or again and again.", Attributes: scheduleAttributes},
			{Name: "api", Doc: "Lets in whom an `enter` step of another journey names.", Blocks: []*Block{
				{Name: "input", Label: "name", Repeats: true, Doc: "What is supplied: `trigger.event.NAME`.", Attributes: []Attribute{
					{Name: "type", Kind: TypeExpr, Required: true, Doc: "Its type; `event.x` is the type of an event."},
				}},
			}},
		}},
		{Name: "reentry", Doc: "When a person may enter again.", Attributes: []Attribute{
			{Name: "per", Kind: String, OneOf: []string{"person", "key"}, Doc: "What counts as the same.", Default: "`key` where the trigger has one, else `person`"},
			{Name: "inside", Kind: String, OneOf: []string{"ignore", "restart"}, Doc: "What happens to who is inside already: nothing, or they begin anew.", Default: "`ignore`"},
			{Name: "after", Kind: Duration, Doc: "A duration, `always` or `never`.", Default: "`never` for segment triggers, `always` for the others"},
		}},
	}, steps...),
}

var broadcast = &Block{
	Name: "broadcast", Label: "name", Repeats: true,
	Doc: "A message to an audience, once or again and again.",
	Example: `broadcast "weekly_special" {
  audience = "topic.news.subscribed"
  message  = message.hello
  schedule {
    rrule    = "FREQ=WEEKLY;BYDAY=TH"
    at       = "08:00"
    timezone = "recipient"
  }
}

topic "news" {}
provider "mailbox" {}

sender "bakery" {
  from     = "Bakery <hello@bakery.example>"
  provider = provider.mailbox
}

message "hello" {
  topic   = topic.news
  sender  = sender.bakery
  subject = "Hello"
  body    = "Leave: {{ unsubscribe_url }}"
}`,
	Attributes: []Attribute{
		{Name: "audience", Kind: Condition, Required: true, Doc: "Who gets it: counted when it goes out."},
		{Name: "message", Kind: Reference, Refs: []string{"message"}, Required: true, Doc: "What is sent."},
		{Name: "with", Kind: Bindings, Doc: "A value for each input of the message, in CEL."},
	},
	Blocks: []*Block{
		{Name: "schedule", Required: true, Doc: "When it goes out.", Attributes: scheduleAttributes},
		{Name: "send_time", Open: true, Later: true, Doc: "Optimises the hour for each person."},
	},
}

// scheduleAttributes say when something happens: once, or by a rule.
var scheduleAttributes = []Attribute{
	{Name: "at", Kind: String, Required: true, Doc: "Once: a local date and time, `2026-12-01T08:00`. With `rrule`: a local clock time, `08:00`."},
	{Name: "rrule", Kind: String, Doc: "A recurrence rule by days (RFC 5545): `FREQ=WEEKLY;BYDAY=TH`."},
	{Name: "start", Kind: DateString, Doc: "With `rrule`: the first day.", Default: "the day of the first apply"},
	{Name: "timezone", Kind: Timezone, Doc: "An IANA name, or `recipient`.", Default: "`recipient`"},
}
