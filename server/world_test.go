package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/delivery/links"
	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

var noon = time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)

const (
	site   = "https://mail.bakery.example"
	apiKey = "k3y-of-the-shop"
)

// world is a bakery with a store, a live project and a server.
type world struct {
	testing.TB
	store   store.Store
	live    *live.Holder
	links   *links.Signer
	server  *server
	handler http.Handler
	clock   time.Time // campaign time; moves by hand
	log     bytes.Buffer
	pokes   atomic.Int64
	sends   int
}

// newWorld opens a server; change alters its options, and may come to nothing.
func newWorld(t testing.TB, change func(*Options), defs ...campaign.Definition) *world {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Relaxed: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return newWorldOn(t, s, change, defs...)
}

func newWorldOn(t testing.TB, s store.Store, change func(*Options), defs ...campaign.Definition) *world {
	t.Helper()
	if len(defs) == 0 {
		defs = bakery()
	}
	w := &world{TB: t, store: s, clock: noon}
	w.apply(campaign.Settings{Name: "The Daily Crumb"}, defs...)
	var err error
	w.live, err = live.Open(t.Context(), s, nil)
	require.NoError(t, err)
	w.links, err = links.New(bytes.Repeat([]byte{1}, 32), site)
	require.NoError(t, err)
	o := Options{
		Store: s, Live: w.live, Links: w.links, APIKeys: []string{"another", apiKey}, Pages: true,
		Now: func() time.Time { return w.clock }, Poke: func() { w.pokes.Add(1) },
		Log: slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	if o.Intake == nil {
		o.Intake = intake.New(o.Store, w.model(), o.Now)
	}
	w.server = newServer(o)
	w.handler = w.server.handler()
	return w
}

// apply makes definitions live.
func (w *world) apply(settings campaign.Settings, defs ...campaign.Definition) {
	w.Helper()
	resources := linktest.Resources(w, defs...)
	w.update(func(tx store.Tx) error {
		for _, r := range resources {
			if err := tx.PutDefinitions([]store.Definition{{Digest: r.Digest, Kind: r.Addr.Kind(), Body: r.Body}}); err != nil {
				return err
			}
			if err := tx.SetLive(store.LiveResource{Addr: r.Addr, Digest: r.Digest, Body: r.Body}); err != nil {
				return err
			}
		}
		return tx.SetEnvironment(campaign.Environment{Name: "test"}, settings)
	})
}

// model is what intake checks calls against.
func (w *world) model() func() *intake.Model {
	project := w.live.Current()
	m := &intake.Model{Profile: project.Profile()}
	for _, name := range project.Names("event") {
		e, _ := project.Event(name)
		m.Events = append(m.Events, e)
	}
	for _, name := range project.Names("topic") {
		topic, _ := project.Topic(name)
		m.Topics = append(m.Topics, topic)
	}
	return func() *intake.Model { return m }
}

func (w *world) update(f func(store.Tx) error) {
	w.Helper()
	require.NoError(w, w.store.Update(context.Background(), f))
}

func (w *world) view(f func(store.Reader) error) {
	w.Helper()
	require.NoError(w, w.store.View(context.Background(), f))
}

// person adds somebody with an address who subscribed to the news.
func (w *world) person(key string) (id int64) {
	w.Helper()
	w.update(func(tx store.Tx) error {
		p, err := tx.Identify(store.Person{Key: key, Email: key + "@reader.example", UpdatedAt: noon})
		id = p.ID
		if err != nil {
			return err
		}
		return tx.PutConsents([]store.Consent{{Person: id, Topic: "news", Channel: "email", Granted: true, At: noon.AddDate(0, -1, 0), Source: "sign-up form", Proof: "form"}})
	})
	return id
}

// sent adds a message that a person was sent about a topic.
func (w *world) sent(person int64, topic string) store.Send {
	w.Helper()
	return w.sentBy(person, topic, addr.New("journey", "thanks"), "hello")
}

func (w *world) sentBy(person int64, topic string, by addr.Addr, step string) (send store.Send) {
	w.Helper()
	w.sends++
	w.update(func(tx store.Tx) error {
		rows, err := tx.Reserve([]store.Send{{
			Key: "key" + string(rune('a'+w.sends%26)) + time.Duration(w.sends).String(), Person: person, Campaign: by, Step: step, Cohort: "c", Index: w.sends,
			Message: addr.New("message", "hello"), Channel: "email", Topic: topic, Provider: "post", Owner: "me", LeaseUntil: noon.Add(time.Hour), CreatedAt: noon,
		}}, noon)
		if err != nil {
			return err
		}
		send = rows[0]
		if err := tx.MarkSending(send.ID, "me", noon.Add(time.Hour)); err != nil {
			return err
		}
		return tx.CloseSend(send.ID, "me", store.SendEnd{State: store.Sent, At: noon})
	})
	return send
}

// engagement is what came back for a message.
func (w *world) engagement(send store.Send) (e store.Engagement) {
	w.Helper()
	w.view(func(r store.Reader) error {
		s, err := r.Send(send.ID)
		e = s.Engagement
		return err
	})
	return e
}

// events are all that were recorded.
func (w *world) events() (all []store.Event) {
	w.Helper()
	w.view(func(r store.Reader) (err error) {
		all, err = r.EventsAfter(0, 0)
		return err
	})
	return all
}

func (w *world) eventNames() (names []string) {
	w.Helper()
	for _, e := range w.events() {
		names = append(names, e.Name)
	}
	return names
}

func (w *world) consents(person int64) (all []store.Consent) {
	w.Helper()
	w.view(func(r store.Reader) (err error) {
		all, err = r.ConsentLog(person)
		return err
	})
	return all
}

func (w *world) rejected() (all []store.Rejected) {
	w.Helper()
	w.view(func(r store.Reader) (err error) {
		all, err = r.RejectedRows("", 0)
		return err
	})
	return all
}

// do sends a request; header are names and values in turn.
func (w *world) do(method, target string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, target, body)
	r.Host = "127.0.0.1:8080"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

func (w *world) get(link string, header ...string) *httptest.ResponseRecorder {
	return w.do(http.MethodGet, strings.TrimPrefix(link, site), nil, header...)
}

func (w *world) head(link string, header ...string) *httptest.ResponseRecorder {
	return w.do(http.MethodHead, strings.TrimPrefix(link, site), nil, header...)
}

// press posts a form.
func (w *world) press(link, form string) *httptest.ResponseRecorder {
	return w.do(http.MethodPost, strings.TrimPrefix(link, site), strings.NewReader(form), "Content-Type", "application/x-www-form-urlencoded")
}

// call posts to the API, with the key.
func (w *world) call(path, body string, header ...string) (int, reading) {
	w.Helper()
	rec := w.do(http.MethodPost, path, strings.NewReader(body), append([]string{"Authorization", "Bearer " + apiKey, "Content-Type", "application/json"}, header...)...)
	return rec.Code, readAnswer(w, rec)
}

// reading is any answer of the API.
type reading struct {
	answer
	Error string `json:"error"`
}

func readAnswer(t testing.TB, rec *httptest.ResponseRecorder) (r reading) {
	t.Helper()
	require.Equal(t, "application/json", rec.Header().Get("Content-Type"))
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &r), rec.Body)
	return r
}

// brokenStore fails as it is told to.
type brokenStore struct {
	store.Store
	view, update error
}

func (b *brokenStore) View(ctx context.Context, f func(store.Reader) error) error {
	if b.view != nil {
		return b.view
	}
	return b.Store.View(ctx, f)
}

func (b *brokenStore) Update(ctx context.Context, f func(store.Tx) error) error {
	if b.update != nil {
		return b.update
	}
	return b.Store.Update(ctx, f)
}

func bakery() []campaign.Definition {
	text := func(name string) campaign.Field {
		return campaign.Field{Name: name, Type: campaign.Of(campaign.String), Optional: true}
	}
	return []campaign.Definition{
		&campaign.Profile{Attributes: []campaign.Attribute{{Name: "first_name", Type: campaign.Of(campaign.String), Default: "there", PII: true}}},
		&campaign.Event{Name: "order_completed", Wire: "Order Completed", Properties: []campaign.Field{
			text("cart_id"), {Name: "total", Type: campaign.Of(campaign.Number), Optional: true},
		}},
		&campaign.Topic{Name: "news", Description: "What we bake this week"},
		&campaign.Topic{Name: "offers"},
		&campaign.Topic{Name: "receipts", Description: "Orders and deliveries", Transactional: true},
		&campaign.Provider{Name: "post", Source: "builtin/mailbox"},
		&campaign.Sender{Name: "bakery", From: `"The Daily Crumb" <hello@bakery.example>`, Provider: "post"},
		&campaign.Message{Name: "hello", Channel: "email", Topic: "news", Sender: "bakery", Subject: "Hello", Text: "Hello"},
		&campaign.Journey{
			Name: "thanks", Description: "After an order", Trigger: campaign.Trigger{Name: "order", Event: &campaign.EventTrigger{Event: "order_completed"}},
			Steps: campaign.Steps{&campaign.Send{Name: "hello", Message: "hello"}, &campaign.Wait{Name: "pause", For: time.Hour}},
		},
	}
}

// token asks for what stands behind a path, with a token that need not be one
// that an address can hold.
func (w *world) token(method, path, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, path+"x", nil)
	r.SetPathValue("token", token)
	rec := httptest.NewRecorder()
	map[string]methods{
		"/o/": {http.MethodGet: w.server.open}, "/c/": {http.MethodGet: w.server.click},
		"/u/": {http.MethodGet: w.server.askUnsubscribe, http.MethodPost: w.server.unsubscribe},
		"/p/": {http.MethodGet: w.server.preferences, http.MethodPost: w.server.savePreferences},
		"/v/": {http.MethodGet: w.server.view}, "/w/": {http.MethodGet: w.server.why},
	}[path].ServeHTTP(rec, r)
	return rec
}
