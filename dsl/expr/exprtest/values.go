package exprtest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// Now is an instant to evaluate at, which the values are made around: a Wednesday
// noon in summer, whole to the second.
var Now = time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// ages are how long ago things happened: the edges of the windows that conditions
// have, both sides of them, and what is still to come.
var ages = []time.Duration{
	time.Hour, 12 * time.Hour, day, 3 * day, 7 * day, 7*day - time.Second, 30 * day, 30*day + time.Second, 45 * day, 60 * day, 90 * day,
	90*day - time.Second, 180 * day, 400 * day, 3000 * day, 0, -time.Second, -time.Hour,
}

var windows = []string{"30d", "7d", "90d", "12h", "1s", "365d"}

var texts = []string{"rye", "c1", "c2", "7", "", "s1", "s2", "ada@example.com", "Zoe@Example.com", " spelt ", "Köln", "Europe/Berlin", "America/New_York", "Atlantis", "form"}

var numbers = []float64{0, 1, 2.5, 20, -4, 150, 52.52, 13.405}

var dates = []campaign.CivilDate{
	{Year: 2026, Month: 7, Day: 1}, {Year: 2000, Month: 2, Day: 29}, {Year: 1990, Month: 7, Day: 2}, {Year: 1985, Month: 6, Day: 30}, {Year: 2026, Month: 12, Day: 31},
}

var durations = []time.Duration{time.Hour, 30 * day, 60 * time.Hour, 0}

// Values are values of a type, few enough that two of them are often equal. Of a
// ref they are keys, of which the last has no row.
func (l *Language) Values(t campaign.Type, oneOf []string) []any {
	switch t.Kind {
	case campaign.String:
		if len(oneOf) > 0 {
			return boxed(oneOf)
		}
		return boxed(texts)
	case campaign.Number:
		return boxed(numbers)
	case campaign.Bool:
		return []any{true, false}
	case campaign.Date:
		return boxed(dates)
	case campaign.Duration:
		return boxed(durations)
	case campaign.Time:
		out := make([]any, len(ages))
		for i, age := range ages {
			out[i] = Now.Add(-age)
		}
		return out
	case campaign.Ref:
		return boxed(append(l.keys(t.Catalog), "gone"))
	}
	return nil
}

func boxed[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// keys are the first keys of a catalog.
func (l *Language) keys(catalog string) []string {
	var out []string
	for _, c := range l.world.Catalogs {
		if c.Name != catalog {
			continue
		}
		for _, row := range c.Rows[:min(4, len(c.Rows))] {
			if v, err := campaign.Coerce(campaign.Of(campaign.String), row[c.Key]); err == nil && v != nil {
				out = append(out, v.(string))
			}
		}
	}
	return out
}

// written is a value as an author writes it.
func written(t campaign.Type, v any) string { return ir.Text(&ir.Const{T: t, Value: v}) }

func quote(s string) string { return strconv.Quote(s) }

// path writes root.a.b, in backticks what CEL would read as something else.
func path(root string, names ...string) string {
	for _, name := range names {
		if strings.Contains(name, "-") || slices.Contains([]string{"in", "true", "false", "null"}, name) {
			name = "`" + name + "`"
		}
		root += "." + name
	}
	return root
}
