package vector_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/audience/vector"
	"github.com/herald-campaigns/herald/engine/store"
)

const aDay = 24 * time.Hour

// lengths are the durations that a condition speaks of.
func lengths(n ir.Node) []time.Duration {
	out := []time.Duration{0}
	ir.Walk(n, func(n ir.Node) bool {
		if c, ok := n.(*ir.Const); ok {
			if d, ok := c.Value.(time.Duration); ok {
				out = append(out, d, -d)
			}
		}
		return true
	})
	return out
}

// moments are the instants at which something about a person could change for a
// condition, and some more: those of events and attributes, by the lengths that the
// condition speaks of; hours and days; any.
func moments(r *rand.Rand, record *store.Record, ds []time.Duration, from time.Time) []time.Time {
	bases := []time.Time{record.CreatedAt}
	for _, history := range record.Events {
		for _, e := range history {
			bases = append(bases, e.At)
		}
	}
	for _, c := range record.Consents {
		bases = append(bases, c.At)
	}
	for _, v := range record.Attributes {
		if s, ok := v.(string); ok {
			if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
				bases = append(bases, t)
			} else if d, err := time.Parse(time.DateOnly, s); err == nil {
				bases = append(bases, d, time.Date(from.Year(), d.Month(), d.Day(), 0, 0, 0, 0, time.UTC))
			}
		}
	}
	var out []time.Time
	for _, base := range bases {
		for _, d := range ds {
			out = append(out, base.Add(d))
		}
	}
	for i := range 60 {
		out = append(out, from.Truncate(time.Hour).Add(time.Duration(i)*15*time.Minute), from.Truncate(aDay).Add(time.Duration(i)*aDay),
			from.Add(time.Duration(r.Int64N(int64(90*aDay)))))
	}
	return out
}

// steady fails if the truth is another at some instant between two.
func steady(t *testing.T, p *vector.Program, slot uint32, from, to time.Time, at []time.Time) {
	t.Helper()
	truth := p.Test(slot, from)
	same := func(now time.Time) {
		if now.After(from) && now.Before(to) {
			require.Equal(t, truth, p.Test(slot, now), "%s\nof slot %d: at %s it is not what it was at %s; it was said to stand until %s",
				p.Checked().Text(), slot, now.Format(time.RFC3339Nano), from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano))
		}
	}
	for _, now := range at {
		same(now.Add(-1))
		same(now)
		same(now.Add(1))
		same(now.Add(time.Microsecond))
	}
	same(to.Add(-1))
}

// stepping goes from Next to Next and looks in between. It returns how often the
// truth turned, and how often Next was asked.
func stepping(t *testing.T, r *rand.Rand, p *vector.Program, slot uint32, record *store.Record, now time.Time, steps int) (turns, asked int) {
	t.Helper()
	at := moments(r, record, lengths(p.Checked().Node()), now)
	for range steps {
		next, ok := p.Next(slot, now)
		asked++
		if !ok {
			steady(t, p, slot, now, now.Add(3*365*aDay), at)
			return turns, asked
		}
		require.True(t, next.After(now), p.Checked().Text())
		steady(t, p, slot, now, next, at)
		if p.Test(slot, next) != p.Test(slot, now) {
			turns++
		}
		now = next
	}
	return turns, asked
}

// Between two answers of Next the truth never turns, whatever the condition and
// whoever the person.
func TestNext(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	turns, asked, people := 0, 0, 15
	if testing.Short() {
		people = 4
	}
	for i, c := range []*crowd{newCrowd(t, audiencetest.Population{People: 300, Events: 2500, Seed: 19}), newStrangers(t, 20, 300)} {
		e := newEvaluator(c.project, c.table)
		conditions := audiencetest.Checked(t, c.project, audiencetest.Conditions()...)
		for round := range max(pairs()/400_000, 1) {
			conditions = append(conditions, audiencetest.Random(c.project, 500+100*i+round, 60)...)
		}
		for _, checked := range conditions {
			p := e.compile(checked)
			for range people {
				slot := uint32(r.IntN(len(c.table.IDs)))
				start := c.trial.Now.Add(-time.Duration(r.Int64N(int64(200 * aDay))))
				n, m := stepping(t, r, p, slot, c.trial.People[slot], start, 12)
				turns, asked = turns+n, asked+m
			}
		}
	}
	t.Logf("asked %d times, the truth turned %d times", asked, turns)
	require.Greater(t, turns, 20*people)
}

// instants are those that Next gives for the first person, up to a limit.
func instants(p *vector.Program, now time.Time, limit int) (out []time.Time) {
	for range limit {
		next, ok := p.Next(0, now)
		if !ok {
			break
		}
		out, now = append(out, next), next
	}
	return out
}

// The instants are exact where the rules of the language say when something ends.
func TestNextIsExact(t *testing.T) {
	now := time.Date(2026, 3, 27, 22, 30, 0, 0, time.UTC)
	ordered := now.Add(-10*aDay + 250*time.Microsecond)
	b := column.NewBuilder(audiencetest.Everything(), 1, 2)
	b.Add(&store.Record{Person: store.Person{ID: 1, CreatedAt: now.Add(-2 * aDay), Attributes: map[string]any{"timezone": "Europe/Berlin", "birthday": "2008-02-29"}}})
	b.Happen(&store.Event{Seq: 1, Person: 1, Name: "order_completed", At: ordered, Properties: map[string]any{"total": 10.0}})
	b.Happen(&store.Event{Seq: 2, Person: 1, Name: "order_completed", At: now.Add(aDay), Properties: map[string]any{"total": 20.0}})
	table := b.Table()
	project := audiencetest.Project(t)
	e := newEvaluator(project, table)
	for src, want := range map[string][]time.Time{
		`profile.points > 3`: nil,
		`events.order_completed.within("30d").count() > 5`:                                        {now.Add(aDay), ordered.Add(30 * aDay), now.Add(31 * aDay)},
		`events.order_completed.within("30d").any()`:                                              {now.Add(31 * aDay)}, // known from the second on; the first is not asked
		`events.email_opened.within("30d").none()`:                                                nil,
		`events.order_completed.since(date("2026-03-01")).count() > 1`:                            {now.Add(aDay)},
		`now - profile.created_at > duration("30d")`:                                              {now.Add(28*aDay + 1)},
		`now - profile.created_at >= duration("30d")`:                                             {now.Add(28 * aDay)},
		`(has(profile.country) ? now : profile.last_seen) - profile.created_at > duration("30d")`: {now.Add(28*aDay + 1)},
		`profile.created_at > now - duration("30d")`:                                              {now.Add(28 * aDay)},
		`now < timestamp("2026-04-01T00:00:00Z")`:                                                 {time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)},
		`profile.wholesale && hour(now) > 3`:                                                      nil, // unknown while wholesale is; see below
		`age(profile.birthday) >= 18 && profile.country == "nowhere"`:                             nil,
		`events.order_completed.last().at > now - duration("12h")`:                                {now.Add(aDay), now.Add(aDay + 12*time.Hour)},
		`events.order_completed.sum(o, o.total * decay(now - o.at, "30d")) > 5`:                   nil,
	} {
		c := audiencetest.Checked(t, project, src)[0]
		got := instants(e.compile(c), now, 3)
		switch src {
		case `profile.wholesale && hour(now) > 3`:
			require.NotEmpty(t, got, src) // unknown && false is false
		case `events.order_completed.sum(o, o.total * decay(now - o.at, "30d")) > 5`:
			require.NotEmpty(t, got, src)
		case `events.order_completed.within("30d").any()`:
			require.Equal(t, []time.Time{ordered.Add(30 * aDay), now.Add(31 * aDay)}, got, src)
		default:
			require.Equal(t, want, slices.Clip(got), src)
		}
	}
	// Summer time begins in Berlin on 29 March 2026 at 1:00 UTC.
	c := audiencetest.Checked(t, project, `hour(now, profile.timezone) == 3`)[0]
	require.Contains(t, instants(e.compile(c), now, 40), time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC))
	// 29 February is 1 March in common years: eighteen on the first day, UTC.
	c = audiencetest.Checked(t, project, `age(profile.birthday) >= 18`)[0]
	p := e.compile(c)
	next, ok := p.Next(0, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	require.True(t, ok)
	require.Equal(t, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), next)
	require.Equal(t, expr.True, p.Test(0, next))
}

// A value that only falls is followed to the nanosecond.
func TestNextOfDecay(t *testing.T) {
	now := time.Date(2026, 3, 27, 22, 30, 0, 0, time.UTC)
	b := column.NewBuilder(audiencetest.Everything(), 1, 1)
	b.Add(&store.Record{Person: store.Person{ID: 1}})
	b.Happen(&store.Event{Seq: 1, Person: 1, Name: "order_completed", At: now, Properties: map[string]any{"total": 16.0}})
	project := audiencetest.Project(t)
	e := newEvaluator(project, b.Table())
	c := audiencetest.Checked(t, project, `events.order_completed.sum(o, o.total * decay(now - o.at, "1d")) > 4`)[0]
	p := e.compile(c)
	at := now
	for p.Test(0, at) == expr.True {
		next, ok := p.Next(0, at)
		require.True(t, ok)
		at = next
	}
	require.Equal(t, now.Add(2*aDay), at)
}
