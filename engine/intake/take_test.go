package intake_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
)

// take sends one call as JSON.
func (h *house) take(call string) intake.Result {
	h.t.Helper()
	var c intake.Call
	require.NoError(h.t, json.Unmarshal([]byte(call), &c))
	results, err := h.Take(h.t.Context(), []intake.Call{c})
	require.NoError(h.t, err)
	require.Len(h.t, results, 1)
	return results[0]
}

func TestIdentify(t *testing.T) {
	h := newHouse(t)
	result := h.take(`{"type":"identify","userId":"42","anonymousId":"dev","messageId":"m1","traits":{
		"email":" Ada@Example.com ","phone":4930123,"firstName":"Ada","birthday":"1990-12-10T00:00:00Z","dietary":["vegan","vegan"],"Signup Source":"web",
		"visits":"7","vip":true,"last-visit":1764763200,"patience":"2d12h","language":"en","createdAt":"2020-05-04T10:00:00+02:00","id":"42","store":"b1",
		"notes":{"a":[1,{"b":null}]}}}`)
	require.Equal(t, intake.Accepted, result.Status)
	require.Empty(t, result.Warnings)
	require.NotZero(t, result.Person)
	require.Equal(t, store.Person{
		ID: result.Person, Key: "42", AnonymousID: "dev", Email: "ada@example.com", Phone: "4930123",
		Attributes: map[string]any{
			"first_name": "Ada", "birthday": "1990-12-10", "dietary": []any{"vegan"}, "signup_source": "web", "visits": 7.0, "vip": true,
			"last_visit": "2025-12-03T12:00:00Z", "patience": "2d12h", "language": "en", "store": "b1", "notes": map[string]any{"a": []any{1.0, map[string]any{"b": nil}}},
		},
		CreatedAt: time.Date(2020, 5, 4, 8, 0, 0, 0, time.UTC), UpdatedAt: noon,
	}, h.person("42"))
	require.Empty(t, h.rejected())

	result = h.take(`{"type":"identify","userId":"42","traits":{"first_name":null,"visits":"","email":null,"shoe_size":43,"fist_name":"x","id":"43"}}`)
	require.Equal(t, intake.Accepted, result.Status)
	require.Equal(t, []string{
		`trait "fist_name" is not declared, and was left out: did you mean "first_name"?`,
		`trait "id" differs from userId, and was left out`,
	}, result.Warnings[:2])
	require.Contains(t, result.Warnings[2], `trait "shoe_size" is not declared, and was left out: declared are birthday, created_at`)
	p := h.person("42")
	require.NotContains(t, p.Attributes, "first_name", "null removes")
	require.Equal(t, 7.0, p.Attributes["visits"])
	require.Equal(t, "ada@example.com", p.Email, "an address cannot be removed")
}

func TestTrack(t *testing.T) {
	h := newHouse(t)
	result := h.take(`{"type":"track","userId":"42","event":"Order Completed","messageId":"m1","timestamp":"2026-12-03T11:00:00Z","context":{"ip":"::1"},
		"properties":{"total":"4.20","cartId":"c1","paid_at":"2026-12-03","items":[{"sku":"rye","price":4.2,"tags":["x"],"image":"u"}]}}`)
	require.Equal(t, intake.Accepted, result.Status)
	require.Equal(t, []string{"items[].image of order_completed is not declared, and was left out"}, result.Warnings)
	ada := h.person("42")
	require.Equal(t, noon, ada.CreatedAt, "an event of somebody unknown makes a profile, created at its receipt")
	require.Equal(t, []store.Event{{
		Seq: result.Event, Person: ada.ID, Name: "order_completed", At: noon.Add(-time.Hour), ReceivedAt: noon, MessageID: "m1",
		Properties: map[string]any{
			"total": 4.2, "cart_id": "c1", "paid_at": "2026-12-03T00:00:00Z",
			"items": []any{map[string]any{"sku": "rye", "price": 4.2, "tags": []any{"x"}}},
		},
	}}, h.events())

	for name, call := range map[string]string{
		"by label":       `{"type":"track","userId":"42","event":"order_completed"}`,
		"by another way": `{"type":"track","userId":"42","event":"orderCompleted","properties":null}`,
		"of a visitor":   `{"type":"track","anonymousId":"dev","event":"Order Completed","properties":{"total":null}}`,
		"by address":     `{"type":"track","event":"Order Completed","context":{"traits":{"email":"Bob@example.com"}}}`,
	} {
		result := h.take(call)
		require.Equal(t, intake.Accepted, result.Status, name)
		require.NotZero(t, result.Event, name)
	}
	h.view(func(r store.Reader) {
		n, err := r.CountPeople()
		require.NoError(t, err)
		require.EqualValues(t, 3, n)
	})
	require.Empty(t, h.rejected())
}

func TestTakeOnce(t *testing.T) {
	h := newHouse(t)
	const call = `{"type":"track","userId":"42","event":"Order Completed","messageId":"m1","properties":{"total":1}}`
	require.Equal(t, intake.Accepted, h.take(call).Status)
	h.now = noon.Add(time.Minute)
	again := h.take(call)
	require.Equal(t, intake.Duplicate, again.Status)
	require.Zero(t, again.Event)
	require.Empty(t, h.rejected(), "the same again is nothing to look at")

	require.Equal(t, intake.Duplicate, h.take(strings.Replace(call, `"total":1`, `"total":2`, 1)).Status)
	require.Len(t, h.events(), 1)
	rows := h.rejected()
	require.Len(t, rows, 1)
	require.Equal(t, "another event has this messageId, and was first", rows[0].Reason)
	require.JSONEq(t, strings.Replace(call, `"total":1`, `"total":2`, 1), rows[0].Body)
}

// TestRejects sends what is wrong: the answer says why without a word of the
// person, the kept row says what it was.
func TestRejects(t *testing.T) {
	for _, test := range []struct{ name, call, reason, detail string }{
		{"no type", `{"userId":"42"}`, "it has no type", ""},
		{"nobody", `{"type":"identify","traits":{"first_name":"Ada"}}`, "whom it is about", ""},
		{"an event of nobody", `{"type":"track","event":"Order Completed"}`, "whom it is about", ""},
		{"no event", `{"type":"track","userId":"42"}`, "which event", ""},
		{"an undeclared event", `{"type":"track","userId":"42","event":"Order Complete"}`, `event "Order Complete" is not declared: did you mean "Order Completed"?`, ""},
		{"an event of ours", `{"type":"track","userId":"42","event":"Email Opened"}`, "email_opened is an event of herald's own", ""},
		{"an undeclared property", `{"type":"track","userId":"42","event":"Order Completed","properties":{"totl":1}}`,
			`property "totl" of order_completed is not declared: did you mean "total"?`, ""},
		{"a property far off", `{"type":"track","userId":"42","event":"Order Completed","properties":{"colour":1}}`, "declared are cart_id, items, paid_at, total", ""},
		{"another type", `{"type":"track","userId":"42","event":"Order Completed","properties":{"total":"lots"}}`,
			`property "total" of order_completed is declared as number, and this value is none`, `"lots" is not a number`},
		{"another type within", `{"type":"track","userId":"42","event":"Order Completed","properties":{"items":[{"price":"lots"}]}}`, `property "items"`, `element 1: price: "lots"`},
		{"broken JSON in a text", `{"type":"track","userId":"42","event":"Order Completed","properties":{"items":"[{"}}`, "the JSON of this value is broken", ""},
		{"a trait of another type", `{"type":"identify","userId":"42","traits":{"birthday":"10.12.1990"}}`, `attribute "birthday" is declared as date`, `"10.12.1990"`},
		{"none of the values", `{"type":"identify","userId":"42","traits":{"dietary":["vegan","meat"]}}`, `attribute "dietary" must be one of gluten_free, vegan, nut_free`, `"meat"`},
		{"none of the values, single", `{"type":"identify","userId":"42","traits":{"signup_source":"tv"}}`, "must be one of web, till", `"tv"`},
		{"no address", `{"type":"identify","userId":"42","traits":{"email":"Ada <ada@example.com>"}}`, "the email address is none", `Ada <ada@example.com>`},
		{"no address either", `{"type":"identify","userId":"42","traits":{"email":"ada.example.com"}}`, "the email address is none", `ada.example.com`},
		{"the future", `{"type":"track","userId":"42","event":"Order Completed","timestamp":"2026-12-03T12:05:01Z"}`, "more than five minutes in the future", "12:05:01"},
		{"the past", `{"type":"track","userId":"42","event":"Order Completed","timestamp":"0026-12-03T12:05:01Z"}`, "before 1970", ""},
		{"no instant", `{"type":"track","userId":"42","event":"Order Completed","timestamp":"yesterday"}`, "timestamp is not an instant", "yesterday"},
		{"a date as a number", `{"type":"track","userId":"42","event":"Order Completed","timestamp":20261203}`, "timestamp is not an instant", ""},
		{"sent at no instant", `{"type":"track","userId":"42","event":"Order Completed","timestamp":"2026-12-03","sentAt":"now"}`, "sentAt is not an instant", ""},
		{"created in the future", `{"type":"identify","userId":"42","traits":{"createdAt":"2027-12-03"}}`, "created_at is more than five minutes in the future", ""},
		{"traits that are a list", `{"type":"identify","userId":"42","traits":[1]}`, "traits must be an object", ""},
		{"a user who is an object", `{"type":"identify","userId":{"a":1}}`, "userId must be a string", ""},
		{"a long user", `{"type":"identify","userId":"` + strings.Repeat("x", 513) + `"}`, "userId is longer than 512", ""},
		{"a long messageId", `{"type":"track","userId":"1","event":"x","messageId":"` + strings.Repeat("x", 513) + `"}`, "messageId is longer than 512", ""},
		{"a large call", `{"type":"identify","userId":"42","traits":{"first_name":"` + strings.Repeat("x", 33000) + `"}}`, "larger than 32 KB", ""},
		{"no call", `[1]`, "a call is a JSON object", ""},
		{"nothing", `null`, "a call is a JSON object", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			result := h.takeBatch(test.call)[0]
			require.Equal(t, intake.Rejected, result.Status)
			require.Contains(t, result.Reason, test.reason)
			require.Zero(t, result.Person)
			rows := h.rejected()
			require.Len(t, rows, 1)
			require.Contains(t, rows[0].Reason, result.Reason)
			require.Contains(t, rows[0].Reason, test.detail)
			if test.detail != "" {
				require.NotContains(t, result.Reason, test.detail, "values stay within the kept row")
			}
			require.Equal(t, "api", rows[0].Source)
			require.Equal(t, noon, rows[0].At)
			require.True(t, strings.HasPrefix(test.call, rows[0].Body[:min(len(rows[0].Body), 100)]))
			h.view(func(r store.Reader) {
				n, err := r.CountPeople()
				require.NoError(t, err)
				require.Zero(t, n)
			})
		})
	}
	t.Run("calls that nobody will repair are not kept", func(t *testing.T) {
		h := newHouse(t)
		result := h.take(`{"type":"rage","userId":"42"}`)
		require.Equal(t, intake.Rejected, result.Status)
		require.Contains(t, result.Reason, `calls of the type "rage" are not taken`)
		require.Empty(t, h.rejected())
	})
}

// takeBatch sends a batch as the HTTP API decodes it.
func (h *house) takeBatch(calls ...string) []intake.Result {
	h.t.Helper()
	var batch []intake.Call
	require.NoError(h.t, json.Unmarshal([]byte("["+strings.Join(calls, ",")+"]"), &batch))
	results, err := h.Take(h.t.Context(), batch)
	require.NoError(h.t, err)
	return results
}

func TestBatch(t *testing.T) {
	h := newHouse(t)
	results := h.takeBatch(
		`{"type":"track","anonymousId":"dev","event":"Product Viewed","properties":{"sku":"rye"},"messageId":"m1"}`,
		`{"type":"track","anonymousId":"dev","event":"Nonsense"}`,
		`{"type":"identify","userId":"42","traits":{"email":"ada@example.com"}}`,
		`{"type":"identify","userId":"42","anonymousId":"dev"}`, // takes the visitor over
		`{"type":"track","userId":"42","event":"Order Completed","messageId":"m1"}`,
		`{"type":"track","anonymousId":"dev","event":"Order Completed","messageId":"m2"}`,
	)
	var statuses []intake.Status
	for _, r := range results {
		statuses = append(statuses, r.Status)
	}
	require.Equal(t, []intake.Status{intake.Accepted, intake.Rejected, intake.Accepted, intake.Accepted, intake.Duplicate, intake.Accepted}, statuses)
	ada := h.person("42")
	events := h.events()
	require.Len(t, events, 2)
	for _, e := range events {
		require.Equal(t, ada.ID, e.Person)
	}
	require.Len(t, h.rejected(), 2, "the undeclared one, and the other event of the same messageId")

	results, err := h.Take(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, results)
}

func TestBatchTooLarge(t *testing.T) {
	h := newHouse(t)
	call := `{"type":"identify","userId":"42","traits":{"first_name":"` + strings.Repeat("x", 30_000) + `"}}`
	var batch []intake.Call
	require.NoError(t, json.Unmarshal([]byte("["+strings.Repeat(call+",", 17)+call+"]"), &batch))
	_, err := h.Take(t.Context(), batch)
	require.ErrorIs(t, err, intake.ErrTooLarge)
}

// TestClock corrects a sender's clock by what lies between sending and receipt.
func TestClock(t *testing.T) {
	h := newHouse(t)
	for _, test := range []struct {
		name, times string
		want        time.Time
	}{
		{"no timestamp", ``, noon},
		{"a timestamp alone", `,"timestamp":"2026-12-03T11:30:00Z"`, noon.Add(-30 * time.Minute)},
		{"a clock that is an hour ahead", `,"timestamp":"2026-12-03T12:30:00Z","sentAt":"2026-12-03T13:00:00Z"`, noon.Add(-30 * time.Minute)},
		{"a clock that is a day behind", `,"timestamp":"2026-12-02T11:30:00Z","sentAt":"2026-12-02T12:00:00Z"`, noon.Add(-30 * time.Minute)},
		{"the original counts", `,"originalTimestamp":"2026-12-03T11:00:00Z","timestamp":"2026-12-01T00:00:00Z","sentAt":"2026-12-03T12:00:00Z"`, noon.Add(-time.Hour)},
		{"a little ahead", `,"timestamp":"2026-12-03T12:05:00Z"`, noon},
		{"another zone", `,"timestamp":"2026-12-03T12:30:00+01:00"`, noon.Add(-30 * time.Minute)},
		{"milliseconds", `,"timestamp":1796297400000`, time.UnixMilli(1796297400000).UTC()},
	} {
		result := h.take(`{"type":"track","userId":"42","event":"Order Completed"` + test.times + `}`)
		require.Equal(t, intake.Accepted, result.Status, "%s: %s", test.name, result.Reason)
		events := h.events()
		require.Equal(t, test.want, events[len(events)-1].At, test.name)
		require.Equal(t, noon, events[len(events)-1].ReceivedAt)
	}
}

func TestConsentByCall(t *testing.T) {
	h := newHouse(t)
	yes := `{"type":"track","userId":"42","event":"Subscribed","messageId":"m1","properties":{"topic":"weekly-special","proof":"ticked the box","source":"form"}}`
	result := h.take(yes)
	require.Equal(t, intake.Accepted, result.Status)
	ada := h.person("42").ID
	want := store.Consent{Person: ada, Topic: "weekly_special", Channel: "email", Granted: true, At: noon, Source: "form", Proof: "ticked the box"}
	require.Equal(t, []store.Consent{want}, h.consents(ada))
	require.Equal(t, []store.Event{{
		Seq: result.Event, Person: ada, Name: "subscribed", At: noon, ReceivedAt: noon, MessageID: "m1",
		Properties: map[string]any{"topic": "weekly_special", "channel": "email"},
	}}, h.events())
	require.Equal(t, intake.Duplicate, h.take(yes).Status)

	h.now = noon.Add(time.Hour)
	require.Equal(t, intake.Accepted, h.take(`{"type":"track","userId":"42","event":"unsubscribed","properties":{"topic":"weekly_special"}}`).Status)
	log := h.consents(ada)
	require.Len(t, log, 2)
	require.False(t, log[1].Granted)
	require.Equal(t, "api", log[1].Source)

	for call, reason := range map[string]string{
		`{"type":"track","userId":"42","event":"Subscribed","properties":{"topic":"weekly_special"}}`:     "consent to weekly_special has no proof",
		`{"type":"track","userId":"42","event":"Subscribed","properties":{"topic":"weekly","proof":"x"}}`: `topic "weekly" is not declared`,
		`{"type":"track","userId":"42","event":"Subscribed","properties":{"proof":"x"}}`:                  `topic "" is not declared`,
		`{"type":"track","userId":"42","event":"Subscribed","properties":{"topic":["offers"]}}`:           `property "topic" of subscribed must be a string`,
	} {
		result := h.take(call)
		require.Equal(t, intake.Rejected, result.Status)
		require.Contains(t, result.Reason, reason)
	}
	require.Len(t, h.consents(ada), 2)
}

// full is a store whose disk is full.
type full struct{ store.Store }

func (full) Update(context.Context, func(store.Tx) error) error { return store.ErrFull }

func TestTakeOnAFullDisk(t *testing.T) {
	h := newHouse(t)
	in := intake.New(full{h.store}, func() *intake.Model { return nil }, func() time.Time { return noon })
	results, err := in.Take(t.Context(), []intake.Call{{Type: "identify", UserID: "42"}})
	require.ErrorIs(t, err, store.ErrFull)
	require.Nil(t, results)
}

// FuzzCall takes whatever can be decoded as a batch: each call gets an answer.
func FuzzCall(f *testing.F) {
	for _, seed := range []string{
		`{"type":"identify","userId":"42","traits":{"email":"a@b.c","dietary":"vegan|nut_free","notes":{"a":{}},"createdAt":1e300}}`,
		`{"type":"track","userId":1,"event":"Order Completed","timestamp":-1,"sentAt":"2026-12-03","properties":{"items":"[{}]","total":null}}`,
		`{"type":"track","anonymousId":"x","event":"Subscribed","properties":{"topic":"offers","proof":"p","channel":1}}`,
		`{"type":"track","context":{"traits":{"email":"a@b"}},"event":"product viewed","properties":{"sku":"\u0000\ud800"}}`,
		`{"type":[],"traits":1}`, `1`, `null`, `{}`, `{"type":"track","userId":"1","event":"order_completed","timestamp":"1e12"}`,
	} {
		f.Add(seed)
	}
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, call string) {
		var c intake.Call
		if json.Unmarshal([]byte(call), &c) != nil {
			return
		}
		results, err := h.Take(context.Background(), []intake.Call{c})
		require.NoError(t, err)
		require.Len(t, results, 1)
		require.Equal(t, results[0].Status == intake.Rejected, results[0].Reason != "")
		require.Equal(t, results[0].Status == intake.Rejected, results[0].Person == 0)
	})
}
