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

// words stores what was said about topics, each with its event, and reports
// whether any of it was news.
func (s *shelf) words(person int64, words []word) (news int64, err error) {
	for _, w := range words {
		if w.at.IsZero() {
			withdrawn, err := s.withdrawn(person, w)
			if err != nil {
				return news, err
			}
			if withdrawn {
				continue
			}
			w.at = s.origin.received
		}
		seqs, err := s.tx.AppendEvents([]store.Event{{
			Person: person, Name: w.event(), At: w.at, ReceivedAt: s.origin.received, MessageID: w.messageID, Imported: s.origin.history(),
			Properties: map[string]any{"topic": w.topic, "channel": w.channel},
		}})
		if err != nil {
			return news, err
		}
		if seqs[0] == 0 {
			continue
		}
		news = seqs[0]
		err = s.tx.PutConsents([]store.Consent{{
			Person: person, Topic: w.topic, Channel: w.channel, Granted: w.granted, At: w.at, Source: w.source, Proof: w.proof,
		}})
		if err != nil {
			return news, err
		}
	}
	return news, nil
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
