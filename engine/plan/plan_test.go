package plan_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/state"
	"github.com/herald-campaigns/herald/engine/store"
)

func condition(text string, segments ...string) campaign.Expr {
	return campaign.Expr{Text: text, Type: campaign.Of(campaign.Bool), Reads: campaign.Reads{Segments: segments}}
}

func segment(name, when string, reads ...string) campaign.Resource {
	var deps []addr.Addr
	for _, r := range reads {
		deps = append(deps, addr.New("segment", r))
	}
	return campaign.NewResource(&campaign.Segment{Name: name, When: condition(when, reads...)}, deps)
}

func journey(wait time.Duration, segmentName string) campaign.Resource {
	return campaign.NewResource(&campaign.Journey{
		Name: "win_back", OnChange: campaign.Pin,
		Trigger: campaign.Trigger{Name: "lapse", Segment: &campaign.SegmentTrigger{Segment: segmentName}},
		Steps:   campaign.Steps{&campaign.Wait{Name: "pause", For: wait}, &campaign.Send{Name: "hello", Message: "m"}},
	}, []addr.Addr{addr.New("segment", segmentName)})
}

func revision(resources ...campaign.Resource) *campaign.Revision {
	return campaign.NewRevision(campaign.Settings{Name: "test"}, campaign.Environment{Name: "staging", Deliver: campaign.DeliverMailbox}, resources)
}

// live is the snapshot after rev was applied.
func live(serial int64, rev *campaign.Revision) *state.Snapshot {
	l := store.Live{Serial: serial, Environment: rev.Environment, Settings: rev.Settings}
	for _, r := range rev.Resources {
		l.Resources = append(l.Resources, store.LiveResource{Addr: r.Addr, Digest: r.Digest, DependsOn: r.DependsOn, Body: r.Body})
	}
	return state.New(l)
}

func TestNothingChanged(t *testing.T) {
	rev := revision(segment("a", "x > 1"), segment("b", "segment.a", "a"))
	p, err := plan.New(rev, live(3, rev))
	require.NoError(t, err)
	require.True(t, p.Empty())
	require.Equal(t, 2, p.Unchanged)
	require.Equal(t, "no changes", p.Summary())
}

func TestActionsAndOrder(t *testing.T) {
	before := revision(segment("a", "x > 1"), segment("gone", "segment.a", "a"), journey(time.Hour, "a"))
	after := revision(segment("a", "x > 2"), segment("new", "segment.a", "a"), journey(2*time.Hour, "a"))
	p, err := plan.New(after, live(1, before))
	require.NoError(t, err)
	got := map[string]plan.Action{}
	var order []string
	for _, c := range p.Changes {
		got[c.Addr.String()] = c.Action
		order = append(order, c.Addr.String())
	}
	require.Equal(t, map[string]plan.Action{
		"segment.a": plan.Update, "segment.new": plan.Create, "journey.win_back": plan.Update, "segment.gone": plan.Delete,
	}, got)
	require.Equal(t, []string{"segment.a", "segment.new", "journey.win_back", "segment.gone"}, order)
	require.Equal(t, "1 to create, 2 to update, 1 to delete", p.Summary())
	require.Equal(t, []plan.AttributeChange{{Path: "steps.pause.for", Before: "1h", After: "2h"}}, p.Changes[2].Attributes)
}

func TestReplaceSaysWhy(t *testing.T) {
	smtp := campaign.NewResource(&campaign.Provider{Name: "out", Source: "builtin/smtp", Config: map[string]any{}}, nil)
	mailbox := campaign.NewResource(&campaign.Provider{Name: "out", Source: "builtin/mailbox", Config: map[string]any{}}, nil)
	p, err := plan.New(revision(mailbox), live(1, revision(smtp)))
	require.NoError(t, err)
	require.Equal(t, plan.Replace, p.Changes[0].Action)
	require.NotEmpty(t, p.Changes[0].Why)
}

func TestChangeRipples(t *testing.T) {
	before := revision(segment("a", "x > 1"), segment("b", "segment.a", "a"), segment("c", "segment.b", "b"), segment("apart", "y"))
	after := revision(segment("a", "x > 2"), segment("b", "segment.a", "a"), segment("c", "segment.b", "b"), segment("apart", "y"))
	snapshot := live(1, before)
	p, err := plan.New(after, snapshot)
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"a": nil, "b": {"segment.a"}, "c": {"segment.a"}}, trim(plan.ChangedSegments(p, after, snapshot)))
}

func trim(m map[string][]string) map[string][]string {
	for k, v := range m {
		if len(v) == 0 {
			m[k] = nil
		}
	}
	return m
}

func TestPeople(t *testing.T) {
	before := revision(segment("a", "x > 1"), journey(time.Hour, "a"))
	after := revision(segment("a", "x > 2"), journey(2*time.Hour, "a"))
	p, err := plan.New(after, live(1, before))
	require.NoError(t, err)
	p.AddPeople(after, plan.Facts{
		At:       time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC),
		Segments: map[string]plan.SegmentEffect{"a": {Before: 412, After: 533, Enters: 121, Unknown: 14}},
		Inside:   map[string][]plan.StepPeople{"win_back": {{Step: "pause", People: 37}}},
	})
	require.Equal(t, []plan.JourneyEffect{{
		Journey: "win_back", Action: plan.Update, Inside: 37, Steps: []plan.StepPeople{{Step: "pause", People: 37}}, Segment: "a", Enters: 121,
	}}, p.Journeys)
	var out bytes.Buffer
	require.NoError(t, plan.WriteText(&out, p, plan.TextOptions{}))
	require.Contains(t, out.String(), "segment.a: 412 → 533 people (+121, −0), unknown of 14")
	require.Contains(t, out.String(), "nobody enters by this. The 121 people count as already inside")
	require.Contains(t, out.String(), "37 people under way finish on the revision that they entered: 37 at pause")
}

func TestDeletingAJourneyWithPeopleInsideIsRefused(t *testing.T) {
	p, err := plan.New(revision(segment("a", "x")), live(1, revision(segment("a", "x"), journey(time.Hour, "a"))))
	require.NoError(t, err)
	p.AddPeople(revision(), plan.Facts{Inside: map[string][]plan.StepPeople{"win_back": {{Step: "pause", People: 1}}}})
	require.Len(t, p.Refusals(), 1)
	p.Journeys[0].Inside = 0
	require.Empty(t, p.Refusals())
}

func TestDigestTellsPlansApart(t *testing.T) {
	base := revision(segment("a", "x > 1"))
	one, err := plan.New(revision(segment("a", "x > 2")), live(1, base))
	require.NoError(t, err)
	same, err := plan.New(revision(segment("a", "x > 2")), live(1, base))
	require.NoError(t, err)
	later, err := plan.New(revision(segment("a", "x > 2")), live(2, base))
	require.NoError(t, err)
	require.Equal(t, one.Digest(), same.Digest())
	require.NotEqual(t, one.Digest(), later.Digest())
}

func TestTextMarksStepsAndTexts(t *testing.T) {
	message := func(text string) campaign.Resource {
		return campaign.NewResource(&campaign.Message{Name: "m", Channel: "email", Topic: "t", Sender: "s", Subject: "Hi", Text: text}, nil)
	}
	p, err := plan.New(revision(message("one\ntwo\nthree")), live(1, revision(message("one\n2\nthree"))))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, plan.WriteText(&out, p, plan.TextOptions{}))
	require.Contains(t, out.String(), "~ text\n        - 2\n        + two\n")
	require.NotContains(t, out.String(), "three")
}

func TestJSONHoldsEverything(t *testing.T) {
	p, err := plan.New(revision(segment("a", "x > 2")), live(1, revision(segment("a", "x > 1"))))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, plan.WriteJSON(&out, p))
	var got struct {
		Changes []struct {
			Address, Action string
			Attributes      []struct{ Path, Before, After string }
		} `json:"resource_changes"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	require.Equal(t, "segment.a", got.Changes[0].Address)
	require.Equal(t, "x > 1", got.Changes[0].Attributes[0].Before)
	require.Equal(t, "x > 2", got.Changes[0].Attributes[0].After)
}
