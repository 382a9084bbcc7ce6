package enrolment_test

import (
	"fmt"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/dsl/schedule"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

func birthday(tz string) *campaign.Journey {
	return one("birthday", campaign.Trigger{Name: "day", Date: &campaign.DateTrigger{
		Date: linktest.CEL("profile.birthday"), At: "09:00", Timezone: tz,
	}}, always)
}

func (h *house) plan(kind, name string, from, to time.Time) journey.PlanResult {
	h.Helper()
	h.setClock(to)
	result, err := h.service.Plan(h.Context(), journey.PlanRequest{Addr: addr.New(kind, name), From: from, To: to})
	require.NoError(h, err)
	return result
}

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestBirthdays(t *testing.T) {
	h := newHouse(t, birthday(campaign.Recipient))
	berlin := h.person("ada", map[string]any{"birthday": "1990-12-05"})
	tokyo := h.person("bob", map[string]any{"birthday": "1980-12-05", "timezone": "Asia/Tokyo"})
	stray := h.person("eve", map[string]any{"birthday": "1970-12-05", "timezone": "Atlantis"})
	h.person("zoe", map[string]any{"birthday": "1990-12-06"})
	h.person("kim")

	require.Zero(t, h.plan("journey", "birthday", utc("2026-12-04T23:00:00Z"), utc("2026-12-04T23:59:00Z")))
	require.Equal(t, journey.PlanResult{Started: 1, People: 1}, h.plan("journey", "birthday", utc("2026-12-04T23:59:00Z"), utc("2026-12-05T00:00:00Z")), "nine o'clock in Tokyo")
	require.Len(t, h.enrolments(tokyo), 1)
	require.Equal(t, journey.PlanResult{Started: 1, People: 2}, h.plan("journey", "birthday", utc("2026-12-04T23:00:00Z"), utc("2026-12-05T08:00:30Z")), "ticks may overlap")
	e := h.enrolments(berlin)[0]
	require.Equal(t, "2026-12-05", e.Key)
	require.True(t, e.EnteredAt.Equal(utc("2026-12-05T08:00:00Z")))
	require.Len(t, h.enrolments(stray), 1, "the default zone")
	require.Zero(t, h.plan("journey", "birthday", utc("2026-12-04T23:00:00Z"), utc("2026-12-05T12:00:00Z")))

	for _, p := range []int64{berlin, tokyo, stray} {
		h.end(h.enrolments(p)[0])
	}
	require.Equal(t, 3, h.plan("journey", "birthday", utc("2027-12-04T13:00:00Z"), utc("2027-12-05T12:00:00Z")).People, "and again next year")
	for _, item := range h.outbox(journey.KindStartCohort) {
		require.Contains(t, item.Workflow, "journey/birthday/d20")
	}
}

func TestDateOfATimeInOneZone(t *testing.T) {
	j := birthday("America/New_York")
	j.Trigger.Date.Date = linktest.CEL("has(profile.birthday) ? timestamp('2000-01-01T00:00:00Z') : profile.joined")
	h := newHouse(t, j)
	ada := h.person("ada", map[string]any{"joined": "2020-12-06T03:00:00Z"}) // the fifth, in New York
	require.Equal(t, 1, h.plan("journey", "birthday", utc("2026-12-05T13:59:00Z"), utc("2026-12-05T14:00:00Z")).People)
	require.Equal(t, "2026-12-05", h.enrolments(ada)[0].Key)
}

func TestDateTriggerAsksExitWhen(t *testing.T) {
	j := birthday("UTC")
	j.ExitWhen = linktest.When("profile.tier == 'none'")
	h := newHouse(t, j)
	h.person("ada", map[string]any{"birthday": "1990-12-05", "tier": "none"})
	h.person("bob", map[string]any{"birthday": "1990-12-05", "tier": "gold"})
	require.Equal(t, 1, h.plan("journey", "birthday", utc("2026-12-05T08:00:00Z"), utc("2026-12-05T09:00:00Z")).People)
}

func TestTicksOfWhatIsNotThere(t *testing.T) {
	h := newHouse(t, one("thanks", onEvent("order_completed"), always))
	require.Zero(t, h.plan("journey", "gone", start, start.Add(time.Hour)))
	require.Zero(t, h.plan("broadcast", "gone", start, start.Add(time.Hour)))
	_, err := h.service.Plan(t.Context(), journey.PlanRequest{Addr: addr.New("journey", "thanks"), From: start, To: start.Add(time.Hour)})
	require.ErrorContains(t, err, "no date trigger")
	_, err = h.service.Plan(t.Context(), journey.PlanRequest{Addr: addr.New("segment", "x"), From: start, To: start.Add(time.Hour)})
	require.ErrorContains(t, err, "no schedule")
}

func weekly(tz string) *campaign.Broadcast {
	return &campaign.Broadcast{Name: "weekly", Audience: linktest.CEL("topic.news.subscribed && profile.tier != 'none'"), Message: "weekly",
		Schedule: campaign.Schedule{RRule: "FREQ=WEEKLY;BYDAY=TH", At: "08:00", Timezone: tz}}
}

// recipients of a run, by person.
func (h *house) recipients(run string) (ids []int64) {
	h.Helper()
	h.view(func(r store.Reader) error {
		found, err := r.Run(run)
		if err != nil {
			return err
		}
		list, err := r.Recipients(run, 0, found.Size)
		for i, p := range list {
			require.Equal(h, i, p.Index)
			ids = append(ids, p.Person)
		}
		return err
	})
	return ids
}

func TestBroadcastByEachClock(t *testing.T) {
	h := newHouse(t, weekly(campaign.Recipient))
	in := func(zone string) map[string]any { return map[string]any{"timezone": zone, "tier": "gold"} }
	auckland, berlin, stray, hawaii := h.person("a", in("Pacific/Auckland")), h.person("b", in("Europe/Berlin")), h.person("c", in("Nowhere")), h.person("d", in("Pacific/Honolulu"))
	h.person("e", map[string]any{"tier": "none"})
	h.person("f") // unknown

	require.Equal(t, journey.PlanResult{Started: 1, People: 1}, h.plan("broadcast", "weekly", time.Time{}, utc("2026-12-02T19:00:00Z")), "Thursday is first in New Zealand; the first tick looks back to the apply")
	require.Equal(t, []int64{auckland}, h.recipients("broadcast/weekly/2026-12-03/Pacific-Auckland"))

	// who moves west after having had it, does not get it again
	h.update(func(tx store.Tx) error {
		_, err := tx.Identify(store.Person{Key: "a", Attributes: in("Pacific/Honolulu"), UpdatedAt: h.now()})
		return err
	})
	require.Equal(t, journey.PlanResult{Started: 1, People: 2}, h.plan("broadcast", "weekly", utc("2026-12-02T18:00:00Z"), utc("2026-12-03T07:00:00Z")))
	require.Equal(t, []int64{berlin, stray}, h.recipients("broadcast/weekly/2026-12-03/Europe-Berlin"))
	require.Equal(t, journey.PlanResult{Started: 1, People: 1}, h.plan("broadcast", "weekly", utc("2026-12-03T07:00:00Z"), utc("2026-12-03T18:00:00Z")))
	require.Equal(t, []int64{hawaii}, h.recipients("broadcast/weekly/2026-12-03/Pacific-Honolulu"))
	require.Zero(t, h.plan("broadcast", "weekly", utc("2026-12-02T18:00:00Z"), utc("2026-12-03T18:00:00Z")), "once")

	items := h.outbox(journey.KindStartRun)
	require.Len(t, items, 3)
	require.NoError(t, h.service.EndRun(t.Context(), journey.EndRunRequest{Run: items[0].Workflow, At: h.now()}))
	b, err := h.live.Current().Broadcast("weekly")
	require.NoError(t, err)
	require.Equal(t, journey.StartRun{Broadcast: "weekly", Definition: b.Digest, Size: 2, DueAt: utc("2026-12-03T07:00:00Z")}, decode[journey.StartRun](t, items[1]))
}

func TestBroadcastInOneZone(t *testing.T) {
	h := newHouse(t, weekly("Europe/Berlin"))
	require.Zero(t, h.plan("broadcast", "weekly", utc("2026-12-03T06:59:00Z"), utc("2026-12-03T07:00:00Z")), "nobody is there")
	require.Empty(t, h.recipients("broadcast/weekly/2026-12-03/Europe-Berlin"), "the issue is over all the same")
	ada := h.person("ada", map[string]any{"tier": "gold", "timezone": "Asia/Tokyo"})
	require.Zero(t, h.plan("broadcast", "weekly", utc("2026-12-03T06:59:00Z"), utc("2026-12-03T08:00:00Z")))
	require.Equal(t, 1, h.plan("broadcast", "weekly", utc("2026-12-10T06:00:00Z"), utc("2026-12-10T07:00:00Z")).People)
	require.Equal(t, []int64{ada}, h.recipients("broadcast/weekly/2026-12-10/Europe-Berlin"))
}

func TestBroadcastOnceAndCatchUp(t *testing.T) {
	once := weekly("Europe/Berlin")
	once.Schedule = campaign.Schedule{Once: "2026-12-01T08:00", Timezone: "Europe/Berlin"}
	h := newHouse(t, once)
	h.person("ada", map[string]any{"tier": "gold"})
	require.Zero(t, h.plan("broadcast", "weekly", start, utc("2026-12-02T07:00:01Z")), "more than a day late")
	require.Equal(t, 1, h.plan("broadcast", "weekly", start, utc("2026-12-02T06:59:00Z")).Started, "less")
}

// A rule without a start counts from the first apply, whatever is edited later.
func TestRuleCountsFromTheFirstApply(t *testing.T) {
	daily := func(description string) *campaign.Broadcast {
		b := weekly("UTC")
		b.Schedule.RRule = "FREQ=DAILY;INTERVAL=3"
		b.Message = description
		return b
	}
	h := newHouse(t, daily("a"))
	h.person("ada", map[string]any{"tier": "gold"})
	issues := 0
	for day := range 12 {
		if day == 4 {
			h.apply(daily("b"))
		}
		from := start.AddDate(0, 0, day)
		issues += h.plan("broadcast", "weekly", from, from.AddDate(0, 0, 1)).Started
	}
	require.Equal(t, 4, issues)
	for _, day := range []string{"2026-12-03", "2026-12-06", "2026-12-09", "2026-12-12"} {
		require.Len(t, h.recipients("broadcast/weekly/"+day+"/UTC"), 1)
	}
}

// However ticks fall, whatever the zones, everybody gets each issue once, at eight
// by their clock; and each birthday once.
func TestEverybodyOnceWhateverTheTicks(t *testing.T) {
	zones := []string{"Pacific/Kiritimati", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin", "America/Sao_Paulo",
		"America/St_Johns", "America/New_York", "Pacific/Marquesas", "Pacific/Pago_Pago", "Africa/Casablanca", "Asia/Tehran"}
	rapid.Check(t, func(rt *rapid.T) {
		issues := weekly(campaign.Recipient)
		issues.Schedule.Start = &campaign.CivilDate{Year: 2026, Month: time.January, Day: 1}
		h := newHouse(t, issues, birthday(campaign.Recipient))
		from := time.Unix(rapid.Int64Range(1_790_000_000, 1_850_000_000).Draw(rt, "from"), 0).UTC().Truncate(time.Minute)
		to := from.AddDate(0, 0, 8)
		people := map[int64]string{}
		for i := range rapid.IntRange(1, 6).Draw(rt, "people") {
			zone := rapid.SampledFrom(zones).Draw(rt, "zone")
			born := campaign.DateOf(from.AddDate(-30, 0, rapid.IntRange(2, 5).Draw(rt, "born")))
			people[h.person(fmt.Sprint("p", i), map[string]any{"tier": "gold", "timezone": zone, "birthday": born.String()})] = zone
		}
		for at := from; at.Before(to); {
			next := at.Add(time.Duration(rapid.IntRange(90, 23*60).Draw(rt, "minutes")) * time.Minute)
			if next.After(to) {
				next = to
			}
			again := at.Add(-time.Duration(rapid.IntRange(0, 30).Draw(rt, "overlap")) * time.Minute)
			if again.Before(from) {
				again = from
			}
			for range rapid.IntRange(1, 2).Draw(rt, "repeats") {
				h.plan("broadcast", "weekly", again, next)
				h.plan("journey", "birthday", again, next)
			}
			at = next
		}
		got := map[int64][]string{}
		h.view(func(r store.Reader) error {
			runs, err := r.Runs("weekly", 1000)
			for _, run := range runs {
				for _, id := range h.recipients(run.ID) {
					zone, _ := schedule.Zone(people[id])
					require.Equal(rt, "08:00", run.DueAt.In(zone).Format("15:04"))
					require.Equal(rt, time.Thursday, run.DueAt.In(zone).Weekday())
					got[id] = append(got[id], run.DueAt.In(zone).Format(time.DateOnly))
				}
			}
			return err
		})
		for id := range people {
			sort.Strings(got[id])
			require.NotEmpty(rt, got[id])
			require.LessOrEqual(rt, len(got[id]), 2)
			for i := 1; i < len(got[id]); i++ {
				require.NotEqual(rt, got[id][i-1], got[id][i])
			}
			require.Len(rt, h.enrolments(id), 1)
		}
	})
}
