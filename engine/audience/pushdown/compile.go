package pushdown

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/link"
)

// piece is the SQL of a part of a condition. NULL is unknown.
//
// In doubt, the value is not to be trusted: what is stored is not spelled as its
// type is, or a computation comes near the limits of a number. A doubt is SQL that
// is true then, and never NULL. A piece never fails, in doubt or not.
type piece struct {
	sql    string
	doubts []string
	small  bool // of a number: its size is far from any limit
}

// compiler makes SQL of the trees of some conditions, which share joins and
// arguments.
type compiler struct {
	project *link.Project
	now     time.Time // to the microsecond, rounded down
	exact   bool      // nothing was rounded

	args     []any
	known    map[string]string // arguments that are there, by cast and value
	joins    []*join
	within   *join           // whose columns are being made; nil: of a person
	vars     map[int]binding // what variables stand for, by slot
	aliases  int
	segments []string // that are being put in their places
	failed   string   // why the present atom cannot be pushed down
	reasons  []string // why atoms were not
}

// binding is what a variable stands for: an event of a join, or an element of a
// list.
type binding struct {
	event *join
	json  string // SQL of the element, a jsonb
}

// maxSQL bounds the SQL of an atom, in bytes.
const maxSQL = 64 << 10

func newCompiler(p *link.Project, now time.Time) *compiler {
	micro := now.UTC().Truncate(time.Microsecond)
	return &compiler{project: p, now: micro, exact: micro.Equal(now), known: map[string]string{}, vars: map[int]binding{}}
}

// fail notes why an atom cannot be pushed down; the first reason counts.
func (c *compiler) fail(format string, args ...any) piece {
	if c.failed == "" {
		c.failed = fmt.Sprintf(format, args...)
	}
	return piece{sql: "NULL"}
}

// answer is what a condition gives: truth is its SQL; where that is NULL and doubt
// is true, somebody else has to be asked.
type answer struct {
	truth  string
	doubt  string
	pushed int // atoms that were pushed down
}

// condition makes SQL of a condition. Of its atoms, the parts that &&, || and !
// join, each is pushed down that can be. One that cannot, or is in doubt, counts
// as unknown. By Kleene's logic, what is known all the same does not hang on it;
// what is not is unsure.
func (c *compiler) condition(n ir.Node) answer {
	var doubts []string
	a := answer{}
	a.truth = c.atoms(n, &doubts, &a.pushed)
	a.doubt = anyOf(doubts)
	return a
}

var words = map[ir.LogicOp]string{ir.And: " AND ", ir.Or: " OR "}

func (c *compiler) atoms(n ir.Node, doubts *[]string, pushed *int) string {
	switch n := n.(type) {
	case *ir.Logic:
		parts := make([]string, len(n.Xs))
		for i, x := range n.Xs {
			parts[i] = "(" + c.atoms(x, doubts, pushed) + ")"
		}
		return strings.Join(parts, words[n.Op])
	case *ir.Not:
		return "NOT (" + c.atoms(n.X, doubts, pushed) + ")"
	case *ir.Segment:
		if when := c.enter(n.Name); when != nil {
			defer c.leave()
			return c.atoms(when, doubts, pushed)
		}
	}
	p, ok := c.atom(n)
	if !ok {
		*doubts = append(*doubts, "TRUE")
		return "NULL::boolean"
	}
	*pushed++
	if len(p.doubts) == 0 {
		return p.sql
	}
	doubt := anyOf(p.doubts)
	*doubts = append(*doubts, doubt)
	return fmt.Sprintf("CASE WHEN %s THEN NULL ELSE %s END", doubt, p.sql)
}

// enter is the condition of a segment, put in its place; nil where there is none,
// or where it is being asked already.
func (c *compiler) enter(name string) ir.Node {
	if slices.Contains(c.segments, name) {
		return nil
	}
	s, err := c.project.Segment(name)
	if err != nil || len(s.When.Unset()) > 0 {
		return nil
	}
	c.segments = append(c.segments, name)
	return s.When.Node()
}

func (c *compiler) leave() { c.segments = c.segments[:len(c.segments)-1] }

// atom pushes one atom down, or leaves everything as it was.
func (c *compiler) atom(n ir.Node) (piece, bool) {
	args, known, joins := len(c.args), maps.Clone(c.known), copies(c.joins)
	c.failed = ""
	p := c.bool(n)
	if c.failed == "" && len(p.sql)+len(anyOf(p.doubts)) > maxSQL {
		c.fail("it is too long in SQL")
	}
	if c.failed == "" {
		return p, true
	}
	c.reasons = append(c.reasons, fmt.Sprintf("%s: %s", ir.Text(n), c.failed))
	c.args, c.known, c.joins = c.args[:args], known, joins
	return p, false
}

func copies(joins []*join) []*join {
	same := make([]*join, len(joins))
	for i, j := range joins {
		k := *j
		k.columns = slices.Clone(j.columns)
		same[i] = &k
	}
	return same
}

// anyOf is SQL that is true where one of the doubts is.
func anyOf(doubts []string) string {
	if len(doubts) == 0 {
		return "FALSE"
	}
	seen := map[string]bool{}
	var parts []string
	for _, d := range doubts {
		if !seen[d] {
			seen[d] = true
			parts = append(parts, "("+d+")")
		}
	}
	return strings.Join(parts, " OR ")
}

// arg is a value as an argument of the statement: what comes from authors never
// stands in the SQL itself.
func (c *compiler) arg(v any, cast string) string {
	key := fmt.Sprintf("%s %T %v", cast, v, v)
	if s, ok := c.known[key]; ok {
		return s
	}
	c.args = append(c.args, v)
	s := fmt.Sprintf("$%d::%s", len(c.args), cast)
	if cast == "text" {
		s = "(" + s + ` COLLATE "C")`
	}
	c.known[key] = s
	return s
}

// text is a string argument; PostgreSQL holds no NUL and nothing but UTF-8.
func (c *compiler) text(s string) string {
	if strings.ContainsRune(s, 0) || strings.ToValidUTF8(s, "") != s {
		c.fail("a text with NUL, or that is not UTF-8")
		return "NULL"
	}
	return c.arg(s, "text")
}

// joined makes a piece of others.
func joined(sql string, parts ...piece) piece {
	p := piece{sql: sql}
	for _, part := range parts {
		p.doubts = append(p.doubts, part.doubts...)
	}
	return p
}

// collated is a text in the order of its bytes.
func collated(sql string, kind campaign.Kind) string {
	if kind == campaign.String || kind == campaign.Ref {
		return "(" + sql + ` COLLATE "C")`
	}
	return "(" + sql + ")"
}
