package campaign

import "github.com/herald-campaigns/herald/dsl/addr"

// Source says how the rows of a file become facts about people: a row of orders
// an event, a row of customers a profile. Its expressions see `row` and `now`
// alone.
type Source struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	File        string       `json:"file,omitempty"`   // pattern as of path.Match, from the project's folder; "": the importer names the file
	Format      SourceFormat `json:"format,omitempty"` // "": told by the file's name
	Event       string       `json:"event,omitempty"`  // label of the event that a row becomes; "": a row is a profile
	// Row is the type of `row`: an object, whose fields are columns and optional
	// all of them, or map(string), where every column is a text. Coerce brings a row
	// to it.
	Row      Type            `json:"row"`
	Where    *Expr           `json:"where,omitempty"` // bool: rows of which it does not hold are left out; unknown leaves out
	Key      *Expr           `json:"key,omitempty"`   // string, with Event: what makes a row the same as another; see MessageID
	At       *Expr           `json:"at,omitempty"`    // time, date, or text that is one: when the event happened, or since when the profile is known so
	Person   SourcePerson    `json:"person"`
	Map      []Binding       `json:"map,omitempty"` // property of Event, or attribute of the profile → value; sorted by name
	Consents []SourceConsent `json:"consents,omitempty"`
}

// SourceFormat is how the rows of a file are written.
type SourceFormat string

// The formats of files.
const (
	CSV     SourceFormat = "csv"
	JSONL   SourceFormat = "jsonl"
	Parquet SourceFormat = "parquet"
)

// SourcePerson tells whom a row is about. At least one is set; each is a string.
type SourcePerson struct {
	ID          *Expr `json:"id,omitempty"`
	AnonymousID *Expr `json:"anonymous_id,omitempty"`
	Email       *Expr `json:"email,omitempty"`
	Phone       *Expr `json:"phone,omitempty"`
}

// SourceConsent is what a row says of a topic.
type SourceConsent struct {
	Topic      string `json:"topic"`
	Channel    string `json:"channel"`    // "email"
	Subscribed Expr   `json:"subscribed"` // bool; unknown says nothing
	At         Expr   `json:"at"`         // time, date, or text that is one; without it the consent has no proof
	Proof      Expr   `json:"proof"`      // string: where it was given
}

// MessageID is the idempotency key of a row with this Key: the same row of the
// same source is recorded once, whatever file it stands in.
func (s *Source) MessageID(key string) string { return "source." + s.Name + ":" + key }

// Address returns source.NAME.
func (s *Source) Address() addr.Addr { return addr.New("source", s.Name) }

func (*Source) definition() {}

// EveryColumn is the Row of a source that does not declare its columns.
func EveryColumn() Type { return MapOf(Of(String)) }
