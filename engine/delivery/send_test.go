package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

func TestOneMessage(t *testing.T) {
	w := newWorld(t)
	ada := w.person("ada@example.com", map[string]any{"first_name": "Ada & <Bob>", "loaf": "rye", "vegan": true, "language": "de"})
	q := w.enrol("1", ada)
	got, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.SendResult{At: noon, Sent: journey.Members{0}}, got)

	sent := w.post.messages()
	require.Len(t, sent, 1)
	m := sent[0]
	rows := w.sends(q.Cohort, q.Members)
	require.Len(t, rows, 1)
	row := rows[0]

	require.Equal(t, row.Key, m.Key)
	require.Equal(t, "bakery.example", m.Domain)
	require.Equal(t, `"The Daily Crumb" <hello@bakery.example>`, m.From.String())
	require.Equal(t, "shop@bakery.example", m.ReplyTo.Address)
	require.Equal(t, "ada@example.com", m.To.Address)
	require.Equal(t, "Ada & <Bob>, your rye is warm", m.Subject)
	require.Equal(t, noon, m.Date)

	require.Contains(t, m.HTML, "Hallo Ada &amp; &lt;Bob&gt;")
	require.Contains(t, m.HTML, "Plants")
	require.NotContains(t, m.HTML, "Thanks!")
	require.NotContains(t, m.HTML, `"https://bakery.example/`, "links are counted")
	require.Contains(t, m.HTML, `href="`+w.links.Click(row.ID, "https://bakery.example/rye?a=1&b=2")+`"`)
	require.Contains(t, m.HTML, `href="`+w.links.Click(row.ID, "https://bakery.example/vegan")+`"`)
	require.Contains(t, m.HTML, `href="`+w.links.Unsubscribe(row.ID)+`"`)
	require.Contains(t, m.HTML, `<img src="`+w.links.Open(row.ID)+`"`)
	require.Less(t, strings.Index(m.HTML, "<img"), strings.Index(m.HTML, "</body>"))

	require.Contains(t, m.Text, "https://bakery.example/rye", "links of the text part stay as they are")
	for _, url := range []string{w.links.Unsubscribe(row.ID), w.links.Preferences(row.ID), w.links.View(row.ID), w.links.Why(row.ID)} {
		require.Contains(t, m.Text, url)
	}
	require.Equal(t, "List-Unsubscribe", m.Headers[0].Name)
	require.Equal(t, "<"+w.links.Unsubscribe(row.ID)+">", m.Headers[0].Value)
	require.Equal(t, "List-Unsubscribe-Post", m.Headers[1].Name)
	require.Equal(t, "List-Unsubscribe=One-Click", m.Headers[1].Value)

	require.Equal(t, store.Sent, row.State)
	require.Equal(t, "journey.thanks", row.Campaign.String())
	require.Equal(t, "message.hello", row.Message.String())
	require.Equal(t, "post", row.Provider)
	require.Equal(t, "r-"+row.Key, row.ProviderID)
	require.Equal(t, "news", row.Topic)
	require.Equal(t, noon, row.SentAt)
	require.Equal(t, 1, row.Attempt)

	labels, properties := w.events(ada)
	require.Equal(t, []string{"email_sent"}, labels)
	require.Equal(t, map[string]any{"send": row.Key, "campaign": "journey.thanks", "message": "message.hello"}, properties[0])
}

func TestTheSameRequestAgainSendsNothing(t *testing.T) {
	w := newWorld(t)
	q := w.enrol("1", w.person("ada@example.com", loaf), w.person("bob@example.com", nil))
	first, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	w.pass(time.Hour)
	again, err := w.delivery("w2").Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, first.Sent, again.Sent)
	require.Equal(t, journey.Members{1}, again.Withheld)
	require.Equal(t, first.Withheld, again.Withheld)
	require.Len(t, w.post.messages(), 1)

	q.Visit = 2
	_, err = w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, w.post.messages(), 2, "another visit of the step is another message")
}

func TestBroadcast(t *testing.T) {
	w := newWorld(t)
	people := w.people(200)
	without := w.person("without@example.com", nil)
	people[2] = without
	q := w.issue("broadcast/weekly/2026-12-03", people...)
	q.Members = journey.MembersOf(0, 2, 3, 150)
	got, err := w.delivery("w1").Broadcast(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.SendResult{At: noon, Sent: journey.MembersOf(0, 3, 150), Withheld: journey.Members{2}}, got)
	rows := w.sends(q.Run, journey.Range(0, 200))
	require.Len(t, rows, 4)
	require.Equal(t, "broadcast.weekly", rows[0].Campaign.String())
	require.Equal(t, "no value for input loaf", rows[1].Reason)
	require.Equal(t, people[150], rows[3].Person)
	var to []string
	for _, m := range w.post.messages() {
		to = append(to, m.To.Address)
	}
	require.ElementsMatch(t, []string{"person0@example.com", "person3@example.com", "person150@example.com"}, to)
}
