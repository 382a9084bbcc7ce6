package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/providers/provider"
)

// takeAnd takes every message, and does something meanwhile.
func takeAnd(f func()) func(context.Context, *provider.Message) (provider.Receipt, error) {
	return func(_ context.Context, m *provider.Message) (provider.Receipt, error) {
		f()
		return provider.Receipt{ID: "r-" + m.Key}, nil
	}
}

func TestWhatBecomesOfErrors(t *testing.T) {
	for name, c := range map[string]struct {
		err    provider.Error
		dedup  bool
		resend bool
		state  store.SendState
		reason string
		retry  bool
		events []string
		gone   bool // the address is suppressed
	}{
		"permanent":                          {err: provider.Error{Class: provider.Permanent, Code: "554 5.7.1"}, state: store.Failed, reason: "permanent: 554 5.7.1"},
		"no such user":                       {err: provider.Error{Class: provider.Permanent, Code: "550 5.1.1", BadAddress: true}, state: store.Failed, reason: "permanent: 550 5.1.1", events: []string{"email_bounced"}, gone: true},
		"transient":                          {err: provider.Error{Class: provider.Transient, Code: "451"}, state: store.Reserved, reason: "transient: 451", retry: true},
		"throttled":                          {err: provider.Error{Class: provider.Throttled, RetryAfter: time.Hour}, state: store.Reserved, reason: "throttled", retry: true},
		"unknown":                            {err: provider.Error{Class: provider.Unknown}, state: store.Unknown, reason: "unknown"},
		"unknown, the provider deduplicates": {err: provider.Error{Class: provider.Unknown}, dedup: true, state: store.Reserved, reason: "unknown", retry: true},
		"unknown, resend_unknown":            {err: provider.Error{Class: provider.Unknown}, resend: true, state: store.Reserved, reason: "unknown", retry: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, replace(bakery(), thanks("hello", c.resend))...)
			w.post.dedup = c.dedup
			w.kinds[1] = w.post.kind()
			w.post.answers(refuse(c.err))
			ada := w.person("ada@example.com", loaf)
			q := w.enrol("1", ada)
			d := w.delivery("w1")
			got, err := d.Send(t.Context(), q)
			require.NoError(t, err)
			row := w.sends(q.Cohort, q.Members)[0]
			require.Equal(t, c.state, row.State)
			require.Equal(t, c.reason, row.Reason)
			labels, _ := w.events(ada)
			require.Equal(t, c.events, labels)
			w.view(func(r store.Reader) error {
				s, err := r.Suppressed("email", "ada@example.com")
				require.Equal(t, c.gone, s != nil)
				return err
			})
			require.Equal(t, c.gone, !row.Engagement.BouncedAt.IsZero())

			w.post.answers(nil)
			if !c.retry {
				again, err := d.Send(t.Context(), q)
				require.NoError(t, err)
				require.Equal(t, got, again)
				require.Empty(t, w.post.messages(), "what is closed is not repeated")
				return
			}
			require.Len(t, got.Retry, 1)
			require.Equal(t, row.RetryAt, got.Retry[0].At.Truncate(time.Microsecond))
			early, err := d.Send(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, got.Retry[0].Members, early.Retry[0].Members, "not before its time")
			require.Empty(t, w.post.messages())
			w.pass(2 * time.Hour)
			late, err := w.delivery("w2").Send(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, journey.Members{0}, late.Sent)
			require.Equal(t, 2, w.sends(q.Cohort, q.Members)[0].Attempt)
		})
	}
}

func TestPlainErrorsAreUnknown(t *testing.T) {
	w := newWorld(t)
	w.post.answers(func(context.Context, *provider.Message) (provider.Receipt, error) {
		return provider.Receipt{}, errors.New("who knows")
	})
	q := w.enrol("1", w.person("ada@example.com", loaf))
	got, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0}, got.Unknown)
}

func TestRetriesEnd(t *testing.T) {
	w := newWorld(t)
	w.tune = func(c *delivery.Config) {
		c.Retry = delivery.Retry{First: time.Minute, Most: 4 * time.Minute, Attempts: 5}
	}
	w.post.answers(refuse(provider.Error{Class: provider.Transient, Code: "451"}))
	q := w.enrol("1", w.person("ada@example.com", loaf))
	d := w.delivery("w1")
	var waits []time.Duration
	for range 10 {
		got, err := d.Send(t.Context(), q)
		require.NoError(t, err)
		if len(got.Retry) == 0 {
			require.Equal(t, journey.Members{0}, got.Failed)
			break
		}
		wait := got.Retry[0].At.Sub(w.now())
		waits = append(waits, wait)
		w.pass(wait)
	}
	require.Len(t, waits, 4)
	for i, base := range []time.Duration{1, 2, 4, 4} {
		require.GreaterOrEqual(t, waits[i], base*time.Minute)
		require.LessOrEqual(t, waits[i], base*time.Minute*6/5)
	}
	row := w.sends(q.Cohort, q.Members)[0]
	require.Equal(t, "given up: transient: 451", row.Reason)
	require.Equal(t, 5, row.Attempt)
}

func TestUnknownIsNeverCalledFailed(t *testing.T) {
	w := newWorld(t, replace(bakery(), thanks("hello", true))...)
	w.tune = func(c *delivery.Config) { c.Retry = delivery.Retry{Attempts: 1} }
	w.post.answers(refuse(provider.Error{Class: provider.Unknown}))
	q := w.enrol("1", w.person("ada@example.com", loaf))
	got, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0}, got.Unknown)
}

func TestCompressedTime(t *testing.T) {
	w := newWorld(t)
	spring := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	w.clock = clock.Compressed(noon, spring, 3600)
	w.post.answers(refuse(provider.Error{Class: provider.Throttled, RetryAfter: 10 * time.Second}))
	q := w.enrol("1", w.person("ada@example.com", loaf))
	d := w.delivery("w1")
	w.pass(time.Second)
	got, err := d.Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, spring.Add(time.Hour), got.At, "what campaigns see is campaign time")
	wait := got.Retry[0].At.Sub(got.At)
	require.GreaterOrEqual(t, wait, 10*time.Hour, "ten seconds of the server are ten hours of the campaign")
	require.LessOrEqual(t, wait, 12*time.Hour)
	w.pass(12 * time.Second)
	w.post.answers(nil)
	got, err = d.Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0}, got.Sent)
	row := w.sends(q.Cohort, q.Members)[0]
	require.Equal(t, spring.Add(13*time.Hour), row.SentAt)
	require.Equal(t, spring.Add(13*time.Hour), w.post.messages()[0].Date)
}
