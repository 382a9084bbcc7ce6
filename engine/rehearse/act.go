package rehearse

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// act carries out a step's effect, unless the goal has been reached or the journey
// is over.
func (w *way) act(c journey.Act) (journey.SendResult, error) {
	result := journey.SendResult{At: w.now}
	t := w.traveller(w.now, c.Facts)
	switch {
	case t.Test(w.GoalWhen).Holds():
		result.Add(0, journey.OutcomeReached)
		return result, nil
	case t.Test(w.ExitWhen).Holds():
		result.Add(0, journey.OutcomeExited)
		return result, nil
	}
	step, ok := w.Step(c.Step)
	if !ok {
		return result, fmt.Errorf("there is no step %s", c.Step)
	}
	outcome, err := w.effect(step, t, c)
	result.Add(0, outcome)
	return result, err
}

func (w *way) effect(step *link.Step, t *enrolment.Traveller, c journey.Act) (journey.SendOutcome, error) {
	switch def := step.Def.(type) {
	case *campaign.Send:
		return w.send(def, step, t, c)
	case *campaign.Update:
		found := t.Inputs(step.With)
		for _, set := range def.Set {
			w.set(set.Input, found[set.Input])
		}
		w.say("update %s", def.Name)
		w.brings(w.event("attributes_updated", def.Name, nil))
	case *campaign.Subscribe:
		word := store.Consent{Topic: def.Topic, Channel: def.Channel, Granted: def.Granted, At: w.now, Source: w.Def.Address().String()}
		w.agenda.note(w.now, func() error { return w.speaks(word) })
	case *campaign.Emit:
		w.say("emit event.%s", def.Event)
		w.brings(store.Event{Name: def.Event, Properties: jsonOf(t.Inputs(step.With))})
	case *campaign.Enter:
		w.say("would enter journey.%s", def.Journey)
		w.brings(w.event("journey_entered", def.Name, map[string]any{"journey": def.Journey}))
	case *campaign.Call:
		return w.call(def), nil
	case *campaign.Throttle: // there is nobody before them
	default:
		return 0, fmt.Errorf("a %T cannot be rehearsed", def)
	}
	return journey.OutcomeSent, nil
}

// event is what a step leaves.
func (w *way) event(name, step string, more map[string]any) store.Event {
	properties := map[string]any{"campaign": w.Def.Address().String(), "step": step}
	for k, v := range more {
		properties[k] = v
	}
	return store.Event{Name: name, Properties: properties}
}

// brings lets an event happen as soon as the step is done.
func (w *way) brings(e store.Event) {
	w.agenda.note(w.now, func() error { return w.happens(e) })
}

// send records a message, or why there is none.
func (w *way) send(def *campaign.Send, step *link.Step, t *enrolment.Traveller, c journey.Act) (journey.SendOutcome, error) {
	v := w.verdicts[def.Name]
	row := store.Send{
		ID: w.seq + 1, Key: journey.EffectKey(w.enrolment.Cohort, 0, w.Def.Origin(def.Name), c.Visit), Person: w.record.ID,
		Step: def.Name, Channel: v.Channel(), CreatedAt: w.now,
	}
	about := func(more map[string]any) map[string]any {
		out := map[string]any{"campaign": w.Def.Address().String(), "message": "message." + def.Message, "send": row.Key}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	if reason := v.Why(t.Person, t, w.now); reason != "" {
		row.State, row.Reason = store.Withheld, reason
		w.sends = append(w.sends, row)
		w.say("withholds message.%s: %s", def.Message, reason)
		w.brings(store.Event{Name: "message_withheld", Properties: about(map[string]any{"reason": reason})})
		return journey.OutcomeWithheld, nil
	}
	row.State, row.SentAt = store.Sent, w.now
	w.sends = append(w.sends, row)
	w.run.Sent = append(w.run.Sent, Sent{Message: def.Message, Step: def.Name, At: w.since(w.now)})
	w.say("sends message.%s", def.Message)
	w.brings(store.Event{Name: row.Channel + "_sent", Properties: about(nil)})
	n := len(w.sends) - 1
	for _, e := range w.test.Given.Engagements {
		if e.Step == def.Name {
			w.agenda.note(w.now.Add(e.After), func() error { return w.engages(n, e, about(withLink(e))) })
		}
	}
	return journey.OutcomeSent, nil
}

func withLink(e campaign.Engagement) map[string]any {
	if e.Link == "" {
		return nil
	}
	return map[string]any{"link": e.Link}
}

// engages is what the person does with a message.
func (w *way) engages(n int, e campaign.Engagement, properties map[string]any) error {
	g := &w.sends[n].Engagement
	field, ok := map[campaign.EngagementKind]*time.Time{
		campaign.Delivered: &g.DeliveredAt, campaign.Opened: &g.OpenedAt, campaign.Clicked: &g.ClickedAt, campaign.Bounced: &g.BouncedAt,
	}[e.Kind]
	if !ok {
		return fmt.Errorf("%q is nothing that can become of a message", e.Kind)
	}
	if field.IsZero() {
		*field = w.now
	}
	if e.Kind == campaign.Bounced { // nothing more may go there
		w.record.Suppressed = append(w.record.Suppressed, w.sends[n].Channel)
	}
	w.say("%s %s", e.Kind, w.sends[n].Step)
	return w.happens(store.Event{Name: w.sends[n].Channel + "_" + string(e.Kind), Properties: properties})
}

// call answers as the test says.
func (w *way) call(def *campaign.Call) journey.SendOutcome {
	answer := map[string]any{"status": 200.0}
	for _, a := range w.test.Given.Answers {
		if a.Step == def.Name {
			answer["status"] = float64(a.Status)
			if a.Response != nil {
				answer["response"] = jsonOf(a.Response)
			}
		}
	}
	w.answers[def.Name] = answer
	w.say("call %s: %v", def.Name, answer["status"])
	w.brings(w.event("call_answered", def.Name, answer))
	if status := answer["status"].(float64); status < 200 || status > 299 {
		return journey.OutcomeFailed
	}
	return journey.OutcomeSent
}
