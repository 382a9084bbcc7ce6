package campaign

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is the outermost shape of a Type.
type Kind uint8

// The kinds an author can write, and Any for what is not looked into.
const (
	Invalid Kind = iota
	String
	Number // float64; integers are numbers too
	Bool
	Date     // civil date: Date
	Time     // instant: time.Time
	Duration // time.Duration
	List
	Set // of strings mostly; held as []any without repeats
	Map // string keys
	Object
	Ref // the key of a row of a catalog
	Any
)

var kindNames = [...]string{
	Invalid: "invalid", String: "string", Number: "number", Bool: "bool", Date: "date", Time: "time",
	Duration: "duration", List: "list", Set: "set", Map: "map", Object: "object", Ref: "ref", Any: "any",
}

// String is the word that authors write: "number".
func (k Kind) String() string { return kindNames[k] }

// Type is the type of an attribute, a property, an input or an expression.
// Types are immutable; the zero Type is Invalid.
type Type struct {
	Kind    Kind
	Elem    *Type   // of List, Set and Map
	Fields  []Field // of Object, sorted by name
	Catalog string  // of Ref: the label of the catalog
}

// Field is one named part of an Object, or an input of a message.
type Field struct {
	Name     string `json:"name"`
	Type     Type   `json:"type"`
	Optional bool   `json:"optional,omitempty"` // may be absent: what reads it must have a default or ask has()
}

// Of returns the type with the kind k and no parts.
func Of(k Kind) Type { return Type{Kind: k} }

// ListOf returns list(elem).
func ListOf(elem Type) Type { return Type{Kind: List, Elem: &elem} }

// SetOf returns set(elem).
func SetOf(elem Type) Type { return Type{Kind: Set, Elem: &elem} }

// MapOf returns map(elem), keyed by strings.
func MapOf(elem Type) Type { return Type{Kind: Map, Elem: &elem} }

// RefTo returns ref(catalog.NAME).
func RefTo(catalog string) Type { return Type{Kind: Ref, Catalog: catalog} }

// ObjectOf returns an object type; it sorts a copy of fields by name.
func ObjectOf(fields ...Field) Type {
	fields = slices.Clone(fields)
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return Type{Kind: Object, Fields: fields}
}

// Field returns the type of the named field of an Object.
func (t Type) Field(name string) (Field, bool) {
	i, ok := slices.BinarySearchFunc(t.Fields, name, func(f Field, n string) int { return strings.Compare(f.Name, n) })
	if !ok {
		return Field{}, false
	}
	return t.Fields[i], true
}

// IsZero reports whether t is the Invalid type.
func (t Type) IsZero() bool { return t.Kind == Invalid }

// Equal reports whether a and b are the same type.
func (t Type) Equal(u Type) bool { return t.String() == u.String() }

// String writes t as an author would: list(object({price = number, sku = string})).
// An optional field is written with a question mark: {coupon? = string}.
func (t Type) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t Type) write(b *strings.Builder) {
	switch t.Kind {
	case List, Set, Map:
		b.WriteString(t.Kind.String())
		b.WriteByte('(')
		t.Elem.write(b)
		b.WriteByte(')')
	case Ref:
		b.WriteString("ref(catalog." + t.Catalog + ")")
	case Object:
		b.WriteString("object({")
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(f.Name)
			if f.Optional {
				b.WriteByte('?')
			}
			b.WriteString(" = ")
			f.Type.write(b)
		}
		b.WriteString("})")
	default:
		b.WriteString(t.Kind.String())
	}
}

// MarshalText writes the type as String does.
func (t Type) MarshalText() ([]byte, error) {
	if t.IsZero() {
		return nil, nil
	}
	return []byte(t.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (t *Type) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*t = Type{}
		return nil
	}
	parsed, err := ParseType(string(b))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}

// ParseType reads a type as Type.String writes it.
func ParseType(s string) (Type, error) {
	p := typeParser{rest: s}
	t, err := p.parse(0)
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = fmt.Errorf("unexpected %q", p.rest)
	}
	if err != nil {
		return Type{}, fmt.Errorf("type %q: %w", s, err)
	}
	return t, nil
}

type typeParser struct{ rest string }

const maxTypeDepth = 32

func (p *typeParser) parse(depth int) (Type, error) {
	if depth > maxTypeDepth {
		return Type{}, fmt.Errorf("nested deeper than %d", maxTypeDepth)
	}
	word := p.word()
	kind := Kind(slices.Index(kindNames[:], word))
	switch kind {
	case String, Number, Bool, Date, Time, Duration, Any:
		return Of(kind), nil
	case List, Set, Map:
		if err := p.expect("("); err != nil {
			return Type{}, err
		}
		elem, err := p.parse(depth + 1)
		if err != nil {
			return Type{}, err
		}
		return Type{Kind: kind, Elem: &elem}, p.expect(")")
	case Ref:
		if err := p.expect("(catalog."); err != nil {
			return Type{}, err
		}
		name := p.word()
		return RefTo(name), p.expect(")")
	case Object:
		return p.object(depth)
	}
	return Type{}, fmt.Errorf("%q is not a type", word)
}

func (p *typeParser) object(depth int) (Type, error) {
	if err := p.expect("({"); err != nil {
		return Type{}, err
	}
	var fields []Field
	for !p.accept("})") {
		if len(fields) > 0 {
			if err := p.expect(","); err != nil {
				return Type{}, err
			}
		}
		f := Field{Name: p.word()}
		f.Optional = p.accept("?")
		if err := p.expect("="); err != nil {
			return Type{}, err
		}
		var err error
		if f.Type, err = p.parse(depth + 1); err != nil {
			return Type{}, err
		}
		fields = append(fields, f)
	}
	return ObjectOf(fields...), nil
}

func (p *typeParser) word() string {
	p.rest = strings.TrimLeft(p.rest, " ")
	n := 0
	for n < len(p.rest) && (p.rest[n] == '_' || p.rest[n] == '-' || p.rest[n] >= '0' && p.rest[n] <= '9' ||
		p.rest[n] >= 'a' && p.rest[n] <= 'z' || p.rest[n] >= 'A' && p.rest[n] <= 'Z') {
		n++
	}
	word := p.rest[:n]
	p.rest = p.rest[n:]
	return word
}

func (p *typeParser) accept(s string) bool {
	p.rest = strings.TrimLeft(p.rest, " ")
	rest, ok := strings.CutPrefix(p.rest, s)
	p.rest = rest
	return ok
}

func (p *typeParser) expect(s string) error {
	if !p.accept(s) {
		return fmt.Errorf("%q expected before %q", s, p.rest)
	}
	return nil
}
