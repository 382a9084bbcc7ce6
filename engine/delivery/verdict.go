package delivery

import (
	"strings"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// The reasons for which a message is withheld, as the ledger and message_withheld
// have them. None holds personal data. Two have a name of their own behind them:
// "no value for the input week", "message.hello is not live".
const (
	ReasonGoal       = "goal_when"          // the person had reached the journey's goal
	ReasonExit       = "exit_when"          // the journey was over for the person
	ReasonGone       = "gone"               // the store knows the person no more
	ReasonNoAddress  = "no address"         // the channel has none for the person
	ReasonAddress    = "invalid address"    // there is something, and it is no address
	ReasonSuppressed = "suppressed"         // nothing may go to the address
	ReasonConsent    = "no consent"         // the person does not permit the topic on the channel
	ReasonInput      = "no value for input" // an input of the message is unknown for the person
	ReasonTemplate   = "cannot be written"  // the message failed to render for the person
	ReasonNotLive    = "not live"           // message or sender was taken away, or is broken
)

// verdict tells why somebody gets nothing. The zero verdict lets the message go.
type verdict struct {
	outcome journey.SendOutcome
	reason  string
}

func (v verdict) sends() bool { return v.reason == "" }

func withheld(reason string) verdict { return verdict{journey.OutcomeWithheld, reason} }

// judge looks at a person in the moment of sending. The first reason counts.
func (s *script) judge(c *candidate) verdict {
	switch {
	case c.reached:
		return verdict{journey.OutcomeReached, ReasonGoal}
	case c.exited:
		return verdict{journey.OutcomeExited, ReasonExit}
	case s.trouble != "":
		return withheld(s.trouble)
	case c.address == "":
		return withheld(ReasonNoAddress)
	case !isAddress(c.address):
		return withheld(ReasonAddress)
	case !c.person.Deliverable(s.channel):
		return withheld(ReasonSuppressed)
	case !s.transactional && !c.person.Permits(s.topic, s.channel):
		return withheld(ReasonConsent)
	}
	return verdict{}
}

// isAddress reports whether a text can be a mail address at all. What is odder
// than this knows, the provider refuses.
func isAddress(s string) bool {
	local, domain, ok := cutLast(s, '@')
	if !ok || local == "" || len(local) > 64 || len(s) > 254 {
		return false
	}
	if strings.ContainsRune(local, '@') || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("<>(),;:\\\"", r) }) {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return true
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// outcomeOf tells the outcome of a closed row.
func outcomeOf(row store.Send) journey.SendOutcome {
	switch row.State {
	case store.Sent:
		return journey.OutcomeSent
	case store.Failed:
		return journey.OutcomeFailed
	case store.Withheld:
		switch row.Reason {
		case ReasonGoal:
			return journey.OutcomeReached
		case ReasonExit:
			return journey.OutcomeExited
		case ReasonGone:
			return journey.OutcomeGone
		}
		return journey.OutcomeWithheld
	case store.Reserved, store.Sending, store.Unknown:
	}
	return journey.OutcomeUnknown
}
