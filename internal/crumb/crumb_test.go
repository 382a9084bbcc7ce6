package crumb_test

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/internal/crumb"
)

func TestSameSeedSameTown(t *testing.T) {
	write := func(seed uint64) string {
		var b bytes.Buffer
		town := crumb.Make(crumb.Options{Seed: seed, People: 100})
		require.NoError(t, town.WritePeople(&b))
		require.NoError(t, town.WriteEvents(&b))
		return b.String()
	}
	require.Equal(t, write(1), write(1))
	require.NotEqual(t, write(1), write(2))
}

func TestTheTownIsPlausible(t *testing.T) {
	until := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	town := crumb.Make(crumb.Options{Seed: 1, Until: until})
	require.Len(t, town.People, 2000)
	require.InEpsilon(t, 48_000, len(town.Events), 0.02)

	churned, lookers, homes, emails := 0, 0, 0, map[string]bool{}
	for _, p := range town.People {
		emails[p.Email] = true
		if !p.Churned.IsZero() {
			churned++
		}
		if p.Looker {
			lookers++
		}
		if p.Latitude != "" {
			homes++
			lat, err := strconv.ParseFloat(p.Latitude, 64)
			require.NoError(t, err)
			require.InDelta(t, 52.5, lat, 0.2)
		}
	}
	require.Len(t, emails, 2000)
	require.InDelta(t, 1000, churned, 100)
	require.InDelta(t, 275, lookers, 60)
	require.InDelta(t, 1400, homes, 100)

	byDay, byName := map[time.Weekday]int{}, map[string]int{}
	for i, e := range town.Events {
		require.False(t, e.At.After(until))
		require.False(t, e.At.Before(town.People[e.Person].CreatedAt.Truncate(24*time.Hour)))
		if i > 0 {
			require.False(t, e.At.Before(town.Events[i-1].At), "events are in order")
		}
		byName[e.Name]++
		if e.Name == "Order Completed" {
			require.False(t, town.People[e.Person].Looker, "lookers buy nothing")
			byDay[e.At.Weekday()]++
			require.NotEmpty(t, e.Items)
			require.Positive(t, e.Total())
		}
	}
	require.Greater(t, byDay[time.Saturday], byDay[time.Monday]*3/2, "Saturdays are busy")
	require.Len(t, byName, 5)
	for name, n := range byName {
		require.Greater(t, n, 1000, name)
	}
}
