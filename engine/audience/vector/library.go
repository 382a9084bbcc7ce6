package vector

import (
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// consented is consent.TOPIC.CHANNEL.granted.
func (c *compiler) consented(n *ir.Consent) cond {
	said := c.said(n)
	return func(f *frame) expr.Truth {
		s := said()
		return expr.TruthOf(s != nil && s.Granted.Has(f.slot))
	}
}

// said finds the words on a topic by a channel; nil where nobody said any.
func (c *compiler) said(n *ir.Consent) func() *column.Consent {
	t, of := c.table, column.Permission{Topic: n.Topic, Channel: n.Channel}
	if said := t.Consents[of]; said != nil {
		return func() *column.Consent { return said }
	}
	return func() *column.Consent { return t.Consents[of] }
}

func (c *compiler) saidAt(n *ir.Consent) fn[time.Time] {
	said := c.said(n)
	return func(f *frame) (time.Time, bool) {
		s := said()
		if s == nil || !s.Known.Has(f.slot) {
			return time.Time{}, false
		}
		at, _ := s.Said(f.slot)
		return at, !at.IsZero()
	}
}

func (c *compiler) saidWhere(n *ir.Consent) fn[string] {
	said := c.said(n)
	return func(f *frame) (string, bool) {
		s := said()
		if s == nil || !s.Known.Has(f.slot) {
			return "", false
		}
		_, source := s.Said(f.slot)
		return source, source != ""
	}
}

// daysUntil is days_until(), today being a day in UTC or in a time zone.
func (c *compiler) daysUntil(args []ir.Node) fn[float64] {
	date, today := c.day(args[0]), c.local(append([]ir.Node{&ir.Now{}}, args[1:]...), aDay)
	return func(f *frame) (float64, bool) {
		d, ok1 := date(f)
		t, ok2 := today(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		return float64(expr.DaysUntil(campaign.DateOf(midnight(d)), campaign.DateOf(t))), true
	}
}

// decay falls all the time.
func (c *compiler) decay(args []ir.Node) fn[float64] {
	age, half, p, q := c.duration(args[0]), c.duration(args[1]), c.pace(args[0]), c.pace(args[1])
	return func(f *frame) (float64, bool) {
		a, ok1 := age(f)
		h, ok2 := half(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		if p.moves() || q.moves() {
			f.flows()
		}
		return expr.Decay(a, h)
	}
}

// flows notes that a value under way moves all the time.
func (f *frame) flows() {
	if f.watch {
		f.flowing = true
		f.in(grid)
	}
}

// ratio is a duration divided by another.
func (c *compiler) ratio(n *ir.Arith) fn[float64] {
	l, r, p, q := c.duration(n.L), c.duration(n.R), c.pace(n.L), c.pace(n.R)
	return func(f *frame) (float64, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		if p.moves() || q.moves() {
			f.flows()
		}
		v := float64(a) / float64(b)
		return v, finite(v)
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
		v := expr.DistanceKm(a, b, p, q)
		return v, finite(v)
	}
}

var mathOne = map[ir.Func]func(float64) float64{
	ir.Abs: math.Abs, ir.Round: math.Round, ir.Floor: math.Floor, ir.Ceil: math.Ceil,
}

var mathTwo = map[ir.Func]func(a, b float64) float64{ir.Least: math.Min, ir.Greatest: math.Max}

// mathCall has no negative zero among its results.
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
