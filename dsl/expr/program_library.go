package expr

import (
	"math"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// earthRadius is the mean radius of the earth in km: (2a + b) / 3 of WGS 84.
// Moritz, Geodetic Reference System 1980, Journal of Geodesy 74, 2000.
const earthRadius = 6371.0088

// DistanceKm is the distance in km between two places in degrees, by the
// haversine formula: Sinnott, Virtues of the Haversine, Sky and Telescope 68,
// 1984.
func DistanceKm(lat1, lon1, lat2, lon2 float64) float64 {
	const radian = math.Pi / 180
	north, east := math.Sin((lat2-lat1)*radian/2), math.Sin((lon2-lon1)*radian/2)
	h := north*north + math.Cos(lat1*radian)*math.Cos(lat2*radian)*east*east
	return 2 * earthRadius * math.Asin(math.Sqrt(math.Min(1, math.Max(0, h))))
}

// Decay is 2^(-age/half), 1 for an age below 0; ok is false unless half > 0.
func Decay(age, half time.Duration) (v float64, ok bool) {
	return math.Exp2(-math.Max(0, float64(age)) / float64(half)), half > 0
}

// DaysUntil is how many days there are from today until the next anniversary of
// d, 0 if it is today. 29 February has its anniversary on the 28th in common
// years.
func DaysUntil(d, today campaign.CivilDate) int {
	next := anniversaryIn(d, today.Year)
	if compareDates(next, today) < 0 {
		next = anniversaryIn(d, today.Year+1)
	}
	return int(next.In(time.UTC).Sub(today.In(time.UTC)) / (24 * time.Hour))
}

func anniversaryIn(d campaign.CivilDate, year int) campaign.CivilDate {
	on := campaign.CivilDate{Year: year, Month: d.Month, Day: d.Day}
	if leap := year%4 == 0 && (year%100 != 0 || year%400 == 0); d.Month == time.February && d.Day == 29 && !leap {
		on.Day = 28
	}
	return on
}

// daysUntil is days_until(), today being a day in UTC or in a time zone.
func (c *compiler) daysUntil(args []ir.Node) fn[float64] {
	date, today := c.date(args[0]), c.local(append([]ir.Node{&ir.Now{}}, args[1:]...))
	return func(f *frame) (float64, bool) {
		d, ok1 := date(f)
		t, ok2 := today(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		return float64(DaysUntil(d, campaign.DateOf(t))), true
	}
}

func (c *compiler) decay(args []ir.Node) fn[float64] {
	age, half := c.duration(args[0]), c.duration(args[1])
	return func(f *frame) (float64, bool) {
		a, ok1 := age(f)
		h, ok2 := half(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		return Decay(a, h)
	}
}

func (c *compiler) distance(args []ir.Node) fn[float64] {
	lat1, lon1, lat2, lon2 := c.number(args[0]), c.number(args[1]), c.number(args[2]), c.number(args[3])
	return func(f *frame) (float64, bool) {
		a, ok1 := lat1(f)
		b, ok2 := lon1(f)
		p, ok3 := lat2(f)
		q, ok4 := lon2(f)
		if !ok1 || !ok2 || !ok3 || !ok4 {
			return 0, false
		}
		v := DistanceKm(a, b, p, q)
		return v, finite(v)
	}
}

// mathOne and mathTwo have no negative zero among their results, which a text
// would show.
var mathOne = map[ir.Func]func(float64) float64{
	ir.Abs: math.Abs, ir.Round: math.Round, ir.Floor: math.Floor, ir.Ceil: math.Ceil,
}

var mathTwo = map[ir.Func]func(a, b float64) float64{ir.Least: math.Min, ir.Greatest: math.Max}

func (c *compiler) mathCall(n *ir.Call) fn[float64] {
	x := c.number(n.Args[0])
	if one := mathOne[n.Func]; one != nil {
		return func(f *frame) (float64, bool) {
			v, ok := x(f)
			return one(v) + 0, ok
		}
	}
	y, two := c.number(n.Args[1]), mathTwo[n.Func]
	return func(f *frame) (float64, bool) {
		a, ok1 := x(f)
		b, ok2 := y(f)
		return two(a, b) + 0, ok1 && ok2
	}
}

// setTest is a question about two sets or lists.
func (c *compiler) setTest(n *ir.Call) cond {
	x, y := c.list(n.Args[0]), c.list(n.Args[1])
	test := map[ir.Func]func(a, b []any) bool{ir.SetsContains: hasAll, ir.SetsIntersects: haveCommon, ir.SetsEquivalent: sameSet}[n.Func]
	return func(f *frame) Truth {
		a, ok1 := x(f)
		b, ok2 := y(f)
		if !ok1 || !ok2 {
			return Unknown
		}
		return TruthOf(test(a, b))
	}
}

func hasAll(a, b []any) bool {
	return !slices.ContainsFunc(b, func(v any) bool { return !has(a, v) })
}

func haveCommon(a, b []any) bool {
	return slices.ContainsFunc(b, func(v any) bool { return has(a, v) })
}

func has(list []any, v any) bool {
	return slices.ContainsFunc(list, func(w any) bool { return equal(v, w) })
}

// consentField gives a field of what was said.
func consentField(n *ir.Consent) fn[any] {
	switch n.Field {
	case ir.ConsentAt:
		return box(saidAt(n))
	case ir.ConsentSource:
		return box(saidWhere(n))
	}
	topic, channel := n.Topic, n.Channel
	return func(f *frame) (any, bool) {
		word, said := f.subject.Consent(topic, channel)
		return said && word.Granted, true
	}
}

func saidAt(n *ir.Consent) fn[time.Time] {
	topic, channel := n.Topic, n.Channel
	return func(f *frame) (time.Time, bool) {
		word, said := f.subject.Consent(topic, channel)
		return word.At, said && !word.At.IsZero()
	}
}

func saidWhere(n *ir.Consent) fn[string] {
	topic, channel := n.Topic, n.Channel
	return func(f *frame) (string, bool) {
		word, said := f.subject.Consent(topic, channel)
		return word.Source, said && word.Source != ""
	}
}

// ratio is a duration divided by another.
func (c *compiler) ratio(n *ir.Arith) fn[float64] {
	l, r := c.duration(n.L), c.duration(n.R)
	return func(f *frame) (float64, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		v := float64(a) / float64(b)
		return v, finite(v)
	}
}
