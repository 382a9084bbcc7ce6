package enrolment

import (
	"errors"
	"fmt"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// maxMissing is after how many visits in a row without an effect no more are
// looked for: a visit begins where an edit restarts people, whether they came to the
// step or not.
const maxMissing = 3

// deedsOf finds what the effects of an enrolment left, by their keys; oldest first.
func deedsOf(r store.Reader, e store.Enrolment) ([]Deed, error) {
	c, err := r.Cohort(e.Cohort)
	if err != nil {
		return nil, err
	}
	stored, err := r.Definition(c.Definition)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	def, err := campaign.Decode("journey", stored.Body)
	j, ok := def.(*campaign.Journey)
	if err != nil || !ok {
		return nil, fmt.Errorf("the definition of %s: %w", e.Cohort, errors.Join(err, fmt.Errorf("it is a %T", def)))
	}
	var deeds []Deed
	j.Steps.Walk(func(s campaign.Step) {
		switch s.(type) {
		case *campaign.Update, *campaign.Subscribe, *campaign.Emit, *campaign.Call, *campaign.Enter:
			if err == nil {
				deeds, err = addDeeds(r, e, j, s.StepName(), deeds)
			}
		}
	})
	slices.SortStableFunc(deeds, func(a, b Deed) int { return a.At.Compare(b.At) })
	return deeds, err
}

func addDeeds(r store.Reader, e store.Enrolment, j *campaign.Journey, step string, deeds []Deed) ([]Deed, error) {
	for visit, missing := 1, 0; missing < maxMissing; visit++ {
		event, err := r.EventByMessageID(journey.EffectKey(e.Cohort, e.Index, j.Origin(step), visit))
		switch {
		case errors.Is(err, store.ErrNotFound):
			missing++
		case err != nil:
			return nil, err
		default:
			missing = 0
			deeds = append(deeds, Deed{At: event.At, Step: step, Event: event.Name, Note: noteOf(event)})
		}
	}
	return deeds, nil
}

// noteOf is what came of an effect, in a word.
func noteOf(e store.Event) string {
	switch e.Name {
	case "call_answered":
		return fmt.Sprintf("status %v", e.Properties["status"])
	case "journey_entered":
		return fmt.Sprintf("journey.%v", e.Properties["journey"])
	case "subscribed", "unsubscribed":
		return fmt.Sprintf("topic.%v on %v", e.Properties["topic"], e.Properties["channel"])
	}
	return ""
}
