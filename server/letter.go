package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/herald-campaigns/herald/engine/delivery/links"
	"github.com/herald-campaigns/herald/engine/store"
)

// why tells a person why they got a message.
func (s *server) why(w http.ResponseWriter, r *http.Request) {
	s.about(w, r, s.Links.ParseWhy, func(ctx context.Context, send store.Send) error {
		var log []store.Consent
		err := s.Store.View(ctx, func(r store.Reader) (err error) {
			log, err = r.ConsentLog(send.Person)
			return err
		})
		if err != nil {
			return err
		}
		view := whyView{
			Sender: s.senderName(send), Topic: s.topicName(send.Topic), Transactional: s.transactional(send.Topic), At: day(send.CreatedAt),
			Unsubscribe: s.neighbour(links.UnsubscribePath, s.Links.Unsubscribe(send.ID)),
			Preferences: s.neighbour(links.PreferencesPath, s.Links.Preferences(send.ID)),
		}
		for _, c := range log { // the oldest first
			switch {
			case c.Topic != send.Topic || c.Channel != channel:
			case c.Granted:
				view.Since, view.Source, view.Until = day(c.At), c.Source, ""
			default:
				view.Until = day(c.At)
			}
		}
		whyPage.write(w, http.StatusOK, view)
		return nil
	})
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// letterPolicy shuts a mail in, which may hold whatever its author wrote: its
// pictures and styles are shown, its links lead on, and nothing runs.
const letterPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src *; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// view shows a message in the browser.
func (s *server) view(w http.ResponseWriter, r *http.Request) {
	s.about(w, r, s.Links.ParseView, func(ctx context.Context, send store.Send) error {
		if s.Viewer == nil {
			return store.ErrNotFound
		}
		html, err := s.Viewer.View(ctx, send.ID)
		if errors.Is(err, store.ErrNotFound) {
			notePage.write(w, http.StatusGone, note{"This message is no longer here", "It cannot be shown in the browser any more."})
			return nil
		}
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store, private")
		h.Set("Content-Security-Policy", letterPolicy)
		_, _ = w.Write([]byte(html))
		return nil
	})
}
