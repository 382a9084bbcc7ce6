package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

func TestResolve(t *testing.T) {
	known := func(id int64, email string) *store.Person { return &store.Person{ID: id, Key: "key", Email: email} }
	free := func(id int64) *store.Person { return &store.Person{ID: id} }
	for _, test := range []struct {
		name     string
		given    store.Person
		found    store.Matches
		into     int64
		absorbed []int64
		device   bool
	}{
		{"nobody", store.Person{Key: "k", AnonymousID: "a", Email: "e"}, store.Matches{}, 0, nil, true},
		{"by key", store.Person{Key: "k"}, store.Matches{Key: known(1, "")}, 1, nil, false},
		{"key before device", store.Person{Key: "k", AnonymousID: "a"}, store.Matches{Key: known(1, ""), AnonymousID: free(2)}, 1, []int64{2}, true},
		{"key before address", store.Person{Key: "k", Email: "e"}, store.Matches{Key: known(1, ""), Email: free(2)}, 1, []int64{2}, false},
		{"key takes both", store.Person{Key: "k", AnonymousID: "a", Email: "e"},
			store.Matches{Key: known(1, ""), AnonymousID: free(2), Email: free(3)}, 1, []int64{2, 3}, true},
		{"key takes one that is both", store.Person{Key: "k", AnonymousID: "a", Email: "e"},
			store.Matches{Key: known(1, ""), AnonymousID: free(2), Email: free(2)}, 1, []int64{2}, true},
		{"new key claims a device", store.Person{Key: "k", AnonymousID: "a"}, store.Matches{AnonymousID: free(2)}, 2, nil, true},
		{"new key claims an address", store.Person{Key: "k", Email: "e"}, store.Matches{Email: free(2)}, 2, nil, false},
		{"new key claims both", store.Person{Key: "k", AnonymousID: "a", Email: "e"},
			store.Matches{AnonymousID: free(2), Email: free(3)}, 2, []int64{3}, true},
		{"new key at another's device", store.Person{Key: "k", AnonymousID: "a"}, store.Matches{AnonymousID: known(2, "")}, 0, nil, false},
		{"new key with another's address", store.Person{Key: "k", Email: "e"}, store.Matches{Email: known(2, "e")}, 0, nil, false},
		{"by device", store.Person{AnonymousID: "a"}, store.Matches{AnonymousID: known(2, "")}, 2, nil, true},
		{"by address", store.Person{Email: "e"}, store.Matches{Email: known(2, "e")}, 2, nil, false},
		{"by address, with a new device", store.Person{AnonymousID: "a", Email: "e"}, store.Matches{Email: known(2, "e")}, 2, nil, true},
		{"a visitor tells a known address", store.Person{AnonymousID: "a", Email: "e"},
			store.Matches{AnonymousID: free(2), Email: known(3, "e")}, 3, []int64{2}, true},
		{"a visitor tells a reader's address", store.Person{AnonymousID: "a", Email: "e"},
			store.Matches{AnonymousID: free(2), Email: free(3)}, 2, []int64{3}, true},
		{"a customer at another's device", store.Person{AnonymousID: "a", Email: "e"},
			store.Matches{AnonymousID: known(2, "other"), Email: known(3, "e")}, 3, nil, false},
		{"a guest at a customer's device", store.Person{AnonymousID: "a", Email: "e"},
			store.Matches{AnonymousID: known(2, "other")}, 0, nil, false},
		{"a customer tells a first address", store.Person{AnonymousID: "a", Email: "e"}, store.Matches{AnonymousID: known(2, "")}, 2, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			into, absorbed, device := test.found.Resolve(test.given)
			var id int64
			if into != nil {
				id = into.ID
			}
			var ids []int64
			for _, p := range absorbed {
				ids = append(ids, p.ID)
			}
			require.Equal(t, test.into, id)
			require.Equal(t, test.absorbed, ids)
			require.Equal(t, test.device, device)
		})
	}
}

func TestLearn(t *testing.T) {
	noon := time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)
	was := store.Person{Key: "k", Email: "e", CreatedAt: noon, UpdatedAt: noon, Attributes: map[string]any{"a": "1", "tags": []any{"x"}}}
	for _, test := range []struct {
		name    string
		news    store.Person
		want    func(p *store.Person)
		changed bool
	}{
		{"nothing", store.Person{UpdatedAt: noon.Add(1)}, func(*store.Person) {}, false},
		{"the same", store.Person{Email: "E", UpdatedAt: noon.Add(1), Attributes: map[string]any{"tags": []any{"x"}, "gone": nil}}, func(*store.Person) {}, false},
		{"a later creation", store.Person{CreatedAt: noon.Add(1)}, func(*store.Person) {}, false},
		{"an earlier creation", store.Person{CreatedAt: noon.Add(-1), UpdatedAt: noon.Add(1)},
			func(p *store.Person) { p.CreatedAt, p.UpdatedAt = noon.Add(-1), noon.Add(1) }, true},
		{"an older update", store.Person{Phone: "1", UpdatedAt: noon.Add(-1)}, func(p *store.Person) { p.Phone = "1" }, true},
		{"attributes", store.Person{Attributes: map[string]any{"a": nil, "b": "2"}},
			func(p *store.Person) { p.Attributes = map[string]any{"b": "2", "tags": []any{"x"}} }, true},
		{"another key", store.Person{Key: "other"}, func(*store.Person) {}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, want := was, was
			test.want(&want)
			require.Equal(t, test.changed, got.Learn(test.news))
			require.Equal(t, want, got)
			require.Equal(t, map[string]any{"a": "1", "tags": []any{"x"}}, was.Attributes, "the maps of others are left alone")
		})
	}
}

// TestNews sees when an address that leads to a survivor becomes the survivor's.
func TestNews(t *testing.T) {
	ada := &store.Person{ID: 1, Key: "ada", Email: "ada@example.com"}
	other := &store.Person{ID: 2, Email: "old@example.com"}
	for _, test := range []struct {
		name  string
		given store.Person
		found store.Matches
		into  *store.Person
		email string
	}{
		{"an address that was given up", store.Person{Email: "old@example.com"}, store.Matches{Email: ada}, ada, ""},
		{"with a key", store.Person{Key: "ada", Email: "old@example.com"}, store.Matches{Key: ada, Email: ada}, ada, "old@example.com"},
		{"her own", store.Person{Email: "ada@example.com"}, store.Matches{Email: ada}, ada, "ada@example.com"},
		{"of another", store.Person{AnonymousID: "d", Email: "old@example.com"}, store.Matches{AnonymousID: ada, Email: other}, ada, "old@example.com"},
		{"of nobody", store.Person{Email: "new@example.com"}, store.Matches{}, nil, "new@example.com"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.email, test.found.News(test.given, test.into).Email)
		})
	}
}

func TestAbsorb(t *testing.T) {
	noon := time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)
	p := store.Person{ID: 1, Key: "ada", Email: "a@example.com", CreatedAt: noon, UpdatedAt: noon, Attributes: map[string]any{"name": "Ada"}}
	p.Absorb(store.Person{
		ID: 2, Key: "old", Email: "b@example.com", Phone: "+49", AnonymousID: "d", CreatedAt: noon.Add(-time.Hour), UpdatedAt: noon.Add(time.Hour),
		Attributes: map[string]any{"name": "?", "size": "m"},
	})
	require.Equal(t, store.Person{
		ID: 1, Key: "ada", Email: "a@example.com", Phone: "+49", AnonymousID: "d", CreatedAt: noon.Add(-time.Hour), UpdatedAt: noon.Add(time.Hour),
		Attributes: map[string]any{"name": "Ada", "size": "m"},
	}, p, "what is known is kept, what is missing is taken over")
}
