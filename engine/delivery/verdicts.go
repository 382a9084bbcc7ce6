package delivery

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/enrolment"
)

// Verdicts says of one message who would get it, without sending it: for tests on
// simulated time. It is safe for concurrent use.
type Verdicts struct{ script *script }

// VerdictsOf prepares a message of a project, with its inputs.
func VerdictsOf(p *link.Project, message string, with []link.Binding) *Verdicts {
	return &Verdicts{newScript(p, message, with)}
}

// Channel is the way that the message goes.
func (v *Verdicts) Channel() string { return v.script.channel }

// Why is the reason for which a person gets nothing at an instant, one of those
// that the ledger has; "" for who gets the message. The subject is who computes the
// inputs: a traveller, or the person.
func (v *Verdicts) Why(p *audience.Person, subject expr.Subject, now time.Time) string {
	c := &candidate{person: p, subject: subject, address: p.Address(v.script.channel)}
	if w := v.script.judge(c); !w.sends() {
		return w.reason
	}
	return v.script.lacks(enrolment.Inputs(subject, v.script.with, now))
}

// lacks is the reason of a message an input of which has no value; "" for none.
func (s *script) lacks(values map[string]any) string {
	for _, input := range s.message.Def.Inputs {
		if _, ok := values[input.Name]; !ok && !input.Optional {
			return ReasonInput + " " + input.Name
		}
	}
	return ""
}
