package compile

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// body reads the attributes of one block that passed the shape check. Every
// reader reports what is wrong at its place and returns the zero value then, so
// that a caller can go on and find more.
type body struct {
	c      *compiler
	block  *syntax.Block
	schema *schema.Block
	attrs  map[string]*syntax.Attribute
	blocks []*body
	asked  map[string]bool // attributes that were evaluated
	from   string          // the library that brings it; "": the project's own
	broken bool            // something required is missing or wrong: do not build on it
	astray bool            // an attribute is misspelt or not available yet: what seems left out may be there
}

func (b *body) label() string {
	if len(b.block.Labels) == 0 {
		return ""
	}
	return b.block.Labels[0].Text
}

func (b *body) has(name string) bool { return b.attrs[name] != nil }

// at is where an attribute stands; the block's header when it is left out.
func (b *body) at(name string) diag.Range {
	if a := b.attrs[name]; a != nil {
		return a.Expr.Range()
	}
	return b.block.Header
}

// nested returns the sound blocks of a type within b.
func (b *body) nested(kind string) []*body {
	var out []*body
	for _, n := range b.blocks {
		if n.schema.Name == kind {
			out = append(out, n)
		}
	}
	return out
}

// one returns the only block of a type within b, or nil.
func (b *body) one(kind string) *body {
	if found := b.nested(kind); len(found) > 0 {
		return found[0]
	}
	return nil
}

// fail reports a bad value of an attribute and marks the block.
func (b *body) fail(name, detail, fix string) {
	b.broken = true
	b.c.report(diag.Diagnostic{Code: "bad-value", Summary: "Value not allowed", Detail: detail, Fix: fix, Subject: b.at(name)})
}

// value evaluates an attribute; known is false when it is left out, wrong, or
// not known without values for the variables.
func (b *body) value(name string) (v any, known bool) {
	return b.valueIn(name, b.c.scope())
}

func (b *body) valueIn(name string, sc syntax.Scope) (v any, known bool) {
	a := b.attrs[name]
	if a == nil {
		return nil, false
	}
	b.asked[name] = true
	v, diags := a.Expr.Value(sc)
	if len(diags) > 0 {
		b.c.diags = append(b.c.diags, diags...)
		b.broken = b.broken || diags.HasErrors()
		return nil, false
	}
	if _, unknown := v.(syntax.Unknown); unknown {
		return nil, false
	}
	return v, true
}

// typed evaluates an attribute to a Go type; want says it in the author's words.
func typed[T any](b *body, name, want string) (T, bool) {
	v, known := b.value(name)
	if !known {
		return *new(T), false
	}
	if t, ok := v.(T); ok {
		return t, true
	}
	if _, secret := v.(campaign.Secret); secret {
		b.fail(name, name+" is written to the plan and the state, so it cannot take a sensitive value.", "Use a variable that is not sensitive.")
		return *new(T), false
	}
	fix := ""
	if n, isNumber := v.(float64); isNumber && strings.HasPrefix(want, "a duration") {
		fix = fmt.Sprintf("Write it with its unit: \"%vs\", \"%vh\" or \"%vd\".", n, n, n)
	}
	b.mistyped(name, fmt.Sprintf("%s must be %s, and this is %s.", name, want, describe(v)), fix)
	return *new(T), false
}

// mistyped reports a value of the wrong type and marks the block.
func (b *body) mistyped(name, detail, fix string) {
	b.broken = true
	b.c.report(diag.Diagnostic{Code: "wrong-type", Summary: "Wrong type", Detail: detail, Fix: fix, Subject: b.at(name)})
}

func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return fmt.Sprint(v)
	case float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}

func (b *body) str(name string) string {
	s, _ := typed[string](b, name, "a string")
	s = strings.TrimSpace(s)
	if a, ok := b.schema.Attr(name); ok && s != "" && len(a.OneOf) > 0 && !slices.Contains(a.OneOf, s) {
		if a.Ahead && b.c.opts.Ahead && slices.Contains(a.LaterOneOf, s) {
			return s
		}
		b.notAmong(name, s, a)
		return ""
	}
	return s
}

// notAmong reports a word that is not one of those allowed.
func (b *body) notAmong(name, word string, a *schema.Attribute) {
	fix := didYouMean(word, a.OneOf)
	if fix == "" {
		fix = "Allowed: " + quoteAll(a.OneOf) + "."
	}
	if slices.Contains(a.LaterOneOf, word) {
		b.broken = true
		b.c.report(diag.Diagnostic{
			Code: "not-available-yet", Summary: "Not available yet",
			Detail:  fmt.Sprintf("The language has %s = %q, but this version of herald cannot do it yet.", name, word),
			Fix:     fix,
			Subject: b.at(name),
		})
		return
	}
	b.fail(name, fmt.Sprintf("%s cannot be %q.", name, word), fix)
}

func (b *body) boolean(name string) bool {
	v, _ := typed[bool](b, name, "true or false")
	return v
}

func (b *body) strings(name string) []string {
	items, ok := typed[[]any](b, name, "a list of strings")
	if !ok {
		return nil
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := item.(string)
		if !ok {
			b.mistyped(name, fmt.Sprintf("%s must be a list of strings, and one element is %s.", name, describe(item)), "")
			return nil
		}
		out = append(out, s)
	}
	return out
}

// duration reads "90d"; words are further strings that are allowed, such as
// "never". It returns the word when one was written.
func (b *body) duration(name string, words ...string) (d time.Duration, word string) {
	s, ok := typed[string](b, name, `a duration such as "90d"`)
	if !ok {
		return 0, ""
	}
	if slices.Contains(words, s) {
		return 0, s
	}
	d, err := campaign.ParseDuration(s)
	if err != nil {
		fix := durationFix(s)
		if len(words) > 0 {
			fix = strings.TrimSpace(fix + " Also allowed: " + quoteAll(words) + ".")
		}
		b.fail(name, sentence(err.Error()), fix)
	}
	return d, ""
}

// unasked evaluates what nobody has asked for yet, here and in the blocks within.
func (b *body) unasked() {
	for _, a := range b.schema.Attributes {
		if !b.has(a.Name) || b.asked[a.Name] {
			continue
		}
		switch a.Kind {
		case schema.String:
			b.str(a.Name)
		case schema.Bool:
			b.boolean(a.Name)
		case schema.Number:
			typed[float64](b, a.Name, "a number")
		case schema.Strings:
			b.strings(a.Name)
		}
	}
	for _, n := range b.blocks {
		n.unasked()
	}
}

// reference reads message.welcome and resolves it.
func (b *body) reference(name string) string {
	a := b.attrs[name]
	if a == nil {
		return ""
	}
	s, _ := b.schema.Attr(name)
	kind := s.Refs[0]
	ref, ok := a.Expr.Reference()
	if !ok || len(ref.Parts) != 2 || ref.Parts[0] != kind {
		b.noReference(name, kind, ref)
		return ""
	}
	if !b.c.exists(ref) {
		b.broken = true
		return ""
	}
	return ref.Parts[1]
}

// noReference says how a block of a kind is named.
func (b *body) noReference(name, kind string, ref syntax.Reference) {
	word := "NAME"
	if known := b.c.names(kind); len(ref.Parts) > 1 && slices.Contains(known, ref.Parts[1]) {
		word = ref.Parts[1]
	} else if s, ok := b.plain(name); ok {
		s = strings.TrimPrefix(s, kind+".")
		if slices.Contains(known, s) {
			word = s
		} else if near := diag.DidYouMean(s, known); near != "" {
			word = near
		}
	}
	fix := fmt.Sprintf("Write `%s = %s.%s`, without quotes.", name, kind, word)
	if path.Ext(b.at(name).File) == ".json" {
		fix = fmt.Sprintf("Write %q: \"${%s.%s}\".", name, kind, word)
	}
	b.broken = true
	b.c.report(diag.Diagnostic{
		Code: "no-reference", Summary: "A reference is expected",
		Detail:  fmt.Sprintf("%s names %s, and this is none.", name, article(kind)),
		Fix:     fix,
		Subject: b.at(name),
	})
}

// plain is the string that an attribute holds, without saying anything if it
// holds none.
func (b *body) plain(name string) (string, bool) {
	v, diags := b.attrs[name].Expr.Value(b.c.scope())
	s, ok := v.(string)
	return s, ok && len(diags) == 0
}

// exists reports whether a reference names a block of the project, and says so
// when it does not.
func (c *compiler) exists(ref syntax.Reference) bool {
	kind, name := ref.Parts[0], ref.Parts[1]
	if c.symbols[kind][name] != nil {
		return true
	}
	if kind == "event" && builtinEvent(name) != nil {
		return true
	}
	c.report(diag.Diagnostic{
		Code: "unknown-reference", Summary: "Unknown reference",
		Detail: fmt.Sprintf("The project has no %s %q.", kind, name), Fix: c.declareIt(kind, name), Subject: ref.Range,
	})
	return false
}

func builtinEvent(name string) *campaign.Event { return builtinEvents()[name] }

var builtinEvents = sync.OnceValue(func() map[string]*campaign.Event {
	events := map[string]*campaign.Event{}
	for _, e := range campaign.BuiltinEvents() {
		events[e.Name] = &e
	}
	return events
})

// typeOf reads a type expression; event.x is the type of an event.
func (b *body) typeOf(name string) campaign.Type {
	a := b.attrs[name]
	if a == nil {
		return campaign.Type{}
	}
	t, diags := a.Expr.Type(b.c.namedType)
	b.c.diags = append(b.c.diags, diags...)
	b.broken = b.broken || diags.HasErrors()
	return t
}

// namedType is the type that a dotted name in a type expression stands for:
// that of an event, or a ref to a row of a catalog.
func (c *compiler) namedType(ref syntax.Reference) (campaign.Type, string) {
	if len(ref.Parts) != 2 {
		return campaign.Type{}, ""
	}
	switch kind, name := ref.Parts[0], ref.Parts[1]; {
	case kind == "event" && c.events[name] != nil:
		return c.events[name].Type(), ""
	case kind == "catalog" && c.symbols[kind][name] != nil:
		return campaign.RefTo(name), ""
	case kind == "event" || kind == "catalog":
		return campaign.Type{}, c.declareIt(kind, name)
	}
	return campaign.Type{}, ""
}

// declareIt is what to do about a name that nothing has.
func (c *compiler) declareIt(kind, name string) string {
	if near := diag.DidYouMean(name, c.names(kind)); near != "" {
		return fmt.Sprintf("Did you mean %s.%s?", kind, near)
	}
	return fmt.Sprintf("Declare it: `%s %q { … }`.", kind, name)
}
