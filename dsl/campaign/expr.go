package campaign

// Expr is a CEL expression that has been checked, in its canonical text:
// variables and locals are replaced by their values, spelling is normalised.
// Two expressions with one meaning and one spelling have one Text.
type Expr struct {
	Text  string `json:"text"`
	Type  Type   `json:"type"`
	Reads Reads  `json:"reads,omitzero"`
}

// Reads names what an expression looks at, each list sorted and without
// repeats: who must be asked again when something changes.
type Reads struct {
	Attributes []string `json:"attributes,omitempty"` // of the profile
	Events     []string `json:"events,omitempty"`     // labels of events whose history it looks at
	Segments   []string `json:"segments,omitempty"`
	Topics     []string `json:"topics,omitempty"` // topic.X and consent.X
	Catalogs   []string `json:"catalogs,omitempty"`
	Traits     []string `json:"traits,omitempty"`    // by name; what they look at stands among the rest
	Steps      []string `json:"steps,omitempty"`     // of the journey: step.X
	Reachable  bool     `json:"reachable,omitempty"` // asks reachable.CHANNEL
	Time       bool     `json:"time,omitempty"`      // can change by time alone: now, within(), since()
}

// Binding gives an input of a message its value, or what a source fills: a
// property, an attribute.
type Binding struct {
	Input string `json:"input"`
	Value Expr   `json:"value"`
}
