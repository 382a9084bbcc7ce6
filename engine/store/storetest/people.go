package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

func people(t *testing.T, s store.Store) {
	ada := store.Person{
		Key: "42", AnonymousID: "dev-1", Email: "Ada@Example.com", Phone: "+4930123", UpdatedAt: noon,
		Attributes: map[string]any{"first_name": "Ada", "dietary": []any{"vegan"}, "age": 36.5, "vip": true, "address": map[string]any{"city": "Berlin"}},
	}
	var stored store.Person
	update(t, s, func(tx store.Tx) { stored = identify(t, tx, ada) })

	want := ada
	want.ID, want.Email, want.CreatedAt = stored.ID, "ada@example.com", noon
	require.NotZero(t, stored.ID)
	require.Equal(t, want, stored)
	view(t, s, func(r store.Reader) {
		require.Equal(t, want, must(r.Person(stored.ID))(t))
		require.Equal(t, want, must(r.PersonByKey("42"))(t))
		require.Equal(t, want, must(r.PersonByEmail("ADA@example.com"))(t))
		require.Equal(t, want, must(r.PersonByAnonymousID("dev-1"))(t))
		require.EqualValues(t, 1, must(r.CountPeople())(t))
		for _, missing := range []func() (store.Person, error){
			func() (store.Person, error) { return r.Person(stored.ID + 1) },
			func() (store.Person, error) { return r.PersonByKey("43") },
			func() (store.Person, error) { return r.PersonByKey("") },
			func() (store.Person, error) { return r.PersonByEmail("") },
			func() (store.Person, error) { return r.PersonByAnonymousID("") },
		} {
			_, err := missing()
			require.ErrorIs(t, err, store.ErrNotFound)
		}
	})
}

func nobody(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) {
		_, err := tx.Identify(store.Person{Phone: "+4930123", UpdatedAt: noon})
		require.ErrorIs(t, err, store.ErrNobody)
	})
	view(t, s, func(r store.Reader) { require.Zero(t, must(r.CountPeople())(t)) })
}

func attributes(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) {
		identify(t, tx, store.Person{Key: "42", Email: "ada@example.com", UpdatedAt: noon, Attributes: map[string]any{"a": "1", "b": "2", "gone": nil}})
	})
	news := store.Person{Key: "42", Phone: "+49", CreatedAt: at(-time.Hour), UpdatedAt: at(time.Hour), Attributes: map[string]any{"b": nil, "c": "3"}}
	update(t, s, func(tx store.Tx) {
		p := identify(t, tx, news)
		require.Equal(t, map[string]any{"a": "1", "c": "3"}, p.Attributes)
		require.Equal(t, "ada@example.com", p.Email, "what is not given stays")
		require.Equal(t, "+49", p.Phone)
		require.Equal(t, at(-time.Hour), p.CreatedAt)
		require.Equal(t, at(time.Hour), p.UpdatedAt)
	})
	update(t, s, func(tx store.Tx) {
		news.CreatedAt, news.UpdatedAt = noon, at(2*time.Hour)
		p := identify(t, tx, news)
		require.Equal(t, at(-time.Hour), p.CreatedAt, "the earlier one holds")
		require.Equal(t, at(time.Hour), p.UpdatedAt, "nothing was new")
	})
	update(t, s, func(tx store.Tx) {
		p := identify(t, tx, store.Person{Key: "42", UpdatedAt: at(3 * time.Hour), Attributes: map[string]any{"a": nil, "c": nil}})
		require.Empty(t, p.Attributes)
		require.Equal(t, p, must(tx.Person(p.ID))(t))
	})
}
