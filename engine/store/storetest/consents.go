package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

func consents(t *testing.T, s store.Store) {
	ada := known(t, s, "ada")[0]
	said := func(granted bool, when time.Time, source string) store.Consent {
		return store.Consent{Person: ada, Topic: "news", Channel: "email", Granted: granted, At: when, Source: source, Proof: "ticked"}
	}
	standing := func() store.Consent {
		var c store.Consent
		view(t, s, func(r store.Reader) {
			found := must(r.Records([]int64{ada}, store.Need{Consents: true}))(t)[0].Consents
			require.Len(t, found, 1)
			c = found[0]
		})
		return c
	}
	put := func(c ...store.Consent) { update(t, s, func(tx store.Tx) { require.NoError(t, tx.PutConsents(c)) }) }

	put(said(true, noon, "form"))
	require.Equal(t, said(true, noon, "form"), standing())
	put(said(false, at(time.Hour), "link"))
	require.Equal(t, said(false, at(time.Hour), "link"), standing())
	put(said(true, at(time.Minute), "late import"))
	require.Equal(t, said(false, at(time.Hour), "link"), standing(), "an older word only enters the log")
	put(said(true, at(time.Hour), "same instant"))
	require.Equal(t, said(true, at(time.Hour), "same instant"), standing(), "of two at one instant the later said")
	put(said(true, noon, "form"), said(true, noon, "form"))

	view(t, s, func(r store.Reader) {
		log := must(r.ConsentLog(ada))(t)
		require.Equal(t, []store.Consent{
			said(true, noon, "form"), said(true, at(time.Minute), "late import"),
			said(false, at(time.Hour), "link"), said(true, at(time.Hour), "same instant"),
		}, log, "oldest first, and one word at one instant once")
	})
	err := s.Update(t.Context(), func(tx store.Tx) error {
		return tx.PutConsents([]store.Consent{{Person: ada + 1, Topic: "news", Channel: "email", At: noon}})
	})
	require.ErrorIs(t, err, store.ErrNotFound)
}

func suppressions(t *testing.T, s store.Store) {
	bounce := store.Suppression{Channel: "email", Address: "ada@example.com", Reason: "hard bounce", At: noon}
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.Suppress(bounce))
		require.NoError(t, tx.Suppress(store.Suppression{Channel: "email", Address: "Ada@example.com", Reason: "complaint", At: at(time.Hour)}))
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, &bounce, must(r.Suppressed("email", "ADA@example.com"))(t))
		require.Nil(t, must(r.Suppressed("sms", "ada@example.com"))(t))
		require.Nil(t, must(r.Suppressed("email", "bob@example.com"))(t))
	})
}

func rejected(t *testing.T, s store.Store) {
	rows := []store.Rejected{
		{Kind: "people", Source: "people.csv", Line: 2, Reason: "no address", Body: `{"id":"1"}`, At: noon},
		{Kind: "people", Source: "people.csv", Line: 3, Reason: "no address", Body: `{"id":"2"}`, At: noon},
		{Kind: "track", Source: "api", Reason: "unknown event", Body: `{}`, At: noon},
	}
	listed := func(source string, limit int) []store.Rejected {
		var found []store.Rejected
		view(t, s, func(r store.Reader) { found = must(r.RejectedRows(source, limit))(t) })
		return found
	}
	update(t, s, func(tx store.Tx) { require.NoError(t, tx.Reject(rows)) })
	for i, r := range listed("", 0) {
		require.NotZero(t, r.ID)
		rows[len(rows)-1-i].ID = r.ID
	}
	again := rows[0]
	again.ID, again.Kind, again.At = 0, "profiles", at(time.Hour)
	update(t, s, func(tx store.Tx) { require.NoError(t, tx.Reject([]store.Rejected{again, again})) })
	again.ID = rows[0].ID
	require.Equal(t, []store.Rejected{rows[2], rows[1], again}, listed("", 0), "newest first; nothing is doubled")
	require.Equal(t, rows[2:], listed("", 1))
	require.Equal(t, []store.Rejected{rows[1], again}, listed("people.csv", 0))
	require.Equal(t, []store.Rejected{rows[1]}, listed("people.csv", 1))
	require.Equal(t, rows[2:], listed("api", 9))
	require.Empty(t, listed("none", 0))

	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.Unreject())
		require.NoError(t, tx.Unreject(rows[2].ID, rows[1].ID, 999))
	})
	require.Equal(t, []store.Rejected{again}, listed("", 0))
	update(t, s, func(tx store.Tx) { require.NoError(t, tx.Reject(rows[2:])) })
	require.Greater(t, listed("api", 0)[0].ID, rows[2].ID, "an ID that was forgotten is never given again")
}
