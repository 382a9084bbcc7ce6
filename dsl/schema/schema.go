// Package schema is the one definition of every block and attribute of the
// language. The checking of files, the JSON Schema for editors and the
// reference pages all come from it.
//
// Enters: nothing. Leaves: tables (Root), and what is generated from them.
// Refused: knowledge of the engine; what an attribute means lives in compile.
package schema

// Block describes one kind of block.
type Block struct {
	Name       string // "segment"
	Label      string // what its one label names: "name"; "" for a block without a label
	Doc        string // one or two sentences
	Example    string // HCL, shown in the reference and compiled by a test
	Beside     string // HCL that stands in another file for Example to compile; not shown
	Attributes []Attribute
	Blocks     []*Block // what may stand in it
	Kinds      []*Block // what its label may be, each with a body of its own; Word tells them apart
	Word       string   // of one of Kinds: the label that chooses it
	Repeats    bool     // may stand more than once in its parent
	Required   bool     // must stand in its parent
	FreeText   bool     // its label may be any text, such as a sentence
	Again      bool     // with Repeats: may stand more than once with one label
	Open       bool     // takes attributes that this schema does not name: a provider's configuration
	Later      bool     // part of the language, not available yet
	Ahead      bool     // of Later: compile reads it already, and no engine runs it
}

// Attribute describes one attribute of a block.
type Attribute struct {
	Name       string
	Kind       Kind
	Doc        string
	Default    string   // in words, for the reference
	OneOf      []string // the allowed strings
	LaterOneOf []string // further ones, part of the language, not available yet
	Refs       []string // of kind Reference: the kinds of block it may name
	Required   bool
	Sensitive  bool // takes a sensitive variable or env(), never a literal
	Later      bool // part of the language, not available yet
	Ahead      bool // of Later or LaterOneOf: compile reads it already, and no engine runs it
}

// Kind tells how an attribute's expression is read.
type Kind uint8

// The kinds.
const (
	String     Kind = iota // a string known when the project is compiled
	Number                 // a number, likewise
	Bool                   // true or false
	Duration               // "90d", "2d12h"
	DateString             // "2026-12-31"
	Clock                  // "08:00"
	Timezone               // IANA name, or "recipient" where allowed
	Strings                // a list of strings
	Reference              // message.welcome
	TypeExpr               // string, list(object({ … })), event.cart_updated
	Condition              // CEL that gives a bool
	CEL                    // CEL of any type
	Bindings               // { input = "CEL" }
	Liquid                 // text with Liquid
	Body                   // MJML, HTML or text with Liquid
	Source                 // file("x.csv")
	Directory              // dir("strings")
	Value                  // any value
	Map                    // { name = value }
	Numbers                // a list of numbers
	Durations              // a list of durations
)

// ExampleFiles are the files in which the example stands, by name.
func (b *Block) ExampleFiles() map[string]string {
	if b.Beside == "" {
		return map[string]string{"example.hcl": b.Example + "\n"}
	}
	return map[string]string{"example.test.hcl": b.Example + "\n", "beside.hcl": b.Beside + "\n"}
}

// Attr returns the named attribute.
func (b *Block) Attr(name string) (*Attribute, bool) {
	for i := range b.Attributes {
		if b.Attributes[i].Name == name {
			return &b.Attributes[i], true
		}
	}
	return nil, false
}

// Kind returns the body that a label chooses.
func (b *Block) Kind(word string) (*Block, bool) {
	for _, k := range b.Kinds {
		if k.Word == word {
			return k, true
		}
	}
	return nil, false
}

// Words are the labels that choose a body which is available.
func (b *Block) Words() []string {
	var words []string
	for _, k := range b.Kinds {
		if !k.Later {
			words = append(words, k.Word)
		}
	}
	return words
}

// Block returns the named nested block.
func (b *Block) Block(name string) (*Block, bool) {
	for _, n := range b.Blocks {
		if n.Name == name {
			return n, true
		}
	}
	return nil, false
}
