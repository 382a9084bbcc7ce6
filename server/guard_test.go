package server

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMethods(t *testing.T) {
	w := newWorld(t, nil)
	send := w.sent(w.person("ada"), "news")
	path := func(link string) string { return strings.TrimPrefix(link, site) }
	for target, allowed := range map[string]string{
		"/v1/track": "OPTIONS, POST", "/v1/identify": "OPTIONS, POST", "/v1/batch": "OPTIONS, POST",
		"/": "GET, HEAD, OPTIONS", "/healthz": "GET, HEAD, OPTIONS",
		path(w.links.Open(send.ID)):        "GET, HEAD, OPTIONS",
		path(w.links.Click(send.ID, rye)):  "GET, HEAD, OPTIONS",
		path(w.links.View(send.ID)):        "GET, HEAD, OPTIONS",
		path(w.links.Why(send.ID)):         "GET, HEAD, OPTIONS",
		path(w.links.Unsubscribe(send.ID)): "GET, HEAD, OPTIONS, POST",
		path(w.links.Preferences(send.ID)): "GET, HEAD, OPTIONS, POST",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "OPTIONS"} {
			rec := w.do(method, target, nil)
			switch {
			case method == "OPTIONS":
				require.Equal(t, http.StatusNoContent, rec.Code)
				require.Equal(t, allowed, rec.Header().Get("Allow"))
				require.Empty(t, rec.Header().Get("Access-Control-Allow-Origin"))
			case strings.Contains(allowed, method):
				require.NotEqual(t, http.StatusMethodNotAllowed, rec.Code, "%s %s", method, target)
			default:
				require.Equal(t, http.StatusMethodNotAllowed, rec.Code, "%s %s", method, target)
				require.Equal(t, allowed, rec.Header().Get("Allow"))
				if strings.HasPrefix(target, "/v1/") {
					require.NotEmpty(t, readAnswer(t, rec).Error)
				}
			}
		}
	}
}

func TestNowhere(t *testing.T) {
	w := newWorld(t, nil)
	for _, target := range []string{"/nope", "/o/", "/c/a/b", "/u", "/robots.txt", "/v1"} {
		rec := w.get(target)
		require.Equal(t, http.StatusNotFound, rec.Code, target)
		require.Contains(t, rec.Body.String(), "There is nothing here")
	}
	rec := w.do(http.MethodPost, "/v1/pages", nil)
	require.Equal(t, http.StatusNotFound, rec.Code)
	require.Contains(t, readAnswer(t, rec).Error, "/v1/identify")
}

// No path makes us lead to another site.
func TestNoOpenRedirects(t *testing.T) {
	w := newWorld(t, nil)
	for _, target := range []string{"//evil.example/", "///evil.example", "/\\evil.example", "/%2f%2fevil.example", "/c/../../evil.example", "/mailbox//evil.example", "/?next=https://evil.example", "/c//evil.example"} {
		location := w.get("http://127.0.0.1" + target).Header().Get("Location")
		require.False(t, strings.HasPrefix(location, "//") || strings.Contains(location, ":") || strings.Contains(location, `\`), "%s leads to %s", target, location)
	}
}

func TestHeaders(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Viewer = viewer(func(int64) (string, error) { return "x", nil }) })
	send := w.sent(w.person("ada"), "news")
	for _, target := range []string{
		"/", "/healthz", "/nope", "/v1/track", w.links.Open(send.ID), w.links.Click(send.ID, rye), w.links.Click(send.ID, rye) + "x",
		w.links.Unsubscribe(send.ID), w.links.Preferences(send.ID), w.links.Why(send.ID), w.links.View(send.ID),
	} {
		h := w.get(target).Header()
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), target)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), target)
		require.Equal(t, "SAMEORIGIN", h.Get("X-Frame-Options"), target)
		require.Contains(t, h.Get("X-Robots-Tag"), "noindex", target)
		require.Contains(t, h.Get("Cache-Control"), "no-store", target)
		if strings.HasPrefix(h.Get("Content-Type"), "text/html") && h.Get("Location") == "" {
			require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'", target)
			require.Contains(t, h.Get("Content-Security-Policy"), "base-uri 'none'", target)
		}
	}
}

// Our pages have one style and at most one script, and the policy allows those
// and no other.
func TestPolicies(t *testing.T) {
	w := newWorld(t, nil)
	send := w.sent(w.person("ada"), "news")
	blocks := regexp.MustCompile(`(?s)<(style|script)>(.*?)</(?:style|script)>`)
	for target, scripts := range map[string]int{"/": 1, "/nope": 0, w.links.Unsubscribe(send.ID): 0, w.links.Preferences(send.ID): 0, w.links.Why(send.ID): 0} {
		rec := w.get(target)
		body, policy := rec.Body.String(), rec.Header().Get("Content-Security-Policy")
		require.NotContains(t, policy, "unsafe")
		require.NotContains(t, body, " style=")
		require.NotRegexp(t, `<[^>]* on[a-z]+=`, body)
		found := blocks.FindAllStringSubmatch(body, -1)
		require.Len(t, found, 1+scripts, target)
		for _, block := range found {
			sum := sha256.Sum256([]byte(block[2]))
			require.Contains(t, policy, block[1]+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", target)
		}
		require.Equal(t, scripts, strings.Count(policy, "script-src"))
	}
}

// What shows personal data answers on this machine alone.
func TestPagesAreLocal(t *testing.T) {
	mailbox := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("mails of " + r.URL.Path)) })
	w := newWorld(t, func(o *Options) { o.Mailbox = mailbox })
	for host, want := range map[string]int{
		"127.0.0.1:8080": 200, "localhost": 200, "LOCALHOST:8080": 200, "[::1]:8080": 200, "127.8.8.8": 200, "shop.localhost:80": 200,
		"evil.example": 403, "mail.bakery.example": 403, "": 403, "localhost.evil.example": 403, "192.168.0.7": 403, "10.0.0.1:80": 403, "notlocalhost": 403,
	} {
		for _, target := range []string{"/", "/mailbox/", "/mailbox/m/1/html"} {
			rec := w.get(target, "Host", host)
			require.Equal(t, want, rec.Code, "%s%s", host, target)
			require.Equal(t, want == 200 && target != "/", strings.Contains(rec.Body.String(), "mails of"))
		}
	}
	require.Equal(t, 403, w.get("/mailbox/", "X-Forwarded-For", "1.2.3.4").Code, "a proxy has let somebody in")
	require.Equal(t, 403, w.get("/", "Forwarded", "for=1.2.3.4").Code)
	require.Equal(t, "mails of /m/1", w.get("/mailbox/m/1").Body.String())

	w = newWorld(t, func(o *Options) { o.Mailbox, o.Pages = mailbox, false })
	for _, target := range []string{"/", "/mailbox/", "/mailbox/m/1"} {
		rec := w.get(target)
		require.Equal(t, 404, rec.Code, target)
		require.NotContains(t, rec.Body.String(), "Daily Crumb")
	}
	require.Equal(t, 200, w.get("/healthz").Code)
}

// No page repeats a Host that anybody may have sent.
func TestHostIsNotTrusted(t *testing.T) {
	w := newWorld(t, nil)
	send := w.sent(w.person("ada"), "news")
	for _, link := range []string{w.links.Unsubscribe(send.ID), w.links.Preferences(send.ID), w.links.Why(send.ID), "/nope", "/"} {
		rec := w.get(link, "Host", "evil.example", "X-Forwarded-Host", "evil.example")
		require.NotContains(t, rec.Body.String(), "evil.example")
		require.NotContains(t, rec.Header().Get("Location"), "evil.example")
	}
}

// The log tells what went wrong, and nothing of whom it was about: no address, no
// name, no token, no key.
func TestLogsHoldNothingPersonal(t *testing.T) {
	broken := &brokenStore{}
	w := newWorld(t, func(o *Options) {
		broken.Store = o.Store
		o.Store = broken
		o.Viewer = viewer(func(int64) (string, error) { panic("ada@reader.example") })
	})
	send := w.sent(w.person("ada"), "news")
	all := []string{w.links.Open(send.ID), w.links.Click(send.ID, rye), w.links.Unsubscribe(send.ID), w.links.Preferences(send.ID), w.links.Why(send.ID), w.links.View(send.ID)}
	round := func() {
		for _, link := range all {
			w.get(link)
			w.press(link, "topic=news")
			w.get(link + "x")
		}
		w.get("/")
		w.call("/v1/track", `{"userId":"ada-lovelace","event":"order_completed","properties":{"nope":1}}`)
		w.call("/v1/identify", `{"userId":"ada-lovelace","traits":{"email":"ada.l@reader.example"}}`)
	}
	round()
	broken.view = errDown
	round()
	broken.view, broken.update = nil, errDown
	round()
	log := w.log.String()
	require.Contains(t, log, "request failed")
	require.Contains(t, log, "request panicked")
	require.Contains(t, log, `route=/u/{token}`)
	for _, secret := range []string{"reader.example", "lovelace", apiKey, "bakery.example/rye"} {
		require.NotContains(t, log, secret)
	}
	for _, link := range all {
		require.NotContains(t, log, link[len(site)+3:len(link)-4], "no token")
	}
}

func TestPanics(t *testing.T) {
	w := newWorld(t, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/nil/{token}", func(http.ResponseWriter, *http.Request) {
		var none *world
		none.clock = noon
	})
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	handler := w.server.recovered(mux)
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/nil/s3cret", nil))
	require.Equal(t, http.StatusInternalServerError, rec.Code)
	require.Contains(t, w.log.String(), "nil pointer")
	require.Contains(t, w.log.String(), "route=/nil/{token}")
	require.NotContains(t, w.log.String(), "s3cret")
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/abort", nil))
	})
}
