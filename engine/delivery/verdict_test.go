package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// say records a consent.
func say(w *world, person int64, topic, channel string, granted bool) {
	w.update(func(tx store.Tx) error {
		return tx.PutConsents([]store.Consent{{Person: person, Topic: topic, Channel: channel, Granted: granted, At: noon}})
	})
}

func suppress(w *world, address string) {
	w.update(func(tx store.Tx) error {
		return tx.Suppress(store.Suppression{Channel: "email", Address: address, Reason: "complaint", At: noon})
	})
}

func happens(w *world, person int64, event string, at time.Time) {
	w.update(func(tx store.Tx) error {
		_, err := tx.AppendEvents([]store.Event{{Person: person, Name: event, At: at, ReceivedAt: at, Properties: map[string]any{"total": 5.0}}})
		return err
	})
}

// nobody is a person who permits nothing.
func nobody(w *world, email string) (id int64) {
	w.update(func(tx store.Tx) error {
		p, err := tx.Identify(store.Person{Key: "nobody", Email: email, Attributes: loaf, UpdatedAt: noon})
		id = p.ID
		return err
	})
	return id
}

func TestWhoGetsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		message string // of the journey; "" is hello
		person  func(w *world) int64
		defs    func(defs []campaign.Definition) []campaign.Definition
		outcome journey.SendOutcome
		reason  string // "" where no row is kept
	}{
		"erased":     {person: func(*world) int64 { return 9999 }, outcome: journey.OutcomeGone},
		"no address": {person: func(w *world) int64 { return nobody(w, "") }, outcome: journey.OutcomeWithheld, reason: delivery.ReasonNoAddress},
		"no address, even transactional": {
			message: "receipt", person: func(w *world) int64 { return nobody(w, "") }, outcome: journey.OutcomeWithheld, reason: delivery.ReasonNoAddress,
		},
		"an address that is none": {
			person: func(w *world) int64 { return w.person("ada at example.com", loaf) }, outcome: journey.OutcomeWithheld, reason: delivery.ReasonAddress,
		},
		"an address with a line break": {
			person:  func(w *world) int64 { return w.person("ada@example.com\r\nbcc: eve@example.com", loaf) },
			outcome: journey.OutcomeWithheld, reason: delivery.ReasonAddress,
		},
		"suppressed": {person: func(w *world) int64 {
			suppress(w, "ada@example.com")
			return w.person("ada@example.com", loaf)
		}, outcome: journey.OutcomeWithheld, reason: delivery.ReasonSuppressed},
		"suppressed, even transactional": {message: "receipt", person: func(w *world) int64 {
			suppress(w, "ada@example.com")
			return w.person("ada@example.com", loaf)
		}, outcome: journey.OutcomeWithheld, reason: delivery.ReasonSuppressed},
		"never asked": {
			person: func(w *world) int64 { return nobody(w, "ada@example.com") }, outcome: journey.OutcomeWithheld, reason: delivery.ReasonConsent,
		},
		"unsubscribed": {person: func(w *world) int64 {
			id := w.person("ada@example.com", loaf)
			say(w, id, "news", "email", false)
			return id
		}, outcome: journey.OutcomeWithheld, reason: delivery.ReasonConsent},
		"another topic, another channel": {person: func(w *world) int64 {
			id := nobody(w, "ada@example.com")
			say(w, id, "receipts", "email", true)
			say(w, id, "news", "sms", true)
			return id
		}, outcome: journey.OutcomeWithheld, reason: delivery.ReasonConsent},
		"an input without a value": {
			person: func(w *world) int64 { return w.person("ada@example.com", nil) }, outcome: journey.OutcomeWithheld, reason: delivery.ReasonInput + " loaf",
		},
		"a message that cannot be written": {
			person: func(w *world) int64 {
				return w.person("ada@example.com", map[string]any{"loaf": strings.Repeat("rye ", 1<<18)})
			},
			defs: func(defs []campaign.Definition) []campaign.Definition {
				m := hello("hello", "news")
				m.Text += strings.Repeat("{{ loaf }}", 20)
				return replace(defs, m)
			},
			outcome: journey.OutcomeWithheld, reason: delivery.ReasonTemplate,
		},
		"bought meanwhile: exit_when": {person: func(w *world) int64 {
			id := w.person("ada@example.com", loaf)
			happens(w, id, "order_completed", noon)
			return id
		}, outcome: journey.OutcomeExited},
		"exit_when goes before consent": {person: func(w *world) int64 {
			id := nobody(w, "ada@example.com")
			happens(w, id, "order_completed", noon)
			return id
		}, outcome: journey.OutcomeExited},
		"goal_when goes before exit_when": {defs: func(defs []campaign.Definition) []campaign.Definition {
			j := thanks("hello", false)
			j.GoalWhen = linktest.When("events.order_completed.any()")
			return replace(defs, j)
		}, person: func(w *world) int64 {
			id := w.person("ada@example.com", loaf)
			happens(w, id, "order_completed", noon)
			return id
		}, outcome: journey.OutcomeReached},
	} {
		t.Run(name, func(t *testing.T) {
			defs := bakery()
			if c.message != "" {
				defs = replace(defs, thanks(c.message, false))
			}
			if c.defs != nil {
				defs = c.defs(defs)
			}
			w := newWorld(t, defs...)
			person := c.person(w)
			q := w.enrol("1", person)
			want := journey.SendResult{At: noon}
			want.Add(0, c.outcome)
			for range 2 { // asked again, the answer is the same
				got, err := w.delivery("w1").Send(t.Context(), q)
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
			require.Empty(t, w.post.messages())
			rows := w.sends(q.Cohort, q.Members)
			labels, properties := w.events(person)
			if c.reason == "" {
				require.Empty(t, rows)
				require.NotContains(t, labels, "message_withheld")
				return
			}
			require.Len(t, rows, 1)
			require.Equal(t, store.Withheld, rows[0].State)
			require.Equal(t, c.reason, rows[0].Reason)
			require.Equal(t, noon, rows[0].ClosedAt)
			require.Equal(t, []string{"message_withheld"}, labels)
			require.Equal(t, map[string]any{
				"send": rows[0].Key, "campaign": "journey.thanks", "message": rows[0].Message.String(), "reason": c.reason,
			}, properties[0])
		})
	}
}

func TestTransactionalNeedsNoConsent(t *testing.T) {
	w := newWorld(t, replace(bakery(), thanks("receipt", false))...)
	q := w.enrol("1", nobody(w, "ada@example.com"))
	got, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0}, got.Sent)
	require.Empty(t, w.post.messages()[0].Headers, "there is nothing to unsubscribe from")
}

func TestInputsSeeStepsAndFacts(t *testing.T) {
	w := newWorld(t)
	q := w.enrol("1", w.person("ada@example.com", loaf), w.person("bob@example.com", loaf))
	d := w.delivery("w1")
	_, err := d.Send(t.Context(), q)
	require.NoError(t, err)
	rows := w.sends(q.Cohort, q.Members)
	w.update(func(tx store.Tx) error {
		_, err := tx.Engage(rows[0].ID, store.Clicked, noon)
		return err
	})
	q.Step = "again"
	got, err := d.Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0, 1}, got.Sent)
	subjects := map[string]string{}
	for _, m := range w.post.messages()[2:] {
		subjects[m.To.Address] = m.Subject
	}
	require.Equal(t, map[string]string{"ada@example.com": "Ada, your clicked is warm", "bob@example.com": "Ada, your quiet is warm"}, subjects)
}

func TestMessageThatIsNotLive(t *testing.T) {
	w := newWorld(t)
	q := w.enrol("1", w.person("ada@example.com", loaf))
	w.update(func(tx store.Tx) error { return tx.RemoveLive((&campaign.Sender{Name: "bakery"}).Address()) })
	require.NoError(t, w.live.Refresh(t.Context()))
	got, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0}, got.Withheld)
	require.Equal(t, "sender.bakery is not live", w.sends(q.Cohort, q.Members)[0].Reason)
	require.Contains(t, w.log.String(), "a message cannot be sent")
}

func TestMessageWithoutAName(t *testing.T) {
	w := newWorld(t, replace(bakery(), thanks("", false))...)
	q := w.enrol("1", w.person("ada@example.com", loaf))
	got, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0}, got.Withheld, "a definition that compile would refuse harms nobody")
}

func TestIssuesKeepTheirDefinition(t *testing.T) {
	w := newWorld(t)
	q := w.issue("broadcast/weekly/1", w.person("ada@example.com", loaf), w.person("bob@example.com", loaf))
	d := w.delivery("w1")
	first := q
	first.Members = journey.Members{0}
	_, err := d.Broadcast(t.Context(), first)
	require.NoError(t, err)

	w.apply(replace(bakery(), &campaign.Broadcast{Name: "weekly", Audience: linktest.CEL("topic.news.subscribed"), Message: "hello",
		With: []campaign.Binding{{Input: "loaf", Value: linktest.CEL("'spelt'")}}})...)
	got, err := d.Broadcast(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0, 1}, got.Sent)
	for _, m := range w.post.messages() {
		require.Equal(t, "Ada, your rye is warm", m.Subject, "an edit is for the issues to come")
	}

	late := w.issue("broadcast/weekly/2", w.person("eve@example.com", loaf))
	w.update(func(tx store.Tx) error { return tx.RemoveLive((&campaign.Broadcast{Name: "weekly"}).Address()) })
	require.NoError(t, w.live.Refresh(t.Context()))
	got, err = d.Broadcast(t.Context(), late)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0}, got.Withheld, "who takes a broadcast away stops it")
	require.Equal(t, "broadcast.weekly is not live", w.sends(late.Run, late.Members)[0].Reason)
}

func TestLookedAtAgainWhenItTakesLong(t *testing.T) {
	w := newWorld(t)
	w.post.parallel = 1
	w.kinds[1] = w.post.kind()
	people := w.people(4)
	q := w.enrol("1", people...)
	first := true
	w.post.answers(takeAnd(func() {
		if first {
			first = false
			w.pass(2 * time.Second)
			say(w, people[1], "news", "email", false)
			happens(w, people[2], "order_completed", noon)
		}
	}))
	got, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0, 3}, got.Sent)
	require.Equal(t, journey.Members{1}, got.Withheld)
	require.Equal(t, journey.Members{2}, got.Exited)
	require.Len(t, w.post.messages(), 2)
}
