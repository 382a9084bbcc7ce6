package mjml

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A view is the HTML as a kind of program sees it.
var views = map[string]func(string) string{
	"everyone": func(html string) string {
		html = regexp.MustCompile(`<!--\[if [^\]]+\]><!-->|<!--<!\[endif\]-->`).ReplaceAllString(html, "")
		return regexp.MustCompile(`(?s)<!--.*?-->`).ReplaceAllString(html, "")
	},
	"Outlook": func(html string) string {
		html = regexp.MustCompile(`(?s)<!--\[if !mso\]><!-->.*?<!--<!\[endif\]-->`).ReplaceAllString(html, "")
		html = regexp.MustCompile(`<!--\[if [^\]]+\]>|<!\[endif\]-->`).ReplaceAllString(html, "")
		return regexp.MustCompile(`(?s)<!--.*?-->`).ReplaceAllString(html, "")
	},
}

// requireNesting checks that tags and Liquid blocks nest: each ends within the
// one in which it began.
func requireNesting(t *testing.T, html string) {
	t.Helper()
	s := &source{text: html}
	rep := &reporter{}
	var open []string
	pop := func(name string, at int) {
		require.NotEmpty(t, open, "%s ends nothing at …%s", name, html[max(0, at-200):at])
		require.Equal(t, open[len(open)-1], name, "at …%s", html[max(0, at-200):at])
		open = open[:len(open)-1]
	}
	for i := 0; i < len(html); {
		tok, isLiquid := s.liquidAt(i)
		switch {
		case isLiquid && liquidBlocks[tok.name]:
			open = append(open, tok.name)
			i = tok.end
		case isLiquid && strings.HasPrefix(tok.name, "end"):
			pop(tok.name[len("end"):], i)
			i = tok.end
		case isLiquid:
			i = tok.end
		case strings.HasPrefix(html[i:], "</"):
			end := s.nameEnd(i + 2)
			pop("<"+strings.ToLower(html[i+2:end]), i)
			i = end
		case s.startsTag(i):
			tag := s.startTag(i, rep)
			if !tag.closed && !voidElements[tag.name] {
				open = append(open, "<"+tag.name)
			}
			i = tag.end
		default:
			i++
		}
	}
	require.Empty(t, open)
	require.Empty(t, rep.list)
}

func TestNesting(t *testing.T) {
	authored := map[string]bool{"table": true, "raw": true, "text": true} // with unclosed tags of their author's
	for _, path := range samples(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".mjml")
		if authored[name] {
			continue
		}
		for who, view := range views {
			t.Run(name+" for "+who, func(t *testing.T) {
				res, _ := Compile(read(t, path), Options{Include: fromTestdata})
				requireNesting(t, view(res.HTML))
			})
		}
	}
}

// TestLiquidPlaces checks what stands right before and after Liquid.
func TestLiquidPlaces(t *testing.T) {
	for name, test := range map[string]struct{ src, want string }{
		"between sections": {body(`<mj-section></mj-section>{% content hero %}<mj-section></mj-section>`),
			"</div>\n<!--[if mso | IE]></td></tr></table>\n<![endif]-->\n{% content hero %}\n<!--[if mso | IE]><table"},
		"between columns": {body(`<mj-section>{% if a %}<mj-column></mj-column>{% endif %}</mj-section>`),
			"</div>\n<!--[if mso | IE]></td><![endif]-->\n{% endif %}\n<!--[if mso | IE]></tr></table><![endif]-->"},
		"between rows": {column(`{% if a %}<mj-spacer/>{% endif %}`),
			"<tbody>\n{% if a %}\n<tr><td"},
		"after a row":   {column(`{% if a %}<mj-spacer/>{% endif %}`), "</td></tr>\n{% endif %}\n</tbody>"},
		"in text":       {column(`<mj-text>A {{ b | default: "<c>" }} D</mj-text>`), `>A {{ b | default: "<c>" }} D</div>`},
		"in href":       {column(`<mj-button href="{{ url | append: "?a" }}">Go</mj-button>`), `<a href="{{ url | append: "?a" }}" target`},
		"in a colour":   {column(`<mj-text color="{% if a > b %}#fff{% endif %}">A</mj-text>`), `color:{% if a > b %}#fff{% endif %};`},
		"single quotes": {column(`<mj-image src="a" alt='say "{{ "hi" }}"'/>`), `alt="say &quot;{{ "hi" }}&quot;"`},
		"before mjml":   {"{% assign a = 1 %}\n" + body(""), "{% assign a = 1 %}\n<!doctype html>"},
		"after mjml":    {"{% if a %}" + body("") + "{% endif %}", "</html>\n{% endif %}\n"},
		"in the head":   {head(`{% assign a = 1 %}<mj-title>{{ a }}</mj-title>`), "{% assign a = 1 %}\n<!doctype html>"},
		"in the title":  {head(`<mj-title>{{ "<a>" }}</mj-title>`), `<title>{{ "<a>" }}</title>`},
		"a whole block": {column(`{% comment %}<mj-oops>{% endcomment %}`), "<tbody>\n{% comment %}<mj-oops>{% endcomment %}\n</tbody>"},
		"in preview":    {head(`<mj-preview>{{ a }}</mj-preview>`), `overflow:hidden;">{{ a }}</div>`},
		"in mj-all":     {strings.Replace(column(`<mj-text>A</mj-text>`), "<mj-body>", `<mj-head><mj-attributes><mj-all color="{{ c | default: "red" }}"/></mj-attributes></mj-head><mj-body>`, 1), `color:{{ c | default: "red" }};`},
		"in mj-style":   {head(`<mj-style>a { color: {{ c }}; }</mj-style>`), "a { color: {{ c }}; }\n</style>"},
	} {
		t.Run(name, func(t *testing.T) {
			res, problems := Compile([]byte(test.src), Options{})
			require.Empty(t, problems)
			require.Contains(t, res.HTML, test.want)
		})
	}
}

func TestColumnsInBranches(t *testing.T) {
	for src, want := range map[string]string{
		`{% if a %}C{% else %}C{% endif %}C`:                                 "50",
		`{% if a %}CC{% elsif b %}C{% endif %}C`:                             "33-333333333333336",
		`{% case a %}{% when 1 %}C{% when 2 %}C{% endcase %}`:                "100",
		`{% if a %}{% if b %}C{% endif %}C{% endif %}`:                       "50",
		`{% unless a %}C{% endunless %}{% if b %}C{% endif %}{{ c }}CC`:      "25",
		`{% assign a = 1 %}C<!-- C --><mj-raw>C</mj-raw>C{% content more %}`: "50",
	} {
		src = regexp.MustCompile(`\bC+`).ReplaceAllStringFunc(strings.NewReplacer("<!-- C -->", "<!-- -->", ">C<", "><").Replace(src), func(cs string) string {
			return strings.Repeat("<mj-column></mj-column>", len(cs))
		})
		res, _ := Compile([]byte(body("<mj-section>"+src+"</mj-section>")), Options{})
		require.Contains(t, res.HTML, `class="mj-column-per-`+want+` `, src)
	}
}
