package ir

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Node is a part of an expression. It is a sealed sum of the pointer types of
// this package.
type Node interface {
	// Type is the type of the node's value. A History has the type of a list of
	// its events.
	Type() campaign.Type
	node()
}

// Const is a value that is written down: a literal, a literal inside duration(),
// date() or timestamp(), a variable or a local.
type Const struct {
	T     campaign.Type
	Value any    // campaign value
	From  string // where it comes from when not from a literal: "variable.vip_spend"
	Unset bool   // a variable without a value yet; Value is nil
}

// Now is the instant of the evaluation.
type Now struct{}

// EnteredAt is the instant at which the person entered the journey.
type EnteredAt struct{}

// Attribute is an attribute of the profile.
type Attribute struct {
	Name    string
	T       campaign.Type
	Default any      // stands in for an absent value; nil: none
	OneOf   []string // the strings, or elements, that are allowed; empty: any
}

// Payload is an event as a whole.
type Payload struct {
	Of PayloadOf
	T  campaign.Type
}

// PayloadOf tells which event a Payload is.
type PayloadOf uint8

// The payloads.
const (
	OfEvent   PayloadOf = iota // event: the one that a trigger is looking at
	OfTrigger                  // trigger.event: the one that let the person in
)

// Item is trigger.item: the element of a list that let the person in.
type Item struct{ T campaign.Type }

// Given is what an expression is handed beside a person: `value`, which the
// validation of a variable asks about, or `row`, which a source reads.
type Given struct {
	Name string // "row"; "" is value
	T    campaign.Type
}

// Step is what is known of a step of the journey.
type Step struct {
	Step, Field string
	T           campaign.Type
}

// Segment is whether the person is in a segment.
type Segment struct{ Name string }

// Subscribed is whether the person permits a topic.
type Subscribed struct{ Topic string }

// Reachable is whether a channel reaches the person.
type Reachable struct{ Channel string }

// Consent is what the person last said of a topic by a channel: granted is a
// bool, false where nothing was said; at (a time) and source (a string) are
// unknown there.
type Consent struct{ Topic, Channel, Field string }

// The fields of a Consent.
const (
	ConsentGranted = "granted"
	ConsentAt      = "at"
	ConsentSource  = "source"
)

// Var is the variable of an enclosing Fold or Where. Slot counts the enclosing
// ones, outermost 0.
type Var struct {
	Name string
	Slot int
	T    campaign.Type
}

// Field is a named part of an object.
type Field struct {
	X    Node
	Name string
	T    campaign.Type
}

// Index is an element of a list, by position from 0, or a value of a map or an
// object, by key.
type Index struct {
	X, Key Node
	T      campaign.Type
}

// Row is a row of a catalog, an object.
type Row struct {
	Catalog string
	Key     Node // a string
	T       campaign.Type
}

// Has is whether X is known; of a collection, whether it has elements.
type Has struct{ X Node }

// Not is !X.
type Not struct{ X Node }

// Logic is Xs joined by && or ||; there are at least two.
type Logic struct {
	Op LogicOp
	Xs []Node
}

// LogicOp joins conditions.
type LogicOp uint8

// The ways of joining.
const (
	And LogicOp = iota
	Or
)

// Cond is If ? Then : Else.
type Cond struct {
	If, Then, Else Node
}

// Compare compares two scalars of one kind, or two lists or sets for equality. A
// Ref is compared as the string that its key is.
type Compare struct {
	Op   CompareOp
	L, R Node
}

// CompareOp is a way of comparing.
type CompareOp uint8

// The comparisons.
const (
	Eq CompareOp = iota
	Ne
	Lt
	Le
	Gt
	Ge
)

// In is whether X is an element of the list or set Of, or a key of the map Of.
type In struct {
	X, Of Node
}

// Arith is arithmetic: on numbers, on times, dates and durations as far as it
// has a meaning, and + on strings and lists. A time or a date stands left. A
// duration divided by a duration (Div) is a number.
type Arith struct {
	Op   ArithOp
	L, R Node
	T    campaign.Type
}

// ArithOp is an arithmetic operator.
type ArithOp uint8

// The operators.
const (
	Add ArithOp = iota
	Sub
	Mul
	Div
	Mod
)

// Neg is -X.
type Neg struct{ X Node }

// Call is a function of scalars, or size() of anything that has one.
type Call struct {
	Func Func
	Args []Node
	T    campaign.Type
}

// List is a list of computed elements; one of constants is a Const.
type List struct {
	Elems []Node
	T     campaign.Type
}

// Object is an object of computed fields; one of constants is a Const.
type Object struct {
	Names  []string // sorted; fields of T that have no value are left out
	Values []Node   // one for each name
	T      campaign.Type
}

// History is the history of an event, filtered. It stands only as the Over of a
// Fold, and as a step of a Sequence.
type History struct {
	Event   string        // label
	T       campaign.Type // a list of the event's type
	Filters []Filter      // in the order written
}

// Filter narrows a history. It is a sealed sum: *Within, *Since, *Where.
type Filter interface{ filter() }

// Within keeps the events of the last For: those in (now - For, now].
type Within struct {
	For *Const // a duration
}

// Since keeps the events in [From, now].
type Since struct {
	From Node // a time, or a date: its first instant in UTC
}

// Where keeps the events of which Cond holds.
type Where struct {
	Var  *Var
	Cond Node
}

// Fold goes over a history or a list.
type Fold struct {
	Op   FoldOp
	Over Node // *History, or a list or set
	Var  *Var // nil where Body is
	Body Node // condition or value for each element; nil for the ops that take none

	// Weight is a number for each element, of FoldTop alone; nil: 1 each. An
	// unknown one counts 0.
	Weight Node

	T campaign.Type
}

// Sequence is whether there is an event of each step, each strictly later than
// the one before, the last at most For after the first. It is unknown where the
// From of a Since of a step is, and else true or false.
type Sequence struct {
	For   *Const     // a duration; nil: no bound
	Steps []*History // from two to eight
}

// FoldOp says what comes of going over the elements.
type FoldOp uint8

// The folds. The first five take no body and go over histories. Of those that
// take one, FoldFilter and FoldMap go over lists, the rest over both.
const (
	FoldAny       FoldOp = iota // there is an element
	FoldNone                    // there is none
	FoldCount                   // how many
	FoldFirst                   // the first element; unknown if there is none
	FoldLast                    // the last element; unknown if there is none
	FoldCountIf                 // how many Body holds of
	FoldExists                  // Body holds of one, by Kleene's or
	FoldAll                     // Body holds of each, by Kleene's and
	FoldExistsOne               // Body holds of exactly one; unknown where that hangs on an unknown
	FoldSum                     // of the known values of Body; 0 if there are none
	FoldAvg                     // likewise; unknown if there are none
	FoldMin                     // likewise; of numbers, strings, dates, times, durations
	FoldMax                     // likewise
	FoldDistinct                // how many different known values Body has
	FoldFilter                  // the list of elements that Body holds of
	FoldMap                     // the list of known values of Body
	FoldFlat                    // the elements of the known lists that Body gives, one list
	FoldTop                     // the known value of Body with the largest total Weight; of several the smallest; unknown if there is none
)

// Type is the type of the value.
func (n *Const) Type() campaign.Type { return n.T }

// Type is time.
func (*Now) Type() campaign.Type { return campaign.Of(campaign.Time) }

// Type is time.
func (*EnteredAt) Type() campaign.Type { return campaign.Of(campaign.Time) }

// Type is the declared one.
func (n *Attribute) Type() campaign.Type { return n.T }

// Type is the event's.
func (n *Payload) Type() campaign.Type { return n.T }

// Type is the type of the elements.
func (n *Item) Type() campaign.Type { return n.T }

// Type is the variable's.
func (n *Given) Type() campaign.Type { return n.T }

// Type is bool, or time for at.
func (n *Step) Type() campaign.Type { return n.T }

// Type is bool.
func (*Segment) Type() campaign.Type { return campaign.Of(campaign.Bool) }

// Type is bool.
func (*Subscribed) Type() campaign.Type { return campaign.Of(campaign.Bool) }

// Type is bool.
func (*Reachable) Type() campaign.Type { return campaign.Of(campaign.Bool) }

// Type is bool, time for at, string for source.
func (n *Consent) Type() campaign.Type {
	switch n.Field {
	case ConsentAt:
		return campaign.Of(campaign.Time)
	case ConsentSource:
		return campaign.Of(campaign.String)
	}
	return campaign.Of(campaign.Bool)
}

// Type is that of the elements gone over.
func (n *Var) Type() campaign.Type { return n.T }

// Type is the field's.
func (n *Field) Type() campaign.Type { return n.T }

// Type is the element's.
func (n *Index) Type() campaign.Type { return n.T }

// Type is the catalog's row type.
func (n *Row) Type() campaign.Type { return n.T }

// Type is bool.
func (*Has) Type() campaign.Type { return campaign.Of(campaign.Bool) }

// Type is bool.
func (*Not) Type() campaign.Type { return campaign.Of(campaign.Bool) }

// Type is bool.
func (*Logic) Type() campaign.Type { return campaign.Of(campaign.Bool) }

// Type is that of the branches.
func (n *Cond) Type() campaign.Type {
	if t := n.Then.Type(); t.Elem == nil || t.Elem.Kind != campaign.Any {
		return t
	}
	return n.Else.Type() // Then is an empty list literal, of no type in particular
}

// Type is bool.
func (*Compare) Type() campaign.Type { return campaign.Of(campaign.Bool) }

// Type is bool.
func (*In) Type() campaign.Type { return campaign.Of(campaign.Bool) }

// Type is that of the result.
func (n *Arith) Type() campaign.Type { return n.T }

// Type is number, or duration.
func (n *Neg) Type() campaign.Type { return n.X.Type() }

// Type is that of the result.
func (n *Call) Type() campaign.Type { return n.T }

// Type is a list.
func (n *List) Type() campaign.Type { return n.T }

// Type is an object.
func (n *Object) Type() campaign.Type { return n.T }

// Type is a list of the event's type.
func (n *History) Type() campaign.Type { return n.T }

// Type is that of the result.
func (n *Fold) Type() campaign.Type { return n.T }

// Type is bool.
func (*Sequence) Type() campaign.Type { return campaign.Of(campaign.Bool) }

func (*Const) node()      {}
func (*Now) node()        {}
func (*EnteredAt) node()  {}
func (*Attribute) node()  {}
func (*Payload) node()    {}
func (*Item) node()       {}
func (*Given) node()      {}
func (*Step) node()       {}
func (*Segment) node()    {}
func (*Subscribed) node() {}
func (*Reachable) node()  {}
func (*Consent) node()    {}
func (*Var) node()        {}
func (*Field) node()      {}
func (*Index) node()      {}
func (*Row) node()        {}
func (*Has) node()        {}
func (*Not) node()        {}
func (*Logic) node()      {}
func (*Cond) node()       {}
func (*Compare) node()    {}
func (*In) node()         {}
func (*Arith) node()      {}
func (*Neg) node()        {}
func (*Call) node()       {}
func (*List) node()       {}
func (*Object) node()     {}
func (*History) node()    {}
func (*Fold) node()       {}
func (*Sequence) node()   {}
func (*Short) node()      {}

func (*Within) filter() {}
func (*Since) filter()  {}
func (*Where) filter()  {}

// Duration is the length of the window; 0 while it hangs on a variable without
// a value.
func (w *Within) Duration() time.Duration {
	d, _ := w.For.Value.(time.Duration)
	return d
}

// Window is the length of the shortest window of a history; 0 if it has none.
func (n *History) Window() time.Duration {
	var shortest time.Duration
	for _, f := range n.Filters {
		if w, ok := f.(*Within); ok && (shortest == 0 || w.Duration() < shortest) {
			shortest = w.Duration()
		}
	}
	return shortest
}
