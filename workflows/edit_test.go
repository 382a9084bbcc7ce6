package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey/journeytest"
)

func migration() MigrateRequest {
	return MigrateRequest{From: digest, To: edited, Policy: campaign.Migrate, Moved: map[string]string{"s2": "s9"}}
}

// An hour in place of a day, three hours after the first message: the second is
// due at once, under its new name.
func TestAnEditReachesWhoIsUnderWay(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(1000))
	var moved ExitResult
	s.RegisterDelayedCallback(func() { s.UpdateWorkflow(migrateUpdate, "m1", answer(t, &moved), migration()) }, 3*time.Hour)
	s.finish()
	require.Equal(t, ExitResult{1000}, moved)
	require.WithinDuration(t, noon.Add(3*time.Hour), s.Now(), 5*time.Minute)
	sent := s.world.Sent()
	require.Len(t, sent, 2000)
	require.Equal(t, journeytest.Sent{Index: 0, Step: "s9", Visit: 1}, sent[1])
}

func TestAnEditToldTwiceCountsOnce(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(3))
	var first, again ExitResult
	stale := ""
	s.RegisterDelayedCallback(func() {
		s.UpdateWorkflow(migrateUpdate, "m1", answer(t, &first), migration())
		s.UpdateWorkflow(migrateUpdate, "m2", answer(t, &again), migration())
		s.UpdateWorkflow(migrateUpdate, "m3", failing(&stale), MigrateRequest{From: "another", To: digest, Policy: campaign.Migrate})
	}, 10*time.Minute)
	s.finish()
	require.Equal(t, ExitResult{3}, first)
	require.Equal(t, ExitResult{3}, again)
	require.Contains(t, stale, "this cohort is on revision")
	require.Len(t, s.world.Sent(), 6)
}

// The first message comes to nothing for minutes: the edit waits until that is
// clear, and nobody is sent to twice.
func TestAnEditWaitsForWhatIsUnderWay(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(5))
	s.engine.faults.Store(attempts - 1)
	var moved ExitResult
	s.RegisterDelayedCallback(func() { s.UpdateWorkflow(migrateUpdate, "m1", answer(t, &moved), migration()) }, time.Second)
	s.finish()
	require.Equal(t, ExitResult{5}, moved)
	require.Len(t, s.world.Sent(), 10)
}

func TestAPausedCohortStandsStill(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(4))
	var paused, migrated, resumed ExitResult
	s.RegisterDelayedCallback(func() { s.UpdateWorkflow(pauseUpdate, "p1", answer(t, &paused), PauseRequest{}) }, time.Hour)
	s.RegisterDelayedCallback(func() { s.UpdateWorkflow(migrateUpdate, "m1", answer(t, &migrated), migration()) }, 50*time.Hour)
	s.RegisterDelayedCallback(func() {
		require.Len(t, s.world.Sent(), 4, "nothing happened since")
		s.UpdateWorkflow(resumeUpdate, "p2", answer(t, &resumed), PauseRequest{})
	}, 100*time.Hour)
	s.finish()
	require.Equal(t, []ExitResult{{4}, {4}, {4}}, []ExitResult{paused, migrated, resumed})
	require.Len(t, s.world.Sent(), 8)
	require.WithinDuration(t, noon.Add(100*time.Hour), s.Now(), 5*time.Minute)
}

func TestEffectsThatAreNoSends(t *testing.T) {
	j := &campaign.Journey{Name: "j", Steps: campaign.Steps{&campaign.Update{Name: "s1"}, &campaign.Wait{Name: "p1", Delay: condition()}, &campaign.Emit{Name: "s2"}}}
	people := crowd(2)
	people[0].Delay = time.Hour
	s := newStage(t, noon, j, people)
	s.finish()
	require.Len(t, s.world.Sent(), 4)
	require.Equal(t, map[string]int{"finished": 2}, s.world.Outcomes())
	require.WithinDuration(t, noon.Add(time.Hour), s.Now(), time.Minute)
}

func failing(why *string) updated {
	return updated{
		accepted: func() {}, rejected: func(err error) { *why = err.Error() },
		complete: func(_ any, err error) {
			if err != nil {
				*why = strings.TrimSpace(err.Error())
			}
		},
	}
}
