package impact_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/impact"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/state"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// project is a shop whose segment lapsed begins after so many days.
func project(t *testing.T, lapsed string, more ...campaign.Definition) *campaign.Revision {
	t.Helper()
	str := campaign.Of(campaign.String)
	hero := campaign.Content{Name: "hero", Cases: []campaign.ContentCase{
		{Name: "lapsed", When: linktest.When("segment.quiet"), Text: "We miss you"}, {Name: "else", Text: "Hello"},
	}}
	defs := []campaign.Definition{
		&campaign.Profile{Attributes: []campaign.Attribute{{Name: "first_name", Type: str}, {Name: "plan", Type: str}}},
		&campaign.Event{Name: "order_completed", Properties: []campaign.Field{{Name: "total", Type: campaign.Of(campaign.Number), Optional: true}}},
		&campaign.Topic{Name: "news"},
		&campaign.Segment{Name: "lapsed", When: linktest.CEL(lapsed)},
		&campaign.Segment{Name: "quiet", When: linktest.CEL("segment.lapsed && !(profile.plan == 'club')")},
		&hero,
		&campaign.Message{Name: "hello", Channel: "email", Topic: "news", Subject: "Hello", Text: "{% content hero %} {{ unsubscribe_url }}", Blocks: []campaign.Content{hero}},
		&campaign.Journey{
			Name: "win_back", Trigger: campaign.Trigger{Name: "lapse", Segment: &campaign.SegmentTrigger{Segment: "lapsed"}},
			ExitWhen: linktest.When("!segment.lapsed"),
			Steps: campaign.Steps{
				&campaign.Wait{Name: "pause", For: time.Hour},
				&campaign.Branch{Name: "next", Cases: []campaign.BranchCase{{Name: "quiet", When: linktest.When("segment.quiet"), Steps: campaign.Steps{&campaign.Exit{Name: "done"}}}, {Name: "else"}}},
			},
		},
		&campaign.Broadcast{Name: "weekly", Audience: linktest.CEL("!segment.quiet"), Message: "hello"},
	}
	resources := linktest.Resources(t, append(defs, more...)...)
	depends(resources)
	return campaign.NewRevision(campaign.Settings{}, campaign.Environment{Name: "test"}, resources)
}

// depends adds what compile would: which segments read which.
func depends(resources []campaign.Resource) {
	for i := range resources {
		if s, ok := resources[i].Def.(*campaign.Segment); ok {
			for _, label := range s.When.Reads.Segments {
				resources[i].DependsOn = append(resources[i].DependsOn, addr.New("segment", label))
			}
		}
	}
}

// newStore holds ten people who ordered 5, 15, … 95 days ago, with the project
// live and people 6 to 8 on their way.
func newStore(t *testing.T, rev *campaign.Revision) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		var people []int64
		for i := range 10 {
			attributes := map[string]any{"plan": "free"}
			if i == 5 {
				attributes["plan"] = "club"
			}
			p, err := tx.Identify(store.Person{Key: fmt.Sprint("k", i), Email: fmt.Sprintf("p%d@example.com", i), Attributes: attributes, UpdatedAt: now})
			if err != nil {
				return err
			}
			people = append(people, p.ID)
			at := now.AddDate(0, 0, -5-10*i)
			if _, err := tx.AppendEvents([]store.Event{{Person: p.ID, Name: "order_completed", At: at, ReceivedAt: at, Properties: map[string]any{"total": 10.0}}}); err != nil {
				return err
			}
		}
		var journey campaign.Resource
		for _, r := range rev.Resources {
			if err := tx.PutDefinitions([]store.Definition{{Digest: r.Digest, Kind: r.Addr.Kind(), Body: r.Body}}); err != nil {
				return err
			}
			if err := tx.SetLive(store.LiveResource{Addr: r.Addr, Digest: r.Digest, DependsOn: r.DependsOn, AppliedAt: now}); err != nil {
				return err
			}
			if r.Addr.Kind() == "journey" {
				journey = r
			}
		}
		var members []store.Enrolment
		for i, id := range people[6:9] {
			members = append(members, store.Enrolment{Index: i, Person: id, EnteredAt: now.AddDate(0, 0, -1), Step: "pause", UpdatedAt: now})
		}
		return tx.CreateCohort(store.Cohort{ID: "journey/win_back/1", Journey: "win_back", Definition: journey.Digest, Size: 3, CreatedAt: now}, members)
	}))
	return s
}

func count(t *testing.T, s store.Store, rev *campaign.Revision) *plan.Plan {
	t.Helper()
	live, err := state.Load(t.Context(), s)
	require.NoError(t, err)
	p, err := plan.New(rev, live)
	require.NoError(t, err)
	require.NoError(t, impact.Count(t.Context(), impact.Base{Store: s}, p, rev, live, now))
	return p
}

const lapsed60, lapsed30 = "events.order_completed.within('60d').none()", "events.order_completed.within('30d').none()"

// Thirty days in place of sixty: three more people lapse (those of 35, 45 and 55
// days), one of them in the club and so not quiet.
func TestAnEditRipples(t *testing.T) {
	s := newStore(t, project(t, lapsed60))
	p := count(t, s, project(t, lapsed30))
	require.Len(t, p.Segments, 2)
	lapsed, quiet := p.Segments[0], p.Segments[1]
	require.Equal(t, [5]int{4, 7, 3, 0, 4}, [5]int{lapsed.Before, lapsed.After, lapsed.Enters, lapsed.Leaves, lapsed.Stays})
	require.Empty(t, lapsed.Because)
	require.Equal(t, [5]int{4, 6, 2, 0, 4}, [5]int{quiet.Before, quiet.After, quiet.Enters, quiet.Leaves, quiet.Stays})
	require.Equal(t, []string{"segment.lapsed"}, quiet.Because)
	require.Len(t, quiet.Sample, 2)
	require.Len(t, lapsed.Sample, 3)
	require.True(t, lapsed.Sample[0].Enters)
	require.Equal(t, []plan.Ripple{
		{Reader: addr.New("broadcast", "weekly"), Segments: []string{"lapsed", "quiet"}, People: 4, Moves: []plan.Shift{{From: "audience", People: 2}}},
		{Reader: addr.New("content", "hero"), Segments: []string{"lapsed", "quiet"}, Moves: []plan.Shift{{From: "else", To: "lapsed", People: 2}}},
	}, p.Ripples)
}

// Ninety days in place of sixty: of the three under way (65, 75 and 85 days) all
// would leave, and none would take the branch.
func TestAnEditReachesThoseUnderWay(t *testing.T) {
	s := newStore(t, project(t, lapsed60))
	p := count(t, s, project(t, "events.order_completed.within('90d').none()"))
	require.Len(t, p.Ripples, 4)
	require.Equal(t, plan.Ripple{
		Reader: addr.New("journey", "win_back"), Place: "exit_when", Segments: []string{"lapsed"}, People: 3, Moves: []plan.Shift{{From: "stay", To: "exit", People: 3}},
	}, p.Ripples[2])
	require.Equal(t, plan.Ripple{
		Reader: addr.New("journey", "win_back"), Place: "branch next", Segments: []string{"lapsed", "quiet"}, People: 3, Moves: []plan.Shift{{From: "quiet", To: "else", People: 3}},
	}, p.Ripples[3])
}

func TestSpellingIsNoMeaning(t *testing.T) {
	s := newStore(t, project(t, lapsed60+" && profile.plan != 'staff'"))
	p := count(t, s, project(t, "!(profile.plan == 'staff') && "+lapsed60))
	require.True(t, p.Segments[0].Spelling)
	require.Zero(t, p.Segments[0].Enters+p.Segments[0].Leaves)
	require.Empty(t, p.Ripples)
}

func TestANewJourneyWithBackfill(t *testing.T) {
	s := newStore(t, project(t, lapsed60))
	p := count(t, s, project(t, lapsed60, &campaign.Journey{
		Name: "hello_again", Trigger: campaign.Trigger{Name: "lapse", Segment: &campaign.SegmentTrigger{Segment: "lapsed", Backfill: true}},
		Steps: campaign.Steps{&campaign.Wait{Name: "pause", For: time.Hour}},
	}))
	require.Empty(t, p.Segments)
	require.Len(t, p.Journeys, 1)
	require.Equal(t, 4, p.Journeys[0].Enrols)
}

// The plan is a set of strings from now on, and totals are booleans: of ten
// people, all had a text, and of ten orders none was true or false.
func TestValuesThatNoLongerFit(t *testing.T) {
	s := newStore(t, project(t, lapsed60))
	rev := project(t, lapsed60)
	for i, r := range rev.Resources {
		switch d := r.Def.(type) {
		case *campaign.Profile:
			p := *d
			p.Attributes = []campaign.Attribute{{Name: "first_name", Type: campaign.Of(campaign.String)}, {Name: "plan", Type: campaign.Of(campaign.String), OneOf: []string{"free"}}}
			rev.Resources[i] = campaign.NewResource(&p, nil)
		case *campaign.Event:
			e := *d
			e.Properties = []campaign.Field{{Name: "total", Type: campaign.Of(campaign.Date), Optional: true}}
			rev.Resources[i] = campaign.NewResource(&e, nil)
		}
	}
	require.Equal(t, []plan.Unfit{
		{Where: addr.New("event", "order_completed"), Name: "total", Before: "number", After: "date", Values: 10},
		{Where: addr.New("profile", "profile"), Name: "plan", Before: "string", After: "string (one of free)", Values: 1, Stay: true},
	}, count(t, s, rev).Unfit)
}
