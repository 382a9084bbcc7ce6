package expr

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// meanings gives functions and operators their meaning for CEL's interpreter.
// The logical ones, ?: and selection are the interpreter's own.
func (o *Oracle) meanings() map[string]functions.FunctionOp {
	m := map[string]functions.FunctionOp{
		operators.Equals: func(args ...ref.Val) ref.Val { return types.Equal(plain(args[0]), plain(args[1])) },
		operators.NotEquals: func(args ...ref.Val) ref.Val {
			return types.Bool(types.Equal(plain(args[0]), plain(args[1])) != types.True)
		},
		operators.In:            contained,
		operators.Index:         o.indexed,
		operators.LogicalNot:    func(args ...ref.Val) ref.Val { return as[types.Bool](args[0]).Negate() },
		operators.Negate:        func(args ...ref.Val) ref.Val { return as[traits.Negater](args[0]).Negate() },
		operators.Less:          compared(func(o int) bool { return o < 0 }),
		operators.LessEquals:    compared(func(o int) bool { return o <= 0 }),
		operators.Greater:       compared(func(o int) bool { return o > 0 }),
		operators.GreaterEquals: compared(func(o int) bool { return o >= 0 }),
		operators.Add:           added,
		operators.Subtract:      subtracted,
		operators.Multiply:      func(args ...ref.Val) ref.Val { return finiteVal(as[traits.Multiplier](args[0]).Multiply(args[1])) },
		operators.Divide:        divided,
		operators.Modulo: func(args ...ref.Val) ref.Val {
			return finiteVal(types.Double(math.Mod(float64(as[types.Double](args[0])), float64(as[types.Double](args[1])))))
		},
	}
	for _, more := range []map[string]functions.FunctionOp{o.historyMeanings(), macroMeanings(), textMeanings(), o.timeMeanings(), o.libraryMeanings()} {
		for name, op := range more {
			m[name] = op
		}
	}
	return m
}

// as is v as what the checker has seen to it that it is.
func as[T any](v ref.Val) T {
	t, _ := v.(T)
	return t
}

// plain is a ref as the text that it is.
func plain(v ref.Val) ref.Val {
	if l, ok := v.(link); ok {
		return types.String(l.key)
	}
	return v
}

func finiteVal(v ref.Val) ref.Val {
	if d, ok := v.(types.Double); ok && (math.IsInf(float64(d), 0) || math.IsNaN(float64(d))) {
		return absent()
	}
	return v
}

func contained(args ...ref.Val) ref.Val {
	if m, ok := args[1].(traits.Mapper); ok {
		return m.Contains(plain(args[0]))
	}
	for _, e := range elements(args[1]) {
		if types.Equal(plain(e), plain(args[0])) == types.True {
			return types.True
		}
	}
	return types.False
}

func elements(list ref.Val) []ref.Val {
	var out []ref.Val
	if l, ok := list.(traits.Lister); ok {
		for it := l.Iterator(); it.HasNext() == types.True; {
			out = append(out, it.Next())
		}
	}
	return out
}

// indexed takes what is looked into, the place, and the name of the type of what
// is there, since an object that is not there has empty lists.
func (o *Oracle) indexed(args ...ref.Val) ref.Val {
	v := found(args...)
	if s := o.env.universe.lookup(string(as[types.String](args[2]))); types.IsUnknown(v) && s != nil && s.typ.Kind == campaign.Object {
		return o.object(nil, s.typ)
	}
	return v
}

func found(args ...ref.Val) ref.Val {
	if l, ok := args[0].(traits.Lister); ok {
		i, err := types.GetOrError(args[1])
		if err != nil || i < 0 || i >= int(as[types.Int](l.Size())) {
			return absent()
		}
		return l.Get(types.Int(i))
	}
	if m, ok := args[0].(traits.Mapper); ok {
		if v, found := m.Find(plain(args[1])); found {
			return v
		}
		return absent()
	}
	return as[traits.Indexer](args[0]).Get(args[1])
}

func compared(holds func(int) bool) functions.FunctionOp {
	return func(args ...ref.Val) ref.Val {
		o, ok := as[traits.Comparer](args[0]).Compare(args[1]).(types.Int)
		if !ok {
			return absent()
		}
		return types.Bool(holds(int(o)))
	}
}

func added(args ...ref.Val) ref.Val {
	a, b := args[0], args[1]
	if _, swapped := b.(civil); swapped {
		a, b = b, a
	}
	if d, ok := a.(civil); ok {
		return days(d, as[types.Duration](b).Duration)
	}
	return finiteVal(as[traits.Adder](a).Add(b))
}

func divided(args ...ref.Val) ref.Val {
	if d, ok := args[0].(types.Duration); ok {
		return finiteVal(types.Double(float64(d.Duration) / float64(as[types.Duration](args[1]).Duration)))
	}
	return finiteVal(as[traits.Divider](args[0]).Divide(args[1]))
}

func subtracted(args ...ref.Val) ref.Val {
	d, ok := args[0].(civil)
	if !ok {
		return finiteVal(as[traits.Subtractor](args[0]).Subtract(args[1]))
	}
	if by, ok := args[1].(types.Duration); ok {
		return days(d, -by.Duration)
	}
	return types.Duration{Duration: d.In(time.UTC).Sub(as[civil](args[1]).In(time.UTC))}
}

func days(d civil, by time.Duration) ref.Val {
	whole := by.Truncate(24 * time.Hour)
	return civil{campaign.DateOf(d.In(time.UTC).Add(whole))}
}

// historyMeanings are the methods of histories, which are lists of events here.
func (o *Oracle) historyMeanings() map[string]functions.FunctionOp {
	keep := func(list ref.Val, in func(time.Time) bool) ref.Val {
		out := []ref.Val{}
		for _, e := range elements(list) {
			if in(happened(e)) {
				out = append(out, e)
			}
		}
		return types.NewRefValList(types.DefaultTypeAdapter, out)
	}
	end := func(list, event ref.Val, last bool) ref.Val {
		all := elements(list)
		switch {
		case len(all) == 0:
			return o.object(nil, o.env.universe.lookup(string(as[types.String](event))).typ)
		case last:
			return all[len(all)-1]
		}
		return all[0]
	}
	return map[string]functions.FunctionOp{
		"within": func(args ...ref.Val) ref.Val {
			return keep(args[0], func(t time.Time) bool { return o.now.Sub(t) < lengthOf(args[1]) })
		},
		"since": func(args ...ref.Val) ref.Val {
			from, ok := args[1].(types.Timestamp)
			if !ok {
				from.Time = as[civil](args[1]).In(time.UTC)
			}
			return keep(args[0], func(t time.Time) bool { return !t.Before(from.Time) })
		},
		"any":   func(args ...ref.Val) ref.Val { return types.Bool(len(elements(args[0])) > 0) },
		"none":  func(args ...ref.Val) ref.Val { return types.Bool(len(elements(args[0])) == 0) },
		"count": func(args ...ref.Val) ref.Val { return types.Double(len(elements(args[0]))) },
		"first": func(args ...ref.Val) ref.Val { return end(args[0], args[1], false) },
		"last":  func(args ...ref.Val) ref.Val { return end(args[0], args[1], true) },
	}
}

// lengthOf is a duration, or the text of one.
func lengthOf(v ref.Val) time.Duration {
	if s, ok := v.(types.String); ok {
		d, _ := campaign.ParseDuration(string(s)) // the checker has read it
		return d
	}
	return as[types.Duration](v).Duration
}

func happened(event ref.Val) time.Time {
	t, _ := as[record](event).lookup("at").(types.Timestamp)
	return t.Time
}

// manyUnknowns is added by @tallyOne for a condition that is unknown.
const manyUnknowns = 1 << 30

// macroMeanings are what macros gather with. These take unknowns as arguments.
func macroMeanings() map[string]functions.FunctionOp {
	extreme := func(want types.Int) functions.FunctionOp {
		return func(args ...ref.Val) ref.Val {
			best := absent()
			for _, v := range elements(args[0]) {
				if types.IsUnknown(best) || as[traits.Comparer](v).Compare(best) == want {
					best = v
				}
			}
			return best
		}
	}
	return map[string]functions.FunctionOp{
		fnHas: func(args ...ref.Val) ref.Val {
			if s, ok := args[0].(traits.Sizer); ok && args[0].Type() != types.StringType {
				return types.Bool(s.Size() != types.IntZero)
			}
			return types.Bool(!isAbsent(args[0]))
		},
		fnKeep: func(args ...ref.Val) ref.Val {
			if args[1] == types.True {
				return grown(args[0], args[2])
			}
			return args[0]
		},
		fnAppend: func(args ...ref.Val) ref.Val {
			if isAbsent(args[1]) {
				return args[0]
			}
			return grown(args[0], args[1])
		},
		fnPlus: func(args ...ref.Val) ref.Val {
			if types.IsUnknownOrError(args[1]) {
				return args[0]
			}
			return as[types.Double](args[0]).Add(args[1])
		},
		fnTally: func(args ...ref.Val) ref.Val {
			if args[1] == types.True {
				return as[types.Double](args[0]).Add(types.Double(1))
			}
			return args[0]
		},
		fnTallyOne: func(args ...ref.Val) ref.Val {
			switch {
			case types.IsUnknownOrError(args[1]):
				return as[types.Double](args[0]).Add(types.Double(manyUnknowns))
			case args[1] == types.True:
				return as[types.Double](args[0]).Add(types.Double(1))
			}
			return args[0]
		},
		fnOne: func(args ...ref.Val) ref.Val {
			n := int64(as[types.Double](args[0]))
			switch found, unknown := n%manyUnknowns, n/manyUnknowns; {
			case found > 1:
				return types.False
			case unknown > 0:
				return absent()
			default:
				return types.Bool(found == 1)
			}
		},
		fnAvg: func(args ...ref.Val) ref.Val {
			all, sum := elements(args[0]), 0.0
			for _, v := range all {
				sum += float64(as[types.Double](v))
			}
			return finiteVal(types.Double(sum / float64(len(all))))
		},
		fnMin: extreme(-1),
		fnMax: extreme(1),
		fnDistinct: func(args ...ref.Val) ref.Val {
			var seen []ref.Val
			for _, v := range elements(args[0]) {
				if contained(v, types.NewRefValList(types.DefaultTypeAdapter, seen)) == types.False {
					seen = append(seen, v)
				}
			}
			return types.Double(len(seen))
		},
	}
}

func grown(list, v ref.Val) ref.Val {
	return types.NewRefValList(types.DefaultTypeAdapter, append(elements(list), v))
}

func textMeanings() map[string]functions.FunctionOp {
	str := func(v ref.Val) string { return string(as[types.String](v)) }
	test := func(f func(s, part string) bool) functions.FunctionOp {
		return func(args ...ref.Val) ref.Val { return types.Bool(f(str(args[0]), str(args[1]))) }
	}
	change := func(f func(string) string) functions.FunctionOp {
		return func(args ...ref.Val) ref.Val { return types.String(f(str(args[0]))) }
	}
	number := func(finish func(float64) float64) functions.FunctionOp {
		return func(args ...ref.Val) ref.Val {
			d, ok := args[0].(types.Double)
			if !ok {
				parsed, err := strconv.ParseFloat(strings.TrimSpace(str(args[0])), 64)
				if err != nil {
					return absent()
				}
				d = types.Double(parsed)
			}
			return finiteVal(types.Double(finish(float64(d))))
		}
	}
	return map[string]functions.FunctionOp{
		"contains":   test(strings.Contains),
		"startsWith": test(strings.HasPrefix),
		"endsWith":   test(strings.HasSuffix),
		"matches": test(func(s, pattern string) bool {
			ok, err := regexp.MatchString(pattern, s)
			return ok && err == nil
		}),
		"lowerAscii": change(lowerASCII),
		"upperAscii": change(upperASCII),
		"trim":       change(strings.TrimSpace),
		"int":        number(math.Trunc),
		"double":     number(func(v float64) float64 { return v }),
		"string":     func(args ...ref.Val) ref.Val { return types.String(text(fromCEL(plain(args[0])))) },
		"size": func(args ...ref.Val) ref.Val {
			return types.Double(as[types.Int](as[traits.Sizer](args[0]).Size()))
		},
	}
}

// timeMeanings are the functions of times and dates.
func (o *Oracle) timeMeanings() map[string]functions.FunctionOp {
	part := func(f func(time.Time) int) functions.FunctionOp {
		return func(args ...ref.Val) ref.Val {
			if d, ok := args[0].(civil); ok {
				return types.Double(f(d.In(time.UTC)))
			}
			t, ok := inZone(args)
			if !ok {
				return absent()
			}
			return types.Double(f(t))
		}
	}
	return map[string]functions.FunctionOp{
		"duration":  written(campaign.Duration),
		"timestamp": written(campaign.Time),
		"date": func(args ...ref.Val) ref.Val {
			if _, ok := args[0].(types.String); ok {
				return written(campaign.Date)(args...)
			}
			t, ok := inZone(args)
			if !ok {
				return absent()
			}
			return civil{campaign.DateOf(t)}
		},
		"year":  part(func(t time.Time) int { return t.Year() }),
		"month": part(func(t time.Time) int { return int(t.Month()) }),
		"day":   part(func(t time.Time) int { return t.Day() }),
		"weekday": part(func(t time.Time) int {
			return map[bool]int{true: 7, false: int(t.Weekday())}[t.Weekday() == time.Sunday]
		}),
		"week_of": part(func(t time.Time) int { _, week := t.ISOWeek(); return week }),
		"hour":    part(func(t time.Time) int { return t.Hour() }),
		"age": func(args ...ref.Val) ref.Val {
			born, today := as[civil](args[0]), campaign.DateOf(o.now.UTC())
			years := 0
			for !birthday(born, years+1).After(today.In(time.UTC)) {
				years++
			}
			for birthday(born, years).After(today.In(time.UTC)) {
				years--
			}
			return types.Double(years)
		},
	}
}

func birthday(born civil, years int) time.Time {
	return time.Date(born.Year+years, born.Month, born.Day, 0, 0, 0, 0, time.UTC)
}

func written(kind campaign.Kind) functions.FunctionOp {
	return func(args ...ref.Val) ref.Val {
		v, err := campaign.Coerce(campaign.Of(kind), string(as[types.String](args[0])))
		if err != nil {
			return types.WrapErr(err)
		}
		return scalarValue(v)
	}
}

// inZone is an instant in the zone of the second argument.
func inZone(args []ref.Val) (time.Time, bool) {
	t := as[types.Timestamp](args[0]).Time.UTC()
	if len(args) == 1 {
		return t, true
	}
	name := string(as[types.String](args[1]))
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return t, false
	}
	return t.In(loc), true
}
