package schedule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/schedule"
)

func window(t require.TestingT, from, to string, days ...int) schedule.Window {
	w, err := schedule.NewWindow(from, to, days)
	require.NoError(t, err)
	return w
}

func TestWindow(t *testing.T) {
	berlin, ok := schedule.Zone("Europe/Berlin")
	require.True(t, ok)
	at := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		require.NoError(t, err)
		return at
	}
	office, night := window(t, "09:00", "17:00", 1, 2, 3, 4, 5), window(t, "21:00", "08:00")
	for _, c := range []struct {
		w        schedule.Window
		at, next string
	}{
		{office, "2026-11-20 16:59", "2026-11-20 16:59"},
		{office, "2026-11-20 17:00", "2026-11-23 09:00"}, // Friday to Monday
		{office, "2026-11-23 08:59", "2026-11-23 09:00"},
		{night, "2026-11-20 20:59", "2026-11-20 21:00"},
		{night, "2026-11-21 07:59", "2026-11-21 07:59"},
		{night, "2026-11-21 08:00", "2026-11-21 21:00"},
		{window(t, "02:00", "03:00"), "2026-03-29 00:00", "2026-03-30 02:00"},    // swallowed by the change
		{window(t, "02:30", "04:00"), "2026-03-29 00:00", "2026-03-29 03:00"},    // half of it is
		{window(t, "22:00", "02:00", 7), "2026-11-23 01:00", "2026-11-23 01:00"}, // Sunday's, on Monday
		{window(t, "22:00", "02:00", 7), "2026-11-23 02:00", "2026-11-29 22:00"},
	} {
		next, ok := c.w.Next(at(c.at), berlin)
		require.True(t, ok)
		require.Equal(t, at(c.next).UTC(), next, "%v at %s", c.w, c.at)
	}
	until, open := night.Open(at("2026-11-20 23:00"), berlin)
	require.True(t, open)
	require.Equal(t, at("2026-11-21 08:00").UTC(), until)
	until, open = window(t, "08:00", "08:00").Open(at("2026-11-20 23:00"), berlin)
	require.True(t, open)
	require.Zero(t, until, "it is always open")
	_, err := schedule.NewWindow("9", "17:00", nil)
	require.Error(t, err)
	_, err = schedule.NewWindow("09:00", "17:00", []int{8})
	require.ErrorContains(t, err, "no day of the week")
}

// In every zone of the world, at any instant, the window opens within nine days,
// is open at the instant that Next gives, and was closed just before it.
func TestWindowsEverywhere(t *testing.T) {
	names := strings.Fields(zoneNames)
	rapid.Check(t, func(t *rapid.T) {
		loc, ok := schedule.Zone(rapid.SampledFrom(names).Draw(t, "zone"))
		require.True(t, ok)
		clock := rapid.Custom(func(t *rapid.T) string {
			return schedule.Clock{Hour: rapid.IntRange(0, 23).Draw(t, "hour"), Minute: rapid.SampledFrom([]int{0, 15, 30}).Draw(t, "minute")}.String()
		})
		w := window(t, clock.Draw(t, "from"), clock.Draw(t, "to"), rapid.SliceOfNDistinct(rapid.IntRange(1, 7), 0, 3, rapid.ID[int]).Draw(t, "days")...)
		at := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "at"), 0).UTC()
		next, ok := w.Next(at, loc)
		require.True(t, ok)
		require.False(t, next.Before(at))
		require.Less(t, next.Sub(at), 16*24*time.Hour)
		until, open := w.Open(next, loc)
		require.True(t, open)
		if !next.Equal(at) {
			_, before := w.Open(next.Add(-time.Microsecond), loc)
			require.False(t, before)
		}
		if !until.IsZero() {
			require.True(t, until.After(next))
			_, after := w.Open(until, loc)
			require.False(t, after)
		}
	})
}
