package sqlite

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/engine/store"
)

// hashID is the number under which a message ID is looked for: FNV-1a of 64 bits
// (G. Fowler, L. C. Noll, K.-P. Vo, draft-eastlake-fnv), mixed by the end of
// MurmurHash3 (A. Appleby).
func hashID(id string) int64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 0x100000001b3
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return int64(h ^ h>>33) //nolint:gosec // all 64 bits are wanted
}

// seqByID finds the event with a message ID, 0 for none, and its place, or the one
// that it would have.
func (r *reader) seqByID(id string) (seq, place int64, err error) {
	for hash := hashID(id); ; hash++ {
		seq, err := one(r.conn, (*row).int64, `SELECT seq FROM event_ids WHERE hash = ?`, hash)
		if errors.Is(err, store.ErrNotFound) {
			return 0, hash, nil
		}
		if err != nil {
			return 0, 0, err
		}
		if seq == 0 {
			continue
		}
		found, err := one(r.conn, (*row).text, `SELECT message_id FROM events WHERE seq = ?`, seq)
		if errors.Is(err, store.ErrNotFound) { // of this very call: its row comes later
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		if found == id {
			return seq, hash, nil
		}
	}
}

// claim is an event that wants its message ID to be its own.
type claim struct {
	hash  int64
	index int // of the event in its call
}

// claimIDs gives each event whose message ID is news its place, under the number
// that it is going to have, and tells of which that is not so.
func (t *tx) claimIDs(events []store.Event, seqs []int64) error {
	claims := make([]claim, 0, len(events))
	for i := range events {
		if id := events[i].MessageID; id != "" {
			claims = append(claims, claim{hashID(id), i})
		}
	}
	slices.SortFunc(claims, func(a, b claim) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Or(strings.Compare(events[a.index].MessageID, events[b.index].MessageID), a.index-b.index)
	})
	claims = slices.CompactFunc(claims, func(a, b claim) bool { // of two in one call the first wins
		same := a.hash == b.hash && events[a.index].MessageID == events[b.index].MessageID
		if same {
			seqs[max(a.index, b.index)] = 0
		}
		return same
	})
	var taken []claim
	for chunk := range slices.Chunk(claims, bulkRows) {
		added, err := t.execMany(`INSERT OR IGNORE INTO event_ids (hash, seq) VALUES`, 2, len(chunk), func(args []any, i int) []any {
			return append(args, chunk[i].hash, seqs[chunk[i].index])
		})
		if err != nil {
			return err
		}
		if added == int64(len(chunk)) {
			continue
		}
		for _, c := range chunk {
			seq, err := one(t.conn, (*row).int64, `SELECT seq FROM event_ids WHERE hash = ?`, c.hash)
			if err != nil {
				return err
			}
			if seq != seqs[c.index] {
				taken = append(taken, c)
			}
		}
	}
	return t.claimOthers(events, seqs, taken)
}

// claimOthers looks after those whose place was taken: by themselves, mostly.
func (t *tx) claimOthers(events []store.Event, seqs []int64, taken []claim) error {
	for _, c := range taken {
		known, free, err := t.seqByID(events[c.index].MessageID)
		if err != nil {
			return err
		}
		if known != 0 {
			seqs[c.index] = 0
			continue
		}
		if _, err := t.exec(`INSERT INTO event_ids (hash, seq) VALUES (?, ?)`, free, seqs[c.index]); err != nil {
			return err
		}
	}
	return nil
}

// forgetIDs frees the places of a person's message IDs.
func (t *tx) forgetIDs(person int64) error {
	ids, err := all(t.conn, (*row).text, `SELECT message_id FROM person_events JOIN events USING (seq)
		WHERE person_events.person = ? AND message_id IS NOT NULL`, person)
	if err != nil {
		return err
	}
	for _, id := range ids {
		seq, place, err := t.seqByID(id)
		if err != nil {
			return err
		}
		if seq == 0 {
			continue
		}
		if _, err := t.exec(`UPDATE event_ids SET seq = 0 WHERE hash = ?1 AND EXISTS (SELECT 1 FROM event_ids WHERE hash = ?1 + 1)`, place); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM event_ids WHERE hash = ? AND seq <> 0`, place); err != nil {
			return err
		}
	}
	return nil
}

// fillIDs gives the events of version 1 their places.
func fillIDs(c *conn) error {
	t := newTx(c)
	for after := int64(0); ; {
		events, err := all(c, func(r *row) store.Event { return store.Event{Seq: r.int64(), MessageID: r.text()} },
			`SELECT seq, message_id FROM events WHERE seq > ? AND message_id IS NOT NULL ORDER BY seq LIMIT 50000`, after)
		if err != nil || len(events) == 0 {
			return err
		}
		seqs := make([]int64, len(events))
		for i := range events {
			seqs[i] = events[i].Seq
		}
		if err := t.claimIDs(events, seqs); err != nil {
			return err
		}
		after = events[len(events)-1].Seq
	}
}
