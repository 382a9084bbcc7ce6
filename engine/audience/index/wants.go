package index

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// planOf says which columns everything live needs: all segments, the audiences of
// all broadcasts, and consent for each topic on each channel. What cannot be
// linked needs none.
func planOf(p *link.Project) column.Plan {
	var asked []*expr.Checked
	for _, label := range p.Names("broadcast") {
		if b, err := p.Broadcast(label); err == nil {
			asked = append(asked, b.Audience)
		}
	}
	w := newWants(p)
	for _, label := range p.Names("segment") {
		w.segment(label)
	}
	for _, c := range asked {
		w.condition(c)
	}
	plan := w.plan()
	for _, a := range p.Profile().Attributes {
		if replaced(a) {
			delete(plan.Attributes, a.Name)
		}
	}
	plan.Topics = slices.Clone(p.Names("topic"))
	plan.Channels = link.Channels()
	slices.Sort(plan.Channels)
	return plan
}

// replaced reports whether a collection has a default: columns cannot tell one that
// is empty from one that is absent, so that conditions on it read the record.
func replaced(a campaign.Attribute) bool {
	v, err := campaign.Coerce(a.Type, a.Default)
	if err != nil {
		return false
	}
	switch v := v.(type) {
	case []any:
		return len(v) > 0
	case map[string]any:
		return a.Type.Kind == campaign.Map && len(v) > 0
	}
	return false
}

// planOfCondition says which columns one condition needs, through the segments
// that it names.
func planOfCondition(p *link.Project, c *expr.Checked) column.Plan {
	w := newWants(p)
	w.condition(c)
	return w.plan()
}

// wants collects what conditions look at.
type wants struct {
	project    *link.Project
	attributes map[string]bool
	events     map[string]*looked
	topics     map[string]bool
	channels   map[string]bool
	details    bool
	segments   map[string]bool
	vars       map[int]origin // by Slot of the variable
}

// looked says what of a value is looked at: all of it, or some fields; of lists
// it speaks of the elements.
type looked struct {
	whole  bool
	fields map[string]*looked
}

func newWants(p *link.Project) *wants {
	return &wants{
		project: p, attributes: map[string]bool{}, events: map[string]*looked{}, topics: map[string]bool{},
		channels: map[string]bool{}, segments: map[string]bool{}, vars: map[int]origin{},
	}
}

func (w *wants) segment(label string) {
	if w.segments[label] {
		return
	}
	w.segments[label] = true
	if s, err := w.project.Segment(label); err == nil {
		w.condition(s.When)
	}
}

func (w *wants) condition(c *expr.Checked) {
	if c != nil {
		w.visit(c.Node())
	}
}

// visit notes what a node and all within it look at.
func (w *wants) visit(n ir.Node) {
	if h, ok := n.(*ir.History); ok {
		w.history(h)
		return
	}
	if from, ok := w.origin(n); ok {
		w.look(from)
	}
	switch n := n.(type) {
	case *ir.Attribute:
		w.attributes[n.Name] = true
	case *ir.Subscribed:
		w.topics[n.Topic] = true
	case *ir.Reachable:
		w.channels[n.Channel] = true
	case *ir.Consent:
		w.topics[n.Topic], w.channels[n.Channel] = true, true
		w.details = w.details || n.Field != ir.ConsentGranted
	case *ir.Segment:
		w.segment(n.Name)
	case *ir.Fold:
		w.fold(n)
		return
	case *ir.Field:
		if _, ok := w.origin(n.X); ok {
			w.reach(n.X)
			return
		}
	case *ir.Index:
		if _, ok := w.origin(n.X); ok {
			w.reach(n.X)
			w.visit(n.Key)
			return
		}
	}
	w.children(n, w.visit)
}

// reach notes what it takes to get at a part of an event, but not that the way
// there is looked at itself.
func (w *wants) reach(n ir.Node) {
	switch n := n.(type) {
	case *ir.Field:
		w.reach(n.X)
	case *ir.Index:
		w.reach(n.X)
		w.visit(n.Key)
	case *ir.Fold:
		w.fold(n)
	case *ir.Cond:
		w.visit(n.If)
		w.reach(n.Then)
		w.reach(n.Else)
	case *ir.Var:
	default:
		w.children(n, w.visit)
	}
}

// children calls f for what stands directly within n.
func (w *wants) children(n ir.Node, f func(ir.Node)) {
	ir.Walk(n, func(child ir.Node) bool {
		if child == n {
			return true
		}
		f(child)
		return false
	})
}

func (w *wants) history(h *ir.History) {
	w.event(h.Event)
	for _, filter := range h.Filters {
		switch filter := filter.(type) {
		case *ir.Since:
			w.visit(filter.From)
		case *ir.Where:
			w.vars[filter.Var.Slot] = origin{event: h.Event}
			w.visit(filter.Cond)
		}
	}
}

// fold notes what going over the elements looks at. The elements themselves are
// looked at where the body says so, or where they are what comes of it.
func (w *wants) fold(n *ir.Fold) {
	over, ok := w.origin(n.Over)
	if h, isHistory := n.Over.(*ir.History); isHistory {
		w.history(h)
	} else if ok {
		w.touch(over)
		w.reach(n.Over)
	} else {
		w.visit(n.Over)
	}
	if n.Var != nil {
		w.vars[n.Var.Slot] = over
	}
	for _, body := range []ir.Node{n.Body, n.Weight} {
		switch {
		case body == nil:
		case n.Op == ir.FoldFlat:
			w.reach(body)
			if from, ok := w.origin(body); ok {
				w.touch(from)
			} else {
				w.visit(body)
			}
		default:
			w.visit(body)
		}
	}
}

// plan is what has been collected, with the types that the project declares.
func (w *wants) plan() column.Plan {
	p := column.Plan{Attributes: map[string]column.Kept{}, Events: map[string]map[string]column.Kept{}, Details: w.details}
	for _, a := range w.project.Profile().Attributes {
		if w.attributes[a.Name] {
			p.Attributes[a.Name] = column.Whole(a.Type)
		}
	}
	for _, e := range w.project.World().Events {
		at, ok := w.events[e.Name]
		if !ok {
			continue
		}
		props := map[string]column.Kept{}
		for _, f := range e.Properties {
			if of := at.fields[f.Name]; of != nil || at.whole {
				props[f.Name] = column.Kept{Declared: f.Type, Kept: of.part(f.Type, at.whole)}
			}
		}
		p.Events[e.Name] = props
	}
	for topic := range w.topics {
		p.Topics = append(p.Topics, topic)
	}
	for channel := range w.channels {
		p.Channels = append(p.Channels, channel)
	}
	slices.Sort(p.Topics)
	slices.Sort(p.Channels)
	return p
}

// part is a type without the fields that are not looked at.
func (at *looked) part(t campaign.Type, whole bool) campaign.Type {
	if whole = whole || at.whole; whole {
		return t
	}
	switch {
	case t.Kind == campaign.Object:
		var fields []campaign.Field
		for _, f := range t.Fields {
			if of := at.fields[f.Name]; of != nil {
				f.Type = of.part(f.Type, false)
				fields = append(fields, f)
			}
		}
		return campaign.ObjectOf(fields...)
	case t.Elem != nil && t.Kind != campaign.Map:
		elem := at.part(*t.Elem, false)
		return campaign.Type{Kind: t.Kind, Elem: &elem}
	}
	return t
}
