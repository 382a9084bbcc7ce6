package enrolment_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience/index"
	"github.com/herald-campaigns/herald/engine/enrolment"
)

// slow is an index that takes its time to say when somebody is to be asked next,
// and has everybody asked every hour.
type slow struct {
	enrolment.Index
	wall  time.Time
	takes time.Duration
	asked map[int64]int
}

func (s *slow) Next(person int64, conditions []*expr.Checked, now time.Time) (time.Time, bool) {
	s.wall = s.wall.Add(s.takes)
	s.asked[person]++
	at, ok := s.Index.Next(person, conditions, now)
	if hour := now.Truncate(time.Hour).Add(time.Hour); !ok || hour.Before(at) {
		return hour, true
	}
	return at, true
}

// However long it takes to find out when people are to be asked, events are looked
// at in the next turn, and a turn is short; everybody is asked in the end.
func TestTimeDoesNotHoldUpEvents(t *testing.T) {
	h := newHouse(t, segment("recent", `events.order_completed.within("1d").any()`), one("thanks", onEvent("cart_updated"), always), one("recent", onEnter("recent", false), always))
	config := h.config("slow")
	columns, err := index.Open(t.Context(), index.Config{Store: h.store, Schema: h.live.Schema()})
	require.NoError(t, err)
	s := &slow{Index: columns, takes: 10 * time.Millisecond, asked: map[int64]int{}}
	config.Index = s
	h.dispatcher = enrolment.NewDispatcher(config)
	h.dispatcher.SetWall(func() time.Time { return s.wall })
	people := make([]int64, 300)
	for i := range people {
		people[i] = h.person(fmt.Sprintf("p%d", i))
		h.does(people[i], "order_completed")
	}
	step := func() enrolment.Turn {
		before := s.wall
		turn, err := h.dispatcher.Step(t.Context())
		require.NoError(t, err)
		require.LessOrEqual(t, s.wall.Sub(before), 200*time.Millisecond, "a turn on the wall")
		return turn
	}
	turn := step()
	require.Equal(t, 300, turn.Entered)
	carts := 0
	for round := range 8 { // each hour all are due, and not all get their turn
		h.does(people[round], "cart_updated")
		turn := step()
		require.Equal(t, 1, turn.Events)
		require.Equal(t, 1, turn.Enrolled, "an event does not wait for others' time")
		require.Less(t, turn.Woken, 30)
		carts++
		h.advance(time.Hour)
	}
	require.Less(t, len(s.asked), len(people), "not all have been asked yet")
	h.advance(-8 * time.Hour)
	h.advance(24 * time.Hour)
	woken, left := 0, 0
	for {
		turn := step()
		if turn.Idle() {
			break
		}
		woken, left = woken+turn.Woken, left+turn.Left
	}
	require.Len(t, s.asked, len(people), "nobody is lost")
	require.Equal(t, 300, left)
	require.GreaterOrEqual(t, woken, 300)
	for _, id := range people {
		moves := h.moves(id)
		require.True(t, moves[len(moves)-1].At.Equal(start.Add(24*time.Hour)), "at its own instant")
	}
}
