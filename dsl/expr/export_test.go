package expr

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// EvalNode evaluates a tree of the same World.
func (c *Checked) EvalNode(n ir.Node, s Subject, now time.Time) Value {
	return compile(n, c.env.tables).eval(s, now, nil)
}

// EarthRadius is the radius that DistanceKm goes by, in km.
const EarthRadius = earthRadius
