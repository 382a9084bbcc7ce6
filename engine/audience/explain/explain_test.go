package explain_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/explain"
	"github.com/herald-campaigns/herald/engine/store"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 11, 3, 9, 12, 0, 0, time.UTC)

func project(t *testing.T) *link.Project {
	str, num := campaign.Of(campaign.String), campaign.Of(campaign.Number)
	segment := func(name, when string) campaign.Definition {
		return &campaign.Segment{Name: name, When: linktest.CEL(when)}
	}
	resources := linktest.Resources(t,
		&campaign.Profile{Attributes: []campaign.Attribute{
			{Name: "country", Type: str}, {Name: "visits", Type: num}, {Name: "limit", Type: num},
		}},
		&campaign.Event{Name: "order_completed", Properties: []campaign.Field{{Name: "order_id", Type: str}, {Name: "total", Type: num, Optional: true}}},
		segment("vip", "events.order_completed.within('90d').sum(o, o.total) >= 200"),
		segment("dach", "profile.country in ['DE', 'AT', 'CH']"),
		segment("vip_dach", "segment.vip && segment.dach"),
		segment("either", "segment.vip || 3 < profile.visits"),
		segment("limited", "!(profile.visits > profile.limit) && (profile.country == 'DE' ? segment.vip : true)"),
	)
	p, err := link.Link(resources, campaign.Settings{}, campaign.Environment{Name: "test"})
	require.NoError(t, err)
	return p
}

func ada(p *link.Project, at time.Time) *audience.Person {
	order := func(id string, ago time.Duration, total float64) store.Event {
		return store.Event{At: now.Add(-ago), Name: "order_completed", Properties: map[string]any{"order_id": id, "total": total}}
	}
	const day = 24 * time.Hour
	record := &store.Record{
		Person: store.Person{ID: 7, Attributes: map[string]any{"country": "DE", "visits": 2.0}},
		Events: map[string][]store.Event{"order_completed": {order("A-17", 90*day, 150), order("A-18", 30*day, 180)}},
	}
	return audience.PersonOf(audience.NewSchema(p), record, at)
}

// What is said of each segment, golden.
func TestExplanations(t *testing.T) {
	p := project(t)
	e := explain.New(p)
	person := ada(p, now)
	when := func(label string) *link.Segment {
		s, err := p.Segment(label)
		require.NoError(t, err)
		return s
	}
	before := now.Add(-time.Hour)
	moves := []store.Move{
		{Segment: "vip", Person: 7, At: now, Cause: store.ByTime, Operands: e.Operands(person, when("vip").When, now)},
		{Segment: "vip", Person: 7, Inside: true, At: now.AddDate(0, 0, -30), Cause: store.ByEvent, Ref: 12, Operands: e.Operands(ada(p, before), when("vip").When, before)},
		{Segment: "vip", Person: 7, At: now.AddDate(0, 0, -40), Cause: store.ByEvent, Ref: 13},
		{Segment: "vip", Person: 7, Inside: true, At: now.AddDate(0, 0, -50), Cause: store.ByProfile, Ref: 3},
		{Segment: "vip", Person: 7, At: now.AddDate(0, 0, -60), Cause: store.ByImport, Ref: 3},
		{Segment: "vip", Person: 7, Inside: true, At: now.AddDate(0, 0, -70), Cause: store.ByEdit, Ref: 4},
		{Segment: "dach", Person: 7, Inside: true, At: now.AddDate(0, 0, -70), Cause: store.ByStart, Ref: 1},
	}
	for _, label := range []string{"vip", "vip_dach", "either", "limited", "dach"} {
		t.Run(label, func(t *testing.T) {
			x, err := e.Explain(explain.Question{
				Segment: label, Person: person, Now: now, Next: now.AddDate(0, 0, 60), Moves: moves,
				Event: func(seq int64) (store.Event, bool) {
					return store.Event{Name: "order_completed", At: now.AddDate(0, 0, -30), Properties: map[string]any{"order_id": "A-18"}}, seq == 12
				},
			})
			require.NoError(t, err)
			got := x.Text("ada@example.com")
			file := filepath.Join("testdata", label+".txt")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
	_, err := e.Explain(explain.Question{Segment: "nope", Person: person, Now: now})
	var missing *link.NotFoundError
	require.ErrorAs(t, err, &missing)
}

// What a move keeps comes back as it was found.
func TestOperandsRoundTrip(t *testing.T) {
	p := project(t)
	e := explain.New(p)
	person := ada(p, now)
	for _, label := range p.Names("segment") {
		s, err := p.Segment(label)
		require.NoError(t, err)
		found := e.Findings(person, s.When, now)
		require.NotEmpty(t, found)
		decided := false
		for _, f := range found {
			decided = decided || f.Decides
		}
		require.True(t, decided, "something decides %s", label)
		back, err := explain.Decode(e.Operands(person, s.When, now))
		require.NoError(t, err)
		require.Equal(t, found, back)
	}
	none, err := explain.Decode(nil)
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = explain.Decode([]byte("{"))
	require.Error(t, err)
}

func BenchmarkOperands(b *testing.B) {
	resources := linktest.Resources(b,
		&campaign.Event{Name: "order_completed", Properties: []campaign.Field{{Name: "total", Type: campaign.Of(campaign.Number), Optional: true}}},
		&campaign.Segment{Name: "vip", When: linktest.CEL("events.order_completed.within('90d').sum(o, o.total) >= 200")})
	p, err := link.Link(resources, campaign.Settings{}, campaign.Environment{Name: "test"})
	require.NoError(b, err)
	s, err := p.Segment("vip")
	require.NoError(b, err)
	e, person := explain.New(p), ada(p, now)
	b.ReportAllocs()
	for b.Loop() {
		_ = e.Operands(person, s.When, now)
	}
}
