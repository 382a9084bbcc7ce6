// Package compile turns the positioned tree of a project into a Revision:
// names resolved, types checked, conditions and templates checked and in
// canonical form, everything frozen under its digest.
//
// It runs in passes, each of which says all that it can find and leaves the
// next one what holds:
//
//	shape      blocks and attributes against dsl/schema
//	values     variables and locals, in the order in which they need each other
//	model      profile, events, catalogs, topics, senders, providers
//	libraries  the segments that herald brings along, read as if they stood in the project
//	audience   traits and segments, and the cycles among them
//	words      contents and messages: MJML, Liquid
//	paths      journeys and broadcasts
//	sources    how files become facts
//	tests      what should happen to somebody
//	freeze     canonical definitions in dependency order
//
// Enters: a syntax.Project, the values of variables, the schemas of providers.
// Leaves: a campaign.Revision and Diagnostics. Refused: storage, Temporal, the
// network, and secrets, which are passed on by name.
package compile

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// Options are what a project needs from outside. The zero Options validate it.
type Options struct {
	// Name is what the project is called when it does not say.
	Name string
	// Version of this program, for required_version; "" meets every one.
	Version string
	// Environment chooses an environment block; "" is none: the mailbox.
	Environment string
	// Variables are the values given, by name, from the least to the most
	// important source already merged.
	Variables map[string]Given
	// Complete wants a value for every variable. Without it their types suffice.
	Complete bool
	// Ahead lets through what is read already, though no engine runs it: for tests.
	Ahead bool
	// Env looks up environment variables for env(); nil knows none.
	Env func(name string) (string, bool)
	// Providers are the schemas of provider configurations, by source.
	Providers map[string]*schema.Block
}

// Given is a value given to a variable.
type Given struct {
	Text string // as typed: JSON, or bare text for a string
	From string // "-var", "HERALD_VAR_x", a file's name: for diagnostics
}

// Compile checks p and freezes it. The Revision is nil when there are errors.
func Compile(p *syntax.Project, opts Options) (*campaign.Revision, diag.List) {
	rev, _, diags := WithTests(p, opts)
	return rev, diags
}

// WithTests checks p as Compile does, and gives its tests, in the order of the
// files, which are no part of the Revision. What is wrong in a test is wrong in the
// project.
func WithTests(p *syntax.Project, opts Options) (*campaign.Revision, []campaign.Test, diag.List) {
	c := newCompiler(p, opts)
	c.shape()
	c.evaluate()
	c.libraries()
	c.settings()
	c.model()
	c.audience()
	c.words()
	c.paths()
	c.sources()
	tests := c.plays()
	c.unasked()
	if c.diags.HasErrors() {
		c.diags.Sort()
		return nil, nil, c.diags
	}
	revision := c.freeze()
	c.diags.Sort()
	if c.diags.HasErrors() {
		return nil, nil, c.diags
	}
	return revision, tests, c.diags
}

// Store reads where the record is kept, and nothing else: commands that open the
// store of a project need not have it compiled. What the herald block, and the
// values that it names, have wrong is in the List.
func Store(p *syntax.Project, opts Options) (campaign.Store, diag.List) {
	c := newCompiler(&syntax.Project{Dir: p.Dir, FS: p.FS, Sources: p.Sources, Blocks: blocksFor(p, "herald", "variable", "locals")}, opts)
	c.shape()
	c.evaluate()
	for _, b := range c.of("herald") {
		if st := b.one("store"); st != nil {
			s := st.store()
			c.diags.Sort()
			return s, c.diags
		}
	}
	c.diags.Sort()
	return campaign.Store{}, c.diags
}

func blocksFor(p *syntax.Project, kinds ...string) []*syntax.Block {
	var out []*syntax.Block
	for _, b := range p.Blocks {
		if slices.Contains(kinds, b.Type) {
			out = append(out, b)
		}
	}
	return out
}

func newCompiler(p *syntax.Project, opts Options) *compiler {
	return &compiler{
		project: p, opts: opts,
		symbols: map[string]map[string]*symbol{},
		values:  map[string]map[string]any{"variable": {}, "local": {}},
	}
}

// compiler is the state that the passes share; each pass fills its part.
type compiler struct {
	project *syntax.Project
	opts    Options
	diags   diag.List

	bodies     []*body                       // shape: the sound top-level blocks, in order
	testBodies []*body                       // shape: the sound tests, in order
	symbols    map[string]map[string]*symbol // shape: kind → label → block
	values     map[string]map[string]any     // values: "variable" and "local"
	consts     map[string]map[string]expr.Const
	result     resultSettings
	profile    *campaign.Profile
	events     map[string]*campaign.Event
	catalogs   map[string]*campaign.Catalog
	topics     map[string]*campaign.Topic
	traits     []*traitReader
	contents   map[string]*contentSource
	messages   map[string]*campaign.Message
	world      expr.World
	entries    map[string]entrance // by journey
	renames    map[string][]rename // by journey
	removed    []campaign.Removal
	env        *expr.Env
	vars       link.Templates

	unreadable []string // catalogs of which not even the columns are known
	shown      shownProblems

	definitions []frozen
}

type resultSettings struct {
	settings    campaign.Settings
	environment campaign.Environment
	sources     map[string]string // required_providers: label → source
}

// symbol is a named block.
type symbol struct{ body *body }

// frozen is a definition that is ready to be put in order.
type frozen struct {
	def     campaign.Definition
	depends map[addr.Addr]bool
}

func (c *compiler) report(d diag.Diagnostic) { c.diags = append(c.diags, d) }

// define hands a finished definition to freeze.
func (c *compiler) define(def campaign.Definition, depends ...addr.Addr) {
	f := frozen{def: def, depends: map[addr.Addr]bool{}}
	for _, d := range depends {
		f.depends[d] = true
	}
	c.definitions = append(c.definitions, f)
}

// of returns the sound top-level blocks of a kind, in the order written.
func (c *compiler) of(kind string) []*body {
	var out []*body
	for _, b := range c.bodies {
		if b.schema.Name == kind {
			out = append(out, b)
		}
	}
	return out
}

// names returns the labels of a kind, sorted: for 'did you mean' and worlds.
func (c *compiler) names(kind string) []string {
	out := make([]string, 0, len(c.symbols[kind]))
	for name := range c.symbols[kind] {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// unasked evaluates the simple attributes that no pass had a use for, so that
// what is wrong in them is said all the same.
func (c *compiler) unasked() {
	for _, b := range c.bodies {
		b.unasked()
	}
}

// scope is what plain attributes may name.
func (c *compiler) scope() syntax.Scope {
	return syntax.Scope{Values: c.values, Env: c.opts.Env, FS: c.project.FS}
}
