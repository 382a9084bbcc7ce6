package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

const browserKey = "k3y-in-the-pages"

// withBrowserKey lets a shop's pages send.
func withBrowserKey(o *Options) {
	o.BrowserKeys = []string{browserKey}
	o.Origins = []string{"https://shop.example"}
}

func TestSnippetIsSmall(t *testing.T) {
	w := newWorld(t, withBrowserKey)
	rec := w.get("/herald.js")
	require.Equal(t, http.StatusOK, rec.Code)
	require.Equal(t, "text/javascript; charset=utf-8", rec.Header().Get("Content-Type"))
	require.LessOrEqual(t, rec.Body.Len(), 4<<10, "what is served")
	require.NotContains(t, rec.Body.String(), "\n//")
	require.Equal(t, http.StatusNotModified, w.get("/herald.js", "If-None-Match", rec.Header().Get("ETag")).Code)
}

func TestSqueeze(t *testing.T) {
	for source, want := range map[string]string{
		"// a\n  let a = 1\n\n  return  a": "let a=1\nreturn a\n",
		`a = " b  c // d " + "\" e"`:       `a=" b  c // d "+"\" e"` + "\n",
		"x in y ? z : w":                   "x in y?z:w\n",
		`"open`:                            `"open` + "\n",
	} {
		require.Equal(t, want, string(squeeze(source)), source)
	}
}

func FuzzSqueeze(f *testing.F) {
	f.Add(snippetSource)
	f.Add(`"\`)
	f.Fuzz(func(t *testing.T, source string) {
		once := squeeze(source)
		require.LessOrEqual(t, len(once), len(source)+1)
	})
}

// shop is a site on another origin that uses the snippet.
type shop struct {
	*world
	herald, pages *httptest.Server
	browser       context.Context
}

// newShop starts a real server, a site and Chromium. Attributes go into the
// script's tag.
func newShop(t *testing.T, attributes string) *shop {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium here")
	}
	defs := append(bakery(),
		&campaign.Event{Name: "product_viewed", Wire: "Product Viewed", Properties: []campaign.Field{
			{Name: "price", Type: campaign.Of(campaign.Number), Optional: true}, {Name: "sku", Type: campaign.Of(campaign.String), Optional: true}}},
		&campaign.Event{Name: "products_searched", Wire: "Products Searched", Properties: []campaign.Field{{Name: "query", Type: campaign.Of(campaign.String), Optional: true}}},
	)
	s := &shop{world: newWorld(t, func(o *Options) {
		withBrowserKey(o)
		o.Now = func() time.Time { return time.Now().UTC() } // what browsers send is of the wall's time
	}, defs...)}
	s.herald = httptest.NewServer(s.handler)
	t.Cleanup(s.herald.Close)
	tag := fmt.Sprintf(`<script>window.herald=window.herald||[];herald.push(["track","Order Completed",{total:3}])</script><script async src="%s/herald.js" data-key="%s" %s></script>`,
		s.herald.URL, browserKey, attributes)
	s.pages = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := map[string]string{
			"/rye":  `<div data-herald-product='{"sku":"rye","price":4.2}'>Rye</div>`,
			"/bun":  `<div data-herald-product="bun">Bun</div>`,
			"/find": `<input><p data-herald-search="crumble"></p>`,
		}[r.URL.Path]
		signal := map[string]string{
			"/gpc": `<script>Object.defineProperty(navigator, "globalPrivacyControl", {value: true})</script>`,
			"/dnt": `<script>Object.defineProperty(navigator, "doNotTrack", {value: "1"})</script>`,
		}[r.URL.Path]
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>Page %s</title>%s%s%s", r.URL.Path, signal, tag, body)
	}))
	t.Cleanup(s.pages.Close)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.UserDataDir(t.TempDir()))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, timeout := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(timeout)
	s.browser = ctx
	return s
}

func (s *shop) open(path string) {
	s.Helper()
	require.NoError(s, chromedp.Do(s.browser, chromedp.Navigate(s.pages.URL+path)))
}

// ask evaluates a script that gives a text.
func (s *shop) ask(script string) string {
	s.Helper()
	text, err := chromedp.Run(s.browser, chromedp.Evaluate[string](script))
	require.NoError(s, err)
	return text
}

// loaded waits until the snippet is there.
func (s *shop) loaded() {
	s.Helper()
	_, err := chromedp.Run(s.browser, chromedp.Poll[bool](`!!(window.herald && herald.consent)`))
	require.NoError(s, err)
}

// until waits for an event that fits.
func (s *shop) until(name string, fits func(store.Event) bool) (found store.Event) {
	s.Helper()
	require.Eventually(s, func() bool {
		for _, e := range s.events() {
			if e.Name == name && (fits == nil || fits(e)) {
				found = e
				return true
			}
		}
		return false
	}, 30*time.Second, 50*time.Millisecond, "%s did not arrive; there are %v, refused %v", name, s.eventNames(), s.rejected())
	return found
}

func path(p string) func(store.Event) bool {
	return func(e store.Event) bool { return e.Properties["path"] == p }
}

// What a visitor does in a real browser arrives in the store: pages, also those
// that a script turns, products, searches, the time, and who it was in the end.
func TestSnippetInABrowser(t *testing.T) {
	s := newShop(t, `data-search="q"`)
	s.open("/rye?utm_source=letter&utm_campaign=spring&token=secret")
	page := s.until("page_viewed", path("/rye"))
	require.Equal(t, map[string]any{
		"path": "/rye", "title": "Page /rye", "url": s.pages.URL + "/rye", "utm_source": "letter", "utm_campaign": "spring",
	}, page.Properties, "and nothing else of the address")
	s.until("order_completed", nil) // was called before the snippet was there
	viewed := s.until("product_viewed", nil)
	require.Equal(t, map[string]any{"sku": "rye", "price": 4.2}, viewed.Properties)
	require.Equal(t, page.Person, viewed.Person)

	time.Sleep(1100 * time.Millisecond)                                // a page that was looked at for less does not count
	s.ask(`setTimeout(() => location.href = "/find?q=sourdough"); ""`) // as a link does
	left := s.until("page_left", path("/rye"))
	require.GreaterOrEqual(t, left.Properties["seconds"], 1.0)
	s.until("products_searched", func(e store.Event) bool { return e.Properties["query"] == "sourdough" })
	s.until("products_searched", func(e store.Event) bool { return e.Properties["query"] == "crumble" })
	require.Contains(t, s.until("page_viewed", path("/find")).Properties["referrer"], "/rye")

	s.loaded()
	s.ask(`history.pushState({}, "", "/bun"); document.body.insertAdjacentHTML("beforeend", "<b data-herald-product=bun></b>"); ""`)
	require.Equal(t, page.Person, s.until("page_viewed", path("/bun")).Person)
	s.until("product_viewed", func(e store.Event) bool { return e.Properties["sku"] == "bun" })

	s.ask(`herald.identify("ada", {first_name: "Ada"}); ""`)
	s.ask(`herald.track("Order Completed", {total: 12.5}); ""`)
	order := s.until("order_completed", func(e store.Event) bool { return e.Properties["total"] == 12.5 })
	s.view(func(r store.Reader) error {
		ada, err := r.PersonByKey("ada")
		require.Equal(t, page.Person, ada.ID, "the visitor became a customer, with the history")
		require.Equal(t, ada.ID, order.Person)
		require.Equal(t, map[string]any{"first_name": "Ada"}, ada.Attributes)
		return err
	})
	s.ask(`herald.reset(); herald.page("Checkout", {category: "shop"}); ""`)
	next := s.until("page_viewed", func(e store.Event) bool { return e.Properties["name"] == "Checkout" })
	require.NotEqual(t, page.Person, next.Person, "who comes after a reset is somebody else")
	require.Equal(t, "shop", next.Properties["category"])
	require.Empty(t, s.rejected())
}

// Before consent nothing is stored and nothing is sent; after it is withdrawn,
// nothing is left.
func TestSnippetAsksForConsent(t *testing.T) {
	s := newShop(t, `data-consent="required"`)
	s.open("/rye")
	s.loaded()
	require.Equal(t, "{}", s.ask(`herald.track("Order Completed"); herald.identify("ada"); JSON.stringify(localStorage)`))
	s.ask(`herald.consent(true); ""`)
	page := s.until("page_viewed", path("/rye"))
	require.Equal(t, []string{"page_viewed", "product_viewed"}, s.settled(2))
	require.NotZero(t, page.Person)
	require.Contains(t, s.ask(`JSON.stringify(localStorage)`), "herald_id")
	require.Equal(t, "{}", s.ask(`herald.consent(false); herald.track("Order Completed"); JSON.stringify(localStorage)`))
	s.open("/bun")
	s.loaded()
	require.Equal(t, "{}", s.ask(`JSON.stringify(localStorage)`))
	require.Equal(t, []string{"page_viewed", "product_viewed"}, s.settled(2))
}

// settled are the names of events once there are n.
func (s *shop) settled(n int) []string {
	require.Eventually(s, func() bool { return len(s.events()) >= n }, 30*time.Second, 50*time.Millisecond)
	return s.eventNames()
}

// Whoever says not to be tracked is not, whatever a page does.
func TestSnippetHonoursPrivacySignals(t *testing.T) {
	s := newShop(t, "")
	for _, signal := range []string{"/gpc", "/dnt"} {
		s.open(signal)
		s.loaded()
		require.Equal(t, "{}", s.ask(`herald.consent(true); herald.track("Order Completed"); herald.page(); JSON.stringify(localStorage)`), signal)
	}
	s.open("/rye") // what comes after it is told
	s.until("page_viewed", path("/rye"))
	for _, e := range s.events() {
		require.NotContains(t, []any{"/gpc", "/dnt"}, e.Properties["path"])
	}
	require.LessOrEqual(t, len(s.settled(3)), 3)
}

// A server that is away loses nothing: what was seen is sent when it is back.
func TestSnippetTriesAgain(t *testing.T) {
	away := true
	var tried int
	s := newShop(t, "")
	inner := s.handler
	s.herald.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away && r.Method == http.MethodPost {
			tried++
			away = tried < 2
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		inner.ServeHTTP(w, r)
	})
	s.open("/rye")
	s.until("page_viewed", path("/rye"))
	s.until("product_viewed", nil)
	require.Equal(t, 2, tried)
	require.Len(t, s.events(), 3, "each once")
}
