package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

const oneClick = "List-Unsubscribe=One-Click"

func TestUnsubscribe(t *testing.T) {
	for name, test := range map[string]struct{ form, source string }{
		"the button":     {"", "unsubscribe link"},
		"a mail program": {oneClick, "one-click unsubscribe"},
		"nonsense":       {"%zz=;;", "unsubscribe link"},
		"a large body":   {strings.Repeat("x", 1<<20), "unsubscribe link"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			ada := w.person("ada")
			send := w.sent(ada, "news")
			link := w.links.Unsubscribe(send.ID)

			rec := w.get(link)
			require.Equal(t, http.StatusOK, rec.Code)
			require.Contains(t, rec.Body.String(), "Unsubscribe from “What we bake this week”?")
			require.Contains(t, rec.Body.String(), "The Daily Crumb will send you no more of it.")
			require.Contains(t, rec.Body.String(), `<form method="post">`)
			require.Contains(t, rec.Body.String(), `href="..`+strings.TrimPrefix(w.links.Preferences(send.ID), site)+`"`)
			require.Len(t, w.consents(ada), 1, "scanners follow every link")
			require.Zero(t, w.engagement(send))
			require.Empty(t, w.events())
			require.Zero(t, w.pokes.Load())

			w.clock = noon.Add(time.Hour)
			rec = w.press(link, test.form)
			require.Equal(t, http.StatusOK, rec.Code)
			require.Contains(t, rec.Body.String(), "You are unsubscribed")
			require.EqualValues(t, 1, w.pokes.Load())

			w.clock = noon.Add(2 * time.Hour)
			require.Equal(t, http.StatusOK, w.press(link, test.form).Code, "again is no harm")
			log := w.consents(ada)
			require.Equal(t, []store.Consent{{
				Person: ada, Topic: "news", Channel: "email", At: noon.Add(time.Hour), Source: test.source, Proof: "signed link of message " + send.Key,
			}}, log[1:])
			events := w.events()
			require.Len(t, events, 1)
			require.Equal(t, "unsubscribed", events[0].Name)
			require.Equal(t, map[string]any{
				"topic": "news", "channel": "email", "send": send.Key, "campaign": "journey.thanks", "message": "message.hello",
			}, events[0].Properties)
			require.Equal(t, store.Engagement{UnsubscribedAt: noon.Add(time.Hour)}, w.engagement(send))
		})
	}
}

// Mail programs may send the form in parts.
func TestOneClickInParts(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	send := w.sent(ada, "news")
	body := "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
	rec := w.do(http.MethodPost, strings.TrimPrefix(w.links.Unsubscribe(send.ID), site), strings.NewReader(body), "Content-Type", "multipart/form-data; boundary=x")
	require.Equal(t, http.StatusOK, rec.Code)
	require.Equal(t, "one-click unsubscribe", w.consents(ada)[1].Source)
}

// Whoever subscribed again can leave by an old link again.
func TestUnsubscribeAfterComingBack(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	send := w.sent(ada, "news")
	w.press(w.links.Unsubscribe(send.ID), "")
	w.clock = noon.Add(time.Hour)
	w.press(w.links.Preferences(send.ID), "topic=news")
	w.clock = noon.Add(2 * time.Hour)
	w.press(w.links.Unsubscribe(send.ID), "")
	require.Equal(t, []string{"unsubscribed", "subscribed", "unsubscribed"}, w.eventNames())
	require.Len(t, w.consents(ada), 4)
	require.Equal(t, noon, w.engagement(send).UnsubscribedAt, "the first time counts")
}

// A withdrawal from somebody who never subscribed is written down all the same.
func TestUnsubscribeWithoutASubscription(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	send := w.sent(ada, "offers")
	require.Contains(t, w.press(w.links.Unsubscribe(send.ID), oneClick).Body.String(), "“offers”")
	require.Equal(t, "offers", w.consents(ada)[1].Topic)
}

// What answers people's own doing cannot be unsubscribed from, and the page says
// so instead of promising it.
func TestUnsubscribeFromReceipts(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	send := w.sent(ada, "receipts")
	for _, body := range []string{w.get(w.links.Unsubscribe(send.ID)).Body.String(), w.press(w.links.Unsubscribe(send.ID), oneClick).Body.String()} {
		require.Contains(t, body, "This mail answers something that you did")
		require.NotContains(t, body, "<form")
	}
	require.Len(t, w.consents(ada), 1)
	require.Zero(t, w.engagement(send))
}

func TestPreferences(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	send := w.sent(ada, "news")
	link := w.links.Preferences(send.ID)

	body := w.get(link).Body.String()
	require.Contains(t, body, "What The Daily Crumb sends you")
	require.Contains(t, body, `value="news" checked`)
	require.Contains(t, body, `value="offers"><span>offers</span>`)
	require.NotContains(t, body, "Orders and deliveries", "transactional topics are not for choosing")
	require.NotContains(t, body, "reader.example", "nothing about the person but the choice")
	require.Len(t, w.consents(ada), 1)

	for _, step := range []struct {
		name, form     string
		topics, events []string
		on             []string
	}{
		{"as it is", "topic=news", nil, nil, []string{"news"}},
		{"one more", "topic=news&topic=offers", []string{"offers"}, []string{"subscribed"}, []string{"news", "offers"}},
		{"one less", "topic=offers", []string{"news"}, []string{"unsubscribed"}, []string{"offers"}},
		{"topics that are not for choosing", "topic=offers&topic=receipts&topic=nope", nil, nil, []string{"offers"}},
		{"none", "topic=offers&none=1", []string{"offers"}, []string{"unsubscribed"}, nil},
		{"an empty form", "", nil, nil, nil},
	} {
		w.clock = w.clock.Add(time.Hour)
		consents, events := len(w.consents(ada)), len(w.events())
		rec := w.press(link, step.form)
		require.Equal(t, http.StatusOK, rec.Code, step.name)
		require.Contains(t, rec.Body.String(), "Saved.", step.name)
		for _, topic := range []string{"news", "offers"} {
			checked := strings.Contains(rec.Body.String(), `value="`+topic+`" checked`)
			require.Equal(t, slices.Contains(step.on, topic), checked, "%s: %s", step.name, topic)
		}
		var topics []string
		for _, c := range w.consents(ada)[consents:] {
			topics = append(topics, c.Topic)
			require.Equal(t, "preference centre", c.Source)
			require.Equal(t, "signed link of message "+send.Key, c.Proof)
		}
		require.Equal(t, step.topics, topics, step.name)
		require.Equal(t, step.events, nilIfEmpty(w.eventNames()[events:]), step.name)
	}
	require.Zero(t, w.engagement(send), "the unsubscribe link was not used")
}

func nilIfEmpty(all []string) []string {
	if len(all) == 0 {
		return nil
	}
	return all
}

func TestPreferencesThatCannotBeRead(t *testing.T) {
	w := newWorld(t, nil)
	send := w.sent(w.person("ada"), "news")
	for _, form := range []string{"topic=%zz", "topic=" + strings.Repeat("x", maxForm)} {
		rec := w.press(w.links.Preferences(send.ID), form)
		require.Equal(t, http.StatusBadRequest, rec.Code)
		require.Contains(t, rec.Body.String(), "nothing was changed")
	}
	require.Len(t, w.consents(send.Person), 1)
}

func TestWhy(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	news, receipt := w.sent(ada, "news"), w.sent(ada, "receipts")
	offer := w.sent(ada, "offers")
	require.Contains(t, w.get(w.links.Why(news.ID)).Body.String(), "You subscribed to it on 3 November 2026 (sign-up form).</p>")
	require.Contains(t, w.get(w.links.Why(receipt.ID)).Body.String(), "It answers something that you did yourself")
	require.NotContains(t, w.get(w.links.Why(receipt.ID)).Body.String(), ">Unsubscribe<")
	require.Contains(t, w.get(w.links.Why(offer.ID)).Body.String(), "We have no record of a subscription any more.")
	w.press(w.links.Unsubscribe(news.ID), "")
	require.Contains(t, w.get(w.links.Why(news.ID)).Body.String(), "You ended that on 3 December 2026, so no more of it will come.")
	w.press(w.links.Unsubscribe(offer.ID), "")
	require.Contains(t, w.get(w.links.Why(offer.ID)).Body.String(), "You unsubscribed on 3 December 2026")
}

type viewer func(id int64) (string, error)

func (v viewer) View(_ context.Context, id int64) (string, error) { return v(id) }

func TestView(t *testing.T) {
	var send store.Send
	var failure error
	w := newWorld(t, func(o *Options) {
		o.Viewer = viewer(func(id int64) (string, error) {
			require.Equal(t, send.ID, id)
			return `<html><script>alert(1)</script>Hello</html>`, failure
		})
	})
	send = w.sent(w.person("ada"), "news")
	rec := w.get(w.links.View(send.ID))
	require.Equal(t, http.StatusOK, rec.Code)
	require.Contains(t, rec.Body.String(), "Hello")
	policy := rec.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "sandbox")
	require.NotContains(t, policy, "script")
	require.Equal(t, "no-store, private", rec.Header().Get("Cache-Control"))
	require.Empty(t, w.events(), "looking at a mail here is no opening")

	failure = store.ErrNotFound
	require.Equal(t, http.StatusGone, w.get(w.links.View(send.ID)).Code)
	failure = errors.New("down")
	require.Equal(t, http.StatusServiceUnavailable, w.get(w.links.View(send.ID)).Code)

	w = newWorld(t, nil)
	send = w.sent(w.person("ada"), "news")
	require.Equal(t, http.StatusNotFound, w.get(w.links.View(send.ID)).Code, "there is no viewer")
}

// Every page about a message says no to what was not made here, and asks for
// patience when the store does not answer.
func TestPagesAboutMessages(t *testing.T) {
	broken := &brokenStore{}
	w := newWorld(t, func(o *Options) {
		broken.Store = o.Store
		o.Store = broken
		o.Viewer = viewer(func(int64) (string, error) { return "", nil })
	})
	send := w.sent(w.person("ada"), "news")
	for path, link := range map[string]func(int64) string{"/u/": w.links.Unsubscribe, "/p/": w.links.Preferences, "/v/": w.links.View, "/w/": w.links.Why} {
		foreign := w.links.Unsubscribe(send.ID)
		if path == "/u/" {
			foreign = w.links.View(send.ID)
		}
		good := link(send.ID)
		for name, bad := range map[string]string{
			"forged": good[:len(good)-4] + "AAAA", "cut": good[:len(good)-2], "foreign": site + path + foreign[len(site)+3:], "gone": link(4711), "short": site + path + "x",
		} {
			rec := w.get(bad)
			require.Equal(t, http.StatusNotFound, rec.Code, "%s %s", path, name)
			require.Contains(t, rec.Body.String(), "This link does not work")
			if path == "/u/" || path == "/p/" {
				require.Equal(t, http.StatusNotFound, w.press(bad, oneClick).Code, "%s %s", path, name)
			}
		}
		broken.view = errors.New("the disk failed")
		rec := w.get(good)
		require.Equal(t, http.StatusServiceUnavailable, rec.Code, path)
		require.NotEmpty(t, rec.Header().Get("Retry-After"))
		require.NotContains(t, rec.Body.String(), "disk")
		broken.view, broken.update = nil, errors.New("the disk failed")
		if path == "/u/" || path == "/p/" {
			rec := w.press(good, oneClick)
			require.Equal(t, http.StatusServiceUnavailable, rec.Code, path)
			require.NotContains(t, rec.Body.String(), "You are unsubscribed")
		}
		broken.update = nil
	}
	require.Len(t, w.consents(send.Person), 1)
	require.Contains(t, w.log.String(), "disk failed")
}
