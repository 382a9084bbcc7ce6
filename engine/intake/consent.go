package intake

import (
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// channelEmail is the channel of a consent that names none.
const channelEmail = "email"

// word is what somebody said about a topic on a channel.
type word struct {
	topic, channel string
	granted        bool
	at             time.Time // zero, of a withdrawal: when it came in
	source, proof  string
	messageID      string // of the event that tells of it
}

// event is the name of the event that tells of a word.
func (w word) event() string {
	if w.granted {
		return "subscribed"
	}
	return "unsubscribed"
}

// addWord checks a word and adds it. A topic that is not declared is refused,
// and a permission without proof; a withdrawal needs none.
func (v *vocabulary) addWord(d *draft, w word, o origin) *problem {
	topic, ok := v.topics.find(w.topic)
	if !ok {
		return problemf("topic %.80q is not declared%s", w.topic, v.topics.hint(w.topic))
	}
	w.topic = topic.Name
	if w.granted && (w.proof == "" || w.at.IsZero()) {
		return problemf("consent to %s has no proof: say when it was given, and where or in which words", topic.Name)
	}
	if !w.at.IsZero() {
		if p := o.happened("the consent to "+topic.Name, w.at); p != nil {
			return p
		}
	}
	if w.channel == "" {
		w.channel = channelEmail
	}
	d.words = append(d.words, w)
	return nil
}

// callWord reads a track call of "Subscribed" or "Unsubscribed", which is how a
// program passes consent on. Its properties are topic, channel (email), proof
// and source (api).
func (v *vocabulary) callWord(d *draft, c *Call, granted bool, at time.Time, o origin) *problem {
	if c.Public {
		return problemf("consent is for the shop's own key to pass on: a browser's key cannot")
	}
	w := word{granted: granted, at: at, source: o.source, messageID: c.MessageID}
	for name, raw := range c.Properties {
		s, ok := raw.(string)
		if !ok && raw != nil {
			return problemf("property %.80q of %s must be a string", name, w.event())
		}
		switch fold(name) {
		case "topic":
			w.topic = s
		case "channel":
			w.channel = s
		case "proof":
			w.proof = s
		case "source":
			w.source = s
		default:
			d.warnf("property %.80q of %s is not known, and was left out: known are topic, channel, proof and source", name, w.event())
		}
	}
	return v.addWord(d, w, o)
}

// spoken is a word of an entry's person.
type spoken struct {
	word
	by *entry
}

// words stores what entries say about topics, each word with its event, and tells
// them whether any of it was news.
func (s *shelf) words() error {
	var said []spoken
	for i := range s.entries {
		e := &s.entries[i]
		for _, w := range e.it.draft.words {
			if w.at.IsZero() { // what was said before it matters
				if err := s.say(said); err != nil {
					return err
				}
				said = said[:0]
				withdrawn, err := s.withdrawn(e.person, w)
				if err != nil {
					return err
				}
				if withdrawn {
					continue
				}
				w.at = s.origin.received
			}
			said = append(said, spoken{w, e})
		}
	}
	if err := s.say(said); err != nil {
		return err
	}
	for i := range s.entries {
		if e := &s.entries[i]; e.it.draft.isEvent && len(e.it.draft.words) > 0 && e.result.Event == 0 {
			e.result.Status = Duplicate
		}
	}
	return nil
}

// say stores words; a word whose event is known already is no news.
func (s *shelf) say(said []spoken) error {
	if len(said) == 0 {
		return nil
	}
	events := make([]store.Event, len(said))
	for i, w := range said {
		events[i] = store.Event{
			Person: w.by.person, Name: w.event(), At: w.at, ReceivedAt: s.origin.stored(), MessageID: w.messageID, Imported: s.origin.history(),
			Properties: map[string]any{"topic": w.topic, "channel": w.channel},
		}
	}
	seqs, err := s.tx.AppendEvents(events)
	if err != nil {
		return err
	}
	var consents []store.Consent
	for i, w := range said {
		if seqs[i] == 0 {
			continue
		}
		if w.by.result.Event == 0 {
			w.by.result.Event = seqs[i]
		}
		consents = append(consents, store.Consent{
			Person: w.by.person, Topic: w.topic, Channel: w.channel, Granted: w.granted, At: w.at, Source: w.source, Proof: w.proof,
		})
	}
	return s.tx.PutConsents(consents)
}

// withdrawn reports whether the person's word on the topic is no already.
func (s *shelf) withdrawn(person int64, w word) (no bool, err error) {
	log, err := s.tx.ConsentLog(person)
	for _, c := range log { // oldest first
		if c.Topic == w.topic && c.Channel == w.channel {
			no = !c.Granted
		}
	}
	return no, err
}
