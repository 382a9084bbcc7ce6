package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestKeys(t *testing.T) {
	w := newWorld(t, nil)
	for _, test := range []struct {
		name, authorization string
		want                int
	}{
		{"none", "", http.StatusUnauthorized},
		{"basic, as Segment's libraries send it", basic(apiKey, ""), http.StatusOK},
		{"basic, with a password", basic(apiKey, "x"), http.StatusOK},
		{"the other key", basic("another", ""), http.StatusOK},
		{"bearer", "Bearer " + apiKey, http.StatusOK},
		{"bearer in small letters", "bearer  " + apiKey, http.StatusOK},
		{"wrong", basic("wrong", ""), http.StatusUnauthorized},
		{"wrong bearer", "Bearer wrong", http.StatusUnauthorized},
		{"a part of the key", "Bearer " + apiKey[:4], http.StatusUnauthorized},
		{"more than the key", "Bearer " + apiKey + "x", http.StatusUnauthorized},
		{"empty", basic("", ""), http.StatusUnauthorized},
		{"empty bearer", "Bearer ", http.StatusUnauthorized},
		{"the key as a password", basic("", apiKey), http.StatusUnauthorized},
		{"another scheme", "Digest " + apiKey, http.StatusUnauthorized},
		{"no scheme", apiKey, http.StatusUnauthorized},
		{"not base64", "Basic %%%", http.StatusUnauthorized},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, path := range []string{"/v1/identify", "/v1/track", "/v1/batch"} {
				body := `{"userId":"ada","event":"order_completed","batch":[{"type":"identify","userId":"ada"}]}`
				rec := w.do(http.MethodPost, path, strings.NewReader(body), "Authorization", test.authorization)
				require.Equal(t, test.want, rec.Code, "%s %s", path, rec.Body)
				if test.want == http.StatusUnauthorized {
					require.Contains(t, rec.Header().Get("WWW-Authenticate"), "Basic")
					require.Contains(t, readAnswer(t, rec).Error, "API key")
				}
			}
		})
	}
}

func TestNoKeysRefuseEverybody(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.APIKeys = []string{""} })
	for _, authorization := range []string{"", "Bearer ", basic("", ""), "Bearer x"} {
		require.Equal(t, http.StatusUnauthorized, w.do(http.MethodPost, "/v1/track", strings.NewReader("{}"), "Authorization", authorization).Code)
	}
	require.Empty(t, w.rejected())
}

func TestIdentify(t *testing.T) {
	w := newWorld(t, nil)
	status, got := w.call("/v1/identify", `{"userId":"ada","traits":{"email":"Ada@Reader.example","firstName":"Ada","shoeSize":37}}`)
	require.Equal(t, http.StatusOK, status)
	require.True(t, got.Success)
	require.Len(t, got.Results, 1)
	require.Equal(t, "accepted", got.Results[0].Status)
	require.Len(t, got.Results[0].Warnings, 1, "an undeclared trait is left out, and that is said")
	w.view(func(r store.Reader) error {
		p, err := r.PersonByKey("ada")
		require.Equal(t, "ada@reader.example", p.Email)
		require.Equal(t, map[string]any{"first_name": "Ada"}, p.Attributes)
		return err
	})
	require.EqualValues(t, 1, w.pokes.Load())
}

func TestTrack(t *testing.T) {
	w := newWorld(t, nil)
	call := `{"userId":"ada","event":"Order Completed","messageId":"m1","timestamp":"2026-12-03T11:00:00Z","properties":{"total":12.5}}`
	status, got := w.call("/v1/track", call)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []result{{Status: "accepted"}}, got.Results)
	events := w.events()
	require.Len(t, events, 1)
	require.Equal(t, "order_completed", events[0].Name)
	require.Equal(t, noon.Add(-time.Hour), events[0].At)
	require.Equal(t, noon, events[0].ReceivedAt)
	require.Equal(t, map[string]any{"total": 12.5}, events[0].Properties)

	status, got = w.call("/v1/track", call)
	require.Equal(t, http.StatusOK, status, "again is no harm")
	require.Equal(t, []result{{Status: "duplicate"}}, got.Results)
	require.Len(t, w.events(), 1)
	require.Empty(t, w.rejected())
}

// What cannot be taken is refused with its reason, and kept for repair.
func TestRefusedCalls(t *testing.T) {
	for _, test := range []struct {
		name, path, body, reason string
	}{
		{"an undeclared property", "/v1/track", `{"userId":"ada","event":"order_completed","properties":{"totl":1}}`, `"totl" of order_completed is not declared: did you mean "total"?`},
		{"an undeclared event", "/v1/track", `{"userId":"ada","event":"order_complete"}`, "is not declared"},
		{"a value of another type", "/v1/track", `{"userId":"ada","event":"order_completed","properties":{"total":"much"}}`, `property "total"`},
		{"an event of our own", "/v1/track", `{"userId":"ada","event":"email_opened"}`, "herald's own"},
		{"nobody", "/v1/track", `{"event":"order_completed"}`, "whom it is about"},
		{"an address that is none", "/v1/identify", `{"userId":"ada","traits":{"email":"ada"}}`, "email address"},
		{"from the future", "/v1/track", `{"userId":"ada","event":"order_completed","timestamp":"2026-12-04T11:00:00Z"}`, "future"},
		{"properties that are none", "/v1/track", `{"userId":"ada","event":"order_completed","properties":[1]}`, "must be an object"},
		{"a text", "/v1/track", `"order"`, "a call is a JSON object"},
		{"null", "/v1/track", `null`, "a call is a JSON object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			status, got := w.call(test.path, test.body)
			require.Equal(t, http.StatusBadRequest, status)
			require.False(t, got.Success)
			require.Equal(t, "rejected", got.Results[0].Status)
			require.Contains(t, got.Results[0].Reason, test.reason)
			kept := w.rejected()
			require.Len(t, kept, 1)
			require.Equal(t, "api", kept[0].Source)
			require.Equal(t, test.body, kept[0].Body)
			require.Empty(t, w.events())
			require.Zero(t, w.pokes.Load(), "nobody waits for what was refused")
		})
	}
}

func TestBatch(t *testing.T) {
	w := newWorld(t, nil)
	good := `{"type":"track","userId":"ada","event":"order_completed","messageId":"%s"}`
	for _, test := range []struct {
		name, body string
		want       int
		statuses   []string
	}{
		{"all taken", fmt.Sprintf(`{"batch":[{"type":"identify","userId":"ada"},`+good+`]}`, "b1"), http.StatusOK, []string{"accepted", "accepted"}},
		{"taken before", fmt.Sprintf(`{"batch":[`+good+`,`+good+`]}`, "b1", "b2"), http.StatusOK, []string{"duplicate", "accepted"}},
		{"twice within", fmt.Sprintf(`{"batch":[`+good+`,`+good+`]}`, "b3", "b3"), http.StatusOK, []string{"accepted", "duplicate"}},
		{"some refused", fmt.Sprintf(`{"batch":[{"type":"track","userId":"ada","event":"nope"},`+good+`,null,7]}`, "b4"), http.StatusMultiStatus, []string{"rejected", "accepted", "rejected", "rejected"}},
		{"all refused", `{"batch":[{"type":"rage","userId":"ada"},{}]}`, http.StatusBadRequest, []string{"rejected", "rejected"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, got := w.call("/v1/batch", test.body)
			require.Equal(t, test.want, status)
			var statuses []string
			for _, r := range got.Results {
				statuses = append(statuses, r.Status)
			}
			require.Equal(t, test.statuses, statuses)
			require.Equal(t, test.want == http.StatusOK, got.Success)
		})
	}
}

// What a batch says for all of its calls holds for each that does not say
// otherwise.
func TestBatchSharesSentAtAndContext(t *testing.T) {
	w := newWorld(t, nil)
	status, got := w.call("/v1/batch", `{"sentAt":"2026-12-03T10:00:00Z","context":{"traits":{"email":"ada@reader.example"}},"batch":[
		{"type":"track","event":"order_completed","originalTimestamp":"2026-12-03T09:00:00Z"},
		{"type":"track","event":"order_completed","originalTimestamp":"2026-12-03T09:00:00Z","sentAt":"2026-12-03T11:30:00Z","context":{"traits":{"email":"bob@reader.example"}}}]}`)
	require.Equal(t, http.StatusOK, status, got)
	events := w.events()
	require.Len(t, events, 2)
	require.Equal(t, noon.Add(-time.Hour), events[0].At, "the sender's clock is two hours behind")
	require.Equal(t, noon.Add(-2*time.Hour-30*time.Minute), events[1].At)
	require.NotEqual(t, events[0].Person, events[1].Person)
}

func TestBadRequests(t *testing.T) {
	many := strings.Repeat(`{},`, maxCalls) + `{}`
	for _, test := range []struct {
		name, path, body string
		want             int
		says             string
	}{
		{"no body", "/v1/track", "", http.StatusBadRequest, "not JSON: unexpected end of JSON input"},
		{"malformed", "/v1/track", `{"userId":}`, http.StatusBadRequest, "at byte 11"},
		{"two calls", "/v1/track", `{"userId":"ada"}{}`, http.StatusBadRequest, "not JSON"},
		{"deep", "/v1/track", strings.Repeat("[", 20_000), http.StatusBadRequest, "not JSON"},
		{"of another kind", "/v1/track", `{"type":"identify","userId":"ada"}`, http.StatusBadRequest, `has the type "identify"`},
		{"an empty batch", "/v1/batch", `{"batch":[]}`, http.StatusBadRequest, "empty"},
		{"no batch", "/v1/batch", `{}`, http.StatusBadRequest, "empty"},
		{"a batch that is none", "/v1/batch", `{"batch":3}`, http.StatusBadRequest, "batch cannot be a JSON number"},
		{"a batch of a list", "/v1/batch", `[]`, http.StatusBadRequest, "must be a JSON object"},
		{"too many calls", "/v1/batch", `{"batch":[` + many + `]}`, http.StatusRequestEntityTooLarge, "send at most 2500"},
		{"a large call", "/v1/track", `{"userId":"` + strings.Repeat("a", intake.MaxCall) + `"}`, http.StatusRequestEntityTooLarge, "larger than 32 KB"},
		{"a large batch", "/v1/batch", `{"batch":[` + strings.Repeat(" ", intake.MaxBatch) + `]}`, http.StatusRequestEntityTooLarge, "larger than 500 KB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			status, got := w.call(test.path, test.body)
			require.Equal(t, test.want, status)
			require.False(t, got.Success)
			require.Contains(t, got.Error, test.says)
			require.NotContains(t, got.Error, "intake", "nothing of the inside")
			require.Empty(t, w.rejected())
			require.Empty(t, w.events())
		})
	}
}

func TestContentTypes(t *testing.T) {
	w := newWorld(t, nil)
	for kind, want := range map[string]int{
		"application/json": http.StatusOK, "Application/JSON; charset=utf-8": http.StatusOK, "text/plain;charset=UTF-8": http.StatusOK, "": http.StatusOK,
		"application/x-www-form-urlencoded": http.StatusUnsupportedMediaType, "multipart/form-data": http.StatusUnsupportedMediaType,
		"text/html": http.StatusUnsupportedMediaType, "application/json; =": http.StatusUnsupportedMediaType, "json": http.StatusUnsupportedMediaType,
	} {
		status, _ := w.call("/v1/identify", `{"userId":"ada"}`, "Content-Type", kind)
		require.Equal(t, want, status, kind)
	}
}

// source is an endless body that counts how much of it was read.
type source struct{ read int }

func (s *source) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	s.read += len(b)
	return len(b), nil
}

// A body beyond the limit is given up early, whatever it says of its length.
func TestLargeBodies(t *testing.T) {
	w := newWorld(t, nil)
	const size = 10 << 20
	for path, limit := range map[string]int{"/v1/track": intake.MaxCall, "/v1/batch": intake.MaxBatch} {
		for _, length := range []int64{size, -1, 5} {
			body := &source{}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, io.NopCloser(io.LimitReader(body, size)))
			r.ContentLength = length
			r.SetBasicAuth(apiKey, "")
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			require.Equal(t, http.StatusRequestEntityTooLarge, rec.Code)
			require.LessOrEqual(t, body.read, 2*limit+4096, "%s of %d", path, length)
			if length == size {
				require.Zero(t, body.read)
			}
		}
	}
}

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

func TestEncodings(t *testing.T) {
	whole := gzipped(t, `{"userId":"ada"}`)
	for _, test := range []struct {
		name, encoding, body string
		want                 int
	}{
		{"gzip", "gzip", whole, http.StatusOK},
		{"GZIP", "GZIP", whole, http.StatusOK},
		{"identity", "identity", `{"userId":"ada"}`, http.StatusOK},
		{"not gzip", "gzip", `{"userId":"ada"}`, http.StatusBadRequest},
		{"cut off", "gzip", whole[:len(whole)-6], http.StatusBadRequest},
		{"damaged", "gzip", whole[:20] + "xx" + whole[22:], http.StatusBadRequest},
		{"nothing", "gzip", "", http.StatusBadRequest},
		{"a bomb", "gzip", gzipped(t, strings.Repeat(" ", 20<<20)), http.StatusRequestEntityTooLarge},
		{"a bomb in a bomb", "gzip", gzipped(t, gzipped(t, strings.Repeat(" ", 20<<20))), http.StatusBadRequest},
		{"brotli", "br", whole, http.StatusUnsupportedMediaType},
		{"twice", "gzip, gzip", gzipped(t, whole), http.StatusUnsupportedMediaType},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			status, _ := w.call("/v1/identify", test.body, "Content-Encoding", test.encoding)
			require.Equal(t, test.want, status)
			w.view(func(r store.Reader) error {
				people, err := r.CountPeople()
				require.Equal(t, test.want == http.StatusOK, people == 1)
				return err
			})
		})
	}
}

func TestStoreFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status int
		retry  string
		logged bool
	}{
		{"down", errors.New("the disk failed"), http.StatusServiceUnavailable, "5", true},
		{"full", fmt.Errorf("somewhere: %w", store.ErrFull), http.StatusInsufficientStorage, "60", true},
		{"busy for too long", context.DeadlineExceeded, http.StatusServiceUnavailable, "5", true},
		{"a batch that intake finds too large", intake.ErrTooLarge, http.StatusRequestEntityTooLarge, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			broken := &brokenStore{update: test.err}
			w := newWorld(t, func(o *Options) {
				broken.Store = o.Store
				o.Store = broken
			})
			rec := w.do(http.MethodPost, "/v1/track", strings.NewReader(`{"userId":"ada","event":"order_completed"}`), "Authorization", "Bearer "+apiKey)
			require.Equal(t, test.status, rec.Code)
			require.Equal(t, test.retry, rec.Header().Get("Retry-After"))
			require.NotContains(t, rec.Body.String(), "disk failed")
			require.Equal(t, test.logged, strings.Contains(w.log.String(), test.err.Error()), w.log.String())
			require.Empty(t, w.events())
			require.Zero(t, w.pokes.Load())

			broken.update = nil
			require.Equal(t, http.StatusOK, w.do(http.MethodPost, "/v1/track", strings.NewReader(`{"userId":"ada","event":"order_completed"}`), "Authorization", "Bearer "+apiKey).Code)
			require.Len(t, w.events(), 1)
		})
	}
}

// A store with a quota fills up: what was answered with 200 is there, and
// nothing of what was answered with 507.
func TestStoreFull(t *testing.T) {
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Relaxed: true, MaxBytes: 1 << 20})
	require.NoError(t, err)
	defer s.Close()
	w := newWorldOn(t, s, nil)
	taken, status := 0, http.StatusOK
	for n := 0; status == http.StatusOK; n++ {
		require.Less(t, n, 1000)
		call := `{"type":"track","userId":"ada","event":"order_completed","properties":{"cart_id":"` + strings.Repeat("x", 4000) + `"}}`
		status, _ = w.call("/v1/batch", `{"batch":[`+strings.Repeat(call+",", 9)+call+`]}`)
		if status == http.StatusOK {
			taken += 10
		}
	}
	require.Equal(t, http.StatusInsufficientStorage, status)
	require.NotZero(t, taken)
	require.Len(t, w.events(), taken)
}

// Who hangs up is no failure of ours.
func TestCallerLeaves(t *testing.T) {
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/track", strings.NewReader(`{"userId":"ada","event":"order_completed"}`))
	r.SetBasicAuth(apiKey, "")
	w.handler.ServeHTTP(httptest.NewRecorder(), r)
	require.Empty(t, w.log.String())
}

func FuzzCalls(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `[]`, `{"batch":[{}]}`, `{"batch":[{"type":"track","userId":"ada","event":"order_completed","properties":{"total":"1"}}],"context":{"a":1}}`,
		`{"userId":1,"timestamp":1e99}`, `{"sentAt":"x","batch":[null]}`, "\x1f\x8b", `{"userId":"\ud800"}`} {
		f.Add("/v1/batch", "", seed)
		f.Add("/v1/track", "", seed)
		f.Add("/v1/identify", "gzip", gzipped(f, seed))
	}
	w := newWorld(f, nil)
	f.Fuzz(func(t *testing.T, path, encoding, body string) {
		switch path {
		case "/v1/batch", "/v1/track", "/v1/identify":
		default:
			return
		}
		rec := w.do(http.MethodPost, path, strings.NewReader(body), "Authorization", "Bearer "+apiKey, "Content-Encoding", encoding)
		readAnswer(t, rec)
		require.Contains(t, []int{http.StatusOK, http.StatusMultiStatus, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}, rec.Code)
	})
}
