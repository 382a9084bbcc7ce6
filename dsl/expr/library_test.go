package expr_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Distances between airports, against those of the great circle that others give
// for a sphere (the earth is none: WGS 84 differs by up to 0.5 %).
func TestDistanceKm(t *testing.T) {
	for _, c := range []struct{ lat1, lon1, lat2, lon2, km float64 }{
		{0, 0, 0, 90, math.Pi / 2 * expr.EarthRadius},
		{90, 0, -90, 0, math.Pi * expr.EarthRadius},
		{0, 0, 0, 180, math.Pi * expr.EarthRadius},
		{10, 179.5, 10, -179.5, 109.506}, // across the date line
		{52.52, 13.405, 48.137, 11.575, 504.4},
		{36.12, -86.67, 33.94, -118.40, 2886.4},
	} {
		require.InDelta(t, c.km, expr.DistanceKm(c.lat1, c.lon1, c.lat2, c.lon2), 0.1)
	}
	rapid.Check(t, func(t *rapid.T) {
		lat, lon := rapid.Float64Range(-90, 90), rapid.Float64Range(-180, 180)
		a, b, p, q := lat.Draw(t, "lat"), lon.Draw(t, "lon"), lat.Draw(t, "lat"), lon.Draw(t, "lon")
		km := expr.DistanceKm(a, b, p, q)
		require.InDelta(t, km, expr.DistanceKm(p, q, a, b), 1e-9)
		// The spherical law of cosines, which is exact away from the ends.
		rad := math.Pi / 180
		cosine := math.Sin(a*rad)*math.Sin(p*rad) + math.Cos(a*rad)*math.Cos(p*rad)*math.Cos((q-b)*rad)
		if math.Abs(cosine) < 0.999 {
			require.InDelta(t, expr.EarthRadius*math.Acos(cosine), km, 1e-3)
		}
	})
}

func TestDecay(t *testing.T) {
	v, ok := expr.Decay(10*dayLong, 5*dayLong)
	require.True(t, ok)
	require.Equal(t, 0.25, v)
	v, _ = expr.Decay(-dayLong, dayLong)
	require.Equal(t, 1.0, v)
	_, ok = expr.Decay(dayLong, 0)
	require.False(t, ok)
	_, ok = expr.Decay(0, -dayLong)
	require.False(t, ok)
}

func TestDaysUntil(t *testing.T) {
	day := func(y, m, d int) campaign.CivilDate { return campaign.CivilDate{Year: y, Month: time.Month(m), Day: d} }
	for _, c := range []struct {
		of, today campaign.CivilDate
		want      int
	}{
		{day(2000, 2, 29), day(2023, 2, 28), 0}, // the 28th stands in
		{day(2000, 2, 29), day(2024, 2, 28), 1}, // in a leap year it does not
		{day(2000, 2, 29), day(2024, 2, 29), 0},
		{day(2000, 2, 29), day(2023, 3, 1), 365},
		{day(2000, 2, 29), day(2099, 3, 1), 364},  // 2100 has none
		{day(2000, 2, 28), day(2024, 2, 29), 365}, // a common year to go
		{day(1999, 12, 31), day(2026, 1, 1), 364},
		{day(1999, 1, 1), day(2026, 12, 31), 1},
		{day(2050, 7, 1), day(2026, 7, 1), 0}, // of what is still to come, too
	} {
		require.Equal(t, c.want, expr.DaysUntil(c.of, c.today), "%v from %v", c.of, c.today)
	}
}

// Going over events of a sequence allocates nothing.
func TestSequenceAllocatesNothing(t *testing.T) {
	c := mustCheck(t, newEnv(t), `sequence("7d", events.cart_updated, events.order_completed.where(o, o.total > 3), events.order_completed)`, person, condition)
	s := regular(20)
	c.Test(s, noon)
	require.Zero(t, testing.AllocsPerRun(100, func() { c.Test(s, noon) }))
}
