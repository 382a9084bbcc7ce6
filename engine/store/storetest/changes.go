package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// changesAfter reads the feed in small bites, to its end.
func changesAfter(t *testing.T, r store.Reader, after int64) []store.Change {
	t.Helper()
	var found []store.Change
	for {
		some := must(r.ChangesAfter(after, 2))(t)
		if len(some) == 0 {
			return found
		}
		found = append(found, some...)
		after = some[len(some)-1].Seq
	}
}

// peopleOf are the people of changes, in order.
func peopleOf(changes []store.Change) []int64 {
	var people []int64
	for _, c := range changes {
		people = append(people, c.Person)
	}
	return people
}

func changes(t *testing.T, s store.Store) {
	var ids []int64
	head := func() (event, change int64) {
		view(t, s, func(r store.Reader) {
			var err error
			event, change, err = r.Heads()
			require.NoError(t, err)
		})
		return event, change
	}
	event, last := head()
	require.Zero(t, event)
	require.Zero(t, last)
	update(t, s, func(tx store.Tx) {
		ids = nil
		for _, p := range []store.Person{{Key: "ada", Email: "ada@example.com"}, {Key: "bob", Phone: "+49"}, {AnonymousID: "dev"}} {
			p.UpdatedAt = noon
			ids = append(ids, identify(t, tx, p).ID)
		}
		require.Equal(t, ids, peopleOf(changesAfter(t, tx, 0)), "a transaction sees its own")
		identify(t, tx, store.Person{Key: "ada", Phone: "+1"})
		require.Equal(t, []int64{ids[1], ids[2], ids[0]}, peopleOf(changesAfter(t, tx, 0)), "of each the newest")
	})
	_, last = head()
	ada, bob, dev := ids[0], ids[1], ids[2]
	for _, step := range []struct {
		name string
		do   func(tx store.Tx) error
		who  []int64
	}{
		{"nothing new", func(tx store.Tx) error {
			return second(tx.Identify(store.Person{Key: "ada", UpdatedAt: at(time.Hour)}))
		}, nil},
		{"an attribute", func(tx store.Tx) error {
			return second(tx.Identify(store.Person{Key: "ada", Attributes: map[string]any{"a": "b"}}))
		}, []int64{ada}},
		{"an event", func(tx store.Tx) error {
			return second(tx.AppendEvents([]store.Event{{Person: bob, Name: "x", At: noon}}))
		}, nil},
		{"a consent", func(tx store.Tx) error {
			return tx.PutConsents([]store.Consent{{Person: bob, Topic: "news", Channel: "email", Granted: true, At: noon}})
		}, []int64{bob}},
		{"the same again", func(tx store.Tx) error {
			return tx.PutConsents([]store.Consent{{Person: bob, Topic: "news", Channel: "email", Granted: true, At: noon}})
		}, nil},
		{"an address is suppressed", func(tx store.Tx) error {
			return tx.Suppress(store.Suppression{Channel: "email", Address: "ADA@example.com", Reason: "complaint", At: noon})
		}, []int64{ada}},
		{"for another reason", func(tx store.Tx) error {
			return tx.Suppress(store.Suppression{Channel: "email", Address: "ada@example.com", Reason: "hard bounce", At: noon})
		}, nil},
		{"a phone is suppressed", func(tx store.Tx) error {
			return tx.Suppress(store.Suppression{Channel: "sms", Address: "+49", Reason: "stop", At: noon})
		}, []int64{bob}},
		{"an address of nobody", func(tx store.Tx) error {
			return tx.Suppress(store.Suppression{Channel: "sms", Address: "+7", Reason: "stop", At: noon})
		}, nil},
		{"two in two calls", func(tx store.Tx) error {
			if err := second(tx.Identify(store.Person{AnonymousID: "dev", Phone: "+2"})); err != nil {
				return err
			}
			return second(tx.IdentifyAll([]store.Person{{Key: "bob", Phone: "+3"}, {Key: "ada", Phone: "+3"}, {Key: "bob", Phone: "+4"}}))
		}, []int64{dev, bob, ada}},
		{"a merge", func(tx store.Tx) error { return second(tx.Merge(ada, dev)) }, []int64{dev, ada}},
		{"the end", func(tx store.Tx) error { return tx.Erase(bob) }, []int64{bob}},
	} {
		update(t, s, func(tx store.Tx) { require.NoError(t, step.do(tx), step.name) })
		view(t, s, func(r store.Reader) {
			found := changesAfter(t, r, last)
			require.ElementsMatch(t, step.who, peopleOf(found), step.name)
			for _, c := range found {
				require.Greater(t, c.Seq, last, step.name)
				last = c.Seq
				require.Equal(t, c.Seq, c.Loud, step.name)
				require.Equal(t, c.Person == dev && step.name == "a merge" || c.Person == bob && step.name == "the end", c.Gone, step.name)
			}
		})
		_, now := head()
		require.Equal(t, last, now, step.name)
	}
	view(t, s, func(r store.Reader) {
		require.ElementsMatch(t, ids, peopleOf(changesAfter(t, r, 0)), "who is gone stays in the feed")
	})
	event, _ = head()
	require.EqualValues(t, 1, event, "also when the event has been erased")
}

// quietly has an import change what calls have changed, and the other way round.
func quietly(t *testing.T, s store.Store) {
	quiet := func(p store.Person) {
		update(t, s, func(tx store.Tx) {
			tx.Quietly()
			must(tx.IdentifyAll([]store.Person{p}))(t)
		})
	}
	newest := func() store.Change {
		var c store.Change
		view(t, s, func(r store.Reader) {
			all := changesAfter(t, r, 0)
			c = all[len(all)-1]
		})
		return c
	}
	quiet(store.Person{Key: "ada", UpdatedAt: noon})
	require.Zero(t, newest().Loud)
	known(t, s, "bob")
	loud := newest()
	require.Equal(t, loud.Seq, loud.Loud, "the next transaction is loud again")
	quiet(store.Person{Key: "bob", Phone: "+49"})
	require.Greater(t, newest().Seq, loud.Seq)
	require.Equal(t, loud.Seq, newest().Loud, "who has not seen the loud one must not miss it")
	update(t, s, func(tx store.Tx) {
		identify(t, tx, store.Person{Key: "ada", Phone: "+49"})
		tx.Quietly()
		identify(t, tx, store.Person{Key: "ada", Phone: "+50"})
	})
	require.Equal(t, newest().Seq, newest().Loud)
}

// changesInOrder reads along while others write: nothing appears below what was
// read, and in the end everybody has been seen as they are.
func changesInOrder(t *testing.T, s store.Store) {
	const writers, steps, people = 4, 25, 5
	done := make(chan error, writers)
	for w := range writers {
		go func() {
			done <- func() error {
				for i := range steps {
					if err := s.Update(t.Context(), func(tx store.Tx) error {
						_, err := tx.IdentifyAll([]store.Person{
							{Key: fmt.Sprint((w + i) % people), UpdatedAt: noon, Attributes: map[string]any{"n": fmt.Sprint(w, i)}},
							{Key: fmt.Sprint((w + 2*i) % people), UpdatedAt: noon, Attributes: map[string]any{"n": fmt.Sprint(w, i)}},
						})
						return err
					}); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	seen := map[int64]store.Person{}
	var last int64
	follow := func() (n int) {
		view(t, s, func(r store.Reader) {
			for _, c := range must(r.ChangesAfter(last, 3))(t) {
				require.Greater(t, c.Seq, last)
				last = c.Seq
				seen[c.Person] = must(r.Person(c.Person))(t)
				n++
			}
		})
		return n
	}
	for finished := 0; finished < writers; {
		select {
		case err := <-done:
			require.NoError(t, err)
			finished++
		default:
			follow()
		}
	}
	for follow() > 0 {
	}
	require.Len(t, seen, people)
	view(t, s, func(r store.Reader) {
		for id, p := range seen {
			require.Equal(t, must(r.Person(id))(t), p, "no change was missed")
		}
	})
}
