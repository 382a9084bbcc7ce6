package schedule_test

import (
	_ "embed"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/schedule"
)

// zones.txt holds every name of Go's own zone database.
//
//go:embed testdata/zones.txt
var zoneNames string

func zone(t require.TestingT, name string) *time.Location {
	loc, ok := schedule.Zone(name)
	require.True(t, ok, name)
	return loc
}

func date(t require.TestingT, s string) campaign.CivilDate {
	d, err := campaign.ParseDate(s)
	require.NoError(t, err)
	return d
}

func TestClockOnDay(t *testing.T) {
	for _, tt := range []struct{ name, zone, day, at, want string }{
		{"plain", "Europe/Berlin", "2026-07-01", "08:00", "2026-07-01T06:00:00Z"},
		{"spring gap", "Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:00:00Z"},
		{"end of the gap", "Europe/Berlin", "2026-03-29", "03:00", "2026-03-29T01:00:00Z"},
		{"autumn, the first", "Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30:00Z"},
		{"gap at midnight", "America/Sao_Paulo", "2018-11-04", "00:30", "2018-11-04T03:00:00Z"},
		{"half an hour", "Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30:00Z"},
		{"a day left out", "Pacific/Apia", "2011-12-30", "08:00", "2011-12-30T10:00:00Z"},
		{"the day after it", "Pacific/Apia", "2011-12-31", "00:00", "2011-12-30T10:00:00Z"},
		{"a day twice", "Pacific/Kwajalein", "1969-09-30", "12:00", "1969-09-30T01:00:00Z"},
		{"last day of a leap year", "America/New_York", "2044-12-31", "12:00", "2044-12-31T17:00:00Z"},
		{"last evening of a leap year", "Europe/Berlin", "2044-12-31", "23:30", "2044-12-31T22:30:00Z"},
		{"first day after a leap year", "Australia/Sydney", "2045-01-01", "00:30", "2044-12-31T13:30:00Z"},
		{"far east", "Pacific/Kiritimati", "2026-01-01", "00:00", "2025-12-31T10:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at, err := schedule.ParseClock(tt.at)
			require.NoError(t, err)
			require.Equal(t, tt.want, at.On(date(t, tt.day), zone(t, tt.zone)).Format(time.RFC3339))
		})
	}
}

// Over the whole zone database: the clocks show what was asked for, and did not
// show it before; or the instant is the end of the gap that holds it.
func TestLocalIsTheFirstInstant(t *testing.T) {
	names := strings.Fields(zoneNames)
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, rapid.SampledFrom(names).Draw(t, "zone"))
		// half of them close to a jump of this zone
		sec := rapid.Int64Range(-2_000_000_000, 4_000_000_000).Draw(t, "sec")
		wall := time.Unix(sec, 0).UTC()
		if _, end := wall.In(loc).ZoneBounds(); rapid.Bool().Draw(t, "jump") && !end.IsZero() {
			shift := time.Duration(rapid.IntRange(-180, 180).Draw(t, "minutes")) * time.Minute
			wall = clockOf(end).Add(shift)
		}
		got := schedule.Local(wall, loc)
		local := got.In(loc)
		if clockOf(local).Equal(wall) {
			for _, hours := range []float64{0.5, 1, 2, 24} {
				earlier := got.Add(-time.Duration(hours * float64(time.Hour)))
				require.False(t, clockOf(earlier.In(loc)).Equal(wall), "shown before, at %s", earlier)
			}
			return
		}
		start, _ := local.ZoneBounds()
		require.True(t, start.Equal(got), "the end of a gap is a jump")
		require.True(t, clockOf(got.Add(-time.Nanosecond).In(loc)).Before(wall))
		require.True(t, clockOf(local).After(wall))
	})
}

// clockOf is what clocks show at t, as an instant in UTC.
func clockOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func TestParseRuleRefuses(t *testing.T) {
	for _, tt := range []struct{ rule, want string }{
		{"", "not a recurrence rule"},
		{"every thursday", "not a recurrence rule"},
		{"FREQ=FORTNIGHTLY", "undefined frequency"},
		{"FREQ=HOURLY", "finer than a day"},
		{"FREQ=DAILY;BYHOUR=8", "stands in at"},
		{"FREQ=DAILY;DTSTART=20260101", "stands in start"},
		{"FREQ=DAILY;INTERVAL=0x3", "not a recurrence rule"},
		{"FREQ=DAILY;INTERVAL=-1", "INTERVAL must be"},
		{"FREQ=DAILY;COUNT=-1", "COUNT must be"},
		{"FREQ=MONTHLY;BYMONTHDAY=32", "bymonthday"},
		{"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "names no day"},
		{"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "names no day"},
		{"FREQ=DAILY;UNTIL=20200101", "names no day"},
		{"FREQ=YEARLY;BYEASTER=1", "BYEASTER"},
		{"FREQ=MONTHLY;BYDAY=10FR", "at most five"},
		{"FREQ=YEARLY;BYMONTH=12;BYDAY=-6FR", "at most five"},
		{"FREQ=DAILY;" + strings.Repeat("BYMONTH=1;", 200), "too long"},
	} {
		_, err := schedule.ParseRule(tt.rule)
		require.ErrorContains(t, err, tt.want, tt.rule)
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"FREQ=WEEKLY;BYDAY=TH", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "FREQ=YEARLY;BYWEEKNO=53;BYSETPOS=-1",
		"FREQ=YEARLY;BYDAY=53MO,-53SU;BYYEARDAY=-366", "FREQ=DAILY;WKST=SU;INTERVAL=3;UNTIL=20301231T000000Z"} {
		f.Add(s)
	}
	first, last := campaign.CivilDate{Year: 2026, Month: time.January, Day: 1}, campaign.CivilDate{Year: 2027, Month: time.January, Day: 1}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := schedule.ParseRule(s)
		if err != nil {
			return
		}
		before := campaign.CivilDate{}
		for _, d := range r.Days(first, first, last) {
			require.Positive(t, d.Compare(before), "days ascend")
			require.False(t, d.Compare(first) < 0 || d.Compare(last) > 0, "%s is outside", d)
			before = d
		}
	})
}

func TestRuleDays(t *testing.T) {
	for _, tt := range []struct {
		rule, start, from, to string
		want                  []string
	}{
		{"FREQ=WEEKLY;BYDAY=TH", "2026-11-30", "2026-12-01", "2026-12-17", []string{"2026-12-03", "2026-12-10", "2026-12-17"}},
		{"freq=daily;interval=2", "2026-12-01", "2026-12-02", "2026-12-06", []string{"2026-12-03", "2026-12-05"}},
		{"FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-01", "2026-02-01", "2026-03-31", []string{"2026-02-28", "2026-03-31"}},
		{"FREQ=DAILY;COUNT=2", "2026-01-01", "2026-01-02", "2026-02-01", []string{"2026-01-02"}},
		{"FREQ=YEARLY", "2024-02-29", "2025-01-01", "2029-01-01", []string{"2028-02-29"}},
		{"FREQ=DAILY;UNTIL=20260103", "2026-01-01", "2026-01-02", "2026-02-01", []string{"2026-01-02", "2026-01-03"}},
	} {
		r, err := schedule.ParseRule(tt.rule)
		require.NoError(t, err)
		var got []string
		for _, d := range r.Days(date(t, tt.start), date(t, tt.from), date(t, tt.to)) {
			got = append(got, d.String())
		}
		require.Equal(t, tt.want, got, tt.rule)
	}
}

// However time is cut into windows, each issue is found exactly once.
func TestOccurrencesDoNotDependOnTheWindows(t *testing.T) {
	names := strings.Fields(zoneNames)
	rules := []string{"FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TH,SU", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=DAILY;INTERVAL=3;COUNT=40"}
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, rapid.SampledFrom(names).Draw(t, "zone"))
		s, err := schedule.Parse(campaign.Schedule{
			RRule: rapid.SampledFrom(rules).Draw(t, "rule"), Timezone: campaign.Recipient,
			At: schedule.Clock{Hour: rapid.IntRange(0, 23).Draw(t, "h"), Minute: rapid.IntRange(0, 59).Draw(t, "m")}.String(),
		})
		require.NoError(t, err)
		from := time.Unix(rapid.Int64Range(1_200_000_000, 2_000_000_000).Draw(t, "from"), 0).UTC()
		to := from.Add(60 * 24 * time.Hour)
		first := campaign.DateOf(from.AddDate(0, 0, -1))
		whole := s.Occurrences(first, from, to, loc)
		var cut []schedule.Occurrence
		for at := from; at.Before(to); {
			next := at.Add(time.Duration(rapid.IntRange(1, 5*24*60).Draw(t, "minutes")) * time.Minute)
			if next.After(to) {
				next = to
			}
			cut = append(cut, s.Occurrences(first, at, next, loc)...)
			at = next
		}
		require.Equal(t, whole, cut)
		require.True(t, slices.IsSortedFunc(whole, func(a, b schedule.Occurrence) int { return a.At.Compare(b.At) }))
	})
}

func TestParse(t *testing.T) {
	s, err := schedule.Parse(campaign.Schedule{Once: "2026-12-01T08:00", Timezone: "Europe/Berlin"})
	require.NoError(t, err)
	require.False(t, s.Recurs())
	require.Equal(t, "Europe/Berlin", s.Zone().String())
	due := time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC)
	got := s.Occurrences(campaign.CivilDate{}, due.Add(-time.Minute), due, s.Zone())
	require.Equal(t, []schedule.Occurrence{{Day: date(t, "2026-12-01"), At: due}}, got)
	require.Empty(t, s.Occurrences(campaign.CivilDate{}, due, due.Add(time.Hour), s.Zone()))
	require.Empty(t, s.Occurrences(campaign.CivilDate{}, due, due, s.Zone()))

	for _, tt := range []struct {
		def  campaign.Schedule
		want string
	}{
		{campaign.Schedule{}, "needs a rule"},
		{campaign.Schedule{Once: "tomorrow"}, "not a local date and time"},
		{campaign.Schedule{Once: "2026-12-01T08:00", RRule: "FREQ=DAILY"}, "not both"},
		{campaign.Schedule{RRule: "FREQ=DAILY"}, "not a clock time"},
		{campaign.Schedule{RRule: "FREQ=DAILY", At: "8:00"}, "not a clock time"},
		{campaign.Schedule{RRule: "FREQ=DAILY", At: "08:00", Timezone: "Berlin"}, "not a time zone"},
		{campaign.Schedule{RRule: "FREQ=DAILY", At: "08:00", Timezone: "Local"}, "not a time zone"},
	} {
		_, err := schedule.Parse(tt.def)
		require.ErrorContains(t, err, tt.want)
	}
}

func TestReturns(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	at := schedule.Clock{Hour: 9}
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, berlin) }
	days := func(born string, from, to int) (days []string) {
		for _, o := range schedule.Returns(date(t, born), at, year(from), year(to), berlin) {
			days = append(days, o.Day.String())
		}
		return days
	}
	require.Equal(t, []string{"2027-02-28", "2028-02-29"}, days("2000-02-29", 2027, 2029))
	require.Equal(t, []string{"2026-01-01"}, days("1990-01-01", 2026, 2027), "on the first day")
	require.Equal(t, []string{"2026-12-31"}, days("1990-12-31", 2026, 2027), "on the last day")
	require.Equal(t, []string{"2027-05-05"}, days("2026-05-05", 2026, 2028), "the day itself is no return")
	require.Empty(t, days("2030-05-05", 2026, 2028))
}

// Where Possible says no, no zone of the database has the clock time.
func TestPossibleHoldsForEveryZone(t *testing.T) {
	names := strings.Fields(zoneNames)
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, rapid.SampledFrom(names).Draw(t, "zone"))
		at := schedule.Clock{Hour: rapid.IntRange(0, 23).Draw(t, "h"), Minute: rapid.IntRange(0, 59).Draw(t, "m")}
		// half of them on days on which this zone's clocks jump
		day := time.Unix(rapid.Int64Range(1_740_000_000, 2_500_000_000).Draw(t, "day"), 0)
		if _, end := day.In(loc).ZoneBounds(); rapid.Bool().Draw(t, "jump") && !end.IsZero() {
			day = end
		}
		due := at.On(campaign.DateOf(day.In(loc)), loc)
		from := due.Add(-time.Duration(rapid.IntRange(1, 600).Draw(t, "before")) * time.Second)
		to := due.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "after")) * time.Second)
		require.True(t, schedule.Possible(at, from, to))
	})
	noon := time.Date(2026, 12, 1, 12, 1, 0, 0, time.UTC)
	require.False(t, schedule.Possible(schedule.Clock{Hour: 8}, noon, noon.Add(13*time.Minute)))
	require.False(t, schedule.Possible(schedule.Clock{Hour: 8}, noon, noon))
}

func TestClockOfASchedule(t *testing.T) {
	for want, def := range map[string]campaign.Schedule{
		"08:00": {Once: "2026-12-01T08:00"},
		"17:30": {RRule: "FREQ=DAILY", At: "17:30"},
	} {
		s, err := schedule.Parse(def)
		require.NoError(t, err)
		require.Equal(t, want, s.Clock().String())
	}
}

// However time is cut, a birthday comes once a year.
func TestReturnsOnceAYear(t *testing.T) {
	names := strings.Fields(zoneNames)
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, rapid.SampledFrom(names).Draw(t, "zone"))
		born := campaign.DateOf(time.Unix(rapid.Int64Range(-1_500_000_000, 1_000_000_000).Draw(t, "born"), 0).UTC())
		at := schedule.Clock{Hour: rapid.IntRange(0, 23).Draw(t, "h"), Minute: rapid.IntRange(0, 59).Draw(t, "m")}
		from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
		var got []schedule.Occurrence
		for t0 := from; t0.Before(from.AddDate(1, 0, 0)); {
			t1 := t0.Add(time.Duration(rapid.IntRange(1, 400*60).Draw(t, "minutes")) * time.Minute)
			if t1.After(from.AddDate(1, 0, 0)) {
				t1 = from.AddDate(1, 0, 0)
			}
			got = append(got, schedule.Returns(born, at, t0, t1, loc)...)
			t0 = t1
		}
		// a year from June to June can hold a return twice or not at all only
		// where the day itself is on its edge
		if d := schedule.Return(born, 2026); d.Month == time.May || d.Month == time.June {
			return
		}
		require.Len(t, got, 1)
	})
}

func BenchmarkReturns(b *testing.B) {
	loc := zone(b, "Europe/Berlin")
	born := campaign.CivilDate{Year: 1990, Month: time.July, Day: 1}
	from := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for b.Loop() {
		schedule.Returns(born, schedule.Clock{Hour: 9}, from, from.Add(time.Minute), loc)
	}
}
