package impact

import (
	"cmp"
	"context"
	"slices"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/plan"
)

// ripples follows the changed segments to what reads them and stays as it is:
// what changes itself has its own place in the plan.
func (c *count) ripples(ctx context.Context) ([]plan.Ripple, error) {
	if len(c.changed) == 0 {
		return nil, nil
	}
	var out []plan.Ripple
	for _, look := range []func(context.Context) ([]plan.Ripple, error){c.contents, c.audiences, c.journeys} {
		found, err := look(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	out = slices.DeleteFunc(out, func(r plan.Ripple) bool { return len(r.Moves) == 0 })
	slices.SortStableFunc(out, func(a, b plan.Ripple) int { return a.Reader.Compare(b.Reader) })
	return out, nil
}

// changedIn names the changed segments that conditions read, through others too.
func (c *count) changedIn(conditions ...*expr.Checked) []string {
	var out []string
	for _, label := range c.after.project.Closure(link.ReadsOf(conditions...)...).Segments {
		if _, ok := c.changed[label]; ok {
			out = append(out, label)
		}
	}
	return out
}

// contents counts who sees another case of a dynamic block.
func (c *count) contents(ctx context.Context) ([]plan.Ripple, error) {
	var out []plan.Ripple
	seen := map[string]bool{}
	for _, name := range c.after.project.Names("message") {
		message, err := c.after.project.Message(name)
		if err != nil {
			return nil, err
		}
		for i := range message.Blocks {
			after := &message.Blocks[i]
			if seen[after.Name] || c.change("content", after.Name) != nil {
				continue
			}
			seen[after.Name] = true
			before := c.blockBefore(name, after.Name)
			segments := c.changedIn(conditionsOf(after)...)
			if before == nil || len(segments) == 0 {
				continue
			}
			moves, err := c.shown(ctx, before, after)
			if err != nil {
				return nil, err
			}
			out = append(out, plan.Ripple{Reader: addr.New("content", after.Name), Segments: segments, Moves: moves})
		}
	}
	return out, nil
}

// blockBefore is a block as it is live.
func (c *count) blockBefore(message, block string) *link.Block {
	m, err := c.before.project.Message(message)
	if err != nil {
		return nil
	}
	b, ok := m.Block(block)
	if !ok {
		return nil
	}
	return b
}

func conditionsOf(b *link.Block) []*expr.Checked {
	var out []*expr.Checked
	for _, c := range b.Cases {
		if c.When != nil {
			out = append(out, c.When)
		}
	}
	return out
}

// shown counts, for two states of a block, who is shown another case.
func (c *count) shown(ctx context.Context, before, after *link.Block) ([]plan.Shift, error) {
	was, err := c.before.choices(ctx, before, c)
	if err != nil {
		return nil, err
	}
	will, err := c.after.choices(ctx, after, c)
	if err != nil {
		return nil, err
	}
	return shifts(was, will, fallback(before), fallback(after)), nil
}

// fallback is the case of whom no condition holds; "" for none.
func fallback(b *link.Block) string {
	for _, c := range b.Cases {
		if c.Else {
			return c.Name
		}
	}
	return ""
}

// choices are the cases by person; who is not in it has the fallback.
func (s side) choices(ctx context.Context, b *link.Block, c *count) (map[int64]string, error) {
	conditions := conditionsOf(b)
	selections, err := s.asker.SelectMany(ctx, conditions, c.now)
	if err != nil {
		return nil, err
	}
	out := map[int64]string{}
	n := len(selections)
	for i := len(b.Cases) - 1; i >= 0; i-- { // the first that holds is written last
		if b.Cases[i].When == nil {
			continue
		}
		n--
		for _, id := range selections[n].Yes {
			out[id] = b.Cases[i].Name
		}
	}
	return out, nil
}

// shifts counts whose choice differs, by what it was and what it will be.
func shifts(was, will map[int64]string, wasElse, willElse string) []plan.Shift {
	counts := map[[2]string]int{}
	add := func(from, to string) {
		if from != to {
			counts[[2]string{from, to}]++
		}
	}
	for id, to := range will {
		from, ok := was[id]
		if !ok {
			from = wasElse
		}
		add(from, to)
	}
	for id, from := range was {
		if _, ok := will[id]; !ok {
			add(from, willElse)
		}
	}
	var out []plan.Shift
	for pair, n := range counts {
		out = append(out, plan.Shift{From: pair[0], To: pair[1], People: n})
	}
	slices.SortFunc(out, func(a, b plan.Shift) int {
		return cmp.Or(cmp.Compare(b.People, a.People), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}

// audiences counts who joins and who drops out of the audience of a broadcast.
func (c *count) audiences(ctx context.Context) ([]plan.Ripple, error) {
	var out []plan.Ripple
	for _, name := range c.after.project.Names("broadcast") {
		after, err := c.after.project.Broadcast(name)
		if err != nil {
			return nil, err
		}
		before, err := c.before.project.Broadcast(name)
		segments := c.changedIn(after.Audience)
		if err != nil || len(segments) == 0 || c.change("broadcast", name) != nil {
			continue
		}
		was, err := c.before.asker.Select(ctx, before.Audience, c.now)
		if err != nil {
			return nil, err
		}
		will, err := c.after.asker.Select(ctx, after.Audience, c.now)
		if err != nil {
			return nil, err
		}
		d := audience.Compare(was, will)
		ripple := plan.Ripple{Reader: addr.New("broadcast", name), Segments: segments, People: d.After}
		if n := len(d.Enters); n > 0 {
			ripple.Moves = append(ripple.Moves, plan.Shift{To: "audience", People: n})
		}
		if n := len(d.Leaves); n > 0 {
			ripple.Moves = append(ripple.Moves, plan.Shift{From: "audience", People: n})
		}
		out = append(out, ripple)
	}
	return out, nil
}

// journeys counts, of the people under way, whom exits and branches treat
// otherwise.
func (c *count) journeys(ctx context.Context) ([]plan.Ripple, error) {
	var out []plan.Ripple
	for _, name := range c.after.project.Names("journey") {
		after, err := c.after.project.Journey(name)
		if err != nil {
			return nil, err
		}
		before, err := c.before.project.Journey(name)
		if err != nil || c.change("journey", name) != nil {
			continue
		}
		var places []place
		if segments := c.changedIn(after.ExitWhen); len(segments) > 0 {
			places = append(places, exitPlace(before, after, segments))
		}
		after.Def.Steps.Walk(func(s campaign.Step) {
			if branch, ok := c.branchPlace(before, after, s); ok {
				places = append(places, branch)
			}
		})
		found, err := c.underWay(ctx, after, places)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}
