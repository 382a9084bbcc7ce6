package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/delivery/links"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
	"github.com/herald-campaigns/herald/providers/mailbox"
	"github.com/herald-campaigns/herald/providers/provider"
)

var noon = time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)

// world is a bakery with a store, a live project, people and a way out.
type world struct {
	t     testing.TB
	dir   string
	store store.Store
	live  *live.Holder
	post  *post
	wall  time.Time // what the wall clock says; moves by hand
	mu    sync.Mutex
	env   campaign.Environment
	clock clock.Clock
	log   bytes.Buffer
	kinds []provider.Kind
	tune  func(*delivery.Config)
	links *links.Signer
}

func newWorld(t testing.TB, defs ...campaign.Definition) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), wall: noon, env: campaign.Environment{Name: "production", Deliver: campaign.DeliverPeople}}
	s, err := sqlite.Open(t.Context(), w.dir, sqlite.Options{Relaxed: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w.store, w.post = s, newPost()
	w.links = signer(t)
	w.kinds = []provider.Kind{mailbox.Kind(), w.post.kind()}
	if len(defs) == 0 {
		defs = bakery()
	}
	w.apply(defs...)
	return w
}

func signer(t testing.TB) *links.Signer {
	t.Helper()
	s, err := links.New(bytes.Repeat([]byte{1}, 32), "https://mail.bakery.example")
	require.NoError(t, err)
	return s
}

// apply makes definitions live.
func (w *world) apply(defs ...campaign.Definition) {
	w.t.Helper()
	resources := linktest.Resources(w.t, defs...)
	w.update(func(tx store.Tx) error {
		for _, r := range resources {
			if err := tx.PutDefinitions([]store.Definition{{Digest: r.Digest, Kind: r.Addr.Kind(), Body: r.Body}}); err != nil {
				return err
			}
			if err := tx.SetLive(store.LiveResource{Addr: r.Addr, Digest: r.Digest, Body: r.Body}); err != nil {
				return err
			}
		}
		return tx.SetEnvironment(w.env, campaign.Settings{})
	})
	if w.live == nil {
		h, err := live.Open(w.t.Context(), w.store, nil)
		require.NoError(w.t, err)
		w.live = h
	}
	require.NoError(w.t, w.live.Refresh(w.t.Context()))
}

// in sets the environment.
func (w *world) in(env campaign.Environment) {
	w.env = env
	w.update(func(tx store.Tx) error { return tx.SetEnvironment(env, campaign.Settings{}) })
	require.NoError(w.t, w.live.Refresh(w.t.Context()))
}

func (w *world) update(f func(store.Tx) error) {
	w.t.Helper()
	require.NoError(w.t, w.store.Update(w.t.Context(), f))
}

func (w *world) view(f func(store.Reader) error) {
	w.t.Helper()
	require.NoError(w.t, w.store.View(w.t.Context(), f))
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wall
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wall = w.wall.Add(d)
}

// delivery opens a worker.
func (w *world) delivery(owner string) *delivery.Delivery {
	w.t.Helper()
	c := delivery.Config{
		Store: w.store, Live: w.live, Links: w.links, Kinds: w.kinds, DataDir: w.dir, Owner: owner, Clock: w.clock, Wall: w.now,
		Log: slog.New(slog.NewTextHandler(&lockedWriter{w: &w.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Secrets: func(s campaign.Secret) (string, error) {
			if s.Variable == "smtp_password" {
				return "s3cret", nil
			}
			return "", errors.New("unset")
		},
	}
	if w.tune != nil {
		w.tune(&c)
	}
	d, err := delivery.New(c)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, d.Close()) })
	return d
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// person adds somebody who permits everything.
func (w *world) person(email string, attributes map[string]any) int64 {
	w.t.Helper()
	var id int64
	w.update(func(tx store.Tx) error {
		p, err := tx.Identify(store.Person{Key: "k" + email + fmt.Sprint(len(attributes)), Email: email, Attributes: attributes, CreatedAt: noon, UpdatedAt: noon})
		if err != nil {
			return err
		}
		id = p.ID
		return tx.PutConsents([]store.Consent{{Person: p.ID, Topic: "news", Channel: "email", Granted: true, At: noon.Add(-time.Hour)}})
	})
	return id
}

// people adds n of them.
func (w *world) people(n int) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = w.person("person"+strconv.Itoa(i)+"@example.com", map[string]any{"first_name": "P" + strconv.Itoa(i), "loaf": "rye"})
	}
	return ids
}

// enrol starts a cohort of the journey thanks.
func (w *world) enrol(id string, people ...int64) journey.SendRequest {
	w.t.Helper()
	j, err := w.live.Current().Journey("thanks")
	require.NoError(w.t, err)
	cohort := journey.CohortID("thanks", id)
	w.update(func(tx store.Tx) error {
		members := make([]store.Enrolment, len(people))
		for i, p := range people {
			members[i] = store.Enrolment{Index: i, Person: p, EnteredAt: noon, UpdatedAt: noon, Trigger: map[string]any{"total": 12.5, "at": "2026-12-03T11:00:00Z"}}
		}
		return tx.CreateCohort(store.Cohort{ID: cohort, Journey: "thanks", Definition: j.Digest, Size: len(people), CreatedAt: noon}, members)
	})
	return journey.SendRequest{Cohort: cohort, Definition: j.Digest, Step: "hello", Visit: 1, At: noon, Members: journey.Range(0, len(people))}
}

// issue starts an issue of the broadcast weekly.
func (w *world) issue(id string, people ...int64) journey.BroadcastRequest {
	w.t.Helper()
	b, err := w.live.Current().Broadcast("weekly")
	require.NoError(w.t, err)
	w.update(func(tx store.Tx) error {
		return tx.CreateRun(store.Run{ID: id, Broadcast: "weekly", Definition: b.Digest, DueAt: noon, Size: len(people), CreatedAt: noon}, people)
	})
	return journey.BroadcastRequest{Run: id, Definition: b.Digest, Members: journey.Range(0, len(people))}
}

func (w *world) sends(cohort string, members journey.Members) []store.Send {
	w.t.Helper()
	var out []store.Send
	w.view(func(r store.Reader) (err error) {
		out, err = r.SendsOfCohort(cohort, "", members)
		return err
	})
	return out
}

// events are the labels and properties of what the record has of a person.
func (w *world) events(person int64) (labels []string, properties []map[string]any) {
	w.t.Helper()
	w.view(func(r store.Reader) error {
		events, err := r.EventsAfter(0, 0)
		for _, e := range events {
			if e.Person == person {
				labels, properties = append(labels, e.Name), append(properties, e.Properties)
			}
		}
		return err
	})
	return labels, properties
}

func bakery() []campaign.Definition {
	return []campaign.Definition{
		&campaign.Profile{Attributes: []campaign.Attribute{
			{Name: "first_name", Type: campaign.Of(campaign.String), Default: "there"},
			{Name: "loaf", Type: campaign.Of(campaign.String)},
			{Name: "vegan", Type: campaign.Of(campaign.Bool)},
		}, Timezone: campaign.TimezoneRule{Default: "Europe/Berlin"}, Locale: campaign.LocaleRule{Known: []string{"en", "de"}, Default: "en"}},
		&campaign.Event{Name: "order_completed", Properties: []campaign.Field{{Name: "total", Type: campaign.Of(campaign.Number), Optional: true}}},
		&campaign.Topic{Name: "news"},
		&campaign.Topic{Name: "receipts", Transactional: true},
		&campaign.Segment{Name: "buyers", When: linktest.CEL("events.order_completed.any()")},
		&campaign.Provider{Name: "post", Source: "test/post", Config: map[string]any{"password": campaign.Secret{Variable: "smtp_password"}, "host": "x"}},
		&campaign.Sender{Name: "bakery", From: "The Daily Crumb <hello@bakery.example>", ReplyTo: "shop@bakery.example", Provider: "post"},
		hello("hello", "news"),
		hello("receipt", "receipts"),
		thanks("hello", false),
		&campaign.Broadcast{Name: "weekly", Audience: linktest.CEL("topic.news.subscribed"), Message: "hello",
			With: []campaign.Binding{{Input: "loaf", Value: linktest.CEL("profile.loaf")}}},
	}
}

func hello(name, topic string) *campaign.Message {
	return &campaign.Message{
		Name: name, Channel: "email", Topic: topic, Sender: "bakery",
		Subject: "{{ profile.first_name }}, your {{ loaf }} is warm",
		HTML: `<!doctype html><html><head></head><body><p>{{ "greeting" | t }} {{ profile.first_name }}</p>{% content hero %}` +
			`<a href="https://bakery.example/rye?a=1&amp;b=2">Rye</a>{% if segment.buyers %}<p>Thanks!</p>{% endif %}<a href="{{ unsubscribe_url }}">Leave</a></body></html>`,
		Text:    "{{ profile.first_name }}: {{ loaf }}\n{% content hero %}\nhttps://bakery.example/rye\n{{ unsubscribe_url }} {{ preferences_url }} {{ view_url }} {{ why_url }}\n",
		Inputs:  []campaign.Field{{Name: "loaf", Type: campaign.Of(campaign.String)}},
		Strings: map[string]map[string]string{"en": {"greeting": "Hello"}, "de": {"greeting": "Hallo"}},
		Blocks: []campaign.Content{{Name: "hero", Cases: []campaign.ContentCase{
			{Name: "vegan", When: linktest.When("profile.vegan"), HTML: `<p>Plants <a href="https://bakery.example/vegan">only</a></p>`, Text: "Plants"},
			{Name: "else", HTML: `<p>Butter</p>`, Text: "Butter"},
		}}},
	}
}

func thanks(message string, resend bool) *campaign.Journey {
	return &campaign.Journey{
		Name:     "thanks",
		Trigger:  campaign.Trigger{Name: "order", Event: &campaign.EventTrigger{Event: "order_completed"}},
		ExitWhen: linktest.When("events.order_completed.since(journey.entered_at).any()"),
		Steps: campaign.Steps{
			&campaign.Send{Name: "hello", Message: message, ResendUnknown: resend, With: []campaign.Binding{{Input: "loaf", Value: linktest.CEL("profile.loaf")}}},
			&campaign.Wait{Name: "pause", For: time.Hour},
			&campaign.Send{Name: "again", Message: message, With: []campaign.Binding{{Input: "loaf", Value: linktest.CEL("step.hello.clicked ? 'clicked' : 'quiet'")}}},
		},
	}
}

// replace changes one of some definitions.
func replace(defs []campaign.Definition, by campaign.Definition) []campaign.Definition {
	for i, d := range defs {
		if d.Address() == by.Address() {
			defs[i] = by
		}
	}
	return defs
}

// post is a provider whose answers are scripted.
type post struct {
	mu       sync.Mutex
	taken    []provider.Message
	answer   func(ctx context.Context, m *provider.Message) (provider.Receipt, error)
	opened   []provider.Config
	closed   int
	under    int // way
	most     int
	dedup    bool
	stays    bool
	parallel int
}

func newPost() *post { return &post{parallel: 8} }

func (p *post) kind() provider.Kind {
	return provider.Kind{
		Source: "test/post", Schema: &schema.Block{Name: "provider"},
		Capabilities: provider.Capabilities{Channels: []string{"email"}, Stays: p.stays, Deduplicates: p.dedup, Parallel: p.parallel},
		New: func(_ context.Context, cfg provider.Config) (provider.Provider, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.opened = append(p.opened, cfg)
			return p, nil
		},
	}
}

func (p *post) Deliver(ctx context.Context, m *provider.Message) (provider.Receipt, error) {
	p.mu.Lock()
	p.under++
	p.most = max(p.most, p.under)
	answer := p.answer
	p.mu.Unlock()
	receipt, err := provider.Receipt{ID: "r-" + m.Key}, error(nil)
	if answer != nil {
		receipt, err = answer(ctx, m)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under--
	if err == nil {
		p.taken = append(p.taken, *m)
	}
	return receipt, err
}

func (p *post) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed++
	return nil
}

func (p *post) messages() []provider.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]provider.Message(nil), p.taken...)
}

func (p *post) answers(f func(ctx context.Context, m *provider.Message) (provider.Receipt, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

func refuse(e provider.Error) func(context.Context, *provider.Message) (provider.Receipt, error) {
	if e.Err == nil {
		e.Err = errors.New("scripted")
	}
	return func(context.Context, *provider.Message) (provider.Receipt, error) { return provider.Receipt{}, &e }
}

var loaf = map[string]any{"first_name": "Ada", "loaf": "rye"}
