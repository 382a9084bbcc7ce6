package effect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/effect"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// fixed is a project that does not change.
type fixed struct{ project *link.Project }

func (f fixed) Schema() *audience.Schema { return audience.NewSchema(f.project) }
func (f fixed) Journey(_ context.Context, _ campaign.Digest) (*link.Journey, error) {
	return f.project.Journey("j")
}

// world is a store with people in a journey of one step.
type world struct {
	*testing.T
	store   store.Store
	service *effect.Service
	now     time.Time
	people  []int64
}

func newWorld(t *testing.T, people int, change func(*effect.Config, *campaign.Journey), step campaign.Step) *world {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w := &world{T: t, store: s, now: noon}
	j := &campaign.Journey{Name: "j", Trigger: campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: "ordered"}}, Steps: campaign.Steps{step}}
	config := effect.Config{Store: s, Now: func() time.Time { return w.now }}
	if change != nil {
		change(&config, j)
	}
	num, str := campaign.Of(campaign.Number), campaign.Of(campaign.String)
	config.Live = fixed{linktest.Project(t,
		&campaign.Profile{Attributes: []campaign.Attribute{{Name: "first_name", Type: str}, {Name: "orders", Type: num}, {Name: "nickname", Type: str}}},
		&campaign.Event{Name: "ordered", Properties: []campaign.Field{{Name: "total", Type: num, Optional: true}}},
		&campaign.Event{Name: "scored", Properties: []campaign.Field{{Name: "points", Type: num, Optional: true}, {Name: "nick", Type: str, Optional: true}}},
		&campaign.Topic{Name: "news"}, j)}
	w.service = effect.New(config)
	w.enrol(people)
	return w
}

func (w *world) enrol(n int) {
	w.update(func(tx store.Tx) error {
		var members []store.Enrolment
		for i := range n {
			p, err := tx.Identify(store.Person{Key: fmt.Sprint("k", i), Attributes: map[string]any{"orders": float64(i)}, UpdatedAt: noon})
			if err != nil {
				return err
			}
			w.people = append(w.people, p.ID)
			members = append(members, store.Enrolment{Index: i, Person: p.ID, EnteredAt: noon, UpdatedAt: noon, Trigger: map[string]any{"total": 10.0}})
		}
		return tx.CreateCohort(store.Cohort{ID: "journey/j/1", Journey: "j", Size: n, CreatedAt: noon}, members)
	})
}

func (w *world) update(f func(store.Tx) error) {
	w.Helper()
	require.NoError(w, w.store.Update(w.Context(), f))
}

func (w *world) act(visit int, members ...int) journey.SendResult {
	w.Helper()
	r, err := w.service.Act(w.Context(), journey.SendRequest{Cohort: "journey/j/1", Step: "s", Visit: visit, At: w.now, Members: journey.MembersOf(members...)})
	require.NoError(w, err)
	return r
}

// events are a person's, of one label.
func (w *world) events(person int64, label string) []store.Event {
	w.Helper()
	var out []store.Event
	require.NoError(w, w.store.View(w.Context(), func(r store.Reader) error {
		records, err := r.Records([]int64{person}, store.Need{AllEvents: true})
		if err == nil && len(records) == 1 {
			out = records[0].Events[label]
		}
		return err
	}))
	return out
}

func (w *world) person(id int64) (p store.Person) {
	w.Helper()
	require.NoError(w, w.store.View(w.Context(), func(r store.Reader) (err error) { p, err = r.Person(id); return err }))
	return p
}

func bind(name, cel string, kind campaign.Kind) campaign.Binding {
	return campaign.Binding{Input: name, Value: campaign.Expr{Text: cel, Type: campaign.Of(kind)}}
}

func TestUpdate(t *testing.T) {
	w := newWorld(t, 3, nil, &campaign.Update{Name: "s", Set: []campaign.Binding{
		bind("orders", "profile.orders + trigger.event.total", campaign.Number), bind("nickname", "profile.first_name", campaign.String),
	}})
	w.update(func(tx store.Tx) error {
		_, err := tx.Identify(store.Person{Key: "k1", Attributes: map[string]any{"nickname": "Ada"}, UpdatedAt: noon})
		return err
	})
	require.Equal(t, journey.SendResult{At: noon, Sent: journey.Range(0, 3)}, w.act(1, 0, 1, 2))
	require.Equal(t, map[string]any{"orders": 11.0}, w.person(w.people[1]).Attributes, "what comes out unknown is removed")
	require.Equal(t, journey.Members{1}, w.act(1, 1).Sent)
	require.Equal(t, 11.0, w.person(w.people[1]).Attributes["orders"], "again is no more")
	w.act(2, 1)
	require.Equal(t, 21.0, w.person(w.people[1]).Attributes["orders"], "another visit is another effect")
	require.Len(t, w.events(w.people[1], "attributes_updated"), 2)
}

func TestARenamedStepIsTheSame(t *testing.T) {
	w := newWorld(t, 1, func(_ *effect.Config, j *campaign.Journey) {
		j.Moved = []campaign.Moved{{From: "a", To: "b"}, {From: "b", To: "s"}}
	},
		&campaign.Emit{Name: "s", Event: "scored"})
	w.update(func(tx store.Tx) error {
		_, err := tx.AppendEvents([]store.Event{{Person: w.people[0], Name: "scored", At: noon, ReceivedAt: noon, MessageID: journey.EffectKey("journey/j/1", 0, "a", 1)}})
		return err
	})
	w.act(1, 0)
	require.Len(t, w.events(w.people[0], "scored"), 1)
}

func TestEmit(t *testing.T) {
	w := newWorld(t, 2, nil, &campaign.Emit{Name: "s", Event: "scored", With: []campaign.Binding{
		bind("points", "profile.orders * 2", campaign.Number), bind("nick", "profile.nickname", campaign.String),
	}})
	w.act(1, 0, 1)
	w.act(1, 0, 1)
	events := w.events(w.people[1], "scored")
	require.Len(t, events, 1)
	require.Equal(t, map[string]any{"points": 2.0}, events[0].Properties)
}

func TestSubscribe(t *testing.T) {
	w := newWorld(t, 1, nil, &campaign.Subscribe{Name: "s", Topic: "news", Channel: "email"})
	w.act(1, 0)
	w.act(1, 0)
	var log []store.Consent
	require.NoError(t, w.store.View(t.Context(), func(r store.Reader) (err error) { log, err = r.ConsentLog(w.people[0]); return err }))
	require.Len(t, log, 1)
	require.False(t, log[0].Granted)
	require.Equal(t, "journey.j step s", log[0].Source)
	require.Len(t, w.events(w.people[0], "unsubscribed"), 1)
}

func TestGoalsAndExitsAreAskedInTheMoment(t *testing.T) {
	w := newWorld(t, 3, func(_ *effect.Config, j *campaign.Journey) {
		j.GoalWhen, j.ExitWhen = linktest.When("profile.orders == 1"), linktest.When("profile.orders >= 1")
	}, &campaign.Emit{Name: "s", Event: "scored"})
	require.Equal(t, journey.SendResult{At: noon, Sent: journey.Members{0}, Reached: journey.Members{1}, Exited: journey.Members{2}, Gone: journey.Members{9}}, w.act(1, 0, 1, 2, 9))
}

// Another journey is entered once for each visit, with what the step gives along.
func TestEnter(t *testing.T) {
	var entered []string
	w := newWorld(t, 1, func(c *effect.Config, _ *campaign.Journey) {
		c.Enter = func(_ store.Tx, name string, person int64, payload map[string]any, now time.Time, ref string) error {
			entered = append(entered, fmt.Sprint(name, person, payload, now.Equal(noon), ref == journey.EffectKey("journey/j/1", 0, "s", len(entered)+1)))
			return nil
		}
	}, &campaign.Enter{Name: "s", Journey: "other", With: []campaign.Binding{bind("total", "trigger.event.total", campaign.Number)}})
	w.act(1, 0)
	w.act(1, 0)
	w.act(2, 0)
	require.Equal(t, []string{"other1 map[total:10] true true", "other1 map[total:10] true true"}, entered)
	events := w.events(w.people[0], "journey_entered")
	require.Len(t, events, 2)
	require.Equal(t, map[string]any{"campaign": "journey.j", "step": "s", "journey": "other"}, events[0].Properties)
}

// Two at once and then one each half minute, whatever the batches.
func TestThrottle(t *testing.T) {
	w := newWorld(t, 6, nil, &campaign.Throttle{Name: "s", Max: 2, Per: time.Minute})
	r := w.act(1, 0, 1, 2)
	require.Equal(t, journey.Members{0, 1}, r.Sent)
	require.Equal(t, []journey.Later{{At: noon.Add(30 * time.Second), Members: journey.Members{2}}}, r.Retry)
	r = w.act(1, 3, 4)
	require.Empty(t, r.Sent)
	require.Len(t, r.Retry, 2)
	w.now = noon.Add(30 * time.Second)
	require.Equal(t, journey.Members{2}, w.act(1, 2, 3).Sent)
	w.now = noon.Add(time.Hour)
	require.Equal(t, journey.Members{3, 4}, w.act(1, 3, 4, 5).Sent, "what was not used does not add up")
}

// service answers calls as a test wants.
func service(t *testing.T, answer http.HandlerFunc) (url string, client *http.Client) {
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL, s.Client()
}

func TestCall(t *testing.T) {
	var asked atomic.Int64
	url, client := service(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		require.Equal(t, "1", r.URL.Query().Get("orders"))
		require.Equal(t, "Bearer 123", r.Header.Get("Authorization"))
		require.Equal(t, journey.EffectKey("journey/j/1", 1, "s", 1), r.Header.Get("Idempotency-Key"))
		var body map[string]any
		require.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		require.Equal(t, map[string]any{"total": 10.0}, body)
		fmt.Fprint(w, `{"score": 7, "mood": [3], "more": true}`)
	})
	w := newWorld(t, 2, func(c *effect.Config, _ *campaign.Journey) {
		c.Client = client
		c.Secrets = func(campaign.Secret) (string, error) { return "Bearer 123", nil }
	}, &campaign.Call{
		Name: "s", Method: "POST", URL: url, Timeout: 5 * time.Second, Retries: 2,
		Query: []campaign.Binding{bind("orders", "profile.orders", campaign.Number)}, Body: []campaign.Binding{bind("total", "trigger.event.total", campaign.Number)},
		Secrets:  map[string]campaign.Secret{"Authorization": {Env: "TOKEN"}},
		Response: []campaign.Field{{Name: "score", Type: campaign.Of(campaign.Number)}, {Name: "mood", Type: campaign.Of(campaign.String)}},
	})
	require.Equal(t, journey.Members{1}, w.act(1, 1).Sent)
	require.Equal(t, journey.Members{1}, w.act(1, 1).Sent)
	require.EqualValues(t, 2, asked.Load(), "once refused, once answered, and not again")
	events := w.events(w.people[1], "call_answered")
	require.Len(t, events, 1)
	require.Equal(t, map[string]any{"campaign": "journey.j", "step": "s", "status": 200.0, "response": map[string]any{"score": 7.0}}, events[0].Properties,
		"what does not fit its type is left out")
}

func TestACallThatFailsIsAnOutcome(t *testing.T) {
	url, client := service(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	w := newWorld(t, 1, func(c *effect.Config, _ *campaign.Journey) { c.Client = client }, &campaign.Call{Name: "s", Method: "GET", URL: url, Timeout: time.Second, Retries: 3})
	require.Equal(t, journey.Members{0}, w.act(1, 0).Failed)
	require.Equal(t, 418.0, w.events(w.people[0], "call_answered")[0].Properties["status"])
}

func TestCallsStayOutside(t *testing.T) {
	reached := false
	url, _ := service(t, func(http.ResponseWriter, *http.Request) { reached = true })
	w := newWorld(t, 1, nil, &campaign.Call{Name: "s", Method: "GET", URL: url, Timeout: time.Second, Retries: 3})
	require.Equal(t, journey.Members{0}, w.act(1, 0).Failed)
	require.False(t, reached)
	require.Equal(t, 0.0, w.events(w.people[0], "call_answered")[0].Properties["status"])
}
