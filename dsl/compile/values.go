package compile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// evaluate gives variables and locals their values. A local may name variables
// and other locals; the order in which they are written has no meaning.
func (c *compiler) evaluate() {
	c.consts = map[string]map[string]expr.Const{"variable": {}, "local": {}}
	for _, b := range c.of("variable") {
		c.variable(b)
	}
	c.unusedGiven()
	c.locals()
}

func (c *compiler) variable(b *body) {
	name, t := b.label(), b.typeOf("type")
	if t.IsZero() { // which has been said
		c.values["variable"][name] = syntax.Unknown{Type: campaign.Of(campaign.Any)}
		c.consts["variable"][name] = expr.Const{}
		return
	}
	value, known := c.variableValue(b, name, t)
	switch {
	case b.boolean("sensitive"):
		c.values["variable"][name] = campaign.Secret{Variable: name}
	case known:
		c.values["variable"][name] = value
		c.consts["variable"][name] = expr.Const{Type: t, Value: value, Known: true}
	default:
		c.values["variable"][name] = syntax.Unknown{Type: t}
		c.consts["variable"][name] = expr.Const{Type: t}
	}
	if known {
		c.validations(b, t, value)
	}
}

// variableValue takes the value that was given, else the default.
func (c *compiler) variableValue(b *body, name string, t campaign.Type) (any, bool) {
	raw, known := c.variableDefault(b)
	from := b.at("default")
	if given, ok := c.opts.Variables[name]; ok {
		v, err := parseGiven(t, given.Text)
		if err != nil {
			detail := fmt.Sprintf("The value that %s gives %s is not a %s.", given.From, name, t)
			if !b.boolean("sensitive") {
				detail = fmt.Sprintf("The value that %s gives %s does not fit: %v.", given.From, name, err)
			}
			b.fail("type", detail, "Correct the value or the type.")
			return nil, false
		}
		return v, true
	}
	if !known {
		if c.opts.Complete && !b.has("default") {
			c.report(diag.Diagnostic{
				Code: "missing-variable", Summary: "A variable has no value",
				Detail:  fmt.Sprintf("variable %q has no default, and no value was given.", name),
				Fix:     fmt.Sprintf("Give one: `-var %s=…`, a file by `-var-file`, or HERALD_VAR_%s in the environment.", name, name),
				Subject: b.block.Header,
			})
		}
		return nil, false
	}
	v, err := campaign.Coerce(t, raw)
	if err != nil {
		c.report(diag.Diagnostic{
			Code: "bad-value", Summary: "Value not allowed",
			Detail: fmt.Sprintf("The default of variable %q does not fit its type: %v.", name, err), Subject: from,
		})
		return nil, false
	}
	return v, true
}

// variableDefault evaluates the default, which stands alone.
func (c *compiler) variableDefault(b *body) (any, bool) {
	if !b.has("default") {
		return nil, false
	}
	for _, ref := range b.attrs["default"].Expr.References() {
		if ref.Parts[0] == "variable" || ref.Parts[0] == "local" {
			b.broken = true
			c.report(diag.Diagnostic{
				Code: "bad-value", Summary: "Value not allowed",
				Detail:  "The default of a variable stands alone: it cannot name other values.",
				Fix:     "Write the value, or compute it in a locals block.",
				Subject: ref.Range,
			})
		}
	}
	if b.broken {
		return nil, false
	}
	return b.value("default")
}

// parseGiven reads a value from a command line, file or environment.
func parseGiven(t campaign.Type, text string) (any, error) {
	if t.Kind == campaign.String {
		return text, nil
	}
	var raw any = text
	switch t.Kind {
	case campaign.List, campaign.Set, campaign.Map, campaign.Object, campaign.Any:
		if err := json.Unmarshal([]byte(text), &raw); err != nil {
			return nil, fmt.Errorf("a %s is written as JSON: %w", t, err)
		}
	}
	v, err := campaign.Coerce(t, raw)
	if err == nil && v == nil {
		err = fmt.Errorf("it is empty")
	}
	return v, err
}

// validations asks the validation blocks, each about `value` alone.
func (c *compiler) validations(b *body, t campaign.Type, value any) {
	for _, v := range b.nested("validation") {
		env, err := expr.NewEnv(expr.World{Locals: map[string]expr.Const{"value": {Type: t, Value: value, Known: true}}})
		if err != nil {
			b.fail("type", err.Error(), "")
			return
		}
		text, diags := v.attrs["condition"].Expr.PlainText(c.scope())
		if c.diags = append(c.diags, diags...); diags.HasErrors() {
			continue
		}
		checked, problems := env.Check(text.Value, expr.Scope{Value: &t}, campaign.Of(campaign.Bool))
		for _, p := range problems {
			c.report(diag.Diagnostic{Code: p.Code, Summary: p.Summary, Detail: p.Detail, Fix: p.Fix, Subject: text.Range(p.Start, p.End)})
		}
		if len(problems) > 0 {
			continue
		}
		if !checked.Holds(value) {
			c.report(diag.Diagnostic{
				Code: "variable-validation", Summary: "A variable does not meet its condition",
				Detail:  fmt.Sprintf("variable %q: %s.", b.label(), strings.TrimSuffix(v.str("message"), ".")),
				Fix:     "Give it another value.",
				Subject: v.at("condition"),
			})
		}
	}
}

// unusedGiven reports values for variables that nobody declared. Those from
// the environment are let through: it belongs to more than one project.
func (c *compiler) unusedGiven() {
	for _, name := range sortedKeys(c.opts.Variables) {
		from := c.opts.Variables[name].From
		if c.symbols["variable"][name] != nil || strings.HasPrefix(from, "HERALD_VAR_") {
			continue
		}
		fix := didYouMean(name, c.names("variable"))
		c.report(diag.Diagnostic{
			Code: "unknown-variable", Summary: "A value for no variable",
			Detail: fmt.Sprintf("%s gives a value for %q, which the project does not declare.", from, name), Fix: fix,
		})
	}
}

// locals evaluates all locals blocks together, each name after those it needs.
func (c *compiler) locals() {
	pending := map[string]*syntax.Attribute{}
	for _, b := range c.of("locals") {
		for _, a := range b.block.Attributes {
			if first, dup := pending[a.Name]; dup {
				c.report(diag.Diagnostic{
					Code: "duplicate-block", Summary: "Declared twice",
					Detail:  fmt.Sprintf("local.%s is already declared at %s:%d.", a.Name, first.NameRange.File, first.NameRange.Start.Line),
					Fix:     "Rename or delete one of them.",
					Subject: a.NameRange,
				})
				continue
			}
			pending[a.Name] = a
		}
	}
	c.localCircles(pending)
	for len(pending) > 0 {
		for _, name := range c.readyLocals(pending) {
			c.local(name, pending[name])
			delete(pending, name)
		}
	}
}

// localCircles reports the locals that need themselves, and gives them up.
func (c *compiler) localCircles(pending map[string]*syntax.Attribute) {
	needs := map[string][]string{}
	for name, a := range pending {
		needs[name] = localsIn(a, pending)
	}
	found := circles(needs)
	for _, circle := range found {
		first := pending[circle[0]]
		c.report(diag.Diagnostic{
			Code: "cycle", Summary: "Things need each other in a circle",
			Detail:  fmt.Sprintf("local.%s.", strings.Join(append(circle, circle[0]), " needs local.")),
			Fix:     "Break the circle: write one of the values without the other.",
			Subject: first.NameRange,
		})
	}
	for _, name := range slices.Concat(found...) {
		c.unknownLocal(name)
		delete(pending, name)
	}
}

// localsIn are the other locals that a local names.
func localsIn(a *syntax.Attribute, pending map[string]*syntax.Attribute) []string {
	var names []string
	for _, r := range a.Expr.References() {
		if len(r.Parts) > 1 && r.Parts[0] == "local" && pending[r.Parts[1]] != nil {
			names = append(names, r.Parts[1])
		}
	}
	return names
}

func (c *compiler) readyLocals(pending map[string]*syntax.Attribute) []string {
	var ready []string
	for _, name := range sortedKeys(pending) {
		if len(localsIn(pending[name], pending)) == 0 {
			ready = append(ready, name)
		}
	}
	return ready
}

func (c *compiler) unknownLocal(name string) {
	c.values["local"][name] = syntax.Unknown{Type: campaign.Of(campaign.Any)}
	c.consts["local"][name] = expr.Const{}
}

func (c *compiler) local(name string, a *syntax.Attribute) {
	v, diags := a.Expr.Value(c.scope())
	c.diags = append(c.diags, diags...)
	if diags.HasErrors() {
		c.unknownLocal(name)
		return
	}
	c.values["local"][name] = v
	switch u := v.(type) {
	case syntax.Unknown:
		c.consts["local"][name] = expr.Const{Type: u.Type}
	case campaign.Secret:
	default:
		c.consts["local"][name] = expr.Const{Type: typeOfValue(v), Value: v, Known: true}
	}
}

// typeOfValue is the type that a plain value has.
func typeOfValue(v any) campaign.Type {
	switch v := v.(type) {
	case string:
		return campaign.Of(campaign.String)
	case float64:
		return campaign.Of(campaign.Number)
	case bool:
		return campaign.Of(campaign.Bool)
	case []any:
		elem := campaign.Of(campaign.Any)
		if len(v) > 0 {
			elem = typeOfValue(v[0])
			for _, item := range v[1:] {
				if !typeOfValue(item).Equal(elem) {
					elem = campaign.Of(campaign.Any)
				}
			}
		}
		return campaign.ListOf(elem)
	case map[string]any:
		var fields []campaign.Field
		for name, item := range v {
			fields = append(fields, campaign.Field{Name: name, Type: typeOfValue(item)})
		}
		return campaign.ObjectOf(fields...)
	}
	return campaign.Of(campaign.Any)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
