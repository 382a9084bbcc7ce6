package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
)

// Each call of the Segment specification has its path, and its place in a batch.
func TestSegmentCalls(t *testing.T) {
	calls := []struct{ kind, body, event string }{
		{"identify", `{"userId":"ada","traits":{"first_name":"Ada"}}`, ""},
		{"track", `{"userId":"ada","event":"Order Completed"}`, "order_completed"},
		{"page", `{"userId":"ada","name":"Rye","properties":{"path":"/rye"}}`, "page_viewed"},
		{"screen", `{"anonymousId":"dev","name":"Basket"}`, "screen_viewed"},
		{"group", `{"userId":"ada","groupId":"club","traits":{"name":"Club"}}`, "group_joined"},
		{"alias", `{"previousId":"dev","userId":"ada"}`, ""},
	}
	w := newWorld(t, nil)
	var batch, want []string
	for _, call := range calls {
		status, got := w.call("/v1/"+call.kind, call.body)
		require.Equal(t, http.StatusOK, status, "%s: %v", call.kind, got)
		if call.event != "" {
			want = append(want, call.event)
		}
		batch = append(batch, strings.Replace(call.body, "{", `{"type":"`+call.kind+`",`, 1))
	}
	require.Equal(t, want, w.eventNames())
	for _, e := range w.events() {
		require.Equal(t, w.events()[0].Person, e.Person, "the device was hers: %s", e.Name)
	}
	status, got := w.call("/v1/batch", gzipped(t, `{"batch":[`+strings.Join(batch, ",")+`]}`), "Content-Encoding", "gzip")
	require.Equal(t, http.StatusOK, status, got)
	require.Len(t, got.Results, len(calls))
	require.Equal(t, append(want, want...), w.eventNames())
	status, got = w.call("/v1/page", `{"type":"track","userId":"ada"}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, got.Error, "this is /v1/page")
}

// What is refused is kept as what it was, with what its batch said for it, and
// without the sender's network address.
func TestRefusedCallsKeepTheirKind(t *testing.T) {
	w := newWorld(t, nil)
	w.call("/v1/page", `{"name":"x","context":{"ip":"192.0.2.7"}}`)
	w.call("/v1/batch", `{"sentAt":"2026-12-03T12:00:00Z","context":{"ip":"192.0.2.7","locale":"de"},"batch":[{"type":"track","userId":"ada","event":"nope"}]}`)
	rows := w.rejected()
	require.Len(t, rows, 2)
	require.Equal(t, "track", rows[0].Kind)
	require.JSONEq(t, `{"type":"track","userId":"ada","event":"nope","sentAt":"2026-12-03T12:00:00Z","context":{"locale":"de"}}`, rows[0].Body)
	require.Equal(t, "page", rows[1].Kind)
	require.JSONEq(t, `{"name":"x","context":{}}`, rows[1].Body)
}

// One call within a batch has the bound of a call.
func TestALargeCallInABatch(t *testing.T) {
	w := newWorld(t, nil)
	status, got := w.call("/v1/batch", `{"batch":[{"type":"identify","userId":"ada","traits":{"x":"`+strings.Repeat("x", intake.MaxCall)+`"}},{"type":"identify","userId":"bob"}]}`)
	require.Equal(t, http.StatusMultiStatus, status)
	require.Contains(t, got.Results[0].Reason, "larger than 32 KB")
	require.Equal(t, "accepted", got.Results[1].Status)
}

// publicly posts with a browser's key.
func (w *world) publicly(path, body string, header ...string) (int, reading, http.Header) {
	w.Helper()
	rec := w.do(http.MethodPost, path, strings.NewReader(body), append([]string{"Content-Type", "text/plain;charset=UTF-8"}, header...)...)
	return rec.Code, readAnswer(w, rec), rec.Header()
}

func TestBrowserKeys(t *testing.T) {
	const body = `{"writeKey":"` + browserKey + `","userId":"ada","event":"Order Completed"}`
	for _, test := range []struct {
		name, body string
		header     []string
		want       int
	}{
		{"in the body", body, nil, http.StatusOK},
		{"as basic authentication", `{"userId":"ada","event":"Order Completed"}`, []string{"Authorization", basic(browserKey, "")}, http.StatusOK},
		{"from the site", body, []string{"Origin", "https://shop.example"}, http.StatusOK},
		{"from this server", body, []string{"Origin", "http://127.0.0.1:8080"}, http.StatusOK},
		{"from this machine, as the server", body, []string{"Origin", "http://localhost:3000"}, http.StatusOK},
		{"from this machine, to a server elsewhere", body, []string{"Origin", "http://localhost:3000", "Host", "mail.bakery.example"}, http.StatusForbidden},
		{"from elsewhere", body, []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"from the site by another scheme", body, []string{"Origin", "http://shop.example"}, http.StatusForbidden},
		{"from a file", body, []string{"Origin", "null"}, http.StatusForbidden},
		{"no key", `{"userId":"ada","event":"Order Completed"}`, nil, http.StatusUnauthorized},
		{"the shop's own key in the body", strings.Replace(body, browserKey, apiKey, 1), nil, http.StatusUnauthorized},
		{"a wrong key", strings.Replace(body, browserKey, "x", 1), nil, http.StatusUnauthorized},
		{"a key that is none", strings.Replace(body, `"`+browserKey+`"`, "7", 1), nil, http.StatusUnauthorized},
		{"a wrong key before the body", body, []string{"Authorization", basic("x", "")}, http.StatusUnauthorized},
		{"no JSON", `x`, nil, http.StatusBadRequest},
		{"a large batch", `{"batch":[` + strings.Repeat(" ", maxPublicBody) + `]}`, nil, http.StatusRequestEntityTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, withBrowserKey)
			status, _, header := w.publicly("/v1/track", test.body, test.header...)
			require.Equal(t, test.want, status)
			require.Equal(t, test.want == http.StatusOK, len(w.events()) == 1)
			if status == http.StatusOK {
				require.Equal(t, "Origin", header.Get("Vary"), "caches must not mix sites up")
			}
			if origin := r(test.header, "Origin"); test.want == http.StatusOK && origin != "" {
				require.Equal(t, origin, header.Get("Access-Control-Allow-Origin"))
			} else {
				require.Empty(t, header.Get("Access-Control-Allow-Origin"))
			}
		})
	}
}

// r is a header of a list of names and values.
func r(header []string, name string) string {
	for i := 0; i < len(header); i += 2 {
		if header[i] == name {
			return header[i+1]
		}
	}
	return ""
}

// A key that everybody can read lets in what adds, and nothing that replaces or
// permits; no path of the server shows anything for it.
func TestBrowserKeysOnlyAdd(t *testing.T) {
	w := newWorld(t, withBrowserKey)
	w.call("/v1/identify", `{"userId":"ada","traits":{"email":"ada@reader.example"}}`)
	status, got, _ := w.publicly("/v1/batch", `{"writeKey":"`+browserKey+`","batch":[
		{"type":"identify","userId":"ada","traits":{"email":"eve@reader.example","first_name":"Ada"}},
		{"type":"alias","userId":"eve","previousId":"ada"},
		{"type":"track","userId":"ada","event":"Subscribed","properties":{"topic":"news","proof":"x"}}]}`)
	require.Equal(t, http.StatusMultiStatus, status)
	require.Equal(t, []string{"email is known already, which a browser's key cannot replace, and was left out"}, got.Results[0].Warnings)
	require.Equal(t, "rejected", got.Results[1].Status)
	require.Equal(t, "rejected", got.Results[2].Status)
	w.view(func(r store.Reader) error {
		ada, err := r.PersonByKey("ada")
		require.Equal(t, "ada@reader.example", ada.Email)
		require.Equal(t, map[string]any{"first_name": "Ada"}, ada.Attributes)
		return err
	})
}

func TestPreflight(t *testing.T) {
	w := newWorld(t, withBrowserKey)
	ask := func(origin string) http.Header {
		rec := w.do(http.MethodOptions, "/v1/track", nil, "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
		require.Equal(t, http.StatusNoContent, rec.Code)
		return rec.Header()
	}
	yes := ask("https://shop.example")
	require.Equal(t, "https://shop.example", yes.Get("Access-Control-Allow-Origin"))
	require.Contains(t, yes.Get("Access-Control-Allow-Headers"), "Authorization")
	require.Empty(t, yes.Get("Access-Control-Allow-Credentials"))
	require.Empty(t, ask("https://evil.example").Get("Access-Control-Allow-Origin"))
}

// An address that sends too much waits; others do not.
func TestPace(t *testing.T) {
	w := newWorld(t, withBrowserKey)
	wall := noon
	w.server.pace.wall = func() time.Time { return wall }
	calls := strings.TrimSuffix(strings.Repeat(`{"type":"track","userId":"ada","event":"Order Completed"},`, maxPublicCalls), ",")
	full := `{"writeKey":"` + browserKey + `","batch":[` + calls + `]}`
	send := func(address string) (int, http.Header) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/batch", strings.NewReader(full))
		r.RemoteAddr = address
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		return rec.Code, rec.Header()
	}
	for range callsAtOnce / maxPublicCalls {
		status, _ := send("203.0.113.1:5000")
		require.Equal(t, http.StatusOK, status)
	}
	status, header := send("203.0.113.1:5001")
	require.Equal(t, http.StatusTooManyRequests, status)
	require.Equal(t, "1", header.Get("Retry-After"))
	status, _ = send("203.0.113.2:5000")
	require.Equal(t, http.StatusOK, status)
	wall = wall.Add(maxPublicCalls / callsPerSecond * time.Second)
	status, _ = send("203.0.113.1:5000")
	require.Equal(t, http.StatusOK, status)
	require.Len(t, w.events(), callsAtOnce+2*maxPublicCalls)
}

func TestAddressOf(t *testing.T) {
	for _, test := range []struct{ remote, forwarded, want string }{
		{"203.0.113.1:5000", "", "203.0.113.1"},
		{"203.0.113.1:5000", "198.51.100.1", "203.0.113.1"}, // a stranger's word
		{"127.0.0.1:5000", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:5000", "192.0.2.9, 198.51.100.1", "198.51.100.1"},
		{"[::1]:5000", "x", "::1"},
		{"@", "", "@"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.RemoteAddr = test.remote
		r.Header.Set("X-Forwarded-For", test.forwarded)
		require.Equal(t, test.want, addressOf(r), test.remote)
	}
}

func TestPaceCounts(t *testing.T) {
	wall := noon
	p := pace{wall: func() time.Time { return wall }}
	ok, _ := p.take("a", callsAtOnce)
	require.True(t, ok)
	ok, wait := p.take("a", callsPerSecond)
	require.False(t, ok)
	require.Equal(t, time.Second, wait)
	ok, _ = p.take("b", 1)
	require.True(t, ok, "another address has its own")
	wall = wall.Add(time.Second)
	ok, _ = p.take("a", callsPerSecond)
	require.True(t, ok)
	ok, _ = p.take("a", 1)
	require.False(t, ok, "what was refused was not counted, what was taken was")
	wall = wall.Add(-time.Hour)
	ok, _ = p.take("a", 1)
	require.False(t, ok, "a clock that goes back gives nothing")

	for i := range maxAddresses + 5000 {
		p.take(fmt.Sprint(i), 1)
	}
	require.LessOrEqual(t, len(p.buckets), maxAddresses+1, "memory is bounded")
	wall = wall.Add(2 * time.Hour)
	p.take("new", 1)
	require.Less(t, len(p.buckets), 10, "whoever was quiet is forgotten")
}
