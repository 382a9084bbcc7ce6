package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/engine/store"
)

// send is what worker one reserves for a minute.
func send(t *testing.T, person int64, index int) store.Send {
	t.Helper()
	return store.Send{
		Key: fmt.Sprintf("key-%d", index), Person: person, Campaign: addr.New("journey", "win_back"), Step: "survey", Cohort: "co", Index: index,
		Message: addr.New("message", "survey"), Definition: "d1", Channel: "email", Topic: "news", Provider: "smtp",
		State: store.Reserved, Owner: "one", LeaseUntil: at(time.Minute), CreatedAt: noon,
	}
}

// reserve reserves one send at an instant.
func reserve(t *testing.T, s store.Store, row store.Send, now time.Time) store.Send {
	t.Helper()
	var stored store.Send
	update(t, s, func(tx store.Tx) { stored = must(tx.Reserve([]store.Send{row}, now))(t)[0] })
	return stored
}

func ledger(t *testing.T, s store.Store) {
	rows := []store.Send{send(t, 1, 0), send(t, 2, 1), send(t, 1, 2)}
	rows[2].Step, rows[2].RetryAt = "reminder", at(time.Hour)
	update(t, s, func(tx store.Tx) {
		stored := must(tx.Reserve(rows, noon))(t)
		for i := range rows {
			require.NotZero(t, stored[i].ID)
			rows[i].ID = stored[i].ID
		}
		require.Equal(t, rows, stored)
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, rows[1], must(r.Send(rows[1].ID))(t))
		require.Equal(t, rows[1], must(r.SendByKey("key-1"))(t))
		require.Equal(t, []store.Send{rows[2], rows[0]}, must(r.SendsOfPerson(1, 0))(t), "newest first")
		require.Equal(t, rows[2:], must(r.SendsOfPerson(1, 1))(t))
		require.Equal(t, rows[:2], must(r.SendsInState(store.Reserved, 2))(t), "oldest first")
		require.Empty(t, must(r.SendsInState(store.Sent, 0))(t))
		require.Equal(t, rows, must(r.SendsOfCohort("co", "", []int{2, 0, 1, 7}))(t))
		require.Equal(t, rows[1:2], must(r.SendsOfCohort("co", "survey", []int{1, 2}))(t))
		require.Empty(t, must(r.SendsOfCohort("co", "", nil))(t), "nobody was asked for")
		require.Empty(t, must(r.SendsOfCohort("other", "", []int{1}))(t))
		for _, err := range []error{second(r.Send(999)), second(r.SendByKey("none"))} {
			require.ErrorIs(t, err, store.ErrNotFound)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// stateMachine tries every way to close from every state.
func stateMachine(t *testing.T, s store.Store) {
	ends := []store.SendState{store.Reserved, store.Sent, store.Withheld, store.Failed, store.Unknown}
	allowed := map[store.SendState]map[store.SendState]bool{
		store.Reserved: {store.Reserved: true, store.Withheld: true, store.Failed: true},
		store.Sending:  {store.Reserved: true, store.Sent: true, store.Withheld: true, store.Failed: true, store.Unknown: true},
		store.Sent:     {},
		store.Withheld: {},
		store.Failed:   {},
		store.Unknown:  {store.Sent: true, store.Failed: true, store.Unknown: true},
	}
	n := 0
	for from, to := range allowed {
		for _, end := range ends {
			n++
			row := bring(t, s, send(t, 1, n), from)
			err := closeSend(t, s, row.ID, "one", store.SendEnd{State: end, Reason: "why", Provider: "brevo", ProviderID: "p1", At: at(time.Second), RetryAt: at(time.Hour)})
			if !to[end] {
				require.ErrorIs(t, err, store.ErrConflict, "%s → %s", from, end)
				continue
			}
			require.NoError(t, err, "%s → %s", from, end)
			expectEnd(t, s, row.ID, end)
		}
	}
	row := bring(t, s, send(t, 1, 1000), store.Sending)
	require.ErrorIs(t, closeSend(t, s, row.ID, "two", store.SendEnd{State: store.Sent}), store.ErrConflict, "not the owner")
	require.ErrorIs(t, closeSend(t, s, 9999, "one", store.SendEnd{State: store.Sent}), store.ErrNotFound)
	require.Error(t, closeSend(t, s, row.ID, "one", store.SendEnd{State: store.Sending}))
	require.Error(t, closeSend(t, s, row.ID, "one", store.SendEnd{State: "gone"}))
	update(t, s, func(tx store.Tx) {
		require.ErrorIs(t, tx.MarkSending(row.ID, "one", at(time.Hour)), store.ErrConflict, "already sending")
		require.ErrorIs(t, tx.MarkSending(9999, "one", at(time.Hour)), store.ErrNotFound)
	})
}

func expectEnd(t *testing.T, s store.Store, id int64, end store.SendState) {
	t.Helper()
	view(t, s, func(r store.Reader) {
		got := must(r.Send(id))(t)
		require.Equal(t, end, got.State)
		require.Equal(t, "why", got.Reason)
		require.Zero(t, got.LeaseUntil)
		if end == store.Reserved {
			require.Equal(t, at(time.Hour), got.RetryAt)
			require.Zero(t, got.ClosedAt)
			require.Empty(t, got.Owner, "free for the next to take")
			return
		}
		require.Equal(t, at(time.Second), got.ClosedAt)
		require.Equal(t, "brevo", got.Provider)
		require.Equal(t, "p1", got.ProviderID)
		require.Equal(t, end == store.Sent, !got.SentAt.IsZero())
	})
}

func closeSend(t *testing.T, s store.Store, id int64, owner string, end store.SendEnd) error {
	t.Helper()
	return s.Update(t.Context(), func(tx store.Tx) error { return tx.CloseSend(id, owner, end) })
}

// bring reserves a row for worker one and moves it to a state.
func bring(t *testing.T, s store.Store, row store.Send, state store.SendState) store.Send {
	t.Helper()
	row = reserve(t, s, row, noon)
	update(t, s, func(tx store.Tx) {
		if state != store.Reserved {
			require.NoError(t, tx.MarkSending(row.ID, "one", at(time.Minute)))
		}
		if state != store.Reserved && state != store.Sending {
			require.NoError(t, tx.CloseSend(row.ID, "one", store.SendEnd{State: state, At: noon}))
		}
	})
	return row
}

// leases shows who gets a row, and that only one who was sending can be unknown.
func leases(t *testing.T, s store.Store) {
	two := send(t, 1, 1)
	two.Owner, two.LeaseUntil, two.Definition = "two", at(3*time.Minute), "d2"

	mine := reserve(t, s, send(t, 1, 1), noon)
	require.Equal(t, "one", mine.Owner)
	require.Equal(t, mine, reserve(t, s, two, at(59*time.Second)), "the lease still runs")
	again := send(t, 1, 1)
	again.LeaseUntil = at(2 * time.Minute)
	renewed := reserve(t, s, again, at(30*time.Second))
	require.Equal(t, at(2*time.Minute), renewed.LeaseUntil, "the owner may renew")
	taken := reserve(t, s, two, at(2*time.Minute))
	require.Equal(t, "two", taken.Owner, "the lease has run out")
	require.Equal(t, store.Reserved, taken.State)
	require.EqualValues(t, "d2", taken.Definition, "what will be said is the new owner's")
	require.Equal(t, mine.ID, taken.ID)
	update(t, s, func(tx store.Tx) {
		require.ErrorIs(t, tx.MarkSending(mine.ID, "one", at(time.Hour)), store.ErrConflict, "it is two's now")
		require.NoError(t, tx.MarkSending(mine.ID, "two", at(4*time.Minute)))
	})

	one := send(t, 1, 1)
	one.LeaseUntil = at(time.Hour)
	still := reserve(t, s, one, at(4*time.Minute-time.Second))
	require.Equal(t, store.Sending, still.State)
	require.Equal(t, 1, still.Attempt)
	require.Equal(t, at(4*time.Minute), still.LeaseUntil)
	lost := reserve(t, s, one, at(4*time.Minute))
	require.Equal(t, store.Unknown, lost.State, "it died between handing over and writing down")
	require.NotEmpty(t, lost.Reason)
	require.Equal(t, "two", lost.Owner)
	require.Equal(t, store.Unknown, reserve(t, s, one, at(time.Hour)).State, "never silently sent again")

	back := bring(t, s, send(t, 1, 2), store.Sending)
	require.NoError(t, closeSend(t, s, back.ID, "one", store.SendEnd{State: store.Reserved, RetryAt: at(time.Hour), At: at(time.Second)}))
	two.Key = "key-2"
	retry := reserve(t, s, two, at(2*time.Second))
	require.Equal(t, "two", retry.Owner, "who puts a row back gives up the lease")
	require.Equal(t, at(time.Hour), retry.RetryAt)
	update(t, s, func(tx store.Tx) { require.NoError(t, tx.MarkSending(retry.ID, "two", at(time.Hour))) })
	view(t, s, func(r store.Reader) {
		got := must(r.Send(retry.ID))(t)
		require.Equal(t, 2, got.Attempt)
		require.Zero(t, got.RetryAt)
	})
	for i, state := range []store.SendState{store.Sent, store.Withheld, store.Failed} {
		row := bring(t, s, send(t, 1, 10+i), state)
		two.Key = row.Key
		require.Equal(t, state, reserve(t, s, two, at(time.Hour)).State, "closed is closed")
	}
}

// lateOwner lets the worker that was given up tell the truth.
func lateOwner(t *testing.T, s store.Store) {
	row := bring(t, s, send(t, 1, 1), store.Sending)
	two := send(t, 1, 1)
	two.Owner = "two"
	require.Equal(t, store.Unknown, reserve(t, s, two, at(time.Hour)).State)
	require.ErrorIs(t, closeSend(t, s, row.ID, "two", store.SendEnd{State: store.Sent, At: noon}), store.ErrConflict)
	require.NoError(t, closeSend(t, s, row.ID, "one", store.SendEnd{State: store.Sent, At: at(time.Second)}))
	view(t, s, func(r store.Reader) { require.Equal(t, store.Sent, must(r.Send(row.ID))(t).State) })
}

func engagement(t *testing.T, s store.Store) {
	row := bring(t, s, send(t, 1, 1), store.Sent)
	kinds := []store.EngagementKind{
		store.Delivered, store.Opened, store.MachineOpened, store.Clicked, store.Bounced, store.Complained, store.Unsubscribed,
	}
	update(t, s, func(tx store.Tx) {
		for i, kind := range kinds {
			when := at(time.Duration(i) * time.Minute)
			require.True(t, must(tx.Engage(row.ID, kind, when))(t), kind)
			require.False(t, must(tx.Engage(row.ID, kind, when.Add(time.Hour)))(t), kind)
		}
		require.False(t, must(tx.Engage(row.ID, store.Clicked, at(time.Minute)))(t), "known, but it was earlier")
		require.ErrorIs(t, second(tx.Engage(999, store.Opened, noon)), store.ErrNotFound)
		require.Error(t, second(tx.Engage(row.ID, "forwarded", noon)))
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, store.Engagement{
			DeliveredAt: at(0), OpenedAt: at(time.Minute), MachineOpenedAt: at(2 * time.Minute), ClickedAt: at(time.Minute),
			BouncedAt: at(4 * time.Minute), ComplainedAt: at(5 * time.Minute), UnsubscribedAt: at(6 * time.Minute),
		}, must(r.Send(row.ID))(t).Engagement)
	})
}

func counts(t *testing.T, s store.Store) {
	journey, broadcast := addr.New("journey", "win_back"), addr.New("broadcast", "weekly")
	for i, state := range []store.SendState{store.Sent, store.Sent, store.Withheld, store.Failed, store.Unknown, store.Reserved, store.Sending} {
		bring(t, s, send(t, 1, i), state)
	}
	weekly := send(t, 1, 100)
	weekly.Campaign, weekly.Step, weekly.Message = broadcast, "", addr.New("message", "weekly")
	row := reserve(t, s, weekly, noon)
	require.NoError(t, closeSend(t, s, row.ID, "one", store.SendEnd{State: store.Withheld, Reason: "no consent", At: noon}))
	update(t, s, func(tx store.Tx) {
		first := must(tx.SendByKey("key-0"))(t)
		for _, kind := range []store.EngagementKind{store.Delivered, store.Opened, store.Clicked, store.MachineOpened} {
			must(tx.Engage(first.ID, kind, noon))(t)
		}
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, []store.CampaignCount{
			{Campaign: broadcast, Message: weekly.Message, Withheld: 1},
			{
				Campaign: journey, Step: "survey", Message: addr.New("message", "survey"),
				Sent: 2, Withheld: 1, Failed: 1, Unknown: 1, Open: 2, Delivered: 1, Opened: 1, Clicked: 1,
			},
		}, must(r.CampaignCounts())(t), "by campaign, step and message")
		require.Equal(t, map[addr.Addr]map[string]int64{journey: {"": 1}, broadcast: {"no consent": 1}}, must(r.WithheldReasons())(t))
	})
}
