package template

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
)

func must(t string) campaign.Type {
	parsed, err := campaign.ParseType(strings.Join(strings.Fields(t), " "))
	if err != nil {
		panic(err)
	}
	return parsed
}

// bakery is what the templates of the tests may name.
var bakery = Vars{
	Root: must(`object({
		profile = object({id = string, email = string, first_name = string, nickname? = string, birthday? = date, created_at = time,
			dietary = set(string), spent = number, vip = bool, store? = ref(catalog.store), home = ref(catalog.store), extra = map(string)}),
		cart = object({total = number, coupon? = string, items = list(object({name = string, price = number, kind = string, note? = string, url = string}))}),
		items = list(object({name = string, price = number, kind = string})),
		segment = object({vip = bool, gluten_free = bool}),
		week? = object({loaf = string}),
		anything = any,
		color = string,
		link = string,
		html = string,
		wait = duration,
		unsubscribe_url = string, preferences_url = string, view_url = string, why_url = string
	})`),
	Contents:      []string{"hero"},
	DefaultLocale: "en",
	Catalogs:      map[string]campaign.Type{"store": must(`object({id = string, hours = string, city? = string, opened = date})`)},
	Strings: map[string]map[string]string{
		"en": {"greeting": "Hello {{ name }}", "plain": "Bread & butter", "loaves.one": "one loaf", "loaves.other": "{{ count }} loaves", "half": "half"},
		"de": {"greeting": "Hallo {{ name }}", "plain": "Brot & Butter", "loaves.one": "ein Brot", "loaves.other": "{{ count }} Brote"},
	},
}

func object(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

var ulm = object("id", "ulm", "hours", "7–18", "opened", "2019-05-01")

// ada is whom the mails of the tests go to.
func ada() Data {
	item := func(name string, price float64, kind string) any {
		return object("name", name, "price", price, "kind", kind, "url", "https://crumb.example/"+strings.ToLower(name))
	}
	items := []any{item("Rye", 4.2, "bread"), item("Oat", 3.9, "bread"), item("Roll", 1.0, "pastry")}
	return Data{
		Values: object(
			"profile", object("id", "7", "email", "ada@example.com", "first_name", "Ada", "birthday", campaign.CivilDate{Year: 1990, Month: time.December, Day: 10},
				"created_at", time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC), "dietary", []any{"vegan", "nut_free"}, "spent", 1234.5, "vip", true,
				"store", "ulm", "home", "nowhere", "extra", object("size", "L", "a.b", "dot")),
			"cart", object("total", 9.1, "items", items),
			"items", items,
			"segment", object("vip", true, "gluten_free", false),
			"week", object("loaf", "Rye & Seed"),
			"anything", object("x", 1.0),
			"color", "#b5651d",
			"link", "https://crumb.example/?a=1&b=2",
			"html", `<b title="x">'bold' & more</b>`,
			"wait", 36*time.Hour,
			"unsubscribe_url", "https://mail.example/u/1", "preferences_url", "https://mail.example/p/1",
			"view_url", "https://mail.example/v/1", "why_url", "https://mail.example/w/1",
		),
		Catalog: func(catalog, key string) map[string]any {
			if catalog != "store" || key != "ulm" {
				return nil
			}
			return ulm
		},
		Now:      time.Date(2026, 5, 14, 9, 5, 7, 0, time.UTC),
		Location: berlin,
	}
}

var berlin = func() *time.Location {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return time.FixedZone("CET", 3600)
	}
	return loc
}()

// compiled compiles what must be right.
func compiled(t testing.TB, src string, mode Mode) *Template {
	t.Helper()
	tmpl, problems := Check(src, mode, bakery)
	require.NotNil(t, tmpl, "%s", list(src, problems))
	return tmpl
}

func rendered(t testing.TB, src string, mode Mode, data Data) string {
	t.Helper()
	out, err := compiled(t, src, mode).Render(nil, data)
	require.NoError(t, err)
	return string(out)
}

// list writes problems as the tests compare them: code, what is underlined, words.
func list(src string, problems []Problem) string {
	var b strings.Builder
	for _, p := range problems {
		severity := ""
		if p.Severity == diag.Warning {
			severity = "warning "
		}
		fmt.Fprintf(&b, "%s%s `%s`: %s", severity, strings.TrimPrefix(p.Code, "template-"), src[p.Start:p.End], p.Detail)
		if p.Fix != "" {
			fmt.Fprintf(&b, " → %s", p.Fix)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
