package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/engine/delivery/links"
	"github.com/herald-campaigns/herald/engine/store"
)

// Where a word about a topic was said: the source of a consent.
const (
	fromLink     = "unsubscribe link"      // the button on our page
	fromOneClick = "one-click unsubscribe" // the button of a mail program (RFC 8058)
	fromCentre   = "preference centre"
)

// askUnsubscribe shows a page with one button. Nothing is changed: mail scanners
// follow every link.
func (s *server) askUnsubscribe(w http.ResponseWriter, r *http.Request) {
	s.about(w, r, s.Links.ParseUnsubscribe, func(_ context.Context, send store.Send) error {
		unsubscribePage.write(w, http.StatusOK, s.unsubscribeView(send, false))
		return nil
	})
}

// unsubscribe withdraws the consent at once, for the one-click request of a mail
// program and for the button alike. Again is no harm.
func (s *server) unsubscribe(w http.ResponseWriter, r *http.Request) {
	source := fromLink
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.PostFormValue("List-Unsubscribe") == "One-Click" { // a form that cannot be read is the button's: the token says enough
		source = fromOneClick
	}
	s.about(w, r, s.Links.ParseUnsubscribe, func(ctx context.Context, send store.Send) error {
		if !s.transactional(send.Topic) {
			if err := s.withdraw(ctx, send, source); err != nil {
				return err
			}
			s.Poke()
		}
		unsubscribePage.write(w, http.StatusOK, s.unsubscribeView(send, true))
		return nil
	})
}

func (s *server) unsubscribeView(send store.Send, done bool) unsubscribeView {
	return unsubscribeView{
		Sender: s.senderName(send), Topic: s.topicName(send.Topic), Transactional: s.transactional(send.Topic), Done: done,
		Preferences: s.neighbour(links.PreferencesPath, s.Links.Preferences(send.ID)),
	}
}

// withdraw records that the recipient of a message wants no more of its topic, as
// consent, event and engagement.
func (s *server) withdraw(ctx context.Context, send store.Send, source string) error {
	now := s.Now()
	return s.Store.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Engage(send.ID, store.Unsubscribed, now); err != nil {
			return err
		}
		said, err := wordsOf(tx, send.Person)
		if err != nil {
			return err
		}
		if granted, known := said[send.Topic]; known && !granted {
			return nil
		}
		return say(tx, send, map[string]bool{send.Topic: false}, source, now)
	})
}

// wordsOf are a person's present words on topics: granted or withdrawn.
func wordsOf(r store.Reader, person int64) (map[string]bool, error) {
	records, err := r.Records([]int64{person}, store.Need{Consents: true})
	if err != nil {
		return nil, err
	}
	said := map[string]bool{}
	for _, rec := range records {
		for _, c := range rec.Consents {
			if c.Channel == channel {
				said[c.Topic] = c.Granted
			}
		}
	}
	return said, nil
}

// say records a person's new words on topics. The proof is the message whose
// signed link they came by.
func say(tx store.Tx, send store.Send, words map[string]bool, source string, now time.Time) error {
	var consents []store.Consent
	var events []store.Event
	for topic, granted := range words {
		name := "unsubscribed"
		if granted {
			name = "subscribed"
		}
		consents = append(consents, store.Consent{
			Person: send.Person, Topic: topic, Channel: channel, Granted: granted, At: now, Source: source, Proof: "signed link of message " + send.Key,
		})
		events = append(events, engagement(send, name, now, map[string]any{"topic": topic, "channel": channel}))
	}
	if len(consents) == 0 {
		return nil
	}
	if err := tx.PutConsents(consents); err != nil {
		return err
	}
	_, err := tx.AppendEvents(events)
	return err
}

// preferences shows the topics that a person can choose.
func (s *server) preferences(w http.ResponseWriter, r *http.Request) {
	s.about(w, r, s.Links.ParsePreferences, func(ctx context.Context, send store.Send) error {
		var said map[string]bool
		err := s.Store.View(ctx, func(r store.Reader) (err error) {
			said, err = wordsOf(r, send.Person)
			return err
		})
		if err != nil {
			return err
		}
		s.showPreferences(w, send, said, false)
		return nil
	})
}

func (s *server) showPreferences(w http.ResponseWriter, send store.Send, said map[string]bool, saved bool) {
	view := preferencesView{Sender: s.senderName(send), Saved: saved}
	for _, name := range s.choosable() {
		view.Topics = append(view.Topics, topicChoice{Name: name, Text: s.topicName(name), On: said[name]})
	}
	preferencesPage.write(w, http.StatusOK, view)
}

// choosable are the topics that consent is asked for.
func (s *server) choosable() []string {
	return slices.DeleteFunc(slices.Clone(s.Live.Current().Names("topic")), s.transactional)
}

// maxForm is how large a form of ours can be.
const maxForm = 32 << 10

// savePreferences records what changed, and nothing else. What is not chosen is
// withdrawn, and all of it by the button that says so.
func (s *server) savePreferences(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		notePage.write(w, http.StatusBadRequest, note{"Please try again", "What arrived here was not the form of our page, so nothing was changed."})
		return
	}
	wanted := r.PostForm["topic"]
	if r.PostForm.Has("none") {
		wanted = nil
	}
	s.about(w, r, s.Links.ParsePreferences, func(ctx context.Context, send store.Send) error {
		said, err := s.choose(ctx, send, wanted)
		if err != nil {
			return err
		}
		s.Poke()
		s.showPreferences(w, send, said, true)
		return nil
	})
}

// choose brings a person's words in line with what is wanted, and returns them.
func (s *server) choose(ctx context.Context, send store.Send, wanted []string) (said map[string]bool, err error) {
	now := s.Now()
	topics := s.choosable()
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		if said, err = wordsOf(tx, send.Person); err != nil {
			return err
		}
		changed := map[string]bool{}
		for _, topic := range topics {
			if want := slices.Contains(wanted, topic); want != said[topic] {
				changed[topic], said[topic] = want, want
			}
		}
		return say(tx, send, changed, fromCentre, now)
	})
	return said, err
}
