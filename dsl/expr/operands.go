package expr

import (
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// Operand is a part of an expression whose value decides what becomes of the
// whole: what stands below its &&, ||, ! and ?:, or a side of a comparison. It is
// safe for concurrent use.
type Operand struct {
	Text string  // canonical, with traits and segments by their names: "trait.score >= 20"
	Node ir.Node // for evaluators, with traits expanded

	// Of a comparison or an `in`: its sign and sides, which are Operands without
	// sides of their own. Op is "" and both are nil for anything else.
	Op          string
	Left, Right *Operand

	Segment string // label, of segment.X; what it hangs on is the Operands of its condition
	Trait   string // label, of trait.X; what it hangs on is the Operands of Env.CheckTrait

	env     *Env
	unset   bool // a variable in it has no value
	once    sync.Once
	program *program
}

// Eval is the value of the operand for s at the instant now.
func (o *Operand) Eval(s Subject, now time.Time) Value {
	if o.unset {
		return Value{}
	}
	return o.compiled().eval(s, now, nil)
}

// Truth is the value of an operand that is a condition; Unknown for another.
func (o *Operand) Truth(s Subject, now time.Time) Truth { return o.Eval(s, now).Truth() }

// Constant reports whether the operand is written down, so that its value says
// nothing of a person.
func (o *Operand) Constant() bool { return constOf(o.Node) != nil }

func (o *Operand) compiled() *program {
	o.once.Do(func() { o.program = compile(o.Node, o.env.tables) })
	return o.program
}

// Operands lists what an expression hangs on, in the order written, each once:
// of a && !(b > 3 || c), these are a, b > 3 and c. An expression without &&, ||,
// ! and ?: is its own only operand. They are made anew with each call.
func (c *Checked) Operands() []*Operand {
	g := &gathering{env: c.env, seen: map[string]bool{}}
	g.gather(c.written)
	return g.out
}

type gathering struct {
	env  *Env
	seen map[string]bool
	out  []*Operand
}

func (g *gathering) gather(n ir.Node) {
	switch n := n.(type) {
	case *ir.Not:
		g.gather(n.X)
	case *ir.Logic:
		for _, x := range n.Xs {
			g.gather(x)
		}
	case *ir.Cond:
		g.gather(n.If)
		g.gather(n.Then)
		g.gather(n.Else)
	case *ir.Const: // hangs on nothing
	default:
		if text := ir.Text(n); !g.seen[text] {
			g.seen[text] = true
			g.out = append(g.out, g.leaf(n))
		}
	}
}

// leaf is an operand with its sides.
func (g *gathering) leaf(n ir.Node) *Operand {
	o := g.operand(n)
	switch n := n.(type) {
	case *ir.Compare:
		o.Op, o.Left, o.Right = n.Op.String(), g.operand(n.L), g.operand(n.R)
	case *ir.In:
		o.Op, o.Left, o.Right = "in", g.operand(n.X), g.operand(n.Of)
	}
	return o
}

func (g *gathering) operand(n ir.Node) *Operand {
	o := &Operand{Text: ir.Text(n), Node: expand(n), env: g.env, unset: len(unsetIn(n)) > 0}
	switch n := n.(type) {
	case *ir.Segment:
		o.Segment = n.Name
	case *ir.Short:
		if n.Traits != nil {
			o.Trait = n.Name
		}
	}
	return o
}
