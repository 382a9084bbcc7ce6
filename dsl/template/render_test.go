package template

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRenderText(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"text", "plain { text } %} }}", "plain { text } %} }}"},
		{"output", "Dear {{ profile.first_name }}, you", "Dear Ada, you"},
		{"number", "{{ profile.spent }} {{ 4 }} {{ 4.20 }} {{ -3 }}", "1234.5 4 4.2 -3"},
		{"bool", "{{ segment.vip }} {{ segment.gluten_free }}", "true false"},
		{"date and time", `{{ profile.birthday | default: "" }} {{ profile.created_at }} {{ wait }}`, "1990-12-10 2026-03-29 00:30 1d12h"},
		{"first, last, size", `{{ cart.items.first.name | default: "-" }} {{ cart.items.last.name | default: "-" }} {{ cart.items.size }} {{ profile.first_name.size }}`, "Rye Roll 3 3"},
		{"index", `{{ cart.items[1].name | default: "-" }}{{ cart.items[-1]["name"] | default: "-" }}{{ cart.items[9].name | default: "-" }}`, "OatRoll-"},
		{"variable index", `{% assign n = 1 %}{{ cart.items[n].name | default: "-" }}{% assign k = "size" %}{{ profile.extra[k] | default: "-" }}`, "OatL"},
		{"map", `{{ profile.extra.size }} {{ profile.extra["a.b"] | default: "-" }} {{ profile.extra.nope | default: "-" }}`, "2 dot -"},
		{"ref", `{% if profile.store %}{{ profile.store }} {{ profile.store.hours }} {{ profile.store.opened | date }}{% endif %}`, "ulm 7–18 May 1, 2019"},
		{"ref to nowhere", `{% if profile.home %}yes{% else %}no{% endif %}`, "no"},
		{"trim", "a  {{- 1 -}}  b {%- if true -%}  c  {%- endif -%} d", "a1bcd"},
		{"trim one side", "a {{- 1 }} b {{ 2 -}} c", "a1 b 2c"},
		{"comment", "a{% comment %} {{ nope }} {% if %} {% comment %}x{% endcomment %} {% endcomment %}b{% # note %}c", "abc"},
		{"raw", "a{% raw %}{{ nope }} {% if %}{% endraw %}b", "a{{ nope }} {% if %}b"},
		{"if", `{% if segment.gluten_free %}g{% elsif segment.vip %}v{% else %}n{% endif %}`, "v"},
		{"unless", `{% unless segment.gluten_free %}u{% elsif segment.vip %}v{% else %}n{% endunless %}`, "u"},
		{"unless else", `{% unless segment.vip %}u{% else %}n{% endunless %}`, "n"},
		{"case", `{% case profile.first_name %}{% when "Bob" %}b{% when "Eve", "Ada" or "Ida" %}a{% else %}n{% endcase %}`, "a"},
		{"case else", `{% case cart.total %} {% when 1 %}b{% else %}n{% endcase %}`, "n"},
		{"compare", `{% if cart.total > 9 and cart.total <= 9.1 %}a{% endif %}{% if cart.total <> 9 %}b{% endif %}{% if profile.first_name == "Ada" %}c{% endif %}`, "abc"},
		{"compare dates", `{% if profile.birthday < "2000-01-01" %}a{% endif %}{% if profile.created_at >= "2026-03-29" %}b{% endif %}{% if profile.created_at < "now" %}c{% endif %}`, "abc"},
		{"contains", `{% if profile.dietary contains "vegan" %}a{% endif %}{% if profile.email contains "@" %}b{% endif %}{% if profile.dietary contains "x" %}c{% endif %}`, "ab"},
		{"from the right", `{% if true or true and false %}yes{% endif %}`, "yes"},
		{"and, or", `{% if segment.gluten_free or segment.vip %}a{% endif %}{% if segment.gluten_free and segment.vip %}b{% endif %}`, "a"},
		{"blank", `{% if profile.nickname == blank %}a{% endif %}{% if profile.first_name != nil %}b{% endif %}{% if profile.dietary == empty %}c{% endif %}`, "ab"},
		{"an empty list is false", `{% assign none = cart.items | where: "kind", "x" %}{% if none %}a{% else %}b{% endif %}`, "b"},
		{"for", `{% for i in cart.items %}{{ i.name }}{% unless forloop.last %}, {% endunless %}{% endfor %}`, "Rye, Oat, Roll"},
		{"for limit offset reversed", `{% for i in cart.items limit:1 offset:1 %}{{ i.name }}{% endfor %}-{% for i in cart.items reversed %}{{ i.name }}{% endfor %}`, "Oat-RollOatRye"},
		{"for else", `{% for i in profile.dietary offset: 5 %}x{% else %}none{% endfor %}`, "none"},
		{"for range", `{% for i in (1..3) %}{{ i }}{% endfor %}{% for i in (3..1) %}{{ i }}{% else %}-{% endfor %}`, "123-"},
		{"forloop", `{% for i in (1..2) %}{{ forloop.index }}{{ forloop.index0 }}{{ forloop.rindex }}{{ forloop.rindex0 }}{{ forloop.first }}{{ forloop.last }}{{ forloop.length }} {% endfor %}`,
			"1021truefalse2 2110falsetrue2 "},
		{"nested for", `{% for i in (1..2) %}{% for j in (1..2) %}{{ i }}{{ j }}{{ forloop.index }} {% endfor %}{{ forloop.index }};{% endfor %}`, "111 122 1;211 222 2;"},
		{"assign", `{% assign n = profile.first_name | upcase %}{{ n }}{% assign n = "x" %}{{ n }}`, "ADAx"},
		{"sum in a loop", `{% assign sum = 0 %}{% for i in cart.items %}{% assign sum = sum | plus: i.price %}{% endfor %}{{ sum | round: 2 }}`, "9.1"},
		{"capture", `{% capture n %}{{ profile.first_name }}!{% endcapture %}{{ n }}{{ n | size }}`, "Ada!4"},
		{"content", `{% content hero %}`, "<hero>"},
		{"now", `{{ "now" | date: "%Y" }}`, "2026"},
		{"blank strings are missing", `{{ profile.nickname | default: "you" }}`, "you"},
		{"default through a filter", `{{ profile.nickname | upcase | append: "!" | default: "you" }}`, "you"},
		{"t", `{{ "greeting" | t: name: profile.first_name }} {{ "plain" | t }}`, "Hello Ada Bread & butter"},
		{"t count", `{{ "loaves" | t: count: 1 }}, {{ "loaves" | t: count: 2 }}`, "one loaf, 2 loaves"},
		{"or guard", `{% if profile.nickname or profile.store %}x{% endif %}`, "x"},
	}
	data := ada()
	hero := compiled(t, "<hero>", Text)
	data.Content = func(string) *Template { return hero }
	data.Values["profile"].(map[string]any)["nickname"] = " \n"
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, rendered(t, tt.src, Text, data))
		})
	}
}

func TestRenderLocales(t *testing.T) {
	const src = `{{ 1234567.891 | number: 2 }}|{{ 1234.5 | number }}|{{ -4.2 | money: "EUR" }}|{{ 1234 | money: "JPY" }}|{{ 5 | money: "CHF" }}|` +
		`{{ profile.created_at | date: "full" }}|{{ profile.created_at | date: "short" }}|{{ profile.created_at | date: "time" }}|` +
		`{{ profile.created_at | date: "%a %b" }}|{{ "greeting" | t: name: "Ada" }}|{{ 0 | pluralize: "one", "other", "few" }}`
	tests := map[string]string{
		"":      "1,234,567.89|1,234.5|-€4.20|¥1,234|CHF\u00a05.00|Sunday, March 29, 2026|3/29/2026|12:30 AM|Sun Mar|Hello Ada|other",
		"de":    "1.234.567,89|1.234,5|-4,20\u00a0€|1.234\u00a0¥|5,00\u00a0CHF|Sonntag, 29. März 2026|29.03.2026|00:30|So März|Hallo Ada|other",
		"de-AT": "1.234.567,89|1.234,5|€\u00a0-4,20|¥\u00a01.234|CHF\u00a05,00|Sonntag, 29. März 2026|29.03.2026|00:30|So März|Hallo Ada|other",
		"fr":    "1\u202f234\u202f567,89|1\u202f234,5|-4,20\u00a0€|1\u202f234\u00a0¥|5,00\u00a0CHF|dimanche 29 mars 2026|29/03/2026|00:30|dim. mars|Hello Ada|one",
		"pl_PL": "1\u00a0234\u00a0567,89|1\u00a0234,5|-4,20\u00a0€|1\u00a0234\u00a0¥|5,00\u00a0CHF|niedziela, 29 marca 2026|29.03.2026|00:30|niedz. mar|Hello Ada|other",
		"xx":    "1,234,567.89|1,234.5|-€4.20|¥1,234|CHF\u00a05.00|Sunday, March 29, 2026|3/29/2026|12:30 AM|Sun Mar|Hello Ada|other",
	}
	tmpl := compiled(t, src, Text)
	for locale, want := range tests {
		data := ada()
		data.Locale = locale
		out, err := tmpl.Render(nil, data)
		require.NoError(t, err)
		require.Equal(t, want, string(out), locale)
	}
}

func TestFiltersAsDocumented(t *testing.T) {
	for _, doc := range Filters() {
		t.Run(doc.Name, func(t *testing.T) {
			require.NotEmpty(t, doc.Summary)
			require.NotEmpty(t, doc.Input)
			require.Contains(t, doc.Example, doc.Name)
			require.Equal(t, doc.Result, rendered(t, "{% if items %}"+doc.Example+"{% endif %}", Text, ada()))
		})
	}
}

func TestHeader(t *testing.T) {
	data := ada()
	data.Values["html"] = "a\r\nBcc: x@y.example\u2028\x00b\x85"
	got := rendered(t, "\n  Hi\r\n{{ html }} \n", Header, data)
	require.Equal(t, "Hi  a  Bcc: x@y.example  b�", got)
}

func TestReads(t *testing.T) {
	src := `{% if segment.vip %}{{ profile.store.hours | default: "" }}{% endif %}{% for i in cart.items %}{{ i.name }}{% endfor %}` +
		`{% content hero %}{{ "plain" | t }}<a href="{{ unsubscribe_url }}">out</a>`
	require.Equal(t, Reads{
		Variables:  []string{"cart", "profile", "segment", "unsubscribe_url"},
		Paths:      []string{"cart.items", "profile.store.hours", "segment.vip", "unsubscribe_url"},
		Attributes: []string{"store"},
		Catalogs:   []string{"store"},
		Contents:   []string{"hero"},
		Strings:    []string{"plain"},
	}, compiled(t, src, HTML).Reads())
	require.True(t, compiled(t, src, HTML).Reads().UsesVariable("unsubscribe_url"))
	require.True(t, compiled(t, src, HTML).Reads().UsesContent("hero"))
	require.False(t, compiled(t, "x", HTML).Reads().UsesVariable("profile"))
}
