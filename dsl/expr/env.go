package expr

import (
	"fmt"
	"slices"
	"sync"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/containers"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// Limits of an expression, far above what a person writes.
const (
	maxCodePoints = 20_000
	maxNodes      = 10_000
	maxDepth      = 100
	maxCost       = 100_000_000 // of ir.Cost: two histories inside each other pass, three do not
	maxVariables  = 8           // of folds inside each other
)

// Env checks the expressions of one World. It is safe for concurrent use. What
// all scopes have in common is prepared once, and extended for each scope; a
// result is kept for the next time that the same text stands in the same scope.
type Env struct {
	attributes map[string]*ir.Attribute
	events     map[string]campaign.Type // the type of the history: a list of events
	tables     map[string]*table
	consts     map[string]Const // by "variable.x" and "local.x"
	universe   *universe
	parser     *parser.Parser
	base       *checker.Env
	person     map[string]*types.Type // the roots that a Scope with Person has
	refs       []*types.Type          // the CEL types of refs
	traits     *traitTable

	mu     sync.RWMutex
	places map[string]*place
	known  map[question]*answer
}

// place is a Scope with CEL's environment for it.
type place struct {
	scope Scope
	roots map[string]*types.Type
	cel   *checker.Env
}

type question struct {
	src, scope, want string
}

type answer struct {
	checked  *Checked
	problems []Problem
}

// NewEnv prepares the vocabulary of w. It fails when w names one thing twice. A
// type in w that is Invalid, because its own declaration is in error, is no
// failure: expressions that look at it are given the benefit of the doubt.
func NewEnv(w World) (*Env, error) {
	e := &Env{
		attributes: map[string]*ir.Attribute{},
		events:     map[string]campaign.Type{},
		tables:     map[string]*table{},
		consts:     map[string]Const{},
		universe:   newUniverse(w.Catalogs),
		places:     map[string]*place{},
		known:      map[question]*answer{},
	}
	if err := e.index(w); err != nil {
		return nil, err
	}
	var err error
	if e.parser, err = newParser(); err != nil {
		return nil, fmt.Errorf("preparing the CEL parser: %w", err)
	}
	if e.traits, err = newTraits(e, w.Traits); err != nil {
		return nil, err
	}
	common := e.declareRoots(w)
	if e.base, err = e.newChecker(common); err != nil {
		return nil, fmt.Errorf("declaring the CEL vocabulary: %w", err)
	}
	return e, nil
}

func newParser() (*parser.Parser, error) {
	return parser.NewParser(
		parser.EnablePrattParser(true), // a sixth of the time of the other one
		parser.EnableVariadicOperatorASTs(true),
		parser.EnableIdentEscapeSyntax(true), // segment.`my-label`
		parser.Macros(macros()...),
		parser.ExpressionSizeCodePointLimit(maxCodePoints),
		parser.MaxExpressionNodeCount(maxNodes),
		parser.MaxRecursionDepth(maxDepth),
		parser.ErrorReportingLimit(10),
	)
}

// Row is a row of a catalog, in Go form; the map must not be changed.
func (e *Env) Row(catalog, key string) (row map[string]any, ok bool) {
	t := e.tables[catalog]
	if t == nil {
		return nil, false
	}
	return t.find(key)
}

func (e *Env) index(w World) error {
	for _, a := range w.Profile {
		if e.attributes[a.Name] != nil {
			return fmt.Errorf("the profile has two attributes %q", a.Name)
		}
		e.attributes[a.Name] = attribute(a)
	}
	for _, ev := range w.Events {
		if _, twice := e.events[ev.Name]; twice {
			return fmt.Errorf("there are two events %q", ev.Name)
		}
		e.events[ev.Name] = campaign.ListOf(ev.Type())
	}
	for _, c := range w.Catalogs {
		if e.tables[c.Name] != nil {
			return fmt.Errorf("there are two catalogs %q", c.Name)
		}
		e.tables[c.Name] = &table{catalog: c, row: c.RowType()}
	}
	for name, c := range w.Variables {
		e.consts["variable."+name] = c
	}
	for name, c := range w.Locals {
		e.consts["local."+name] = c
	}
	return nil
}

func attribute(a campaign.Attribute) *ir.Attribute {
	n := &ir.Attribute{Name: a.Name, T: a.Type, OneOf: a.OneOf}
	if v, err := campaign.Coerce(a.Type, a.Default); err == nil {
		n.Default = v
	}
	return n
}

// declareRoots makes the types of what paths start with, and returns those that
// are the same in every scope.
func (e *Env) declareRoots(w World) (common map[string]*types.Type) {
	u := e.universe
	profile, events := map[string]*types.Type{}, map[string]*types.Type{}
	for _, a := range w.Profile {
		profile[a.Name] = u.cel(a.Type)
	}
	for _, ev := range w.Events {
		events[ev.Name] = types.NewListType(u.event(*e.events[ev.Name].Elem))
	}
	topic := u.root("subscription", "", map[string]*types.Type{"subscribed": types.BoolType})
	e.person = map[string]*types.Type{
		"profile":   u.root("profile", "", profile),
		"events":    u.root("events", "", events),
		"segment":   u.root("segment", "", fieldsOf(w.Segments, types.BoolType)),
		"topic":     u.root("topic", "", fieldsOf(w.Topics, topic)),
		"reachable": u.root("reachable", "", fieldsOf(w.Channels, types.BoolType)),
		"consent":   u.root("consent", "", fieldsOf(w.Topics, e.consentType(w.Channels))),
		"trait":     u.lazyRoot("trait", e.traits.names, e.traits.celType),
	}
	return map[string]*types.Type{
		"now":      types.TimestampType,
		"variable": u.root("variable", "", e.constTypes(w.Variables)),
		"local":    u.root("local", "", e.constTypes(w.Locals)),
	}
}

// consentType is what consent.TOPIC is: for each channel what was said.
func (e *Env) consentType(channels []string) *types.Type {
	word := e.universe.root("consent word", "", map[string]*types.Type{
		ir.ConsentGranted: types.BoolType, ir.ConsentAt: types.TimestampType, ir.ConsentSource: types.StringType,
	})
	return e.universe.root("consents", "", fieldsOf(channels, word))
}

func (e *Env) constTypes(consts map[string]Const) map[string]*types.Type {
	out := make(map[string]*types.Type, len(consts))
	for name, c := range consts {
		if out[name] = e.universe.cel(c.Type); c.Type.Kind == campaign.Any && !c.Known {
			out[name] = types.ErrorType // nothing is known of it: it goes with everything
		}
	}
	return out
}

func fieldsOf(names []string, t *types.Type) map[string]*types.Type {
	out := make(map[string]*types.Type, len(names))
	for _, name := range names {
		out[name] = t
	}
	return out
}

func (e *Env) newChecker(vars map[string]*types.Type) (*checker.Env, error) {
	cel, err := checker.NewEnv(containers.DefaultContainer, e.universe)
	if err != nil {
		return nil, err
	}
	e.refs = e.universe.refs()
	for _, d := range declarations(e.refs) {
		fn, err := d.decl(nil)
		if err != nil {
			return nil, err
		}
		if err := cel.AddFunctions(fn); err != nil {
			return nil, err
		}
	}
	return cel, cel.AddIdents(variables(vars)...)
}

func variables(vars map[string]*types.Type) []*decls.VariableDecl {
	out := make([]*decls.VariableDecl, 0, len(vars))
	for name, t := range vars {
		out = append(out, decls.NewVariable(name, t))
	}
	return out
}

// place finds or makes the environment of a scope.
func (e *Env) place(sc Scope, key string) (*place, error) {
	e.mu.RLock()
	p := e.places[key]
	e.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	p = &place{scope: sc, roots: e.scopeRoots(sc, key)}
	p.scope.Steps = slices.Clone(sc.Steps)
	cel, err := checker.NewEnv(containers.DefaultContainer, e.universe, checker.ValidatedDeclarations(e.base))
	if err == nil {
		err = cel.AddIdents(variables(p.roots)...)
	}
	if err != nil {
		return nil, err
	}
	p.cel = cel
	e.mu.Lock()
	defer e.mu.Unlock()
	e.places[key] = p
	return p, nil
}

// scopeRoots are the roots that the scope adds to those of every place.
func (e *Env) scopeRoots(sc Scope, key string) map[string]*types.Type {
	u, roots := e.universe, map[string]*types.Type{}
	if sc.Person {
		for name, t := range e.person {
			roots[name] = t
		}
	}
	if t, ok := e.events[sc.Event]; ok {
		roots["event"] = u.cel(*t.Elem)
	}
	if sc.Trigger != nil {
		fields := map[string]*types.Type{}
		if !sc.Trigger.IsZero() {
			fields["event"] = u.cel(*sc.Trigger)
		}
		if sc.Item != nil {
			fields["item"] = u.cel(*sc.Item)
		}
		roots["trigger"] = u.root("trigger", key, fields)
	}
	if sc.Journey {
		roots["journey"] = u.root("journey", "", map[string]*types.Type{"entered_at": types.TimestampType})
	}
	if len(sc.Steps) > 0 {
		roots["step"] = u.root("step", key, e.stepTypes(sc.Steps))
	}
	if sc.Catalog {
		roots["catalog"] = u.root("catalog", "", e.catalogTypes())
	}
	if sc.Value != nil {
		roots["value"] = u.cel(*sc.Value)
	}
	if sc.Row != nil {
		roots["row"] = u.cel(*sc.Row)
	}
	return roots
}

// stepFields are what is known of a step, by its kind.
var stepFields = map[string][]campaign.Field{
	StepSend: campaign.ObjectOf(
		campaign.Field{Name: "at", Type: campaign.Of(campaign.Time)},
		campaign.Field{Name: "delivered", Type: campaign.Of(campaign.Bool)},
		campaign.Field{Name: "opened", Type: campaign.Of(campaign.Bool)},
		campaign.Field{Name: "machine_opened", Type: campaign.Of(campaign.Bool)},
		campaign.Field{Name: "clicked", Type: campaign.Of(campaign.Bool)},
		campaign.Field{Name: "bounced", Type: campaign.Of(campaign.Bool)},
		campaign.Field{Name: "withheld", Type: campaign.Of(campaign.Bool)},
	).Fields,
	StepWait:  {{Name: "met", Type: campaign.Of(campaign.Bool)}},
	StepCall:  {{Name: "ok", Type: campaign.Of(campaign.Bool)}, {Name: "status", Type: campaign.Of(campaign.Number)}},
	StepSplit: {{Name: "arm", Type: campaign.Of(campaign.String)}},
}

func (e *Env) stepTypes(steps []StepVar) map[string]*types.Type {
	out := make(map[string]*types.Type, len(steps))
	for _, step := range steps {
		fields := map[string]*types.Type{}
		for _, f := range step.fields() {
			fields[f.Name] = e.universe.cel(f.Type)
		}
		id := ""
		if !step.Response.IsZero() {
			id = step.Response.String()
		}
		out[step.Name] = e.universe.root(step.Kind+" step", id, fields)
	}
	return out
}

func (e *Env) catalogTypes() map[string]*types.Type {
	out := make(map[string]*types.Type, len(e.tables))
	for name, t := range e.tables {
		out[name] = types.NewMapType(types.StringType, e.universe.cel(t.row))
	}
	return out
}
