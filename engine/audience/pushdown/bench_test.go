package pushdown_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/pushdown"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres"
)

// benchPeople is how many people benchmarks have, with twelve events each;
// HERALD_BENCH_PEOPLE says otherwise.
func benchPeople() int {
	if n, err := strconv.Atoi(os.Getenv("HERALD_BENCH_PEOPLE")); err == nil {
		return n
	}
	return 10_000
}

// fill puts everybody into the store, many at a time, and lets the server count
// what there is.
func fill(b *testing.B, s *postgres.Store, p audiencetest.Population) {
	b.Helper()
	var waiting []*audiencetest.Someone
	flush := func() {
		require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error { return put(tx, waiting) }))
		waiting = waiting[:0]
	}
	for who := range p.All() {
		if waiting = append(waiting, who); len(waiting) == 1000 {
			flush()
		}
	}
	flush()
	require.NoError(b, analyze(b))
}

// address is where the store of the benchmark is.
var address string

func analyze(b *testing.B) error {
	b.Helper()
	pg, err := pgx.Connect(b.Context(), address)
	if err != nil {
		return err
	}
	defer pg.Close(context.Background())
	_, err = pg.Exec(b.Context(), "VACUUM ANALYZE")
	return err
}

func put(tx store.Tx, people []*audiencetest.Someone) error {
	who := make([]store.Person, len(people))
	for i, s := range people {
		who[i] = s.Person
		who[i].ID = 0
	}
	stored, err := tx.IdentifyAll(who)
	if err != nil {
		return err
	}
	var events []store.Event
	var consents []store.Consent
	for i, s := range people {
		for _, e := range s.Events {
			e.Seq, e.Person = 0, stored[i].ID
			events = append(events, e)
		}
		for _, c := range s.Consents {
			c.Person = stored[i].ID
			consents = append(consents, c)
		}
	}
	if _, err := tx.AppendEvents(events); err != nil {
		return err
	}
	return tx.PutConsents(consents)
}

// BenchmarkSelect asks a condition of each form, and compares with Scan.
func BenchmarkSelect(b *testing.B) {
	s := open(b)
	n := benchPeople()
	fill(b, s, audiencetest.Population{People: n, Events: 12 * n, Seed: 1, Plain: true})
	p := audiencetest.Project(b)
	e, scan := pushdown.New(s, p), audience.NewScan(s, p)
	for _, form := range [][2]string{
		{"attributes", `profile.country == "AA" && profile.points > 50 && profile.plan == "free"`},
		{"sum90d", `events.order_completed.within("90d").sum(o, o.total) >= 100`},
		{"both", `profile.country == "AA" && profile.points > 50 && events.order_completed.within("90d").sum(o, o.total) >= 100 && events.email_opened.within("30d").none()`},
		{"noOpen30d", `events.email_opened.within("30d").none()`},
		{"items", `events.order_completed.within("180d").exists(o, o.items.exists(i, "gluten_free" in i.tags))`},
	} {
		c := audiencetest.Checked(b, p, form[1])[0]
		for name, by := range map[string]audience.Evaluator{"pushdown": e, "scan": scan} {
			b.Run(fmt.Sprintf("%s/%s", form[0], name), func(b *testing.B) {
				for b.Loop() {
					_, err := by.Select(b.Context(), c, audiencetest.Now)
					require.NoError(b, err)
				}
			})
		}
	}
}
