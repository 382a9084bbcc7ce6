package template

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTooLarge(t *testing.T) {
	tests := map[string]string{
		"source":     strings.Repeat("x", maxSource+1),
		"tokens":     strings.Repeat("{{ 1 }}", maxTokens+1),
		"depth":      strings.Repeat("{% if true %}", maxDepth+1) + strings.Repeat("{% endif %}", maxDepth+1),
		"unclosed":   strings.Repeat("{% for i in items %}", 500),
		"filters":    "{{ 1" + strings.Repeat(" | plus: 1", maxFilters+1) + " }}",
		"condition":  "{% if true" + strings.Repeat(" and true", maxOperands+1) + " %}{% endif %}",
		"values":     "{% case 1 %}{% when 1" + strings.Repeat(", 1", maxOperands) + " %}{% endcase %}",
		"path":       "{{ anything" + strings.Repeat(".x", maxSteps+1) + " }}",
		"range":      "{% for i in (1..100000) %}{% endfor %}",
		"problems":   strings.Repeat("{{ nope }}", 1000),
		"braces":     strings.Repeat("{{", 100_000) + "}}",
		"raw":        "{% raw %}" + strings.Repeat("{% ", 100_000) + "%}",
		"parens":     "{{ " + strings.Repeat("(", 1000) + " }}",
		"brackets":   "{{ " + strings.Repeat("a[", 1000) + " }}",
		"same links": strings.Repeat(`<a href="">`, 90_000),
	}
	for name, src := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			tmpl, problems := Check(src, HTML, bakery)
			if name != "same links" {
				require.Nil(t, tmpl)
				require.NotEmpty(t, problems)
			}
			require.LessOrEqual(t, len(problems), maxProblems)
			require.Less(t, time.Since(start), 30*time.Second)
		})
	}
}

func TestRenderIsBounded(t *testing.T) {
	tests := map[string]string{
		"doubling":  `{% assign s = "ab" %}{% for i in (1..64) %}{% assign s = s | append: s %}{% endfor %}`,
		"capturing": `{% assign s = "ab" %}{% for i in (1..64) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}`,
		"replacing": `{% assign s = "aaaaaaaaaa" %}{% for i in (1..64) %}{% assign s = s | replace: "a", s %}{% endfor %}`,
		"looping":   `{% for i in (1..1000) %}{% for j in (1..1000) %}{% for k in (1..1000) %}{% endfor %}{% endfor %}{% endfor %}`,
		"printing":  `{% assign s = "0123456789abcdef" %}{% for i in (1..15) %}{% assign s = s | append: s %}{% endfor %}{% for i in (1..1000) %}{{ s }}{% endfor %}`,
		"joining":   `{% assign s = "0,1,2,3,4,5,6,7,8,9,a,b,c" %}{% for i in (1..64) %}{% assign s = s | split: "," | join: s | append: "," | append: s %}{% endfor %}`,
	}
	for name, src := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			src = strings.ReplaceAll(src, " | join: s |", ` | join: s | default: "x" |`)
			out, err := compiled(t, src, Text).Render([]byte("kept"), ada())
			require.ErrorIs(t, err, ErrTooLarge)
			require.Equal(t, "kept", string(out))
			require.Less(t, time.Since(start), 30*time.Second)
		})
	}
}

func TestContents(t *testing.T) {
	self := compiled(t, `a{% content hero %}`, HTML)
	data := ada()
	data.Content = func(string) *Template { return self }
	_, err := self.Render(nil, data)
	require.ErrorIs(t, err, errNested)

	data.Content = func(string) *Template { return compiled(t, "<script>", Text) }
	_, err = self.Render(nil, data)
	require.ErrorIs(t, err, errMode)

	data.Content = func(string) *Template { return nil }
	require.Equal(t, "a", rendered(t, `a{% content "hero" %}`, HTML, data))

	_, problems := Check(`{% content hero %}`, Header, bakery)
	require.Equal(t, codePlace, problems[0].Code)
}

// TestPoolForgets renders for one person after another: nothing of the first may
// be left for the second.
func TestPoolForgets(t *testing.T) {
	tmpl := compiled(t, `{% if profile.nickname %}{% assign x = profile.nickname %}{% endif %}{{ x | default: "-" }}{{ profile.nickname | default: "-" }}`, Text)
	first := ada()
	first.Values["profile"].(map[string]any)["nickname"] = "Countess"
	for _, tt := range []struct {
		data Data
		want string
	}{{first, "CountessCountess"}, {ada(), "--"}, {Data{}, "--"}} {
		out, err := tmpl.Render(nil, tt.data)
		require.NoError(t, err)
		require.Equal(t, tt.want, string(out))
	}
}

func TestScan(t *testing.T) {
	src := `a {{ b | c }} {%- if x -%} {% raw %}{{ no }}{% endraw %}{% comment %}{% no %}{% endcomment %}{% # note %}{{ open`
	var got []string
	for _, tag := range Scan(src) {
		got = append(got, src[tag.Start:tag.End]+" "+tag.Name+"|"+tag.Text)
	}
	require.Equal(t, []string{"{{ b | c }} |b | c", "{%- if x -%} if|if x", "{% raw %} raw|raw", "{% endraw %} endraw|endraw",
		"{% comment %} comment|comment", "{% endcomment %} endcomment|endcomment", "{% # note %} #|# note"}, got)
}

// TestCheckLiquid checks MJML, whose attributes and tags are not HTML's.
func TestCheckLiquid(t *testing.T) {
	src := `<mjml><mj-body>{% if profile.nickname %}<mj-text color={{ color }}>{{ profile.nicknam }}</mj-text>{% endif %}</mj-body>`
	require.Equal(t, "unknown-field `nicknam`: profile has no field \"nicknam\". → Did you mean \"nickname\"?\n", list(src, CheckLiquid(src, bakery)))
	for _, p := range CheckLiquid(`<b title={{ link }}>{{ nope }}`, bakery) {
		require.False(t, p.Context)
	}
	_, problems := Check(`<b title={{ link }}></b>`, HTML, bakery)
	require.Len(t, problems, 1)
	require.True(t, problems[0].Context)
}

func TestSample(t *testing.T) {
	data := SampleData(bakery)
	require.Equal(t, "Ada", data.Values["profile"].(map[string]any)["first_name"])
	require.Len(t, data.Values["cart"].(map[string]any)["items"], 2)
	require.NotNil(t, data.Catalog("store", "x")["hours"])
	deep := must("list(list(list(list(list(list(list(list(list(list(string))))))))))")
	require.NotNil(t, Sample(deep))
	out, err := compiled(t, mail(t), HTML).Render(nil, data)
	require.NoError(t, err)
	require.Contains(t, string(out), "Good morning, Ada!")
}
