package index

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// world is a store that is written to, and an index that follows.
type world struct {
	store  store.Store
	config Config
	first  *audience.Schema
	ix     *Index
	clock  time.Time
}

func (w *world) open(t require.TestingT) {
	if w.first == nil {
		w.first = w.config.Schema
	}
	ix, err := Open(context.Background(), w.config)
	require.NoError(t, err)
	w.ix = ix
}

func person(t *rapid.T) store.Person {
	p := store.Person{UpdatedAt: now, CreatedAt: days(rapid.IntRange(0, 500).Draw(t, "created")), Attributes: map[string]any{}}
	n := rapid.IntRange(1, 6).Draw(t, "who")
	for _, identifier := range rapid.SampledFrom([][]string{{"key"}, {"anonymous"}, {"email"}, {"key", "email"}, {"key", "anonymous"}, {"anonymous", "email"}}).Draw(t, "by") {
		switch identifier {
		case "key":
			p.Key = fmt.Sprint("k", n)
		case "anonymous":
			p.AnonymousID = fmt.Sprint("d", rapid.IntRange(1, 6).Draw(t, "device"))
		case "email":
			p.Email = fmt.Sprintf("a%d@example.com", rapid.IntRange(1, 6).Draw(t, "address"))
		}
	}
	for name, values := range map[string][]any{
		"spend": {nil, 20.0, 120.0, "101.5", "much"}, "dietary": {nil, []any{"vegan"}, "gluten_free|vegan"}, "store": {nil, "mitte", "moon"},
		"first_name": {nil, "Ada", "Bob"}, "birthday": {nil, "1990-02-28", "never"}, "vip": {nil, true, "false"},
	} {
		if rapid.Bool().Draw(t, name) {
			p.Attributes[name] = rapid.SampledFrom(values).Draw(t, name)
		}
	}
	return p
}

func event(t *rapid.T, person int64) store.Event {
	e := store.Event{Person: person, Name: rapid.SampledFrom([]string{"order", "visit", "email_opened"}).Draw(t, "name"),
		At: now.Add(-time.Duration(rapid.SampledFrom([]int{-3600, 0, 1, 60, 864000, 2592000, 7776000, 7776001, 20000000}).Draw(t, "age")) * time.Second), ReceivedAt: now,
		Imported: rapid.Bool().Draw(t, "imported"), Properties: map[string]any{}}
	if rapid.Bool().Draw(t, "once") {
		e.MessageID = fmt.Sprint("m", rapid.IntRange(1, 9).Draw(t, "message"))
	}
	for name, values := range map[string][]any{
		"total": {15.0, 150.25, "60", true}, "coupon": {"X", "", 7.0}, "page": {"/", "/x"},
		"items": {[]any{map[string]any{"sku": "s", "price": 9.5, "tags": []any{"gluten_free"}}}, []any{map[string]any{"sku": "t"}, map[string]any{"sku": "u", "price": "x"}}, []any{}},
	} {
		if rapid.Bool().Draw(t, name) {
			e.Properties[name] = rapid.SampledFrom(values).Draw(t, name)
		}
	}
	return e
}

// people are the numbers of those who are there.
func (w *world) people(t require.TestingT) (ids []int64) {
	require.NoError(t, w.store.View(context.Background(), func(r store.Reader) error {
		ids = ids[:0]
		return r.EachRecord(0, store.Need{}, func(r *store.Record) error {
			ids = append(ids, r.ID)
			return nil
		})
	}))
	return ids
}

// TestIndexIsWhatTheRecordSays writes to a store in every way, and follows,
// snapshots, reopens and crashes in between, in random order.
func TestIndexIsWhatTheRecordSays(t *testing.T) {
	root := t.TempDir()
	schema := schemaOf(t, bakery()...)
	wider := schemaOf(t, bakery(segment("ada", "profile.first_name == 'Ada'"), segment("coupons", "events.order.exists(o, o.coupon == 'X')"),
		segment("openers", "events.email_opened.any()"), segment("dear", "events.order.exists(o, o.items.exists(i, i.price > 5))"),
		segment("early", "consent.jobs.email.at < now"))...)
	asked := conditions(t, schema.Project(), append(others, questions...)...)
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(root, "")
		require.NoError(t, err)
		w := &world{store: openStore(t, dir), clock: now}
		defer func() { require.NoError(t, w.store.Close()) }()
		w.config = Config{Store: w.store, Schema: schema, Dir: filepath.Join(dir, "index"), Clock: func() time.Time { return w.clock }}
		w.open(t)
		actions := w.writes()
		maps.Copy(actions, w.follows(wider))
		t.Repeat(actions)
		agree(t, w.ix, asked, now)
		agree(t, w.ix, asked, now.AddDate(0, 0, 40))
	})
}

// writes are the ways to change the record.
func (w *world) writes() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"identify": func(t *rapid.T) {
			people := rapid.SliceOfN(rapid.Custom(person), 1, 3).Draw(t, "people")
			update(t, w.store, func(tx store.Tx) error {
				for _, p := range people {
					if _, err := tx.Identify(p); err != nil {
						return err
					}
				}
				return nil
			})
		},
		"happen": func(t *rapid.T) {
			var events []store.Event
			for range rapid.IntRange(1, 5).Draw(t, "events") {
				events = append(events, event(t, w.someone(t)))
			}
			update(t, w.store, func(tx store.Tx) error {
				_, err := tx.AppendEvents(events)
				return err
			})
		},
		"consent": func(t *rapid.T) {
			c := store.Consent{Person: w.someone(t), Topic: rapid.SampledFrom([]string{"news", "jobs"}).Draw(t, "topic"), Channel: rapid.SampledFrom([]string{"email", "sms"}).Draw(t, "channel"),
				Granted: rapid.Bool().Draw(t, "granted"), At: days(rapid.IntRange(0, 3).Draw(t, "days")), Source: "form", Proof: "x"}
			update(t, w.store, func(tx store.Tx) error { return tx.PutConsents([]store.Consent{c}) })
		},
		"suppress": func(t *rapid.T) {
			s := store.Suppression{Channel: "email", Address: fmt.Sprintf("A%d@example.com", rapid.IntRange(1, 6).Draw(t, "address")), Reason: "complaint", At: now}
			update(t, w.store, func(tx store.Tx) error { return tx.Suppress(s) })
		},
		"merge": func(t *rapid.T) {
			into, from := w.someone(t), w.someone(t)
			update(t, w.store, func(tx store.Tx) error {
				_, err := tx.Merge(into, from)
				return err
			})
		},
		"erase": func(t *rapid.T) {
			id := w.someone(t)
			update(t, w.store, func(tx store.Tx) error { return tx.Erase(id) })
		},
	}
}

// someone is there, or the step is skipped.
func (w *world) someone(t *rapid.T) int64 {
	people := w.people(t)
	if len(people) == 0 {
		t.Skip("nobody is there")
	}
	return rapid.SampledFrom(people).Draw(t, "person")
}

// follows are the ways to bring the index up to date, or to lose it.
func (w *world) follows(wider *audience.Schema) map[string]func(*rapid.T) {
	ctx := context.Background()
	return map[string]func(*rapid.T){
		"follow": func(t *rapid.T) { require.NoError(t, w.ix.Follow(ctx)) },
		"advance": func(t *rapid.T) {
			require.NoError(t, w.store.View(ctx, func(r store.Reader) error {
				event, change, err := r.Heads()
				require.NoError(t, err)
				return w.ix.Advance(r, rapid.Int64Range(0, event).Draw(t, "event"), rapid.Int64Range(0, change).Draw(t, "change"))
			}))
		},
		"snapshot": func(t *rapid.T) { require.NoError(t, w.ix.Snapshot(ctx)) },
		"maintain": func(t *rapid.T) {
			w.clock = w.clock.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour}).Draw(t, "later"))
			require.NoError(t, w.ix.Maintain(ctx))
		},
		"crash": func(t *rapid.T) { w.open(t) },
		"reopen": func(t *rapid.T) {
			require.NoError(t, w.ix.Close(ctx))
			w.open(t)
		},
		"use": func(t *rapid.T) {
			w.config.Schema = rapid.SampledFrom([]*audience.Schema{w.config.Schema, wider, w.first}).Draw(t, "schema")
			require.NoError(t, w.ix.Use(ctx, w.config.Schema))
		},
		"sort":    func(*rapid.T) { w.ix.table.Sort() },
		"compact": func(*rapid.T) { w.ix.table.Compact() },
	}
}
