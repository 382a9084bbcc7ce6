package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/herald-campaigns/herald/engine/delivery/links"
	"github.com/herald-campaigns/herald/engine/store"
)

// channel is what the links in mail are about.
const channel = "email"

func (s *server) mail(mux *http.ServeMux) {
	for path, answers := range map[string]methods{
		links.OpenPath:        {http.MethodGet: s.open},
		links.ClickPath:       {http.MethodGet: s.click},
		links.UnsubscribePath: {http.MethodGet: s.askUnsubscribe, http.MethodPost: s.unsubscribe},
		links.PreferencesPath: {http.MethodGet: s.preferences, http.MethodPost: s.savePreferences},
		links.ViewPath:        {http.MethodGet: s.view},
		links.WhyPath:         {http.MethodGet: s.why},
	} {
		mux.Handle(path+"{token}", answers)
	}
}

// about answers a request that is about one message: parse reads its token. The
// page for whatever is wrong is written here.
func (s *server) about(w http.ResponseWriter, r *http.Request, parse func(string) (int64, error), answer func(context.Context, store.Send) error) {
	id, err := parse(r.PathValue("token"))
	if err != nil {
		refuse(w)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience) // a pressed button counts, even if the reader has left
	defer cancel()
	send, err := s.send(ctx, id)
	if err == nil {
		err = answer(ctx, send)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		refuse(w)
	case err != nil:
		s.trouble(r, err)
		tryAgain(w)
	}
}

// send reads a row of the ledger.
func (s *server) send(ctx context.Context, id int64) (send store.Send, err error) {
	err = s.Store.View(ctx, func(r store.Reader) (err error) {
		send, err = r.Send(id)
		return err
	})
	return send, err
}

// refuse answers a link that was not made here, or was cut on its way.
func refuse(w http.ResponseWriter) {
	notePage.write(w, http.StatusNotFound, note{"This link does not work", "It is incomplete or was changed on its way. Please use the link in the mail itself."})
}

// tryAgain answers when the store does not.
func tryAgain(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "30")
	notePage.write(w, http.StatusServiceUnavailable, note{"Please try again in a minute", "Something on our side is not working just now, and nothing was stored. We are sorry."})
}

// neighbour is the relative address of another page about the same message: it
// holds wherever a proxy may have put us, and whatever Host the request named.
func (s *server) neighbour(path, address string) string {
	return ".." + path + strings.TrimPrefix(address, s.Links.BaseURL()+path)
}

// senderName is what the mail called its sender.
func (s *server) senderName(send store.Send) string {
	project := s.Live.Current()
	message, err := project.Message(send.Message.Name())
	if err != nil {
		return "us"
	}
	sender, ok := project.Sender(message.Def.Sender)
	if !ok {
		return "us"
	}
	name, _, _ := strings.Cut(sender.From, "<")
	return strings.Trim(strings.TrimSpace(name), `"`)
}

// topicName is what a topic is called for its readers.
func (s *server) topicName(name string) string {
	if t, ok := s.Live.Current().Topic(name); ok && t.Description != "" {
		return t.Description
	}
	return strings.ReplaceAll(name, "_", " ")
}

// transactional tells topics that answer what people do themselves: no consent
// is asked for them, and none can be withdrawn.
func (s *server) transactional(name string) bool {
	t, ok := s.Live.Current().Topic(name)
	return ok && t.Transactional
}
