package explain

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/link"
)

// Finding is a part of a condition, with what it was found to be.
type Finding struct {
	Text    string    `json:"text"`              // as authors write it
	Truth   string    `json:"truth"`             // "true", "false", "unknown"
	Decides bool      `json:"decides,omitempty"` // the condition has its answer because of this
	Left    string    `json:"left,omitempty"`    // of a comparison: the side that is looked at
	Op      string    `json:"op,omitempty"`
	Value   any       `json:"value,omitempty"`   // what Left is, JSON form; nil: unknown
	Need    any       `json:"need,omitempty"`    // what it is compared with; nil: unknown
	Right   string    `json:"right,omitempty"`   // how that is written, unless it is a constant
	Segment string    `json:"segment,omitempty"` // the segment that it names
	Parts   []Finding `json:"parts,omitempty"`   // of that segment, or trait
	Turned  []Turn    `json:"turned,omitempty"`  // what came to its time at this very instant
}

// Turn is an event that reached the end of a window.
type Turn struct {
	Event string    `json:"event"`
	Name  string    `json:"name,omitempty"` // a property by which people know it: an order's number
	At    time.Time `json:"at"`
	Older string    `json:"older"` // the length of the window: "90d"
}

// Bounds of what is kept of a condition.
const (
	maxDepth    = 6
	maxFindings = 64
)

// Explainer takes the conditions of one project apart. It is safe for concurrent
// use.
type Explainer struct {
	project *link.Project

	mu    sync.Mutex
	parts map[*expr.Checked]*anatomy
}

// New returns an Explainer of a project.
func New(p *link.Project) *Explainer {
	return &Explainer{project: p, parts: map[*expr.Checked]*anatomy{}}
}

func (e *Explainer) anatomy(c *expr.Checked) *anatomy {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.parts[c]
	if a == nil {
		a = newAnatomy(c)
		e.parts[c] = a
	}
	return a
}

// Operands is what a condition looked at, as a store.Move keeps it.
func (e *Explainer) Operands(s expr.Subject, c *expr.Checked, now time.Time) []byte {
	body, err := json.Marshal(e.Findings(s, c, now))
	if err != nil { // a number that JSON does not know
		return nil
	}
	return body
}

// Decode reads Operands.
func Decode(operands []byte) ([]Finding, error) {
	if len(operands) == 0 {
		return nil, nil
	}
	var out []Finding
	err := json.Unmarshal(operands, &out)
	return out, err
}

// Findings asks each part of a condition, and of the segments and traits that it
// names.
func (e *Explainer) Findings(s expr.Subject, c *expr.Checked, now time.Time) []Finding {
	a := asking{e: e, s: s, now: now, left: maxFindings}
	return a.condition(c, 0)
}

// asking is one person at one instant.
type asking struct {
	e    *Explainer
	s    expr.Subject
	now  time.Time
	left int // findings that there is room for
}

func (a *asking) condition(c *expr.Checked, depth int) []Finding {
	if depth >= maxDepth {
		return nil
	}
	parts := a.e.anatomy(c)
	truths := make([]expr.Truth, len(parts.operands))
	for i, o := range parts.operands {
		truths[i] = o.Truth(a.s, a.now)
	}
	deciding := parts.decide(truths)
	var out []Finding
	for i, o := range parts.operands {
		if a.left--; a.left < 0 {
			break
		}
		f := a.finding(o, truths[i], depth)
		f.Decides = deciding[i]
		out = append(out, f)
	}
	return out
}

func (a *asking) finding(o *expr.Operand, truth expr.Truth, depth int) Finding {
	f := Finding{Text: o.Text, Truth: truth.String(), Segment: o.Segment, Turned: a.turned(o.Node)}
	if o.Op != "" {
		look, need, op := o.Left, o.Right, o.Op
		if look.Constant() && op != "in" {
			look, need, op = need, look, mirrored[op]
		}
		f.Left, f.Op = look.Text, op
		f.Value, f.Need = campaign.JSONValue(look.Eval(a.s, a.now).Any()), campaign.JSONValue(need.Eval(a.s, a.now).Any())
		if !need.Constant() {
			f.Right = need.Text
		}
		f.Parts = append(a.trait(look.Trait, depth), a.trait(need.Trait, depth)...)
	}
	if o.Segment != "" {
		if s, err := a.e.project.Segment(o.Segment); err == nil {
			f.Parts = a.condition(s.When, depth+1)
		}
	}
	f.Parts = append(f.Parts, a.trait(o.Trait, depth)...)
	return f
}

// trait are the parts of a trait.
func (a *asking) trait(label string, depth int) []Finding {
	if label == "" {
		return nil
	}
	c, err := a.e.project.TraitValue(label)
	if err != nil {
		return nil
	}
	var out []Finding
	for _, f := range a.condition(c, depth+1) {
		if f.Op != "" || f.Truth != expr.Unknown.String() || len(f.Parts) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// mirrored is the sign of a comparison whose sides are exchanged.
var mirrored = map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// turned are the events that reached the end of a window at this very instant.
func (a *asking) turned(n ir.Node) []Turn {
	var out []Turn
	ir.Walk(n, func(n ir.Node) bool {
		h, ok := n.(*ir.History)
		if !ok {
			return true
		}
		for _, f := range h.Filters {
			w, ok := f.(*ir.Within)
			if !ok {
				continue
			}
			for _, row := range a.s.Events(h.Event) {
				if row.At.Add(w.Duration()).Equal(a.now) {
					out = append(out, Turn{h.Event, nameOf(row), row.At, campaign.FormatDuration(w.Duration())})
				}
			}
		}
		return true
	})
	return out
}
