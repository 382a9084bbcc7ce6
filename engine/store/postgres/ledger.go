package postgres

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

const sendColumns = `id, key, person, campaign, step, cohort, idx, message, definition, channel, topic, provider, provider_id,
	state, reason, attempt, owner, lease_until, created_at, sent_at, closed_at, retry_at,
	delivered_at, opened_at, machine_opened_at, clicked_at, bounced_at, complained_at, unsubscribed_at`

func readSend(r *row) store.Send {
	return store.Send{
		ID: r.int64(), Key: r.text(), Person: r.int64(), Campaign: r.addr(), Step: r.text(), Cohort: r.text(), Index: r.int(),
		Message: r.addr(), Definition: campaign.Digest(r.text()), Channel: r.text(), Topic: r.text(), Provider: r.text(), ProviderID: r.text(),
		State: store.SendState(r.text()), Reason: r.text(), Attempt: r.int(), Owner: r.text(), LeaseUntil: r.time(),
		CreatedAt: r.time(), SentAt: r.time(), ClosedAt: r.time(), RetryAt: r.time(),
		Engagement: store.Engagement{
			DeliveredAt: r.time(), OpenedAt: r.time(), MachineOpenedAt: r.time(), ClickedAt: r.time(),
			BouncedAt: r.time(), ComplainedAt: r.time(), UnsubscribedAt: r.time(),
		},
	}
}

// Send implements store.LedgerReader.
func (r *reader) Send(id int64) (store.Send, error) {
	return one(r.conn, readSend, `SELECT `+sendColumns+` FROM sends WHERE id = $1`, id)
}

// SendByKey implements store.LedgerReader.
func (r *reader) SendByKey(key string) (store.Send, error) {
	return one(r.conn, readSend, `SELECT `+sendColumns+` FROM sends WHERE key = $1`, key)
}

// SendsOfPerson implements store.LedgerReader.
func (r *reader) SendsOfPerson(person int64, limit int) ([]store.Send, error) {
	return all(r.conn, readSend, `SELECT `+sendColumns+` FROM sends WHERE person = $1 ORDER BY id DESC LIMIT $2`, person, noLimit(limit))
}

// SendsInState implements store.LedgerReader.
func (r *reader) SendsInState(state store.SendState, limit int) ([]store.Send, error) {
	return all(r.conn, readSend, `SELECT `+sendColumns+` FROM sends WHERE state = $1 ORDER BY id LIMIT $2`, state, noLimit(limit))
}

// SendsOfCohort implements store.LedgerReader.
func (r *reader) SendsOfCohort(cohort, step string, indices []int) ([]store.Send, error) {
	return all(r.conn, readSend, `SELECT `+sendColumns+` FROM sends
		WHERE cohort = $1 AND idx = ANY($3) AND ($2 = '' OR step = $2) ORDER BY idx, id`, cohort, step, indices)
}

// Reserve implements store.LedgerWriter.
func (t *tx) Reserve(sends []store.Send, now time.Time) ([]store.Send, error) {
	if len(sends) == 0 {
		return []store.Send{}, nil
	}
	keys := make([]string, len(sends))
	for i := range sends {
		keys[i] = clean(sends[i].Key)
	}
	there := map[string]bool{}
	found, err := all(t.conn, (*row).text, `SELECT key FROM sends WHERE key = ANY($1)`, keys)
	if err != nil {
		return nil, err
	}
	for _, key := range found {
		there[key] = true
	}
	for i, s := range sends {
		if there[keys[i]] {
			err = t.takeOver(s, now)
		} else {
			there[keys[i]] = true
			err = t.open(s, now)
		}
		if err != nil {
			return nil, err
		}
	}
	return t.sendsByKey(keys)
}

// sendsByKey reads rows that are there, in the order of their keys.
func (t *tx) sendsByKey(keys []string) ([]store.Send, error) {
	found, err := all(t.conn, readSend, `SELECT `+sendColumns+` FROM sends WHERE key = ANY($1)`, keys)
	if err != nil {
		return nil, err
	}
	byKey := make(map[string]*store.Send, len(found))
	for i := range found {
		byKey[found[i].Key] = &found[i]
	}
	rows := make([]store.Send, len(keys))
	for i, key := range keys {
		if byKey[key] == nil {
			return nil, fmt.Errorf("send %s: %w", key, store.ErrNotFound)
		}
		rows[i] = *byKey[key]
	}
	return rows, nil
}

// open adds a row.
func (t *tx) open(s store.Send, now time.Time) error {
	return t.later(`INSERT INTO sends (id, key, person, campaign, step, cohort, idx, message, definition, channel, topic, provider, provider_id,
			state, reason, attempt, owner, lease_until, created_at, retry_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', 'reserved', '', 0, $13, $14, $15, $16)`,
		t.draw("send", 1), s.Key, s.Person, s.Campaign, s.Step, s.Cohort, s.Index, s.Message, s.Definition, s.Channel, s.Topic, s.Provider,
		s.Owner, s.LeaseUntil, orTime(s.CreatedAt, now), s.RetryAt)
}

// takeOver takes a row over, or gives it up as unknown.
func (t *tx) takeOver(s store.Send, now time.Time) error {
	if err := t.later(`UPDATE sends SET owner = $2, lease_until = $3, message = $5, definition = $6, channel = $7, topic = $8, provider = $9
		WHERE key = $1 AND state = 'reserved' AND (owner = $2 OR lease_until IS NULL OR lease_until <= $4)`,
		s.Key, s.Owner, s.LeaseUntil, now, s.Message, s.Definition, s.Channel, s.Topic, s.Provider); err != nil {
		return err
	}
	return t.later(`UPDATE sends SET state = 'unknown', reason = 'the worker died while sending', closed_at = $2, lease_until = NULL
		WHERE key = $1 AND state = 'sending' AND lease_until <= $2`, s.Key, now)
}

// MarkSending implements store.LedgerWriter.
func (t *tx) MarkSending(id int64, owner string, leaseUntil time.Time) error {
	marked, err := t.exec(`UPDATE sends SET state = 'sending', lease_until = $3, attempt = attempt + 1, retry_at = NULL
		WHERE id = $1 AND owner = $2 AND state = 'reserved'`, id, owner, leaseUntil)
	if err != nil || marked > 0 {
		return err
	}
	return t.refused(id, "marked as sending")
}

// CloseSend implements store.LedgerWriter.
func (t *tx) CloseSend(id int64, owner string, end store.SendEnd) error {
	var changed int64
	var err error
	switch end.State {
	case store.Reserved:
		changed, err = t.exec(`UPDATE sends SET state = 'reserved', reason = $3, retry_at = $4, owner = '', lease_until = NULL
			WHERE id = $1 AND owner = $2 AND state IN ('reserved', 'sending')`, id, owner, end.Reason, end.RetryAt)
	case store.Withheld:
		changed, err = t.end(id, owner, end, `('reserved', 'sending')`)
	case store.Failed:
		changed, err = t.end(id, owner, end, `('reserved', 'sending', 'unknown')`)
	case store.Sent, store.Unknown:
		changed, err = t.end(id, owner, end, `('sending', 'unknown')`)
	default:
		return fmt.Errorf("a send cannot end as %q", end.State)
	}
	if err != nil || changed > 0 {
		return err
	}
	return t.refused(id, "closed as "+string(end.State))
}

// end closes a row that is in one of the given states.
func (t *tx) end(id int64, owner string, end store.SendEnd, from string) (int64, error) {
	sentAt := time.Time{}
	if end.State == store.Sent {
		sentAt = end.At
	}
	return t.exec(`UPDATE sends SET state = $3, reason = $4, provider = coalesce($5::text, provider), provider_id = $6,
			closed_at = $7, sent_at = $8, lease_until = NULL, retry_at = NULL
		WHERE id = $1 AND owner = $2 AND state IN `+from,
		id, owner, end.State, end.Reason, orNull(end.Provider), end.ProviderID, end.At, sentAt)
}

// refused says why a row could not be changed.
func (t *tx) refused(id int64, how string) error {
	s, err := t.Send(id)
	if err != nil {
		return fmt.Errorf("send %d: %w", id, err)
	}
	return fmt.Errorf("%w: send %d is %s and %q holds it, so it cannot be %s", store.ErrConflict, id, s.State, s.Owner, how)
}

var engagementColumns = map[store.EngagementKind]string{
	store.Delivered: `delivered_at`, store.Opened: `opened_at`, store.MachineOpened: `machine_opened_at`, store.Clicked: `clicked_at`,
	store.Bounced: `bounced_at`, store.Complained: `complained_at`, store.Unsubscribed: `unsubscribed_at`,
}

// Engage implements store.LedgerWriter.
func (t *tx) Engage(sendID int64, kind store.EngagementKind, at time.Time) (bool, error) {
	column, ok := engagementColumns[kind]
	if !ok {
		return false, fmt.Errorf("%q is not a kind of engagement", kind)
	}
	known, err := one(t.conn, (*row).time, `SELECT `+column+` FROM sends WHERE id = $1`, sendID)
	if err != nil {
		return false, err
	}
	if known.IsZero() || at.Before(known) {
		err = t.later(`UPDATE sends SET `+column+` = $1 WHERE id = $2`, at, sendID)
	}
	return known.IsZero(), err
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
