package intake_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/intake"
)

func cel(text string, kind campaign.Kind) *campaign.Expr {
	return &campaign.Expr{Text: text, Type: campaign.Of(kind)}
}

// withSources gives the house sources for the files of a shop.
func (h *house) withSources(sources ...*campaign.Source) {
	h.t.Helper()
	m := bakery()
	defs := []campaign.Definition{m.Profile}
	for _, e := range m.Events {
		defs = append(defs, e)
	}
	for _, topic := range m.Topics {
		defs = append(defs, topic)
	}
	for _, s := range sources {
		defs = append(defs, s)
	}
	p, err := link.Link(linktest.Resources(h.t, defs...), campaign.Settings{}, campaign.Environment{})
	require.NoError(h.t, err)
	for _, s := range sources {
		linked, err := p.Source(s.Name)
		require.NoError(h.t, err)
		m.Sources = append(m.Sources, linked)
	}
	h.Intake = intake.New(h.store, func() *intake.Model { return m }, func() time.Time { return h.now })
}

// shopOrders reads orders as a shop writes them: cents, states, German headers.
func shopOrders() *campaign.Source {
	str, num := campaign.Of(campaign.String), campaign.Of(campaign.Number)
	return &campaign.Source{
		Name: "shop_orders", Event: "order_completed",
		Row: campaign.ObjectOf(
			campaign.Field{Name: "nr", Type: str, Optional: true}, campaign.Field{Name: "kunde", Type: str, Optional: true}, campaign.Field{Name: "mail", Type: str, Optional: true},
			campaign.Field{Name: "cent", Type: num, Optional: true}, campaign.Field{Name: "stand", Type: str, Optional: true}, campaign.Field{Name: "bezahlt", Type: campaign.Of(campaign.Time), Optional: true},
		),
		Where: cel("row.stand == 'paid'", campaign.Bool), Key: cel("row.nr", campaign.String), At: cel("row.bezahlt", campaign.Time),
		Person: campaign.SourcePerson{ID: cel("row.kunde", campaign.String), Email: cel("row.mail", campaign.String)},
		Map:    []campaign.Binding{{Input: "cart_id", Value: *cel("row.nr", campaign.String)}, {Input: "total", Value: *cel("row.cent / 100.0", campaign.Number)}},
	}
}

const shopFile = `nr;kunde;mail;cent;stand;bezahlt;x
A1;1;ada@example.com;420;paid;2026-12-01T10:00:00Z;
A2;1;;100;open;;
A3;2;;viel;paid;2026-12-01;
A4;;;100;paid;2026-12-01;
A5;3;;100;paid;;
;3;;100;paid;2026-12-01;
A6;2;;250;paid;2026-12-02;
A1;1;ada@example.com;421;paid;2026-12-01T10:00:00Z;
`

func (h *house) loadSource(file string) intake.Report {
	h.t.Helper()
	report, err := h.Import(h.t.Context(), strings.NewReader(file), intake.ImportOptions{Using: "shop_orders", Source: "orders.csv"})
	require.NoError(h.t, err)
	return report
}

func TestImportBySource(t *testing.T) {
	h := newHouse(t)
	h.withSources(shopOrders())
	report := h.loadSource(shopFile)
	require.Equal(t, intake.Report{Rows: 8, Accepted: 2, Duplicates: 1, Skipped: 1, Rejected: 4, Quarantined: 1, Bytes: int64(len(shopFile))}, report, "%v", h.reasons())
	require.Equal(t, []string{
		`4: column "cent" does not fit source.shop_orders ("viel" is not a number)`,
		"5: it does not say whom it is about: person { } of its source gives no id and no email",
		"6: it does not say when the event happened: `at` of its source gives nothing",
		"7: key does not fit source.shop_orders (the row has no key: row.nr has no value)",
		"9: another event has this messageId, and was first",
	}, h.reasons())
	require.Equal(t, "source.shop_orders", h.rejected()[0].Kind)
	events := h.events()
	require.Len(t, events, 2)
	require.Equal(t, map[string]any{"cart_id": "A1", "total": 4.2}, events[0].Properties)
	require.Equal(t, "source.shop_orders:A1", events[0].MessageID)
	require.Equal(t, "ada@example.com", h.person("1").Email)

	again := h.loadSource(shopFile)
	require.EqualValues(t, 3, again.Duplicates)
	require.Zero(t, again.Accepted)
	require.Len(t, h.events(), 2)
	require.Len(t, h.rejected(), 5)
	jsonl := `{"nr":"A6","kunde":2,"cent":250,"stand":"paid","bezahlt":"2026-12-02"}` + "\n" + `{"nr":"A7","kunde":2,"cent":250,"stand":"paid","bezahlt":"2026-12-02"}`
	require.EqualValues(t, 1, h.loadSource(jsonl).Accepted, "another format, the same key")

	mended := shopOrders()
	mended.Key = cel("has(row.nr) ? row.nr : row.kunde + string(row.bezahlt)", campaign.String)
	h.withSources(mended)
	require.Equal(t, intake.RetryReport{Taken: 1, Stayed: 4}, h.retry("orders.csv"), "%v", h.reasons())
	h.withSources()
	require.Equal(t, intake.RetryReport{Stayed: 4}, h.retry(""))
	require.Contains(t, h.reasons()[0], "source.shop_orders is not declared")
}

func TestImportProfilesBySource(t *testing.T) {
	h := newHouse(t)
	text := func(name string) campaign.Field {
		return campaign.Field{Name: name, Type: campaign.Of(campaign.String), Optional: true}
	}
	h.withSources(&campaign.Source{
		Name: "shop_orders", Row: campaign.ObjectOf(text("Kunde"), text("Vorname"), text("Besuche"), text("Woher"), text("Ja"), text("Form"), campaign.Field{Name: "seit", Type: campaign.Of(campaign.Time), Optional: true}), At: cel("row.seit", campaign.Time),
		Person: campaign.SourcePerson{ID: cel("row.Kunde", campaign.String)},
		Map: []campaign.Binding{{Input: "first_name", Value: *cel("row.Vorname", campaign.String)}, {Input: "visits", Value: *cel("row.Besuche", campaign.String)},
			{Input: "signup_source", Value: *cel("row.Woher", campaign.String)}},
		Consents: []campaign.SourceConsent{{Topic: "offers", Channel: "email", Subscribed: *cel("row.Ja == 'x'", campaign.Bool),
			At: *cel("row.seit", campaign.Time), Proof: *cel("row.Form", campaign.String)}},
	})
	report := h.loadSource("Kunde,Vorname,Besuche,Woher,Ja,Form,seit\n1,Ada,7,web,x,card,2026-01-01T00:00:00Z\n2,Bob,,radio,,,2026-01-01T00:00:00Z\n3,Cy,,,x,,2026-01-01T00:00:00Z\n")
	require.Equal(t, []string{`3: attribute "signup_source" must be one of web, till ("radio" is not)`, "4: consent to offers has no proof: say when it was given, and where or in which words"}, h.reasons())
	require.EqualValues(t, 2, report.Accepted)
	ada := h.person("1")
	require.Equal(t, map[string]any{"first_name": "Ada", "visits": 7.0, "signup_source": "web"}, ada.Attributes)
	require.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), ada.UpdatedAt)
	log := h.consents(ada.ID)
	require.Len(t, log, 1)
	require.Equal(t, "card", log[0].Proof)
}

func TestSourceRefuses(t *testing.T) {
	h := newHouse(t)
	_, err := h.Import(t.Context(), strings.NewReader("a\n1\n"), intake.ImportOptions{Using: "nothing", Source: "f"})
	require.ErrorContains(t, err, "source.nothing is not declared")
}
