package template

import (
	"maps"
	"slices"
	"strings"
)

// compiler walks the tree once, in the order of the source. It checks names and
// types, follows what is known and where in the markup it stands, and emits the
// program.
type compiler struct {
	src      string
	mode     Mode
	follow   bool // track the markup: mode is HTML and the source too
	vars     Vars
	problems *problems

	ops   []op // of the block at work
	flow  flow
	ctx   context
	links []Link
	url   openURL

	locals     map[string]*variable // by assign and capture
	loopVars   []*variable          // innermost last
	heads      []flow               // what is known where the loops around begin
	localCount int                  // of locals
	slots      []slot
	slotIndex  map[slot]int
	reading    reading
	wanted     wanted
	protected  bool // a way out has been printed
}

func newCompiler(src string, mode Mode, follow bool, vars Vars, ps *problems) *compiler {
	return &compiler{
		src: src, mode: mode, follow: follow, vars: vars, problems: ps, flow: newFlow(),
		locals: map[string]*variable{}, slotIndex: map[slot]int{}, reading: newReading(), wanted: wanted{},
	}
}

// template compiles a whole source.
func (c *compiler) template(body []stmt) *Template {
	program := c.block(body)
	if c.follow && c.ctx.state != inDark && (c.ctx.state != inText || c.ctx.hidden) {
		c.problems.add(span{max(0, len(c.src)-1), len(c.src)}, codeMarkup, "The markup ends %s.", c.ctx.describe())
	}
	return &Template{mode: c.mode, program: program, slots: c.slots, locals: c.localCount, reads: c.reading.reads(), links: c.links}
}

// block compiles statements into a program of their own.
func (c *compiler) block(body []stmt) []op {
	outer := c.ops
	c.ops = nil
	for _, s := range body {
		c.stmt(s)
	}
	program := c.ops
	c.ops = outer
	return program
}

func (c *compiler) emit(o op) { c.ops = append(c.ops, o) }

// maxMerged is how long a text grows by what is written behind it.
const maxMerged = 8 << 10

// write emits static text.
func (c *compiler) write(text string) {
	if text == "" {
		return
	}
	if n := len(c.ops); n > 0 {
		if last, ok := c.ops[n-1].(*textOp); ok && len(last.text) < maxMerged {
			last.text += text
			return
		}
	}
	c.emit(&textOp{text})
}

func (c *compiler) stmt(s stmt) {
	switch s := s.(type) {
	case *textStmt:
		c.text(s)
	case *outputStmt:
		c.output(s)
	case *ifStmt:
		c.ifTag(s)
	case *caseStmt:
		c.caseTag(s)
	case *forStmt:
		c.forTag(s)
	case *assignStmt:
		c.assign(s)
	case *captureStmt:
		c.capture(s)
	case *contentStmt:
		c.content(s)
	}
}

// text compiles static text for the mode.
func (c *compiler) text(s *textStmt) {
	text := c.src[s.start:s.end]
	switch {
	case c.mode == Header:
		c.write(string(appendLine(nil, text)))
	case c.follow:
		c.markup(text, s.start)
	default:
		c.write(text)
	}
}

// fork compiles one branch from the same start as the others.
type fork struct {
	c     *compiler
	at    span
	ctx   context
	flow  flow
	ends  []context
	flows []flow

	protected bool // in one of the branches, the address at work is a way out
}

func (c *compiler) fork(at span) *fork { return &fork{c: c, at: at, ctx: c.ctx, flow: c.flow} }

// branch compiles body where paths are known to be there.
func (f *fork) branch(body []stmt, paths []string) []op {
	f.c.ctx, f.c.flow = f.ctx, f.flow.fork(paths)
	program := f.c.block(body)
	f.ends = append(f.ends, f.c.ctx)
	f.flows = append(f.flows, f.c.flow)
	f.protected = f.protected || f.c.url.protected
	return program
}

// meet goes on where all branches lead.
func (f *fork) meet() {
	c := f.c
	c.ctx, c.flow, c.url.protected = f.ends[0], f.flows[0], f.protected
	for i, end := range f.ends[1:] {
		ctx, ok := c.ctx.join(end)
		if !ok && (c.ctx.state == inDark || end.state == inDark) { // that has been reported
			ctx.leave(inDark)
			ok = true
		}
		if !ok {
			c.problems.add(f.at, codeBranches, "One branch ends %s, another %s.", c.ctx.describe(), end.describe()).
				fix("Open and close tags, quotes and comments within the same branch.")
			c.flow = c.flow.join(f.flows[i+1])
			return
		}
		c.ctx, c.flow = ctx, c.flow.join(f.flows[i+1])
	}
}

func (c *compiler) ifTag(s *ifStmt) {
	o := &ifOp{}
	f := c.fork(s.span)
	for _, b := range s.branches {
		c.flow = f.flow
		cond := c.condition(b.when)
		if b.negate {
			cond = cond.not()
		}
		o.branches = append(o.branches, branch{cond.test, f.branch(b.body, cond.yes)})
		f.flow = f.flow.fork(cond.no)
	}
	o.otherwise = f.branch(s.otherwise, nil)
	f.meet()
	c.emit(o)
}

func (c *compiler) caseTag(s *caseStmt) {
	o := &ifOp{}
	f := c.fork(s.span)
	_, subject := c.expr(s.subject)
	for _, w := range s.branches {
		c.flow = f.flow
		cond := never()
		for i, v := range w.values {
			if subject.broken {
				c.expr(v)
				continue
			}
			equal := c.comparison(&compareExpr{v.at(), "==", s.subject, v})
			if i == 0 {
				cond = equal
			} else {
				cond = cond.or(equal)
			}
		}
		o.branches = append(o.branches, branch{cond.test, f.branch(w.body, cond.yes)})
		f.flow = f.flow.fork(cond.no)
	}
	o.otherwise = f.branch(s.otherwise, nil)
	f.meet()
	c.emit(o)
}

func (c *compiler) forTag(s *forStmt) {
	list, in := c.expr(s.list)
	o := &forOp{list: list, reversed: s.reversed, limit: c.count(s.limit), offset: c.count(s.offset)}
	v := c.loopVar(s, in)
	o.local = v.local
	f := c.fork(s.span)
	c.loopVars = append(c.loopVars, v)
	for name := range assigned(s.body) {
		if local := c.locals[name]; local != nil {
			f.flow.facts = f.flow.facts.without(local.root)
		}
	}
	c.heads = append(c.heads, f.flow)
	first := len(c.slots)
	o.body = f.branch(s.body, pathList(in.path))
	o.slots = c.slotsOf(v, first)
	c.heads = c.heads[:len(c.heads)-1]
	c.loopVars = c.loopVars[:len(c.loopVars)-1]
	if end := f.ends[0]; end != f.ctx {
		if joined, ok := f.ctx.join(end); !ok || joined != f.ctx {
			c.problems.add(s.span, codeBranches, "A turn of the loop begins %s and ends %s.", f.ctx.describe(), end.describe()).
				fix("Open and close tags, quotes and comments within the same turn.")
			f.ends[0] = f.ctx
		}
	}
	o.otherwise = f.branch(s.otherwise, nil)
	f.meet()
	c.emit(o)
}

// slotsOf finds the slots from first on whose paths begin at v.
func (c *compiler) slotsOf(v *variable, first int) []int {
	var slots []int
	from := map[int]bool{ofLocal(v.local): true}
	for i := first; i < len(c.slots); i++ {
		if from[c.slots[i].parent] {
			from[i] = true
			slots = append(slots, i)
		}
	}
	return slots
}

// pathList is a list of one path, or of none.
func pathList(path string) []string {
	if path == "" {
		return nil
	}
	return []string{path}
}

// assigned collects the names that a block gives a value.
func assigned(body []stmt) nameSet {
	names := nameSet{}
	inspect(body, func(s stmt) {
		switch s := s.(type) {
		case *assignStmt:
			names[s.name] = true
		case *captureStmt:
			names[s.name] = true
		}
	})
	return names
}

func (c *compiler) assign(s *assignStmt) {
	value, in := c.expr(s.value)
	if v := c.declare(s.name, s.nameSpan, in); v != nil {
		c.emit(&assignOp{v.local, value})
	}
}

// capture compiles a body whose text becomes a value: markup, if there is any
// in it, else text that is escaped where it is printed.
func (c *compiler) capture(s *captureStmt) {
	in := known(stringType)
	ctx, url, follow, mode, protected := c.ctx, c.url, c.follow, c.mode, c.protected
	c.protected = false
	if in.markup = mode == HTML && c.hasMarkup(s.body); in.markup {
		c.ctx = context{}
	} else if mode == HTML {
		c.follow, c.mode = false, Text
	}
	body := c.block(s.body)
	if in.markup && c.ctx != (context{}) {
		c.problems.add(s.span, codeBranches, "What is captured ends %s.", c.ctx.describe())
	}
	in.protected = c.protected
	c.ctx, c.url, c.follow, c.mode, c.protected = ctx, url, follow, mode, protected || in.protected
	if v := c.declare(s.name, s.nameSpan, in); v != nil {
		c.emit(&captureOp{v.local, body})
	}
}

// hasMarkup reports whether static text in body holds tags or entities.
func (c *compiler) hasMarkup(body []stmt) (found bool) {
	inspect(body, func(s stmt) {
		switch s := s.(type) {
		case *textStmt:
			found = found || strings.ContainsAny(c.src[s.start:s.end], "<&")
		case *contentStmt:
			found = true
		}
	})
	return found
}

func (c *compiler) content(s *contentStmt) {
	if !slices.Contains(c.vars.Contents, s.name) {
		p := c.problems.add(s.span, codeUnknownBlock, "There is no content %q.", s.name)
		if p.Fix = suggest(s.name, c.vars.Contents); len(c.vars.Contents) == 0 {
			p.Fix = "Declare it: content \"" + s.name + "\" { … }"
		}
		return
	}
	switch {
	case c.mode == Header:
		c.problems.add(s.span, codePlace, "A content is more than a line, and cannot stand in a subject or preheader.")
		return
	case c.follow && c.ctx.state != inDark && (c.ctx.state != inText || c.ctx.hidden):
		c.problems.add(s.span, codePlace, "A content is shown as markup of its own, and this stands %s.", c.ctx.describe())
		return
	}
	c.reading.contents[s.name] = true
	c.emit(&contentOp{s.name})
}

// locales are the languages that a translation must exist in.
func (c *compiler) locales() []string {
	if len(c.vars.Strings) == 0 {
		return []string{""}
	}
	return slices.Sorted(maps.Keys(c.vars.Strings))
}
