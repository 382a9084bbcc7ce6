package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// identifyAll says the same to two worlds, to one at once and to the other one by
// one: they must become alike. The worlds share a store and no names.
func identifyAll(t *testing.T, s store.Store) {
	random := rand.New(rand.NewPCG(1, 2))
	ones, alls := twin{ids: map[int64]int{}, prefix: "one-"}, twin{ids: map[int64]int{}, prefix: "all-"}
	for round := range 120 {
		news := make([]store.Person, 1+random.IntN(12))
		for i := range news {
			news[i] = randomPerson(random, round)
		}
		update(t, s, func(tx store.Tx) {
			var one []store.Person
			for _, p := range news {
				one = append(one, identify(t, tx, ones.told(p)))
			}
			var told []store.Person
			for _, p := range news {
				told = append(told, alls.told(p))
			}
			all := must(tx.IdentifyAll(told))(t)
			require.Len(t, all, len(news))
			for i := range news {
				require.Equal(t, ones.heard(one[i]), alls.heard(all[i]), "round %d, person %d of %v", round, i, news)
			}
			if random.IntN(8) == 0 && one[0].ID != one[len(one)-1].ID {
				merge(t, tx, one[len(one)-1].ID, one[0].ID)
				merge(t, tx, all[len(one)-1].ID, all[0].ID)
			}
		})
	}
	view(t, s, func(r store.Reader) {
		var found [2][]store.Person
		require.NoError(t, r.EachRecord(0, store.Need{}, func(rec *store.Record) error {
			if _, is := ones.ids[rec.ID]; is {
				found[0] = append(found[0], ones.heard(rec.Person))
			} else {
				found[1] = append(found[1], alls.heard(rec.Person))
			}
			return nil
		}))
		require.ElementsMatch(t, found[0], found[1])
		require.NotEmpty(t, found[0])
	})
	update(t, s, func(tx store.Tx) {
		require.Empty(t, must(tx.IdentifyAll(nil))(t))
		require.ErrorIs(t, second(tx.IdentifyAll([]store.Person{{Key: "x"}, {Phone: "+49"}})), store.ErrNobody)
	})
}

// merge merges two who may have been merged before.
func merge(t *testing.T, tx store.Tx, into, from int64) {
	t.Helper()
	if _, err := tx.Person(into); err != nil {
		return
	}
	if _, err := tx.Person(from); err != nil {
		return
	}
	must(tx.Merge(into, from))(t)
}

// randomPerson has some of few names.
func randomPerson(random *rand.Rand, round int) store.Person {
	pick := func(kind string) string {
		if random.IntN(2) == 0 {
			return ""
		}
		return fmt.Sprint(kind, random.IntN(6+round/10))
	}
	p := store.Person{Key: pick("k"), AnonymousID: pick("d"), Email: pick("m"), UpdatedAt: at(time.Duration(round) * time.Minute)}
	if p.Key == "" && p.AnonymousID == "" && p.Email == "" {
		p.Key = "k0"
	}
	if random.IntN(3) == 0 {
		p.Attributes = map[string]any{fmt.Sprint("a", random.IntN(3)): fmt.Sprint(random.IntN(5))}
	}
	if random.IntN(5) == 0 {
		p.Phone = fmt.Sprint("+", random.IntN(9))
	}
	return p
}

// twin is one of two worlds: its names have a prefix, its numbers count from the
// first that was heard of.
type twin struct {
	ids    map[int64]int
	prefix string
}

func (w twin) told(p store.Person) store.Person {
	for _, name := range []*string{&p.Key, &p.AnonymousID, &p.Email} {
		if *name != "" {
			*name = w.prefix + *name
		}
	}
	return p
}

func (w twin) heard(p store.Person) store.Person {
	for _, name := range []*string{&p.Key, &p.AnonymousID, &p.Email} {
		*name = strings.TrimPrefix(*name, w.prefix)
	}
	if _, known := w.ids[p.ID]; !known {
		w.ids[p.ID] = len(w.ids) + 1
	}
	p.ID = int64(w.ids[p.ID])
	return p
}
