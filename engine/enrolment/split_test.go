package enrolment_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

func arms(weights ...float64) (out []campaign.Arm) {
	for i, w := range weights {
		out = append(out, campaign.Arm{Name: string(rune('a' + i)), Weight: w})
	}
	return out
}

// Of many people each arm gets its share: a chi-squared test, whose bound is
// passed by chance once in a million.
func TestArmsGetTheirShare(t *testing.T) {
	const people = 100_000
	for _, weights := range [][]float64{{50, 50}, {1, 2, 7}, {0.1, 0.2, 0.3, 0.4}, {5, 0, 5}, {99, 1}} {
		got, total, square := make([]float64, len(weights)), 0.0, 0.0
		for p := range int64(people) {
			got[enrolment.ArmOf("journey.j.step.s", arms(weights...), p)]++
		}
		for _, w := range weights {
			total += w
		}
		for i, w := range weights {
			if want := people * w / total; want > 0 {
				square += (got[i] - want) * (got[i] - want) / want
			} else {
				require.Zero(t, got[i])
			}
		}
		require.Less(t, square, 31.0, "%v: %v", weights, got) // 3 degrees of freedom at most
	}
}

// Splits with different salts know nothing of each other.
func TestSaltsAreIndependent(t *testing.T) {
	const people = 100_000
	both := 0
	for p := range int64(people) {
		if enrolment.ArmOf("one", arms(1, 1), p) == enrolment.ArmOf("two", arms(1, 1), p) {
			both++
		}
	}
	require.Less(t, math.Abs(float64(both)-people/2), 5*math.Sqrt(people)/2)
}

// The arm is a function of salt and person; an arm that grows loses nobody.
func TestArmsStick(t *testing.T) {
	require.Equal(t, []int{2, 1, 2, 2, 2}, func() (out []int) {
		for p := range int64(5) {
			out = append(out, enrolment.ArmOf("journey.win_back.step.offer", arms(1, 1, 2), p))
		}
		return out
	}(), "as it was on the first day, and must be ever after")
	rapid.Check(t, func(t *rapid.T) {
		salt, person := rapid.String().Draw(t, "salt"), rapid.Int64().Draw(t, "person")
		weights := rapid.SliceOfN(rapid.Float64Range(0, 100), 1, 6).Draw(t, "weights")
		arm := enrolment.ArmOf(salt, arms(weights...), person)
		require.Equal(t, arm, enrolment.ArmOf(salt, arms(weights...), person))
		if arm < 0 {
			for _, w := range weights {
				require.Zero(t, w)
			}
			return
		}
		require.Positive(t, weights[arm])
		if arm == 0 {
			weights[0] *= 2
			require.Zero(t, enrolment.ArmOf(salt, arms(weights...), person))
		}
	})
}

func TestDecideSplit(t *testing.T) {
	j := one("tested", onEvent("order_completed"), always)
	split := &campaign.Split{Name: "s", Arms: arms(1, 1, 0)}
	j.Steps = campaign.Steps{split}
	h := newHouse(t, j)
	var people []int64
	for i := range 40 {
		people = append(people, h.person(string(rune('A'+i))))
		h.does(people[i], "order_completed")
	}
	h.dispatch()
	e := h.enrolments(people[0])[0]
	r := h.decide(h.cohort(e.Cohort), "s", journey.Range(0, 40))
	require.Len(t, r.Cases, 3)
	require.Len(t, append(r.Cases[0], r.Cases[1]...), 40)
	require.NotEmpty(t, r.Cases[0])
	require.NotEmpty(t, r.Cases[1])
	for i, p := range people {
		require.True(t, r.Cases[enrolment.ArmOf("journey.tested.step.s", split.Arms, p)].Has(i))
	}
}

// cohort reads one.
func (h *house) cohort(id string) (c store.Cohort) {
	h.Helper()
	h.view(func(r store.Reader) (err error) { c, err = r.Cohort(id); return err })
	return c
}
