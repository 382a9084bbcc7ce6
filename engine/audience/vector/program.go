package vector

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// Options are what a Program has to know beside the table.
type Options struct {
	// Segment finds the condition of a segment; nil for one that is not there,
	// which is unknown of everybody.
	Segment func(label string) *expr.Checked
	// Row finds a row of a catalog, in campaign values; nil for none. Where Row is
	// nil itself, what looks into catalogs is left to package expr.
	Row func(catalog, key string) map[string]any
	// Subject is a person as package expr asks for one. It is needed for the parts
	// of conditions that have no fast form; its Segment is not asked.
	Subject func(slot uint32, now time.Time) expr.Subject
}

// Program is a condition, ready to be asked. It keeps looking at its Table, which
// may change between calls: people, events and values may come and go. When columns
// do (Table.Edition is another), it has to be compiled again. A Program is safe for
// concurrent use as far as its Table is.
type Program struct {
	checked *expr.Checked
	table   *column.Table
	subject func(slot uint32, now time.Time) expr.Subject
	test    cond
	root    block
	inner   map[string]*Program // segments that the condition names
	slow    bool                // some part is left to package expr
	notes   []func(*frame)      // for Next, where package expr has to be asked
}

// Compile makes the program of a condition over t.
func Compile(c *expr.Checked, t *column.Table, o Options) *Program {
	return compileWithin(c, t, o, map[string]*Program{})
}

// compileWithin compiles a condition. Of the segments that it names, those under
// way are nil in known: a circle is unknown.
func compileWithin(checked *expr.Checked, t *column.Table, o Options, known map[string]*Program) *Program {
	p := &Program{checked: checked, table: t, subject: o.Subject, inner: known}
	c := &compiler{Options: o, table: t, program: p, nested: nests(checked.Node())}
	p.test = c.cond(checked.Node())
	p.root = c.block(checked.Node())
	if p.slow = c.slow; p.slow {
		for _, label := range checked.Reads().Segments {
			c.segmentProgram(label) // package expr will ask for it
		}
		c.parts(checked.Node(), false, &p.notes)
	}
	return p
}

// Checked is the condition.
func (p *Program) Checked() *expr.Checked { return p.checked }

// Fast reports whether no part of the condition is left to package expr.
func (p *Program) Fast() bool { return !p.slow }

// Test asks the condition of one person. Who is gone, or beyond the table, is
// Unknown. It allocates nothing where the program is Fast.
func (p *Program) Test(slot uint32, now time.Time) expr.Truth {
	if !exists(p.table, slot) {
		return expr.Unknown
	}
	f := take(slot, now)
	truth := p.ask(f)
	f.giveBack()
	return truth
}

// TestMany asks several conditions over one table of one person.
func TestMany(programs []*Program, slot uint32, now time.Time, out []expr.Truth) {
	f := take(slot, now)
	for i, p := range programs {
		out[i] = expr.Unknown
		if exists(p.table, slot) {
			out[i] = p.ask(f)
		}
	}
	f.giveBack()
}

// Next is the earliest instant after now at which the truth for a person could be
// another although nothing happens; false for never. It may be too early, and
// then the truth is the same: ask again from there. It is too late for nothing
// but what moves continuously; see the package's comment. Instants after the year
// 2262 count as never.
func (p *Program) Next(slot uint32, now time.Time) (time.Time, bool) {
	if !exists(p.table, slot) {
		return time.Time{}, false
	}
	f := take(slot, now)
	f.watching()
	truth := p.ask(f)
	until := f.until
	f.giveBack()
	// At an instant by itself something may divide by the length of no time at all,
	// and be known just after.
	if after := now.Add(1); until > after.UnixNano() && p.Test(slot, after) != truth {
		return after.UTC(), true
	}
	if until == never {
		return time.Time{}, false
	}
	return time.Unix(0, until).UTC(), true
}

// ask is the truth; what the closures leave open is for package expr to say.
func (p *Program) ask(f *frame) expr.Truth {
	truth := p.test(f)
	if truth == open {
		for _, note := range p.notes {
			note(f)
		}
		truth = p.checked.Test(p.person(f.slot, f.now), f.now)
	}
	return truth
}

// person is who package expr asks: segments are answered by their programs.
func (p *Program) person(slot uint32, now time.Time) expr.Subject {
	if p.subject == nil {
		return expr.Nobody{}
	}
	return &person{Subject: p.subject(slot, now), programs: p.inner, slot: slot, now: now}
}

type person struct {
	expr.Subject
	programs map[string]*Program
	slot     uint32
	now      time.Time
}

// Segment asks the segment's own program.
func (p *person) Segment(label string) expr.Truth {
	if program := p.programs[label]; program != nil {
		return program.Test(p.slot, p.now)
	}
	return expr.Unknown
}

func exists(t *column.Table, slot uint32) bool {
	return int(slot) < len(t.IDs) && !t.Gone.Has(slot)
}
