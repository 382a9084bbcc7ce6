package intake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/intake"
)

// learn declares more: a property of orders, an event, an attribute, a topic.
func (h *house) learn() {
	m := bakery()
	m.Profile.Attributes = append(m.Profile.Attributes, campaign.Attribute{Name: "hat", Type: campaign.Of(campaign.Number)})
	order := *m.Events[0]
	order.Properties = campaign.ObjectOf(append(order.Properties, campaign.Field{Name: "coupon", Type: campaign.Of(campaign.String)})...).Fields
	m.Events[0] = &order
	m.Events = append(m.Events, &campaign.Event{Name: "signed_up"})
	m.Topics = append(m.Topics, &campaign.Topic{Name: "news"})
	h.Intake = intake.New(h.store, func() *intake.Model { return m }, func() time.Time { return h.now })
}

func (h *house) retry(source string, ids ...int64) intake.RetryReport {
	h.t.Helper()
	report, err := h.Retry(h.t.Context(), source, ids...)
	require.NoError(h.t, err)
	return report
}

func TestRetryCalls(t *testing.T) {
	h := newHouse(t)
	h.take(`{"type":"track","userId":"7","event":"Order Completed","messageId":"m1","originalTimestamp":"2026-12-03T13:00:00Z","sentAt":"2026-12-03T14:00:00Z","properties":{"coupon":"x"}}`)
	h.take(`{"type":"track","userId":"7","event":"Signed Up"}`)
	h.take(`{"type":"track","userId":"7","event":"Signed Off"}`)
	h.take(`{"type":"track","userId":"7","event":"Subscribed","properties":{"topic":"news","proof":"form"}}`)
	require.Len(t, h.rejected(), 4)
	require.Equal(t, intake.RetryReport{Stayed: 4}, h.retry(""), "nothing has been learned yet")
	require.Len(t, h.rejected(), 4)

	h.learn()
	h.now = noon.Add(48 * time.Hour)
	require.Equal(t, intake.RetryReport{}, h.retry("elsewhere"))
	require.Equal(t, intake.RetryReport{Taken: 3, Stayed: 1}, h.retry("api"))
	rows := h.rejected()
	require.Len(t, rows, 1)
	require.Contains(t, rows[0].Reason, `event "Signed Off" is not declared: declared are Order Completed`)
	require.Contains(t, rows[0].Reason, "signed_up", "the reason is the present one")
	require.Equal(t, noon, rows[0].At, "it waits since it came")

	events := h.events()
	require.Len(t, events, 3)
	require.Equal(t, "m1", events[0].MessageID)
	require.Equal(t, noon.Add(-time.Hour), events[0].At, "by the clock of the sender as it was when it came")
	require.Equal(t, h.now, events[0].ReceivedAt)
	require.Equal(t, noon, events[1].At, "what said no time happened when it came")
	require.NotEmpty(t, events[1].MessageID)
	require.False(t, events[1].Imported)
	log := h.consents(h.person("7").ID)
	require.Len(t, log, 1)
	require.Equal(t, noon, log[0].At)

	require.Equal(t, intake.RetryReport{Stayed: 1}, h.retry(""))
	require.Len(t, h.events(), 3, "each once")
	require.Equal(t, intake.RetryReport{}, h.retry("", rows[0].ID+1000))
}

// A call that is in the future stays there: time does not mend a clock.
func TestRetryFuture(t *testing.T) {
	h := newHouse(t)
	h.take(`{"type":"track","userId":"7","event":"Order Completed","timestamp":"2026-12-04T12:00:00Z"}`)
	h.now = noon.AddDate(0, 1, 0)
	require.Equal(t, intake.RetryReport{Stayed: 1}, h.retry(""))
	require.Empty(t, h.events())
}

// What a person said since is not undone by a row that comes late.
func TestRetryReplacesNothingLater(t *testing.T) {
	h := newHouse(t)
	h.take(`{"type":"identify","userId":"7","traits":{"first_name":"Ada","visits":1,"signup_source":"shop"}}`)
	h.now = noon.Add(time.Hour)
	h.take(`{"type":"identify","userId":"7","traits":{"first_name":"Adele"}}`)
	m := bakery()
	for i := range m.Profile.Attributes {
		m.Profile.Attributes[i].OneOf = nil
	}
	h.Intake = intake.New(h.store, func() *intake.Model { return m }, func() time.Time { return h.now })
	require.Equal(t, intake.RetryReport{Taken: 1}, h.retry(""))
	require.Equal(t, map[string]any{"first_name": "Adele", "visits": 1.0, "signup_source": "shop"}, h.person("7").Attributes)
}

func TestRetryFiles(t *testing.T) {
	h := newHouse(t)
	h.load(intake.Events, "user_id;event;at;total;coupon\n1;Order Completed;2026-12-01;3;\n2;Order Completed;2026-12-01;\"a\nb\";x\n3;Signed Up;2026-12-01;;\n4;Order Completed\n")
	require.Len(t, h.rejected(), 3, "%v", h.reasons())
	h.load(intake.Events, `{"user_id":"5","event":"Signed Up","at":"2026-12-01"}`+"\n"+`{"type":"track","userId":"6","event":"Signed Up","timestamp":"2026-12-01"}`)
	h.load(intake.Profiles, "id,email,topic.offers\n8,ada@example.com,yes\n")
	h.learn()
	require.Equal(t, intake.RetryReport{Taken: 3, Stayed: 3}, h.retry("file"), "%v", h.reasons())
	require.Equal(t, []string{
		`2: consent to offers has no proof: say when it was given, and where or in which words`,
		`3: property "total" of order_completed is declared as number, and this value is none ("a\nb" is not a number)`,
		"6: it has 2 fields, the header has 5",
	}, sorted(h.reasons()))
	for _, e := range h.events() {
		require.True(t, e.Imported, "a file is history, early or late")
	}
	before := len(h.events())
	h.load(intake.Events, `{"user_id":"5","event":"Signed Up","at":"2026-12-01"}`)
	require.Len(t, h.events(), before, "the mended file again doubles nothing")
}

// Many rows need many transactions; each is taken once.
func TestRetryMany(t *testing.T) {
	h := newHouse(t)
	var file strings.Builder
	file.WriteString("user_id,event,at\n")
	const rows = 1800
	for i := range rows {
		fmt.Fprintf(&file, "%d,Signed Up,2026-12-01\n", i)
	}
	h.load(intake.Events, file.String())
	h.take(`{"type":"track","userId":"1","event":"Signed Up"}`)
	h.learn()
	require.Equal(t, intake.RetryReport{Taken: rows + 1}, h.retry(""))
	require.Empty(t, h.rejected())
	require.Len(t, h.events(), rows+1)
}
