package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// explain may put a problem into better words, from what it knows of the place,
// or drop it because it only follows from what has been said.
type explain func(p *expr.Problem, words string) (keep bool)

// condition reads CEL that gives a bool.
func (b *body) condition(name string, sc expr.Scope) *campaign.Expr {
	return b.cel(name, sc, campaign.Of(campaign.Bool), nil)
}

// cel reads a CEL attribute; nil when it is left out or wrong.
func (b *body) cel(name string, sc expr.Scope, want campaign.Type, why explain) *campaign.Expr {
	a := b.attrs[name]
	if a == nil {
		return nil
	}
	e := b.c.cel(a.Expr, sc, want, why)
	b.broken = b.broken || e == nil
	return e
}

// cel checks one CEL string in its place.
func (c *compiler) cel(e *syntax.Expr, sc expr.Scope, want campaign.Type, why explain) *campaign.Expr {
	if c.unquoted(e) {
		return nil
	}
	text, diags := e.PlainText(c.scope())
	if c.diags = append(c.diags, diags...); diags.HasErrors() || text.Unknown {
		return nil
	}
	checked, problems := c.env.Check(text.Value, sc, want)
	if len(problems) > 0 && !c.hangsOnBroken(text.Value) {
		c.celProblems(text, problems, why)
	}
	if len(problems) > 0 || checked == nil {
		return nil
	}
	out := checked.Expr()
	return &out
}

func (c *compiler) celProblems(text syntax.Text, problems []expr.Problem, why explain) {
	for _, p := range problems {
		words := text.Value[p.Start:]
		if why != nil && !why(&p, words) || !c.explainSecret(&p, words) {
			continue
		}
		c.explainHyphen(&p, words)
		c.report(diag.Diagnostic{Code: p.Code, Summary: p.Summary, Detail: p.Detail, Fix: p.Fix, Subject: text.Range(p.Start, p.End)})
	}
}

// celRoots are what only CEL can name.
var celRoots = []string{"profile", "events", "event", "segment", "trait", "topic", "consent", "catalog", "reachable", "step", "trigger", "journey", "now", "value", "row"}

// unquoted reports CEL that was written without quotes.
func (c *compiler) unquoted(e *syntax.Expr) bool {
	at := e.Range()
	src := c.project.Source(at.File)
	if at.End.Byte > len(src) || at.Start.Byte >= at.End.Byte || src[at.Start.Byte] == '"' || src[at.Start.Byte] == '<' {
		return false
	}
	words := strings.Join(strings.Fields(string(src[at.Start.Byte:at.End.Byte])), " ")
	call, _, isCall := e.Call()
	bare := isCall && call == "has" || slices.ContainsFunc(e.References(), func(r syntax.Reference) bool {
		return slices.Contains(celRoots, r.Parts[0])
	})
	if !bare {
		return false
	}
	fix := "Put it into quotes."
	if len(words) <= 60 && !strings.Contains(words, `"`) {
		fix = fmt.Sprintf("Write %q.", words)
	}
	c.report(diag.Diagnostic{
		Code: "cel-quotes", Summary: "CEL stands in quotes",
		Detail: "What is asked of people and events is CEL, which is written as a string.", Fix: fix, Subject: at,
	})
	return true
}

// explainSecret says why a sensitive variable is unknown to CEL.
func (c *compiler) explainSecret(p *expr.Problem, words string) bool {
	m := constPath.FindStringSubmatch(words)
	if p.Code != expr.CodeName || m == nil {
		return true
	}
	if _, secret := c.values[m[1]][m[2]].(campaign.Secret); secret {
		p.Code, p.Summary = "secret-in-expression", "Secret within an expression"
		p.Detail = fmt.Sprintf("%s is sensitive. Conditions are written to the plan and the state, so they cannot ask for it.", m[0])
		p.Fix = "Use a variable that is not sensitive."
	}
	return true
}

var constPath = regexp.MustCompile(`^(variable|local)\.([A-Za-z_][A-Za-z0-9_]*)`)

// explainHyphen says how a name with - is written, which CEL takes for a minus.
func (c *compiler) explainHyphen(p *expr.Problem, words string) {
	m := hyphenPath.FindStringSubmatch(words)
	if p.Code != expr.CodeName || m == nil {
		return
	}
	kind := strings.TrimSuffix(m[1], "s")
	if c.symbols[kind][m[2]] != nil {
		p.Fix = fmt.Sprintf("CEL reads - as minus: write %s.`%s`.", m[1], m[2])
	}
}

var hyphenPath = regexp.MustCompile(`^(events|segment|trait|topic|catalog)\.([A-Za-z_][A-Za-z0-9_]*-[A-Za-z0-9_-]*)`)

// hangsOnBroken reports whether an expression speaks of something that could not
// be read at all, so that what is wrong with it only follows.
func (c *compiler) hangsOnBroken(text string) bool {
	return slices.ContainsFunc(c.unreadable, func(name string) bool {
		_, after, found := strings.Cut(text, name)
		return found && (after == "" || !isWord(after[0]))
	})
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
