package expr_test

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
)

// someone is a Subject out of maps.
type someone struct {
	expr.Nobody
	attributes     map[string]any
	events         map[string][]expr.EventRow
	segments       map[string]expr.Truth
	topics         map[string]bool
	channels       map[string]bool
	consents       map[[2]string]expr.ConsentWord // by topic and channel
	event, trigger map[string]any
	entered        time.Time
	steps          map[string]any // by "reminder.opened"
	item           map[string]any
}

var _ expr.ItemSubject = (*someone)(nil)

func (s *someone) Item() any { return s.item }

func (s *someone) Attribute(name string) (any, bool) {
	v, ok := s.attributes[name]
	return v, ok
}
func (s *someone) Events(label string) []expr.EventRow { return s.events[label] }
func (s *someone) Segment(label string) expr.Truth     { return s.segments[label] }
func (s *someone) Subscribed(topic string) bool        { return s.topics[topic] }
func (s *someone) Reachable(channel string) bool       { return s.channels[channel] }
func (s *someone) Consent(topic, channel string) (expr.ConsentWord, bool) {
	c, ok := s.consents[[2]string{topic, channel}]
	return c, ok
}
func (s *someone) Event() map[string]any   { return s.event }
func (s *someone) Trigger() map[string]any { return s.trigger }
func (s *someone) EnteredAt() time.Time    { return s.entered }
func (s *someone) Step(name, field string) (any, bool) {
	v, ok := s.steps[name+"."+field]
	return v, ok
}

// noon is the instant of most evaluations.
var noon = time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

const dayLong = 24 * time.Hour
