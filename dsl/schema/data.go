package schema

// store stands in the herald block.
var store = &Block{
	Name: "store", Label: "kind",
	Doc: "Where the record is kept. Left out: one embedded file under `.herald/`.",
	Kinds: []*Block{{
		Name: "store", Word: "postgres", Doc: "A PostgreSQL database, for several workers at once.",
		Attributes: []Attribute{
			{Name: "url", Kind: String, Required: true, Sensitive: true, Doc: "Its address: `postgres://user:password@host:5432/name`."},
		},
	}},
}

var source = &Block{
	Name: "source", Label: "name", Repeats: true,
	Doc: "How the rows of a file become facts about people: an order an event, a customer a profile. Run by `herald import`. A row whose person, time or value is wrong is kept with its reason, as everywhere.",
	Example: `source "shop_orders" {
  file   = "exports/orders-*.csv"
  into   = event.order_completed
  row    = object({ order = string, customer = string, gross = number, status = string, paid_at = time })
  where  = "row.status == 'paid'"
  key    = "row.order"
  at     = "row.paid_at"
  person { id = "row.customer" }
  map    = { total = "row.gross / 100", order_id = "row.order" }
}

source "customers" {
  into = profile
  person {
    id    = "row.number"
    email = "row.mail"
  }
  map = { city = "row['Postal town'].trim()" }
  consent "news" {
    subscribed = "row.newsletter == 'yes'"
    at         = "row.newsletter_since"
    proof      = "'form: ' + row.newsletter_form"
  }
}

profile {
  attribute "city" { type = string }
}

event "order_completed" {
  property "total" { type = number }
  property "order_id" { type = string }
}

topic "news" {}`,
	Attributes: []Attribute{
		{Name: "description", Kind: String, Doc: "Where it comes from."},
		{Name: "file", Kind: String, Doc: "A pattern for the names of its files, from the project's folder. Left out: `herald import` is given one."},
		{Name: "format", Kind: String, OneOf: []string{"csv", "jsonl", "parquet"}, Default: "told by the file's name", Doc: "How the file is written."},
		{Name: "into", Kind: Reference, Refs: []string{"event", "profile"}, Required: true, Doc: "What a row becomes: `event.x`, or `profile`."},
		{Name: "row", Kind: TypeExpr, Default: "`map(string)`: every column is a text", Doc: "The columns with their types: `object({ gross = number })`. A row with a value of another type is refused. Columns that are not named are left out."},
		{Name: "where", Kind: Condition, Doc: "CEL over `row`: which rows are taken. The others are left out, and so are those of which it is unknown."},
		{Name: "key", Kind: CEL, Doc: "With `into = event.x`: a text that makes two rows the same. A row is recorded once, whatever file it stands in. Left out: all that it says."},
		{Name: "at", Kind: CEL, Doc: "A time or a date, or a text that is one: when the event happened. Of a profile: when it was known to be so."},
		{Name: "map", Kind: Bindings, Default: "columns that have the name of a property or attribute, as they are", Doc: "A value for each property or attribute, in CEL over `row`: of its type, or a text that is read as in a CSV file."},
	},
	Blocks: []*Block{
		{Name: "person", Required: true, Doc: "Whom a row is about. At least one of them; each is CEL over `row` that gives a text.", Attributes: []Attribute{
			{Name: "id", Kind: CEL, Doc: "The identifier that the shop knows the person by."},
			{Name: "anonymous_id", Kind: CEL, Doc: "The identifier of a visitor who is not known yet."},
			{Name: "email", Kind: CEL, Doc: "The address."},
			{Name: "phone", Kind: CEL, Doc: "The telephone number."},
		}},
		{Name: "consent", Label: "topic", Repeats: true, Doc: "What a row says of a topic. A consent without a time and a proof is quarantined.", Attributes: []Attribute{
			{Name: "channel", Kind: String, OneOf: []string{"email"}, Default: "`email`", Doc: "The channel that it is given for."},
			{Name: "subscribed", Kind: Condition, Required: true, Doc: "Whether it is given or taken back. Unknown: the row says nothing of it."},
			{Name: "at", Kind: CEL, Required: true, Doc: "A time or a date, or a text that is one: when."},
			{Name: "proof", Kind: CEL, Required: true, Doc: "A text: where, so that it can be shown."},
		}},
	},
}
