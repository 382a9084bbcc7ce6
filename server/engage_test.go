package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// errDown is what a store says that does not work.
var errDown = errors.New("down")

const rye = "https://bakery.example/rye?a=1&b=%20x#crust"

func TestOpen(t *testing.T) {
	w := newWorld(t, nil)
	send := w.sent(w.person("ada"), "news")
	for range 3 { // mail programs fetch the picture each time
		rec := w.get(w.links.Open(send.ID))
		require.Equal(t, http.StatusOK, rec.Code)
		require.Equal(t, "image/gif", rec.Header().Get("Content-Type"))
		require.Equal(t, "no-store, private", rec.Header().Get("Cache-Control"))
		require.Equal(t, pixel, rec.Body.Bytes())
		w.clock = w.clock.Add(time.Minute)
	}
	require.Equal(t, store.Engagement{OpenedAt: noon}, w.engagement(send))
	events := w.events()
	require.Len(t, events, 1)
	require.Equal(t, "email_opened", events[0].Name)
	require.Equal(t, send.Person, events[0].Person)
	require.Equal(t, map[string]any{"send": send.Key, "campaign": "journey.thanks", "message": "message.hello"}, events[0].Properties)
	require.EqualValues(t, 1, w.pokes.Load())

	require.Equal(t, http.StatusOK, w.get(strings.TrimSuffix(w.links.Open(send.ID), ".gif")).Code)
}

// Whatever goes wrong, the reader sees a picture, and nothing is counted.
func TestOpenAlwaysShowsAPicture(t *testing.T) {
	broken := &brokenStore{}
	w := newWorld(t, func(o *Options) {
		broken.Store = o.Store
		o.Store = broken
	})
	send := w.sent(w.person("ada"), "news")
	good := strings.TrimPrefix(w.links.Open(send.ID), site)
	for name, path := range map[string]string{
		"forged": good[:4] + "X" + good[5:], "cut": good[:len(good)-10], "of another kind": "/o/" + strings.TrimPrefix(w.links.View(send.ID), site+"/v/"),
		"nothing": "/o/.gif", "of a message that is not there": strings.TrimPrefix(w.links.Open(99), site),
	} {
		rec := w.get(path)
		require.Equal(t, http.StatusOK, rec.Code, name)
		require.Equal(t, pixel, rec.Body.Bytes(), name)
	}
	require.Empty(t, w.log.String())
	broken.update = errors.New("down")
	require.Equal(t, pixel, w.get(good).Body.Bytes())
	broken.update, broken.view = nil, errors.New("down")
	require.Equal(t, pixel, w.get(good).Body.Bytes())
	broken.view = nil
	require.Equal(t, 2, strings.Count(w.log.String(), "request failed"))
	require.Zero(t, w.engagement(send))
	require.Empty(t, w.events())
}

func TestClick(t *testing.T) {
	w := newWorld(t, nil)
	send := w.sent(w.person("ada"), "news")
	link := w.links.Click(send.ID, rye)
	for range 2 { // a double click
		rec := w.get(link)
		require.Equal(t, http.StatusFound, rec.Code)
		require.Equal(t, rye, rec.Header().Get("Location"))
		require.Equal(t, "no-store, private", rec.Header().Get("Cache-Control"))
		w.clock = w.clock.Add(time.Second)
	}
	require.Equal(t, store.Engagement{OpenedAt: noon, ClickedAt: noon}, w.engagement(send), "who clicks has the mail open")
	require.Equal(t, []string{"email_opened", "email_clicked"}, w.eventNames())
	require.Equal(t, rye, w.events()[1].Properties["url"])

	w.get(w.links.Click(send.ID, "https://bakery.example/"))
	w.clock = w.clock.Add(time.Minute)
	w.get(link)
	require.Equal(t, []string{"email_opened", "email_clicked", "email_clicked", "email_clicked"}, w.eventNames(), "each click is an event")
	require.Equal(t, noon, w.engagement(send).ClickedAt)
	require.EqualValues(t, 3, w.pokes.Load())
}

// A link leads where the mail said, or nowhere.
func TestClickLeadsNowhereElse(t *testing.T) {
	w := newWorld(t, nil)
	send := w.sent(w.person("ada"), "news")
	good := strings.TrimPrefix(w.links.Click(send.ID, rye), site)
	for name, path := range map[string]string{
		"forged":              good[:10] + "_" + good[11:],
		"cut":                 good[:len(good)-3],
		"longer":              good + "AAAA",
		"of another kind":     "/c/" + strings.TrimPrefix(w.links.Unsubscribe(send.ID), site+"/u/"),
		"an address":          "/c/https:%2F%2Fevil.example",
		"nothing":             "/c/%20",
		"a script, signed":    strings.TrimPrefix(w.links.Click(send.ID, "javascript:alert(1)"), site),
		"relative, signed":    strings.TrimPrefix(w.links.Click(send.ID, "//evil.example/"), site),
		"other kinds, signed": strings.TrimPrefix(w.links.Click(send.ID, "data:text/html,x"), site),
		"empty, signed":       strings.TrimPrefix(w.links.Click(send.ID, ""), site),
	} {
		rec := w.get(path)
		require.Equal(t, http.StatusNotFound, rec.Code, name)
		require.Empty(t, rec.Header().Get("Location"), name)
		require.Contains(t, rec.Body.String(), "This link does not work", name)
	}
	require.Zero(t, w.engagement(send))
	for target, location := range map[string]string{
		"http://bakery.example":         "http://bakery.example",
		"HTTPS://bakery.example/A":      "HTTPS://bakery.example/A",
		"https://bakery.example/brötle": "https://bakery.example/br%c3%b6tle",
	} {
		rec := w.get(w.links.Click(send.ID, target), "Host", "evil.example")
		require.Equal(t, http.StatusFound, rec.Code)
		require.Equal(t, location, rec.Header().Get("Location"))
	}
}

// The reader gets on even when nothing can be written down.
func TestClickWithoutAStore(t *testing.T) {
	broken := &brokenStore{}
	w := newWorld(t, func(o *Options) {
		broken.Store = o.Store
		o.Store = broken
	})
	broken.update = errors.New("down")
	rec := w.get(w.links.Click(1, rye))
	require.Equal(t, http.StatusFound, rec.Code)
	require.Contains(t, w.log.String(), "down")
	broken.update = nil
	require.Equal(t, http.StatusFound, w.get(w.links.Click(99, rye)).Code, "of a message that is gone")
}

func TestHeadCountsNothing(t *testing.T) {
	w := newWorld(t, nil)
	send := w.sent(w.person("ada"), "news")
	require.Equal(t, http.StatusOK, w.head(w.links.Open(send.ID)).Code)
	rec := w.head(w.links.Click(send.ID, rye))
	require.Equal(t, http.StatusFound, rec.Code)
	require.Equal(t, rye, rec.Header().Get("Location"))
	for _, link := range []string{w.links.Unsubscribe(send.ID), w.links.Preferences(send.ID), w.links.Why(send.ID)} {
		require.Equal(t, http.StatusOK, w.head(link).Code)
	}
	require.Zero(t, w.engagement(send))
	require.Empty(t, w.events())
	require.Len(t, w.consents(send.Person), 1)
}

func TestMachines(t *testing.T) {
	for _, test := range []struct {
		name    string
		header  []string
		machine bool
	}{
		{"a browser", []string{"User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"}, false},
		{"Gmail's proxy, which fetches when the reader looks", []string{"User-Agent", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"}, false},
		{"a phone called Cubot", []string{"User-Agent", "Mozilla/5.0 (Linux; Android 13; CUBOT P80)"}, false},
		{"nothing", nil, false},
		{"Apple's privacy protection", []string{"User-Agent", "Mozilla/5.0"}, true},
		{"a bot", []string{"User-Agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}, true},
		{"a scanner", []string{"User-Agent", "BarracudaCentral"}, true},
		{"a prefetch", []string{"Sec-Purpose", "prefetch;prerender", "User-Agent", "Mozilla/5.0 (X11)"}, true},
		{"an old prefetch", []string{"Purpose", "prefetch"}, true},
		{"a preview", []string{"X-Purpose", "preview"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			send := w.sent(w.person("ada"), "news")
			require.Equal(t, http.StatusOK, w.get(w.links.Open(send.ID), test.header...).Code)
			want := store.Engagement{OpenedAt: noon}
			if test.machine {
				want = store.Engagement{MachineOpenedAt: noon}
			}
			require.Equal(t, want, w.engagement(send))
			rec := w.get(w.links.Click(send.ID, rye), test.header...)
			require.Equal(t, rye, rec.Header().Get("Location"), "machines are led on, too")
			require.Equal(t, test.machine, w.engagement(send).ClickedAt.IsZero())
			require.Equal(t, test.machine, len(w.events()) == 0, "no event of what a machine does")
		})
	}
}

// A reader may be opened for a machine first and a person later.
func TestMachineThenPerson(t *testing.T) {
	w := newWorld(t, nil)
	send := w.sent(w.person("ada"), "news")
	w.get(w.links.Open(send.ID), "User-Agent", "Mozilla/5.0")
	w.clock = w.clock.Add(time.Hour)
	w.get(w.links.Open(send.ID), "User-Agent", "Mozilla/5.0")
	w.get(w.links.Open(send.ID))
	require.Equal(t, store.Engagement{MachineOpenedAt: noon, OpenedAt: noon.Add(time.Hour)}, w.engagement(send))
	require.Equal(t, []string{"email_opened"}, w.eventNames())
}

// No token but those that were made here does anything, whatever it is sent to.
func FuzzTokens(f *testing.F) {
	w := newWorld(f, nil)
	send := w.sent(w.person("ada"), "news")
	all := []string{w.links.Click(send.ID, rye), w.links.Open(send.ID), w.links.Unsubscribe(send.ID), w.links.Preferences(send.ID), w.links.View(send.ID), w.links.Why(send.ID)}
	for i, link := range all {
		token := strings.TrimPrefix(link, site)[3:]
		f.Add(byte(i), token[:len(token)-1])
		f.Add(byte(i+1), token)
		f.Add(byte(i), "x"+token)
	}
	f.Add(byte(0), "../../etc/passwd")
	f.Add(byte(2), "%00")
	paths := []string{"/c/", "/o/", "/u/", "/p/", "/v/", "/w/"}
	f.Fuzz(func(t *testing.T, kind byte, token string) {
		path := paths[int(kind)%len(paths)]
		genuine := strings.TrimPrefix(all[int(kind)%len(paths)], site+path)
		if token == genuine || path == "/o/" && token == strings.TrimSuffix(genuine, ".gif") {
			return
		}
		logged, poked := w.log.Len(), w.pokes.Load() // the world outlives one input
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			rec := w.token(method, path, token)
			if path == "/o/" && method == http.MethodGet {
				continue // a picture, counted below
			}
			require.Contains(t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, rec.Code)
			require.Empty(t, rec.Header().Get("Location"))
		}
		require.Equal(t, logged, w.log.Len())
		require.Equal(t, poked, w.pokes.Load())
		now, err := w.server.send(context.Background(), send.ID)
		require.NoError(t, err)
		require.Zero(t, now.Engagement)
	})
}
