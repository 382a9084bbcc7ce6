package template

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func TestRenderHTML(t *testing.T) {
	const bold = `&lt;b title=&#34;x&#34;&gt;&#39;bold&#39; &amp; more&lt;/b&gt;`
	tests := []struct{ name, src, want string }{
		{"text", `<p>{{ html }}</p>`, `<p>` + bold + `</p>`},
		{"no double escaping", `<p>{{ html | escape }}</p>`, `<p>` + bold + `</p>`},
		{"title", `<title>{{ html }}</title>{{ html }}`, `<title>` + bold + `</title>` + bold},
		{"attribute", `<p title="{{ html }}" class='{{ html }}'>`, `<p title="` + bold + `" class='` + bold + `'>`},
		{"comment", `<!-- {{ html }} --><b>`, `<!-- ` + bold + ` --><b>`},
		{"comment with dashes", `<!--{{ "-->" }}{{ "--!>" }}--><b>`, `<!--&#45;&#45;&gt;&#45;&#45;!&gt;--><b>`},
		{"conditional comment", `<!--[if mso]><td width="{{ "--" }}">{{ "a--" }}><![endif]-->{{ "--" }}`, `<!--[if mso]><td width="&#45;&#45;">a&#45;&#45;><![endif]-->--`},
		{"not for outlook", `<!--[if !mso]><!--><b>{{ "--" }}</b><!--<![endif]-->{{ "-" }}`, `<!--[if !mso]><!--><b>--</b><!--<![endif]-->-`},
		{"breaks", `<p>{{ "a<b\nc" | newline_to_br }}</p>`, "<p>a&lt;b<br>\nc</p>"},
		{"captured html", `{% capture x %}<b>{{ html }}</b>{% endcapture %}<p>{{ x }}</p>`, `<p><b>` + bold + `</b></p>`},
		{"captured text", `{% capture x %}{{ profile.first_name }} < {{ html }}{% endcapture %}<p>{{ x }}</p>`, `<p>Ada < ` + bold + `</p>`},
		{"captured words", `{% capture x %}{{ profile.first_name }}: {{ html }}{% endcapture %}<p>{{ x }}</p><p title="{{ x }}">`, `<p>Ada: ` + bold + `</p><p title="Ada: ` + bold + `">`},
		{"url", `<a href="{{ link }}">`, `<a href="https://crumb.example/?a=1&amp;b=2">`},
		{"url with space", `<a href="{{ " https://x.example/a b'<>" }}">`, `<a href="https://x.example/a%20b%27%3C%3E">`},
		{"url path", `<a href="https://x.example/{{ "a b/c?d&e" }}/f">`, `<a href="https://x.example/a%20b/c?d&amp;e/f">`},
		{"url query", `<a href="https://x.example/?q={{ "a b/c?d&e%20" }}&amp;r={{ profile.first_name }}#{{ "x y" }}">`,
			`<a href="https://x.example/?q=a%20b%2Fc%3Fd%26e%2520&amp;r=Ada#x%20y">`},
		{"encoded before", `<a href="https://x.example/?q={{ "a b&c" | url_encode }}">`, `<a href="https://x.example/?q=a%20b%26c">`},
		{"javascript", `<a href="{{ "javascript:alert(1)" }}">x</a><a href=" {{ "JavaScript:alert(1)" }}"><img src="{{ "data:x" }}">`, `<a href="#">x</a><a href="#"><img src="#">`},
		{"javascript in parts", `<a href="{{ "java" }}{{ "script:alert(1)" }}">`, `<a href="#">`},
		{"javascript with a tab", `<a href="{{ "java\tscript:alert(1)" }}">`, `<a href="#">`},
		{"javascript, half static", `<a href="java{% if profile.vip %}{{ "script:alert(1)" }}{% endif %}">`, `<a href="#">`},
		{"mailto and tel", `<a href="mailto:{{ profile.email }}?subject={{ "a b" }}"><a href="tel:{{ "+49 1" }}">`, `<a href="mailto:ada@example.com?subject=a%20b"><a href="tel:+49%201">`},
		{"namespaces", `<v:fill o:href="{{ "javascript:x" }}" src="{{ link }}" />`, `<v:fill o:href="#" src="https://crumb.example/?a=1&amp;b=2" />`},
		{"srcset", `<img srcset="{{ link }} 2x">`, `<img srcset="https://crumb.example/?a=1%26b=2 2x">`},
		{"style attribute", `<p style="color:{{ color }};width:{{ 5 }}px;x:{{ "red;background:url(x)" }}">`, `<p style="color:#b5651d;width:5px;x:redbackgroundurlx">`},
		{"url in style", `<p style="background:#fff url('{{ "https://x.example/a'b).png" }}') center">`, `<p style="background:#fff url('https://x.example/a%27b%29.png') center">`},
		{"entities in style", `<p style="background:url(&quot;{{ "javascript:x" }}&quot;)">`, `<p style="background:url(&quot;#&quot;)">`},
		{"style element", `<style>a { color: {{ "</style><b>" }}; background: url( {{ "https://x.example/?a=b&c" }} ) }</style>{{ "<" }}`,
			`<style>a { color: styleb; background: url( https://x.example/?a=b%26c ) }</style>&lt;`},
		{"branches in a tag", `<td{% if profile.vip %} class="vip"{% endif %}{% if segment.vip %} bgcolor="{{ color }}"{% endif %}>{{ "<" }}`, `<td class="vip" bgcolor="#b5651d">&lt;`},
		{"branch in a value", `<a href="{% if profile.vip %}https://a.example/{% else %}https://b.example/{% endif %}{{ "x y" }}">`, `<a href="https://a.example/x%20y">`},
		{"loop in a value", `<p title="{% for i in items %}{{ i.name }}, {% endfor %}">`, `<p title="Rye, Oat, Roll, ">`},
		{"translation", `<p>{{ "plain" | t }}</p>`, `<p>Bread &amp; butter</p>`},
		{"control characters", "<p>{{ \"a\x00\x1bb\xff\" }}</p>", "<p>ab\uFFFD</p>"},
		{"unquoted, static", `<td width={% if profile.vip %}1{% else %}2{% endif %}>{{ "<" }}`, `<td width=1>&lt;`},
		{"script is left alone", `<script>if (a < b) { "</b>" }</script>{{ "<" }}`, `<script>if (a < b) { "</b>" }</script>&lt;`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(tt.src)
			require.Equal(t, tt.want, rendered(t, src, HTML, ada()))
		})
	}
}

func TestLinks(t *testing.T) {
	src := `<a href="https://a.example/?x=1&amp;y=2">1</a> <A class="b" HREF='{{ link }}'>2</A> <a href="mailto:x@y.example">3</a>` +
		`<a href="#top">4</a><a href="{{ unsubscribe_url }}">5</a>{% assign out = preferences_url %}<a href="{{ out }}">6</a>` +
		`{% content hero %}{% for i in items limit: 2 %}<a href="https://x.example/{{ i.name }}">7</a>{% endfor %}<img src="https://a.example/"><a>8</a>`
	tmpl := compiled(t, src, HTML)
	hero := compiled(t, `<a href="https://hero.example">h</a>`, HTML)
	data := ada()
	data.Content = func(string) *Template { return hero }
	var asked []string
	data.Link = func(url string, ordinal int) string {
		require.Len(t, asked, ordinal)
		asked = append(asked, url)
		return `https://t.example/"` + strings.Repeat("i", ordinal) + "&"
	}
	out, err := tmpl.Render(nil, data)
	require.NoError(t, err)
	require.Equal(t, []string{"https://a.example/?x=1&y=2", "https://crumb.example/?a=1&b=2", "https://hero.example",
		"https://x.example/Rye", "https://x.example/Oat"}, asked)
	require.Equal(t, `<a href="https://t.example/%22&amp;">1</a> <A class="b" HREF='https://t.example/%22i&amp;'>2</A> <a href="mailto:x@y.example">3</a>`+
		`<a href="#top">4</a><a href="https://mail.example/u/1">5</a><a href="https://mail.example/p/1">6</a>`+
		`<a href="https://t.example/%22ii&amp;">h</a><a href="https://t.example/%22iii&amp;">7</a><a href="https://t.example/%22iiii&amp;">7</a>`+
		`<img src="https://a.example/"><a>8</a>`, string(out))

	var spans []string
	for _, l := range tmpl.Links() {
		spans = append(spans, src[l.Start:l.End])
		require.Equal(t, l.URL == "", strings.Contains(src[l.Start:l.End], "{{"))
	}
	require.Equal(t, []string{"https://a.example/?x=1&amp;y=2", "{{ link }}", "mailto:x@y.example", "#top", "{{ unsubscribe_url }}", "{{ out }}",
		"https://x.example/{{ i.name }}"}, spans)
	require.True(t, tmpl.Links()[0].Tracked)
	require.False(t, tmpl.Links()[2].Tracked)
	require.False(t, tmpl.Links()[4].Tracked)
	require.False(t, tmpl.Links()[5].Tracked)
}

func TestTail(t *testing.T) {
	data := ada()
	data.Tail = `<img src="pixel">`
	hero := compiled(t, `<b></b>`, HTML)
	data.Content = func(string) *Template { return hero }
	require.Equal(t, `<body>a<b></b><img src="pixel"></body></html>`, rendered(t, `<body>a{% content hero %}</body></html>`, HTML, data))
	require.Equal(t, `<p>a</p><img src="pixel">`, rendered(t, `<p>a</p>`, HTML, data))
	require.Equal(t, `<!--[if mso]></body><![endif]--><img src="pixel"></BODY >`, rendered(t, `<!--[if mso]></body><![endif]--></BODY >`, HTML, data))
	require.Equal(t, `a</body>`, rendered(t, `a</body>`, Text, data))
}

// hostile are values that try to leave their place.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`, `-->`, `--!><b>`, `</style><b>`,
	`</title><b>`, `*/}</style>`, `expression(alert(1))`, `url(javascript:x)`, `&quot;><b>`, "\x00<b", "\xc0\xbcb>", "\xe2", `\`, `\"`, "`", `data:text/html,<b>`,
	`{{ profile }}`, `<!--`, `]]>`, `<![endif]-->`, `//evil.example`, ` javascript:x`, "java\nscript:x", `%3Cb%3E`, `a" style="x:y`, "a=b c=d", `)"'`,
}

// shape is the structure of a page: tags, the names of attributes, comments; and
// its addresses, which must be harmless.
func shape(t testing.TB, page string) string {
	t.Helper()
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		raw := string(z.Raw())
		tok := z.Token()
		switch kind {
		case html.TextToken:
			continue
		case html.CommentToken:
			if !strings.HasPrefix(raw, "<!--[if") {
				b.WriteString("<!-- -->")
				continue
			}
			_, inner, _ := strings.Cut(raw, "]>")
			b.WriteString("<!--" + shape(t, inner) + "-->") // what Outlook reads
			continue
		}
		if tok.Data == "br" { // newline_to_br
			continue
		}
		b.WriteString(kind.String() + " " + tok.Data)
		for _, a := range tok.Attr {
			b.WriteString(" " + a.Key)
			if kindOfAttr(a.Key) == urlAttr {
				url := strings.ToLower(strings.Map(func(r rune) rune {
					if r <= ' ' {
						return -1
					}
					return r
				}, a.Val))
				require.False(t, strings.HasPrefix(url, "javascript:") || strings.HasPrefix(url, "data:"), url)
			}
		}
		b.WriteString("\n")
	}
}

// everywhere puts a value into each place that a mail has for one.
const everywhere = `<!doctype html><html><head><title>{{ html }}</title><style>a{color:{{ html }};background:url("{{ html }}")} /* {{ html }} */
b{background:url({{ html }});content:"{{ html }}"}</style></head><body style="color:{{ html }};background:url('{{ html }}')"><!-- {{ html }} -->
<!--[if mso]><table><tr><td width="{{ html }}" style="x:{{ html }}">{{ html }}><v:fill src="{{ html }}" /><![endif]-->
<a href="{{ html }}">{{ html }}</a><a href='{{ html }}{{ html }}'>x</a><a href="https://x.example/{{ html }}?q={{ html }}#{{ html }}">x</a>
<a href=" {{ html }}:x">x</a><img src="{{ html }}" alt="{{ html }}" srcset="{{ html }} 2x"><p title='{{ html }}' {% if html contains "a" %}class="{{ html | upcase }}"{% endif %}>
{% capture x %}<b title="{{ html }}">{{ html }}</b>{% endcapture %}{{ x }}{% capture y %}{{ html }}{% endcapture %}<i title="{{ y }}">{{ y }}</i>
{{ html | newline_to_br }}{{ html | append: html }}{{ html | replace: "a", "<" }}{{ html | truncate: 3 }}{{ "greeting" | t: name: html }}
<textarea>{{ html }}</textarea><!--[if !mso]><!-->{{ html }}<!--<![endif]--><a href="{{ html | url_encode }}">x</a></body></html>`

// TestHostileData renders the same page with harmless and with hostile data: no
// value may open a tag, an attribute or a comment, or end one.
func TestHostileData(t *testing.T) {
	tmpl := compiled(t, everywhere, HTML)
	page := func(value string) string {
		data := ada()
		data.Values["html"] = value
		out, err := tmpl.Render(nil, data)
		require.NoError(t, err)
		return string(out)
	}
	benign := shape(t, page("a"))
	for _, value := range hostile {
		require.Equal(t, benign, shape(t, page(value+"a")), value)
		require.Equal(t, benign, shape(t, page(value+" a "+value)), value)
	}
}

// pieces are what random pages are made of: markup, whole and torn, and outputs.
var pieces = []string{
	`<b>`, `</b>`, `<p title="`, `<p title='`, `"`, `'`, `>`, `<`, `</`, `/>`, ` `, "\n", `=`, `a`, `b-c`, `<a href="`, `<a href='`, `https://x.example/`, `?q=`, `#`, `java`, `script:`, `:`,
	`<style>`, `</style>`, `</sty`, `<title>`, `</title>`, `<textarea>`, `</textarea>`, `<!--`, `-->`, `--!>`, `--`, `-`, `<!-->`, `<!--->`, `<!`, `<?`, `<!doctype html>`, `<!--[if mso]>`, `<![endif]-->`,
	`<!--[if !mso]><!-->`, `<!--<![endif]-->`, ` style="`, ` class="`, ` href="`, ` src="`, ` onclick="`, ` srcset="`, `url(`, `url('`, `)`, `;`, `:`, `{`, `}`, `/*`, `*/`, `\`, `&amp;`, `&quot;`, `&#x22;`, `&`,
	`<script>`, `</script>`, `<img `, `<td width=`, `<v:fill src="`, `<A HREF="`, `<noscript>`, `</noscript>`, `</body>`,
	`{{ html }}`, `{{ html }}`, `{{ html }}`, `{{ link }}`, `{{ html | url_encode }}`, `{{ html | newline_to_br }}`, `{{ 5 }}`, `{% if profile.vip %}`, `{% else %}`, `{% endif %}`,
	`{% for i in (1..2) %}`, `{% endfor %}`, `{% capture x %}`, `{% endcapture %}`, `{% if segment.gluten_free %}`,
}

// TestRandomPages puts outputs into markup that nobody would write: each page is
// refused, or no data can change its structure.
func TestRandomPages(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for range pages {
		var b strings.Builder
		for range 1 + random.IntN(5) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		b.WriteString("{{ html }}")
		for range random.IntN(5) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		src := b.String()
		tmpl, _ := Check(src, HTML, bakery)
		if tmpl == nil {
			continue
		}
		accepted++
		page := func(value string) string {
			data := ada()
			data.Values["html"], data.Values["link"] = value, value
			out, err := tmpl.Render(nil, data)
			require.NoError(t, err)
			return shape(t, string(out))
		}
		value := hostile[random.IntN(len(hostile))]
		require.Equal(t, page("a"), page(value+"a"), "%q in %s", value, src)
	}
	t.Logf("%d of %d pages were accepted", accepted, pages)
}

// pages is how many pages TestRandomPages makes up.
const pages = 20_000
