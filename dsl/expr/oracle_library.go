package expr

import (
	"math"
	"time"

	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// said is consent.TOPIC.CHANNEL.
func said(s Subject, topic, channel string) ref.Val {
	return lookup(func(field string) ref.Val {
		word, ok := s.Consent(topic, channel)
		switch {
		case field == ir.ConsentGranted:
			return types.Bool(ok && word.Granted)
		case field == ir.ConsentAt && ok && !word.At.IsZero():
			return types.Timestamp{Time: word.At}
		case field == ir.ConsentSource && ok && word.Source != "":
			return types.String(word.Source)
		}
		return absent()
	})
}

// libraryMeanings give what expr expands into other nodes a meaning of its own.
func (o *Oracle) libraryMeanings() map[string]functions.FunctionOp {
	m := map[string]functions.FunctionOp{
		"gap": func(args ...ref.Val) ref.Val {
			newest, ok := lastOf(args[0])
			if !ok {
				return absent()
			}
			return types.Duration{Duration: o.now.Sub(newest)}
		},
		"frequency": o.frequency,
		"rate": func(args ...ref.Val) ref.Val {
			return finiteVal(types.Double(float64(len(elements(args[0]))) / float64(len(elements(args[1])))))
		},
		"sequence":    sequential,
		"open_rate":   func(args ...ref.Val) ref.Val { return o.mailed("email_opened", lengthOf(args[0])) },
		"click_rate":  func(args ...ref.Val) ref.Val { return o.mailed("email_clicked", lengthOf(args[0])) },
		"days_until":  o.untilDay,
		"anniversary": func(args ...ref.Val) ref.Val { return isZero(o.untilDay(args...)) },
		"days": func(args ...ref.Val) ref.Val {
			d, ok := daysOf(float64(as[types.Double](args[0])))
			if !ok {
				return absent()
			}
			return types.Duration{Duration: d}
		},
		"decay": func(args ...ref.Val) ref.Val {
			v, ok := Decay(as[types.Duration](args[0]).Duration, lengthOf(args[1]))
			if !ok {
				return absent()
			}
			return types.Double(v)
		},
		"distance_km": func(args ...ref.Val) ref.Val {
			n := func(i int) float64 { return float64(as[types.Double](args[i])) }
			return finiteVal(types.Double(DistanceKm(n(0), n(1), n(2), n(3))))
		},
	}
	for name, op := range gatheringMeanings() {
		m[name] = op
	}
	return m
}

func isZero(v ref.Val) ref.Val {
	if d, ok := v.(types.Double); ok {
		return types.Bool(d == 0)
	}
	return v
}

func lastOf(history ref.Val) (newest time.Time, ok bool) {
	for _, e := range elements(history) {
		if t := happened(e); !ok || t.After(newest) {
			newest, ok = t, true
		}
	}
	return newest, ok
}

// frequency takes the history, the length, and the lengths of its windows.
func (o *Oracle) frequency(args ...ref.Val) ref.Val {
	all, per := elements(args[0]), lengthOf(args[1])
	var over time.Duration
	for _, w := range args[2:] {
		if d := lengthOf(w); over == 0 || d < over {
			over = d
		}
	}
	if over == 0 {
		if len(all) == 0 {
			return absent()
		}
		over = o.now.Sub(happened(all[0]))
	}
	return finiteVal(types.Double(float64(len(all)) / (float64(over) / float64(per))))
}

// sequential tries every event of each step.
func sequential(args ...ref.Val) ref.Val {
	length := time.Duration(math.MaxInt64)
	if _, ok := args[0].(traits.Lister); !ok {
		length, args = lengthOf(args[0]), args[1:]
	}
	var follow func(steps []ref.Val, first, before time.Time) bool
	follow = func(steps []ref.Val, first, before time.Time) bool {
		if len(steps) == 0 {
			return before.Sub(first) <= length
		}
		for _, e := range elements(steps[0]) {
			if t := happened(e); t.After(before) && follow(steps[1:], first, t) {
				return true
			}
		}
		return false
	}
	for _, e := range elements(args[0]) {
		if t := happened(e); follow(args[1:], t, t) {
			return types.True
		}
	}
	return types.False
}

// mailed counts sends one by one.
func (o *Oracle) mailed(did string, window time.Duration) ref.Val {
	sends, sent := map[any]bool{}, 0
	for _, row := range o.who.Events(did) {
		if age := o.now.Sub(row.At); age >= 0 && age < window {
			if send, ok := row.Props["send"].(string); ok {
				sends[send] = true
			}
		}
	}
	for _, row := range o.who.Events("email_sent") {
		if age := o.now.Sub(row.At); age >= 0 && age < window {
			sent++
		}
	}
	switch {
	case sent == 0:
		return absent()
	case len(sends) > sent:
		return types.Double(1)
	}
	return types.Double(float64(len(sends)) / float64(sent))
}

// untilDay goes from day to day.
func (o *Oracle) untilDay(args ...ref.Val) ref.Val {
	of := as[civil](args[0]).CivilDate
	today, ok := inZone(append([]ref.Val{types.Timestamp{Time: o.now}}, args[1:]...))
	if !ok {
		return absent()
	}
	d := campaign.DateOf(today).In(time.UTC)
	for days := 0; ; days++ {
		tomorrow := d.AddDate(0, 0, 1)
		on := d.Month() == of.Month && d.Day() == of.Day
		instead := of.Month == time.February && of.Day == 29 && d.Month() == time.February && d.Day() == 28 && tomorrow.Month() == time.March
		if on || instead {
			return types.Double(days)
		}
		d = tomorrow
	}
}

// gatheringMeanings are those of sets and numbers, and what macros gather with.
func gatheringMeanings() map[string]functions.FunctionOp {
	all := func(a, b ref.Val) bool {
		for _, e := range elements(b) {
			if contained(e, a) == types.False {
				return false
			}
		}
		return true
	}
	one := func(f func(float64) float64) functions.FunctionOp {
		return func(args ...ref.Val) ref.Val { return types.Double(f(float64(as[types.Double](args[0]))) + 0) }
	}
	than := func(want types.Int) functions.FunctionOp {
		return func(args ...ref.Val) ref.Val {
			if as[types.Double](args[0]).Compare(args[1]) == want {
				return as[types.Double](args[0]).Add(types.Double(0))
			}
			return as[types.Double](args[1]).Add(types.Double(0))
		}
	}
	return map[string]functions.FunctionOp{
		"sets.contains":   func(args ...ref.Val) ref.Val { return types.Bool(all(args[0], args[1])) },
		"sets.equivalent": func(args ...ref.Val) ref.Val { return types.Bool(all(args[0], args[1]) && all(args[1], args[0])) },
		"sets.intersects": func(args ...ref.Val) ref.Val {
			for _, e := range elements(args[0]) {
				if contained(e, args[1]) == types.True {
					return types.True
				}
			}
			return types.False
		},
		"math.abs": one(math.Abs), "math.round": one(math.Round), "math.floor": one(math.Floor), "math.ceil": one(math.Ceil),
		"math.least": than(types.IntNegOne), "math.greatest": than(types.IntOne),
		fnExtend: func(args ...ref.Val) ref.Val {
			out := args[0]
			for _, e := range elements(args[1]) {
				out = grown(out, e)
			}
			return out
		},
		fnScales: func(...ref.Val) ref.Val { return types.NewRefValList(types.DefaultTypeAdapter, nil) },
		fnWeigh:  weighed,
		fnTop:    heaviestVal,
		fnShare: func(args ...ref.Val) ref.Val {
			holds, all, w := elements(args[0])[0], elements(args[0])[1], ref.Val(types.Double(1))
			if len(args) == 3 {
				w = args[2]
			}
			if isAbsent(w) {
				return args[0]
			}
			if args[1] == types.True {
				holds = as[types.Double](holds).Add(w)
			}
			return types.NewRefValList(types.DefaultTypeAdapter, []ref.Val{holds, as[types.Double](all).Add(w)})
		},
		fnPart: func(args ...ref.Val) ref.Val {
			return finiteVal(as[types.Double](elements(args[0])[0]).Divide(elements(args[0])[1]))
		},
	}
}

// weighed puts a value and its weight at the end of a list of both.
func weighed(args ...ref.Val) ref.Val {
	w := ref.Val(types.Double(1))
	if len(args) == 3 {
		w = args[2]
	}
	switch {
	case isAbsent(args[1]):
		return args[0]
	case isAbsent(w):
		w = types.Double(0)
	}
	return grown(grown(args[0], args[1]), w)
}

// heaviestVal adds up the weights of each value.
func heaviestVal(args ...ref.Val) ref.Val {
	pairs, best, most := elements(args[0]), absent(), 0.0
	for i := 0; i < len(pairs); i += 2 {
		total := 0.0
		for j := 0; j < len(pairs); j += 2 {
			if types.Equal(plain(pairs[i]), plain(pairs[j])) == types.True {
				total += float64(as[types.Double](pairs[j+1]))
			}
		}
		smaller := types.IsUnknown(best) || as[traits.Comparer](plain(pairs[i])).Compare(plain(best)) == types.IntNegOne
		if types.IsUnknown(best) || total > most || total == most && smaller {
			best, most = pairs[i], total
		}
	}
	return best
}
