package campaign

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/herald-campaigns/herald/dsl/addr"
)

// Digest is the hex SHA-256 of a definition's canonical JSON. Two definitions
// with one meaning have one digest.
type Digest string

// Short is what is shown to people: the first eight digits.
func (d Digest) Short() string { return string(d[:min(8, len(d))]) }

// Resource is a definition under its digest, as it is stored and compared.
type Resource struct {
	Addr      addr.Addr
	Digest    Digest
	Body      json.RawMessage // canonical JSON of Def
	Def       Definition
	DependsOn []addr.Addr // resources that it names, sorted
}

// NewResource freezes a definition.
func NewResource(def Definition, dependsOn []addr.Addr) Resource {
	body, err := json.Marshal(def)
	if err != nil {
		panic(fmt.Sprintf("campaign: %s cannot be written as JSON: %v", def.Address(), err)) // values come from compile
	}
	return Resource{Addr: def.Address(), Digest: digest(body), Body: body, Def: def, DependsOn: dependsOn}
}

// definitionKind is one variant of Definition.
type definitionKind struct {
	name  string
	empty func() Definition
}

var kinds = []definitionKind{
	{"profile", func() Definition { return &Profile{} }},
	{"event", func() Definition { return &Event{} }},
	{"catalog", func() Definition { return &Catalog{} }},
	{"topic", func() Definition { return &Topic{} }},
	{"trait", func() Definition { return &Trait{} }},
	{"segment", func() Definition { return &Segment{} }},
	{"content", func() Definition { return &Content{} }},
	{"message", func() Definition { return &Message{} }},
	{"sender", func() Definition { return &Sender{} }},
	{"provider", func() Definition { return &Provider{} }},
	{"journey", func() Definition { return &Journey{} }},
	{"broadcast", func() Definition { return &Broadcast{} }},
	{"source", func() Definition { return &Source{} }},
}

// Kinds are the kinds of definitions: what a project is made of.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// Decode reads a stored definition of the given kind.
func Decode(kind string, body []byte) (Definition, error) {
	i := slices.IndexFunc(kinds, func(k definitionKind) bool { return k.name == kind })
	if i < 0 {
		return nil, fmt.Errorf("definitions of kind %q are not known to this version of herald", kind)
	}
	def := kinds[i].empty()
	if err := json.Unmarshal(body, def); err != nil {
		return nil, fmt.Errorf("stored %s: %w", kind, err)
	}
	return def, nil
}

// Revision is a whole project, resolved, checked and frozen.
type Revision struct {
	Settings    Settings
	Environment Environment // the chosen one; its zero value delivers to the mailbox
	Resources   []Resource  // in dependency order: what is named comes first
	Digest      Digest      // over all resources
	Removed     []Removal   // journeys that are no longer declared, sorted; no part of Digest
}

// Removal says what becomes of the people inside a journey that is taken away.
type Removal struct {
	Journey string    `json:"journey"` // label
	People  Leftovers `json:"people"`
}

// Leftovers are the people inside of something that is taken away.
type Leftovers string

// They finish on what they entered, or their way ends.
const (
	LetFinish Leftovers = "finish"
	LetExit   Leftovers = "exit"
)

// NewRevision freezes resources that stand in dependency order.
func NewRevision(settings Settings, env Environment, resources []Resource) *Revision {
	h := sha256.New()
	for _, r := range resources {
		fmt.Fprintf(h, "%s %s\n", r.Addr, r.Digest)
	}
	return &Revision{Settings: settings, Environment: env, Resources: resources, Digest: Digest(hex.EncodeToString(h.Sum(nil)))}
}

// Settings are where a project runs.
type Settings struct {
	Name            string // of the project: herald { name }, or its folder
	BaseURL         string // site { base_url }: "" is the address that serve listens on
	TemporalAddress string // "" is the embedded server of `herald dev`
	Namespace       string
	Store           Store `json:",omitzero"`
}

// Store is where the record is kept. Its zero value is one embedded file. Only
// its kind is written down with the settings: the URL stands for a secret, and
// who opens the store looks that up.
type Store struct {
	Kind string `json:",omitempty"` // StorePostgres; "": the embedded file
	URL  Secret `json:"-"`
}

// StorePostgres is the Store.Kind of a PostgreSQL database.
const StorePostgres = "postgres"

// Environment is where what is sent may go.
type Environment struct {
	Name    string   `json:"name"`
	Deliver string   `json:"deliver"`         // DeliverPeople, else the mailbox
	Allow   []string `json:"allow,omitempty"` // addresses, or @domains, that are reached all the same
}

// DeliverPeople lets mail leave the house; DeliverMailbox keeps it.
const (
	DeliverPeople  = "people"
	DeliverMailbox = "mailbox"
)

func digest(body []byte) Digest {
	sum := sha256.Sum256(body)
	return Digest(hex.EncodeToString(sum[:]))
}
