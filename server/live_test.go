package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// enrol puts people at steps of a journey: each a number of them at a step, or
// with an outcome ("=finished").
func (w *world) enrol(journey string, at map[string]int) {
	w.Helper()
	w.update(func(tx store.Tx) error {
		var members []store.Enrolment
		for place, n := range at {
			for range n {
				p, err := tx.Identify(store.Person{AnonymousID: fmt.Sprint(journey, place, len(members))})
				if err != nil {
					return err
				}
				e := store.Enrolment{Index: len(members), Person: p.ID, EnteredAt: noon, UpdatedAt: noon, Step: place}
				if outcome, ended := strings.CutPrefix(place, "="); ended {
					e.Step, e.Outcome, e.EndedAt = "", outcome, noon
				}
				members = append(members, e)
			}
		}
		return tx.CreateCohort(store.Cohort{ID: "journey/" + journey + "/1", Journey: journey, Definition: "d", Size: len(members), CreatedAt: noon}, members)
	})
}

func TestLivePage(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Mailbox = http.NotFoundHandler()
		o.UI = "http://127.0.0.1:8233"
	})
	w.enrol("thanks", map[string]int{"hello": 3, "pause": 1200, "": 2, "gone_step": 4, "=finished": 7, "=exit_when": 5, "=exit nowhere": 6})
	ada := w.person("ada")
	for range 4 {
		w.get(w.links.Click(w.sent(ada, "news").ID, rye))
	}
	w.get(w.links.Open(w.sent(ada, "news").ID))
	w.sent(ada, "news")
	rec := w.get("/")
	require.Equal(t, http.StatusOK, rec.Code)
	body := rec.Body.String()
	for _, want := range []string{
		"<title>The Daily Crumb · herald</title>", "mail stays in the mailbox", "Thursday, 3 December 2026, 12:00 UTC",
		`<a href="mailbox/">Mailbox</a>`, `<a href="http://127.0.0.1:8233">Temporal</a>`,
		"journey.thanks", "<td>1,227</td>", "<td>1,209</td>", "<td>5<small>83 %</small></td>", "<td>4<small>67 %</small></td>",
		"After an order", `<span class="count">1,209</span> under way`, "4 at gone_step, of an older revision", "5 left: exit_when", "6 left: exit nowhere",
		"<b>order_completed</b><em>2</em>", "<b>hello</b><em>3</em>", "<b>pause</b><em>1,200</em>", "<b>end</b><em>7</em>",
		"<p><span><b>6</b> sent</span> <span><b>5</b> opened</span> <span><b>4</b> clicked</span></p>", "send hello", "wait 1h", "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>",
	} {
		require.Contains(t, body, want)
	}
	require.NotContains(t, body, "reader.example")
}

func TestLivePageWithNothingLive(t *testing.T) {
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Relaxed: true})
	require.NoError(t, err)
	defer s.Close()
	w := newWorldOn(t, s, nil, &campaign.Profile{})
	body := w.get("/").Body.String()
	require.Contains(t, body, "Nothing is live yet")
	require.NotContains(t, body, "<svg")
	require.NotContains(t, body, "Mailbox</a>")
	require.NotContains(t, body, "Temporal</a>")
}

func TestLivePageSaysThatMailLeaves(t *testing.T) {
	w := newWorld(t, nil)
	w.update(func(tx store.Tx) error {
		return tx.SetEnvironment(campaign.Environment{Name: "production", Deliver: campaign.DeliverPeople}, campaign.Settings{})
	})
	require.NoError(t, w.live.Refresh(t.Context()))
	body := w.get("/").Body.String()
	require.Contains(t, body, "mail goes to people")
	require.Contains(t, body, "production")
}

// Whatever names say, they stay text.
func TestHostileNames(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>{{ . }}`
	w := newWorld(t, func(o *Options) { o.UI = "javascript:alert(3)" },
		&campaign.Event{Name: "order_completed"},
		&campaign.Topic{Name: "news", Description: evil},
		&campaign.Provider{Name: "post", Source: "builtin/mailbox"},
		&campaign.Sender{Name: "bakery", From: evil + " <a@b.example>", Provider: "post"},
		&campaign.Message{Name: "hello", Channel: "email", Topic: "news", Sender: "bakery", Subject: "x", Text: "x"},
		&campaign.Journey{
			Name: "thanks", Description: evil, Trigger: campaign.Trigger{Name: evil, Event: &campaign.EventTrigger{Event: "order_completed"}},
			ExitWhen: linktest.When(`"</code><script>" == profile.id`),
			Steps: campaign.Steps{
				&campaign.Branch{Name: "b", Cases: []campaign.BranchCase{{Name: evil, When: linktest.When(`profile.id == "<script>alert(4)</script>"`), Steps: campaign.Steps{&campaign.Exit{Name: evil}}}}},
				&campaign.Send{Name: evil, Message: evil},
			},
		})
	w.update(func(tx store.Tx) error {
		return tx.SetEnvironment(campaign.Environment{Name: evil}, campaign.Settings{Name: evil})
	})
	require.NoError(t, w.live.Refresh(t.Context()))
	w.enrol("thanks", map[string]int{evil + "x": 1, "=" + evil: 1})
	send := w.sent(w.person("ada"), "news")
	for _, target := range []string{"/", w.links.Unsubscribe(send.ID), w.links.Preferences(send.ID), w.links.Why(send.ID)} {
		body := w.get(target).Body.String()
		require.Contains(t, body, "&lt;script&gt;alert(1)", target)
		require.NotContains(t, body, "<script>alert", target)
		require.NotContains(t, body, "<img", target)
		require.NotContains(t, body, "javascript:", target)
	}
}

// Counting is shared: a page that is open in ten windows costs one count, and a
// slow count is followed by a long rest.
func TestFiguresAreKept(t *testing.T) {
	now := noon
	f := figures{wall: func() time.Time { return now }}
	counted, takes := 0, 10*time.Millisecond
	fresh := func(context.Context) (*count, error) {
		counted++
		now = now.Add(takes)
		return &count{}, nil
	}
	get := func() *count {
		c, err := f.get(t.Context(), fresh)
		require.NoError(t, err)
		return c
	}
	first := get()
	now = now.Add(freshFor - 1)
	require.Same(t, first, get())
	require.Equal(t, 1, counted)
	now = now.Add(1)
	takes = 10 * time.Second
	require.NotSame(t, first, get())
	now = now.Add(rest*takes - 1)
	get()
	require.Equal(t, 2, counted)
	now = now.Add(1)
	_, err := f.get(t.Context(), func(context.Context) (*count, error) { return nil, errDown })
	require.ErrorIs(t, err, errDown)
	get()
	require.Equal(t, 3, counted, "a failure is not kept")
}

func TestLivePageWithoutAStore(t *testing.T) {
	broken := &brokenStore{view: errors.New("the disk failed")}
	w := newWorld(t, func(o *Options) {
		broken.Store = o.Store
		o.Store = broken
	})
	rec := w.get("/")
	require.Equal(t, http.StatusServiceUnavailable, rec.Code)
	require.NotContains(t, rec.Body.String(), "disk")
	require.NotEmpty(t, rec.Header().Get("Refresh"), "it looks again by itself")
	require.Contains(t, w.log.String(), "disk failed")
	broken.view = nil
	require.Equal(t, http.StatusOK, w.get("/").Code)
}

// crowdedStore says that it holds more people than it does.
type crowdedStore struct {
	store.Store
	people  int64
	scanned *int
}

func (c crowdedStore) View(ctx context.Context, f func(store.Reader) error) error {
	return c.Store.View(ctx, func(r store.Reader) error { return f(crowdedReader{r, c}) })
}

type crowdedReader struct {
	store.Reader
	of crowdedStore
}

func (r crowdedReader) CountPeople() (int64, error) { return r.of.people, nil }

func (r crowdedReader) EachRecord(after int64, need store.Need, f func(*store.Record) error) error {
	*r.of.scanned++
	return r.Reader.EachRecord(after, need, f)
}

// With many people, purchases are left out: counting them looks at everybody.
func TestPurchasesAreLeftOutForMany(t *testing.T) {
	for people, scans := range map[int64]int{maxScanned: 1, maxScanned + 1: 0} {
		scanned := 0
		w := newWorld(t, func(o *Options) { o.Store = crowdedStore{o.Store, people, &scanned} })
		body := w.get("/").Body.String()
		require.Equal(t, scans, scanned)
		require.Equal(t, scans == 1, strings.Contains(body, "<th>bought</th>"))
	}
}

// A project of a thousand journeys does not become a page of a thousand drawings.
func TestManyJourneys(t *testing.T) {
	defs := []campaign.Definition{&campaign.Event{Name: "x"}}
	for i := range maxDrawn + 20 {
		defs = append(defs, &campaign.Journey{Name: fmt.Sprintf("j%03d", i), Trigger: campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: "x"}}, Steps: campaign.Steps{&campaign.Wait{Name: "w", For: time.Hour}}})
	}
	w := newWorld(t, nil, defs...)
	w.enrol("j055", map[string]int{"w": 1})
	body := w.get("/").Body.String()
	require.Equal(t, maxDrawn, strings.Count(body, "<svg"))
	require.Contains(t, body, "<h2>j055</h2>")
	require.NotContains(t, body, "<h2>j054</h2>")
	require.Contains(t, body, "20 more journeys")
}

// A step that had several messages over time shows what came of all of them.
func TestSendsOfSteps(t *testing.T) {
	thanks, other := addr.New("journey", "thanks"), addr.New("journey", "other")
	require.Equal(t, map[string]outcome{"a": {7, 3, 1}, "b": {1, 0, 0}}, sendsOf("thanks", []store.CampaignCount{
		{Campaign: thanks, Step: "a", Message: addr.New("message", "old"), Sent: 4, Opened: 1},
		{Campaign: thanks, Step: "a", Message: addr.New("message", "new"), Sent: 3, Opened: 2, Clicked: 1},
		{Campaign: thanks, Step: "b", Sent: 1},
		{Campaign: other, Step: "a", Sent: 9},
	}))
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -100: "-100", -1234: "-1,234"} {
		require.Equal(t, want, number(n))
	}
	require.Empty(t, share(0, 5))
	require.Empty(t, share(5, 0))
	require.Equal(t, "33 %", share(1, 3))
}
