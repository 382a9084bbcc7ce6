package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// rename is what a moved block says of a step.
type rename struct {
	from, to string
	at       *body
}

// movedSteps reads the moved blocks, by the journey that they are about.
func (c *compiler) movedSteps() {
	c.renames = map[string][]rename{}
	for _, b := range c.of("moved") {
		if b.broken {
			continue
		}
		from, ok1 := b.stepReference("from")
		to, ok2 := b.stepReference("to")
		switch {
		case !ok1 || !ok2:
		case from.Parts[1] != to.Parts[1]:
			b.fail("to", "A step is moved within its journey.", fmt.Sprintf("Write `to = journey.%s.step.%s`.", from.Parts[1], to.Parts[3]))
		case from.Parts[3] == to.Parts[3]:
			b.fail("to", "The step is called what it was called.", "Leave the block out.")
		case c.exists(syntax.Reference{Parts: to.Parts[:2], Range: to.Range}):
			c.renames[to.Parts[1]] = append(c.renames[to.Parts[1]], rename{from.Parts[3], to.Parts[3], b})
		}
	}
}

// stepReference reads journey.NAME.step.LABEL, without asking whether it exists.
func (b *body) stepReference(name string) (syntax.Reference, bool) {
	ref, ok := b.attrs[name].Expr.Reference()
	if !ok || len(ref.Parts) != 4 || ref.Parts[0] != "journey" || ref.Parts[2] != "step" {
		fix := fmt.Sprintf("Write `%s = journey.NAME.step.LABEL`.", name)
		if ok && len(ref.Parts) == 2 {
			fix = "Only steps can be renamed yet. " + fix
		}
		b.broken = true
		b.c.report(diag.Diagnostic{
			Code: "no-reference", Summary: "A reference is expected", Detail: name + " names a step of a journey, and this is none.", Fix: fix, Subject: b.at(name),
		})
		return ref, false
	}
	return ref, true
}

// moved checks the renames of this journey against its steps.
func (j *journeyReader) moved() {
	said, target := map[string]rename{}, map[string]rename{}
	for _, r := range j.c.renames[j.b.label()] {
		b := r.at.with(j.c) // what it has wrong is said with the journey
		switch first, twice := said[r.from]; {
		case j.steps[r.from] != nil:
			b.fail("from", fmt.Sprintf("The journey still has a step %q (line %d), so that it was not renamed.", r.from, j.steps[r.from].block.Header.Start.Line),
				"A label that was used once is not used anew: give that step another one.")
		case twice:
			b.fail("from", fmt.Sprintf("%s was renamed at %s:%d already.", r.from, first.at.block.Header.File, first.at.block.Header.Start.Line), "Leave one of the blocks out.")
		default:
			said[r.from] = r
			if other, taken := target[r.to]; taken {
				b.fail("to", fmt.Sprintf("%s is what %s became, too.", r.to, other.from), "Two steps cannot become one: leave one of the blocks out.")
				break
			}
			target[r.to] = r
			j.def.Moved = append(j.def.Moved, campaign.Moved{From: r.from, To: r.to})
		}
		j.failed = j.failed || b.broken
	}
	for _, r := range j.c.renames[j.b.label()] {
		if end := j.ends(r, said); end != "" && !j.lost && !j.failed {
			fix := didYouMean(end, sortedKeys(j.steps))
			r.at.with(j.c).fail("to", fmt.Sprintf("The journey has no step %q.", end), fix)
			j.failed = true
		}
	}
	slices.SortFunc(j.def.Moved, func(a, b campaign.Moved) int { return strings.Compare(a.From, b.From) })
}

// ends follows a rename to the step that is there now; it tells the label that no
// step has, and "" when all is well.
func (j *journeyReader) ends(r rename, all map[string]rename) string {
	label := r.to
	for range all {
		if j.steps[label] != nil {
			return ""
		}
		next, ok := all[label]
		if !ok {
			break
		}
		label = next.to
	}
	if j.steps[label] != nil {
		return ""
	}
	return label
}

// removedJourneys reads what becomes of people in journeys that are gone.
func (c *compiler) removedJourneys() {
	said := map[string]*body{}
	for _, b := range c.of("removed") {
		people := campaign.Leftovers(b.str("people"))
		if b.broken {
			continue
		}
		ref, ok := b.attrs["from"].Expr.Reference()
		switch {
		case !ok || len(ref.Parts) != 2 || ref.Parts[0] != "journey":
			b.broken = true
			c.report(diag.Diagnostic{
				Code: "no-reference", Summary: "A reference is expected", Detail: "from names a journey, and this is none.",
				Fix: "Write `from = journey.NAME`, without quotes.", Subject: b.at("from"),
			})
		case c.symbols["journey"][ref.Parts[1]] != nil:
			b.fail("from", fmt.Sprintf("%s is still declared, at %s.", strings.Join(ref.Parts, "."), place(c.symbols["journey"][ref.Parts[1]].body)), "Delete it, or leave this block out.")
		case said[ref.Parts[1]] != nil:
			c.duplicate(b.block, said[ref.Parts[1]].block)
		default:
			said[ref.Parts[1]] = b
			c.removed = append(c.removed, campaign.Removal{Journey: ref.Parts[1], People: people})
		}
	}
	slices.SortFunc(c.removed, func(a, b campaign.Removal) int { return strings.Compare(a.Journey, b.Journey) })
}

func place(b *body) string {
	return fmt.Sprintf("%s:%d", b.block.Header.File, b.block.Header.Start.Line)
}
