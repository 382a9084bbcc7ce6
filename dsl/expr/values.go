package expr

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// order compares two values of one ordered kind.
func order(a, b any) (o int, ok bool) {
	switch a := a.(type) {
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b), true
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b), true
		}
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b), true
		}
	case time.Duration:
		if b, ok := b.(time.Duration); ok {
			return cmp.Compare(a, b), true
		}
	case campaign.CivilDate:
		if b, ok := b.(campaign.CivilDate); ok {
			return compareDates(a, b), true
		}
	}
	return 0, false
}

func compareDates(a, b campaign.CivilDate) int {
	return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
}

// equal compares two campaign values, lists in order.
func equal(a, b any) bool {
	if o, ok := order(a, b); ok {
		return o == 0
	}
	switch a := a.(type) {
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	}
	return false
}

// sameSet compares two sets, in any order.
func sameSet(a, b []any) bool {
	within := func(a, b []any) bool {
		return !slices.ContainsFunc(a, func(v any) bool { return !slices.ContainsFunc(b, func(w any) bool { return equal(v, w) }) })
	}
	return within(a, b) && within(b, a)
}

// compareValues compares two values of one kind.
func compareValues(op ir.CompareOp, a, b any) Truth {
	if op == ir.Eq || op == ir.Ne {
		return TruthOf(equal(a, b) == (op == ir.Eq))
	}
	o, ok := order(a, b)
	if !ok {
		return Unknown
	}
	return holds(op, o)
}

// holds tells what a comparison gives for two values in the order o.
func holds(op ir.CompareOp, o int) Truth {
	switch op {
	case ir.Eq:
		return TruthOf(o == 0)
	case ir.Ne:
		return TruthOf(o != 0)
	case ir.Lt:
		return TruthOf(o < 0)
	case ir.Le:
		return TruthOf(o <= 0)
	case ir.Gt:
		return TruthOf(o > 0)
	}
	return TruthOf(o >= 0)
}

// text writes a scalar as string() does; "" for nil and what is no scalar.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return ir.FormatNumber(v)
	case bool:
		return fmt.Sprint(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		if v < 0 {
			return "-" + campaign.FormatDuration(-v)
		}
		return campaign.FormatDuration(v)
	case campaign.CivilDate:
		return v.String()
	}
	return ""
}

// finite reports whether a number can stand for itself; a result that overflows,
// or that is none, is unknown.
func finite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }
