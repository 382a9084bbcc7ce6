package audiencetest

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// Population is a number of people and about so many events, made up from a seed.
type Population struct {
	People, Events int
	Seed           uint64
	// Plain leaves out what is rare in life and wanted in tests: instants to the
	// microsecond, and on the edges of windows.
	Plain bool
}

// Someone is a made-up person. Events are in the order in which they came in,
// which is not always that of their instants.
type Someone struct {
	store.Person
	Events     []store.Event
	Consents   []store.Consent
	Suppressed bool // nothing reaches the address
}

// All makes up everybody, with IDs from 1.
func (p Population) All() iter.Seq[*Someone] {
	return func(yield func(*Someone) bool) {
		seq := int64(0)
		for id := range int64(p.People) {
			s := p.One(id + 1)
			for i := range s.Events {
				seq++
				s.Events[i].Seq = seq
			}
			if !yield(s) {
				return
			}
		}
	}
}

// One makes up the person with an ID, who is the same in every population of the
// same seed and proportions. Events have no Seq.
func (p Population) One(id int64) *Someone {
	d := &drawer{Rand: rand.New(rand.NewPCG(p.Seed, uint64(id))), plain: p.Plain}
	s := &Someone{Person: store.Person{ID: id, Key: fmt.Sprintf("p%d", id), CreatedAt: d.past(700 * day)}}
	if d.Float64() < 0.9 {
		s.Email = fmt.Sprintf("%s%d@%s.example", pick(d, "ada", "zoe", "kim"), id, pick(d, "mail", "post", "web"))
	}
	if d.Float64() < 0.2 {
		s.Phone = fmt.Sprintf("+4930%07d", id)
	}
	s.Attributes = d.attributes()
	s.Consents = d.consents(id)
	s.Suppressed = s.Email != "" && d.Float64() < 0.05
	s.Events = d.events(id, float64(p.Events)/float64(max(p.People, 1)))
	return s
}

// Record is the person as a store gives them.
func (s *Someone) Record() *store.Record {
	r := &store.Record{Person: s.Person, Events: map[string][]store.Event{}, Consents: newest(s.Consents), Suppressed: s.closed()}
	for _, e := range s.Events {
		r.Events[e.Name] = append(r.Events[e.Name], e)
	}
	for _, history := range r.Events {
		slices.SortStableFunc(history, func(a, b store.Event) int { return a.At.Compare(b.At) })
	}
	return r
}

// closed are the channels on which nothing reaches the person.
func (s *Someone) closed() []string {
	if s.Suppressed {
		return []string{"email"}
	}
	return nil
}

// newest keeps the newest word on each topic and channel; of two at one instant
// the later said.
func newest(all []store.Consent) []store.Consent {
	var out []store.Consent
	for _, c := range all {
		same := func(o store.Consent) bool { return o.Topic == c.Topic && o.Channel == c.Channel }
		if i := slices.IndexFunc(out, same); i < 0 {
			out = append(out, c)
		} else if !c.At.Before(out[i].At) {
			out[i] = c
		}
	}
	return out
}

const day = 24 * time.Hour

// drawer makes up one person.
type drawer struct {
	*rand.Rand
	plain bool
}

func pick[T any](d *drawer, of ...T) T { return of[d.IntN(len(of))] }

// rank is a number below n: each one about as often as all of the next ten times
// as many together. This is Zipf's law with exponent 1, as cities and products
// have it.
func (d *drawer) rank(n int) int { return int(math.Pow(float64(n), d.Float64())) - 1 }

func (d *drawer) chance(p float64) bool { return d.Float64() < p }

// past is an instant before Now, most of them not long ago.
func (d *drawer) past(mean time.Duration) time.Time {
	return d.instant(time.Duration(d.ExpFloat64() * float64(mean)))
}

// edges are the lengths of windows that conditions ask for.
var edges = []time.Duration{7 * day, 30 * day, 60 * day, 90 * day, 180 * day, 12 * time.Hour, time.Hour, 0}

// instant is Now less an age, with a part of a second as clocks have it.
func (d *drawer) instant(age time.Duration) time.Time {
	switch roll := d.Float64(); {
	case !d.plain && roll < 0.06:
		return Now.Add(-pick(d, edges...) + pick(d, -time.Microsecond, 0, time.Microsecond))
	case !d.plain && roll < 0.1:
		return Now.Add(-age).Truncate(time.Microsecond)
	case roll < 0.5:
		return Now.Add(-age).Truncate(time.Second)
	}
	return Now.Add(-age).Truncate(time.Millisecond)
}

func (d *drawer) date(mean time.Duration) string {
	return campaign.DateOf(Now.Add(-time.Duration(d.ExpFloat64() * float64(mean)))).String()
}

// attributes are in JSON form; of each about a tenth to a half of people have none.
func (d *drawer) attributes() map[string]any {
	m := map[string]any{}
	maybe := func(name string, p float64, v func() any) {
		if d.chance(p) {
			m[name] = v()
		}
	}
	maybe("birthday", 0.6, func() any {
		return campaign.CivilDate{Year: 1940 + d.IntN(75), Month: time.Month(1 + d.IntN(12)), Day: 1 + d.IntN(29)}.In(time.UTC).Format(time.DateOnly)
	})
	maybe("city", 0.8, func() any { return City(d.rank(20_000)) })
	maybe("country", 0.9, func() any { return fmt.Sprintf("%c%c", 'A'+d.rank(26), 'A'+d.rank(8)) })
	maybe("dietary", 0.4, func() any { return d.some(Diets) })
	maybe("home", 0.3, func() any {
		home := map[string]any{"city": City(d.rank(100))}
		if d.chance(0.5) {
			home["floor"] = float64(d.IntN(20))
		}
		return home
	})
	maybe("language", 0.9, func() any { return pick(d, "de", "de", "en", "fr") })
	maybe("last_seen", 0.7, func() any { return d.past(60 * day).Format(time.RFC3339Nano) })
	maybe("member_since", 0.5, func() any { return d.date(900 * day) })
	maybe("plan", 0.85, func() any { return Plans[d.rank(len(Plans))] })
	maybe("points", 0.7, func() any { return float64(d.rank(5000) - 20) })
	maybe("spend", 0.75, func() any { return float64(d.rank(500_000)) / 100 })
	maybe("store", 0.4, func() any { return pick(d, append(Stores, "gone")...) })
	maybe("timezone", 0.6, func() any { return Zones[d.rank(len(Zones))] })
	maybe("wholesale", 0.5, func() any { return d.chance(0.1) })
	if !d.plain {
		maybe("lucky", 0.2, func() any { return []any{float64(d.IntN(9)), 7.0, float64(d.IntN(9))}[:d.IntN(4)] })
		maybe("patience", 0.2, func() any { return pick(d, "30d", "2d12h", "1h", "400d") })
		maybe("scores", 0.2, func() any { return map[string]any{"a": float64(d.IntN(5)), pick(d, "b", "c"): 1.5} })
	}
	return m
}

// some are a few of several, without repeats.
func (d *drawer) some(of []string) []any {
	out := []any{}
	for _, v := range of {
		if d.chance(0.4) {
			out = append(out, v)
		}
	}
	return out
}

func (d *drawer) consents(id int64) []store.Consent {
	var out []store.Consent
	for _, topic := range []string{"weekly_special", "receipts"} {
		for range d.IntN(3) {
			out = append(out, store.Consent{Person: id, Topic: topic, Channel: "email", Granted: d.chance(0.7),
				At: d.past(400 * day), Source: pick(d, Sources...), Proof: "made up"})
		}
	}
	return out
}
