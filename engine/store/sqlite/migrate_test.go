package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// versionOne makes a store as the first herald left it: 10,000 people with an
// event each, of whom every third is in a segment.
const versionOne = `
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
		INSERT INTO people (key, email, attributes, created_at, updated_at) SELECT 'k' || i, i || '@example.com', '{}', 0, 0 FROM n;
	INSERT INTO anonymous_ids VALUES ('dev', 7);
	INSERT INTO events (person, name, at, received_at, message_id, imported, properties)
		SELECT id, iif(id % 2, 'order', 'visit'), iif(id = 5, NULL, id * 1000000), 0, iif(id % 4, 'm' || id, NULL), 0, '{"n":' || id || '}' FROM people;
	INSERT INTO members SELECT iif(id % 2, 'odd', 'even'), id, 1000000 * id FROM people WHERE id % 3 = 0;
	INSERT INTO rejected (source, line, reason, body, at, digest) VALUES ('a.csv', 1, 'r', 'b', 0, x'00');
	INSERT INTO suppressions VALUES ('7@example.com', 'email', 'complaint', 0);`

func TestFromVersionOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	require.NoError(t, os.MkdirAll(dir, 0o700))
	c, err := connect(dsn(path, nil), path)
	require.NoError(t, err)
	steps, err := migrations()
	require.NoError(t, err)
	require.NoError(t, c.migrate(steps[:1], time.Now()))
	require.NoError(t, c.script(versionOne))
	require.NoError(t, c.close())

	s := open(t, dir, Options{})
	defer s.Close()
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		seen := 0
		for segment, rest := range map[string]int64{"odd": 1, "even": 0} {
			require.NoError(t, r.Members(segment, func(person int64) error {
				require.Zero(t, person%3)
				require.Equal(t, rest, person%2)
				seen++
				return nil
			}))
		}
		require.Equal(t, 3333, seen)
		counts, err := r.MemberCounts()
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"odd": 1667, "even": 1666}, counts)
		moves, err := r.MovesOf(9, "", 0)
		require.NoError(t, err)
		require.Len(t, moves, 1)
		require.Equal(t, store.Move{Seq: moves[0].Seq, Segment: "odd", Person: 9, Inside: true, At: time.Unix(9, 0).UTC(), Cause: store.ByStart}, moves[0])
		days, err := r.SegmentDays("odd", time.Time{})
		require.NoError(t, err)
		require.Equal(t, []store.SegmentDay{{Day: time.Unix(0, 0).UTC(), Entered: 1667}}, days)

		event, change, err := r.Heads()
		require.NoError(t, err)
		require.EqualValues(t, 10_000, event)
		require.EqualValues(t, 10_000, change)
		records, err := r.Records([]int64{5, 8}, store.Need{Events: []string{"order", "visit"}})
		require.NoError(t, err)
		require.Equal(t, map[string]any{"n": 5.0}, records[0].Events["order"][0].Properties)
		require.Zero(t, records[0].Events["order"][0].At)
		require.Len(t, records[1].Events["visit"], 1)
		e, err := r.EventByMessageID("m9")
		require.NoError(t, err)
		require.EqualValues(t, 9, e.Person)
		rows, err := r.RejectedRows("a.csv", 0)
		require.NoError(t, err)
		require.Equal(t, []store.Rejected{{ID: 1, Source: "a.csv", Line: 1, Reason: "r", Body: "b", At: time.Unix(0, 0).UTC()}}, rows)
		return nil
	}))
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		seqs, err := tx.AppendEvents([]store.Event{{Person: 1, Name: "order", MessageID: "m9"}, {Person: 1, Name: "order", MessageID: "m8"}})
		require.NoError(t, err)
		require.Equal(t, []int64{0, 10_002}, seqs, "what was known is known; every fourth had no ID")
		_, err = tx.Merge(1, 9)
		require.NoError(t, err)
		p, err := tx.PersonByKey("k9")
		require.EqualValues(t, 1, p.ID)
		return err
	}))
}

// TestMessageIDsOfOneHash has message IDs want the same place: each is found, also
// when one of them has been forgotten.
func TestMessageIDsOfOneHash(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	defer s.Close()
	require.NoError(t, s.Update(t.Context(), func(tx_ store.Tx) error {
		t_ := tx_.(*tx)
		for _, key := range []string{"ada", "bob"} {
			_, err := tx_.Identify(store.Person{Key: key})
			require.NoError(t, err)
		}
		taken := func(id string, seq int64) { // somebody else's ID is where this one's should be
			_, err := t_.exec(`INSERT INTO event_ids (hash, seq) VALUES (?, ?)`, hashID(id), seq)
			require.NoError(t, err)
		}
		first, err := tx_.AppendEvents([]store.Event{{Person: 1, Name: "x", MessageID: "a"}})
		require.NoError(t, err)
		taken("b", first[0])
		for range 2 {
			seqs, err := tx_.AppendEvents([]store.Event{{Person: 2, Name: "x", MessageID: "b"}})
			require.NoError(t, err)
			e, err := tx_.EventByMessageID("b")
			require.NoError(t, err)
			require.EqualValues(t, 2, e.Person)
			if seqs[0] != 0 {
				require.Equal(t, seqs[0], e.Seq)
			}
		}
		n, err := tx_.CountEvents()
		require.NoError(t, err)
		require.EqualValues(t, 2, n, "the second b was there")
		_, err = t_.exec(`UPDATE event_ids SET seq = 0 WHERE hash = ?`, hashID("b")) // as Erase leaves it
		require.NoError(t, err)
		e, err := tx_.EventByMessageID("b")
		require.NoError(t, err)
		require.EqualValues(t, 2, e.Person)
		require.NoError(t, tx_.Erase(2))
		_, err = tx_.EventByMessageID("b")
		require.ErrorIs(t, err, store.ErrNotFound)
		return nil
	}))
}
