package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// pixel is a transparent GIF of one pixel.
var pixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

// open counts an opened mail. Whatever goes wrong, the reader sees a picture.
func (s *server) open(w http.ResponseWriter, r *http.Request) {
	if id, err := s.Links.ParseOpen(r.PathValue("token")); err == nil && r.Method == http.MethodGet {
		kind := store.Opened
		if isMachine(r) {
			kind = store.MachineOpened
		}
		s.record(r, func(ctx context.Context) (bool, error) { return s.opened(ctx, id, kind) })
	}
	h := w.Header()
	h.Set("Content-Type", "image/gif")
	h.Set("Content-Length", strconv.Itoa(len(pixel)))
	h.Set("Cache-Control", "no-store, private")
	_, _ = w.Write(pixel)
}

// click counts a followed link and leads on. The address is part of what is
// signed, so a link leads nowhere that the mail did not name.
func (s *server) click(w http.ResponseWriter, r *http.Request) {
	id, target, err := s.Links.ParseClick(r.PathValue("token"))
	if err != nil || !isWeb(target) {
		refuse(w)
		return
	}
	if r.Method == http.MethodGet && !isMachine(r) {
		s.record(r, func(ctx context.Context) (bool, error) { return s.clicked(ctx, id, target) })
	}
	w.Header().Set("Cache-Control", "no-store, private")
	http.Redirect(w, r, target, http.StatusFound)
}

// isWeb reports whether an address is one that a click may lead to.
func isWeb(target string) bool {
	lower := strings.ToLower(target[:min(len(target), len("https://"))])
	return lower == "https://" || strings.HasPrefix(lower, "http://")
}

// isMachine reports whether a mail system or a preview, and not a person, follows
// an address.
func isMachine(r *http.Request) bool {
	h := r.Header
	if strings.HasPrefix(h.Get("Sec-Purpose"), "prefetch") || h.Get("Purpose") == "prefetch" || h.Get("X-Purpose") == "preview" || h.Get("X-Moz") == "prefetch" {
		return true
	}
	agent := strings.ToLower(r.UserAgent())
	if agent == "mozilla/5.0" { // Apple's mail privacy protection, which opens everything
		return true
	}
	for _, word := range []string{"bot", "crawler", "scanner", "barracuda", "proofpoint", "mimecast", "symantec", "urldefense", "facebookexternalhit"} {
		if strings.Contains(agent, word) && !strings.Contains(agent, "cubot") { // a make of phones
			return true
		}
	}
	return false
}

// record lets f store something about a message. The reader gets what they asked
// for whether or not it can be stored, and need not wait for longer than a while;
// that they have left already is no reason not to store it.
func (s *server) record(r *http.Request, f func(context.Context) (news bool, err error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), readerPatience)
	defer cancel()
	news, err := f(ctx)
	switch {
	case err == nil && news:
		s.Poke()
	case err != nil && !errors.Is(err, store.ErrNotFound): // a message that is gone is nobody's fault
		s.trouble(r, err)
	}
}

// readerPatience is how long somebody waits for a picture, or for the page that a
// link leads to, while the store is busy.
const readerPatience = 5 * time.Second

// opened records that a mail was opened. Mail programs fetch the picture each
// time that the mail is shown: what is known already is only read.
func (s *server) opened(ctx context.Context, id int64, kind store.EngagementKind) (news bool, err error) {
	send, err := s.send(ctx, id)
	if err != nil || kind == store.Opened && !send.Engagement.OpenedAt.IsZero() || kind == store.MachineOpened && !send.Engagement.MachineOpenedAt.IsZero() {
		return false, err
	}
	now := s.Now()
	err = s.Store.Update(ctx, func(tx store.Tx) (err error) {
		if send, err = tx.Send(id); err != nil {
			return err
		}
		if kind == store.Opened {
			news, err = opening(tx, send, now)
			return err
		}
		news = false // nobody waits to hear of it
		_, err = tx.Engage(id, kind, now)
		return err
	})
	return news, err
}

// clicked records a followed link. Who clicks has the mail open, pictures or not.
func (s *server) clicked(ctx context.Context, id int64, target string) (news bool, err error) {
	now := s.Now()
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		send, err := tx.Send(id)
		if err != nil {
			return err
		}
		if _, err := opening(tx, send, now); err != nil {
			return err
		}
		if _, err := tx.Engage(id, store.Clicked, now); err != nil {
			return err
		}
		event := engagement(send, "email_clicked", now, map[string]any{"url": target})
		event.MessageID = clickID(send, target, now)
		seqs, err := tx.AppendEvents([]store.Event{event})
		news = err == nil && seqs[0] != 0
		return err
	})
	return news, err
}

// clickID is one for each link of each message in each minute: every click is an
// event of its own, but a double click is one, and who replays a link in a loop
// cannot fill the store.
func clickID(send store.Send, target string, at time.Time) string {
	link := sha256.Sum256([]byte(target))
	return "click/" + send.Key + "/" + hex.EncodeToString(link[:8]) + "/" + strconv.FormatInt(at.Unix()/60, 10)
}

// opening records the first opening of a message, with its event.
func opening(tx store.Tx, send store.Send, at time.Time) (first bool, err error) {
	if first, err = tx.Engage(send.ID, store.Opened, at); err != nil || !first {
		return first, err
	}
	_, err = tx.AppendEvents([]store.Event{engagement(send, "email_opened", at, nil)})
	return first, err
}

// engagement is a built-in event about a message.
func engagement(send store.Send, name string, at time.Time, more map[string]any) store.Event {
	properties := map[string]any{"send": send.Key, "campaign": send.Campaign.String(), "message": send.Message.String()}
	for k, v := range more {
		properties[k] = v
	}
	return store.Event{Person: send.Person, Name: name, At: at, ReceivedAt: at, Properties: properties}
}
