package intake_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
)

// TestSegmentCalls takes one call of each type that tells of an event.
func TestSegmentCalls(t *testing.T) {
	const context = `"context":{"ip":"192.0.2.1","page":{"path":"/rye","title":"Rye","url":"https://shop.example/rye","referrer":"https://search.example","search":"?a=1"},
		"campaign":{"name":"spring","source":"letter","medium":"email","term":"rye","content":"top","id":"7"},"userAgent":"x"}`
	tags := map[string]any{"utm_campaign": "spring", "utm_source": "letter", "utm_medium": "email", "utm_term": "rye", "utm_content": "top"}
	for _, test := range []struct {
		name, call, event string
		properties        map[string]any
		warnings          int
	}{
		{"a page", `{"type":"page","anonymousId":"dev","name":"Rye","category":"bread","properties":{"path":"/other","colour":"brown"},` + context + `}`, "page_viewed",
			map[string]any{"name": "Rye", "category": "bread", "path": "/other", "title": "Rye", "url": "https://shop.example/rye", "referrer": "https://search.example", "search": "?a=1"}, 1},
		{"a page that says nothing", `{"type":"page","userId":"7"}`, "page_viewed", nil, 0},
		{"a screen", `{"type":"screen","userId":"7","name":"Basket","properties":{"category":"shop"},` + context + `}`, "screen_viewed", map[string]any{"name": "Basket", "category": "shop"}, 0},
		{"a group", `{"type":"group","userId":"7","groupId":"g1","traits":{"name":"The Club","employees":12,"plan":"gold","founded":1999}}`, "group_joined",
			map[string]any{"group_id": "g1", "name": "The Club", "employees": 12.0, "plan": "gold"}, 1},
		{"a page left", `{"type":"track","userId":"7","event":"Page Left","properties":{"path":"/rye","seconds":12.5}}`, "page_left", map[string]any{"path": "/rye", "seconds": 12.5}, 0},
		{"an event keeps no more than it declares", `{"type":"track","userId":"7","event":"Order Completed","properties":{"total":1},` + context + `}`, "order_completed", map[string]any{"total": 1.0}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			result := h.take(test.call)
			require.Equal(t, intake.Accepted, result.Status, result.Reason)
			require.Len(t, result.Warnings, test.warnings)
			events := h.events()
			require.Len(t, events, 1)
			require.Equal(t, test.event, events[0].Name)
			if strings.Contains(test.call, `"campaign"`) && test.event != "order_completed" {
				for name, value := range tags {
					test.properties[name] = value
				}
			}
			require.Equal(t, test.properties, events[0].Properties)
			require.Empty(t, h.rejected())
		})
	}
}

func TestSegmentRejects(t *testing.T) {
	for _, test := range []struct{ call, kind, reason string }{
		{`{"type":"page","name":"x"}`, "page", "whom it is about"},
		{`{"type":"page","userId":"7","properties":{"url":{"a":1}}}`, "page", `property "url" of page_viewed is declared as string`},
		{`{"type":"group","userId":"7"}`, "group", "give groupId"},
		{`{"type":"group","userId":"7","groupId":"g","traits":{"employees":"many"}}`, "group", `property "employees"`},
		{`{"type":"alias","previousId":"dev"}`, "alias", "give userId"},
		{`{"type":"alias","userId":"7"}`, "alias", "give previousId"},
		{`{"type":"alias","userId":"7","previousId":"` + strings.Repeat("x", 600) + `"}`, "alias", "previousId is longer"},
		{`{"type":"screen","userId":"7","timestamp":"2026-12-03T12:06:00Z"}`, "screen", "more than five minutes in the future"},
		{`{"type":"page","userId":"7","timestamp":"1969-12-31T00:00:00Z"}`, "page", "before 1970"},
		{`{"type":"page","userId":"7","name":{}}`, "page", "name must be a string"},
	} {
		h := newHouse(t)
		result := h.take(test.call)
		require.Equal(t, intake.Rejected, result.Status, test.call)
		require.Contains(t, result.Reason, test.reason)
		rows := h.rejected()
		require.Len(t, rows, 1)
		require.Equal(t, test.kind, rows[0].Kind)
	}
}

// TestClocks corrects the sender's clock, and takes years and order as they come.
func TestClocks(t *testing.T) {
	for _, test := range []struct {
		name, times string
		want        time.Duration // after noon, when everything is received
	}{
		{"right", `"originalTimestamp":"2026-12-03T11:00:00Z","sentAt":"2026-12-03T12:00:00Z"`, -time.Hour},
		{"two hours ahead", `"originalTimestamp":"2026-12-03T13:00:00Z","sentAt":"2026-12-03T14:00:00Z"`, -time.Hour},
		{"a year behind", `"originalTimestamp":"2025-12-03T11:59:50Z","sentAt":"2025-12-03T12:00:00Z"`, -10 * time.Second},
		{"a queue of three days", `"originalTimestamp":"2026-11-30T12:00:00Z","sentAt":"2026-12-03T12:00:00Z"`, -72 * time.Hour},
		{"nothing to compare with, and a little ahead", `"timestamp":"2026-12-03T12:04:00Z"`, 0},
		{"years ago", `"timestamp":"2016-12-03T12:00:00Z"`, noon.AddDate(-10, 0, 0).Sub(noon)},
		{"no time at all", `"sentAt":"2020-12-03T12:04:00Z"`, 0},
	} {
		h := newHouse(t)
		result := h.take(`{"type":"track","userId":"7","event":"Order Completed",` + test.times + `}`)
		require.Equal(t, intake.Accepted, result.Status, test.name)
		require.Equal(t, noon.Add(test.want), h.events()[0].At, test.name)
	}
}

// TestAlias makes one of two, with the history of both.
func TestAlias(t *testing.T) {
	h := newHouse(t)
	h.take(`{"type":"page","anonymousId":"dev"}`)
	h.take(`{"type":"identify","userId":"old","traits":{"email":"ada@old.example","first_name":"Ada"}}`)
	h.take(`{"type":"track","userId":"old","event":"Subscribed","properties":{"topic":"offers","proof":"form"}}`)
	h.take(`{"type":"track","userId":"old","event":"Order Completed"}`)
	result := h.take(`{"type":"alias","previousId":"dev","userId":"7"}`)
	require.Equal(t, intake.Accepted, result.Status)
	require.Equal(t, h.events()[0].Person, h.person("7").ID, "a device is a customer's now")

	h.now = noon.Add(time.Minute)
	h.take(`{"type":"identify","userId":"7","traits":{"email":"ada@new.example"}}`)
	h.take(`{"type":"track","userId":"7","event":"Unsubscribed","properties":{"topic":"offers"}}`)
	result = h.take(`{"type":"alias","previousId":"old","userId":"7"}`)
	require.Equal(t, intake.Accepted, result.Status)
	ada := h.person("7")
	require.Equal(t, result.Person, ada.ID)
	require.Equal(t, "ada@new.example", ada.Email)
	require.Equal(t, map[string]any{"first_name": "Ada"}, ada.Attributes)
	for _, e := range h.events() {
		require.Equal(t, ada.ID, e.Person, e.Name)
	}
	log := h.consents(ada.ID)
	require.Len(t, log, 2)
	require.False(t, log[1].Granted, "the newest word counts: the withdrawal")
	require.Equal(t, ada.ID, h.person("old").ID, "the old key leads to her")

	require.Equal(t, intake.Accepted, h.take(`{"type":"alias","previousId":"old","userId":"7"}`).Status, "again is no harm")
	require.Equal(t, intake.Accepted, h.take(`{"type":"alias","previousId":"tablet","userId":"7"}`).Status)
	h.take(`{"type":"page","anonymousId":"tablet"}`)
	events := h.events()
	require.Equal(t, ada.ID, events[len(events)-1].Person, "a device that is told of before it is seen")
	require.Empty(t, h.rejected())
}

// TestBatchKeepsUpWithTakeovers sends what makes one of two in the middle of a
// batch, in which each had events.
func TestBatchKeepsUpWithTakeovers(t *testing.T) {
	for _, file := range []bool{false, true} {
		h := newHouse(t)
		calls := []string{
			`{"type":"track","anonymousId":"dev","event":"Order Completed","messageId":"1","timestamp":"2026-12-01"}`,
			`{"type":"track","event":"Order Completed","messageId":"2","timestamp":"2026-12-01","context":{"traits":{"email":"ada@a.example"}}}`,
			`{"type":"track","userId":"7","event":"Order Completed","messageId":"3","timestamp":"2026-12-01"}`,
			`{"type":"identify","userId":"7","anonymousId":"dev","traits":{"email":"ada@a.example"}}`,
			`{"type":"track","anonymousId":"dev","event":"Order Completed","messageId":"4","timestamp":"2026-12-01"}`,
			`{"type":"alias","userId":"8","previousId":"7"}`,
			`{"type":"track","userId":"7","event":"Order Completed","messageId":"5","timestamp":"2026-12-01"}`,
		}
		if file {
			h.load(intake.Events, strings.Join(calls, "\n"))
		} else {
			h.takeBatch(calls...)
		}
		ada := h.person("8")
		events := h.events()
		require.Len(t, events, 5)
		for _, e := range events {
			require.Equal(t, ada.ID, e.Person, e.MessageID)
		}
		h.view(func(r store.Reader) {
			n, err := r.CountPeople()
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
		})
	}
}

// public sends a call with a browser's key.
func (h *house) public(call string) intake.Result {
	h.t.Helper()
	var c intake.Call
	require.NoError(h.t, json.Unmarshal([]byte(call), &c))
	c.Public = true
	results, err := h.Take(h.t.Context(), []intake.Call{c})
	require.NoError(h.t, err)
	return results[0]
}

// TestBrowsersOnlyAdd is what a key that everybody can read may do.
func TestBrowsersOnlyAdd(t *testing.T) {
	h := newHouse(t)
	h.take(`{"type":"identify","userId":"7","traits":{"email":"ada@a.example","first_name":"Ada"}}`)
	result := h.public(`{"type":"identify","userId":"7","anonymousId":"dev","traits":{"email":"thief@b.example","first_name":"Eve","visits":3,"phone":"1"}}`)
	require.Equal(t, intake.Accepted, result.Status)
	require.Len(t, result.Warnings, 2)
	ada := h.person("7")
	require.Equal(t, "ada@a.example", ada.Email)
	require.Equal(t, "1", ada.Phone)
	require.Equal(t, map[string]any{"first_name": "Ada", "visits": 3.0}, ada.Attributes)
	result = h.public(`{"type":"identify","traits":{"email":"ada@a.example","first_name":"Eve"}}`)
	require.Equal(t, "Ada", h.person("7").Attributes["first_name"], "nor by the address: %v", result)

	h.public(`{"type":"identify","anonymousId":"new","traits":{"first_name":"Bob"}}`)
	result = h.public(`{"type":"identify","anonymousId":"new","traits":{"first_name":"Rob"}}`)
	require.Empty(t, result.Warnings, "a visitor may change their mind")

	for _, call := range []string{
		`{"type":"alias","userId":"8","previousId":"7","writeKey":"k","context":{"ip":"192.0.2.1","locale":"de"}}`,
		`{"type":"track","userId":"7","event":"Subscribed","properties":{"topic":"offers","proof":"x"}}`,
		`{"type":"track","userId":"7","event":"Unsubscribed","properties":{"topic":"offers"}}`,
	} {
		require.Equal(t, intake.Rejected, h.public(call).Status, call)
	}
	rows := h.rejected()
	require.Len(t, rows, 3)
	require.Equal(t, "browser", rows[0].Source)
	require.JSONEq(t, `{"type":"alias","userId":"8","previousId":"7","context":{"locale":"de"}}`, rows[0].Body, "neither key nor network address is kept")
}
