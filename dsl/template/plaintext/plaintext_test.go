package plaintext

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFromHTML(t *testing.T) {
	for name, test := range map[string]struct{ html, want string }{
		"nothing":             {``, ``},
		"text":                {`Hello`, "Hello"},
		"white space":         {"  Hello \n\t you  ", "Hello you"},
		"paragraphs":          {`<p>A</p><p>B</p>`, "A\n\nB"},
		"blocks":              {`<div>A</div><div>B</div>C`, "A\nB\nC"},
		"empty blocks":        {`<p>A</p><p> </p><p>&nbsp;</p><div></div><p>B</p>`, "A\n\nB"},
		"breaks":              {`A<br>B<br><br>C<br><br><br><br>D`, "A\nB\n\nC\n\nD"},
		"inline elements":     {`A<b>B</b> <i>C</i>D`, "AB CD"},
		"entities":            {`Fish &amp; chips &lt;3 &eacute;&#33;`, "Fish & chips <3 é!"},
		"invisible":           {"A&shy;B&#8203;C&#8202;D&#847;", "ABC D"},
		"protected space":     {`10&nbsp;%`, "10 %"},
		"headings":            {`<h1>Big</h1><h2>Less</h2><h3>Small</h3>Text`, "Big\n===\n\nLess\n----\n\nSmall\n\nText"},
		"rule":                {`A<hr>B`, "A\n\n----------------------------------------\n\nB"},
		"divider":             {`<p style="border-top: solid 4px #000; font-size: 1px; margin: 0px auto"></p>`, "----------------------------------------"},
		"list":                {`<ul><li>A</li><li>B</li></ul>C`, "- A\n- B\n\nC"},
		"numbers":             {`<ol><li>A</li><li>B</li></ol>`, "1. A\n2. B"},
		"nested lists":        {`<ul><li>A<ol><li>B</li><li>C</li></ol></li><li>D</li></ul>`, "- A\n  1. B\n  2. C\n- D"},
		"loose list":          {`<ul><li><p>A</p></li><li><p>B</p><p>C</p></li></ul>`, "- A\n\n- B\n\n  C"},
		"quotation":           {`<blockquote><p>A</p>B</blockquote>C`, "> A\n\n> B\n\nC"},
		"preformatted":        {"<pre>a  b\n\n  c </pre>D", "a  b\n\n  c\n\nD"},
		"picture":             {`<img src="a.png" alt="A loaf"> B`, "A loaf B"},
		"picture without alt": {`A<img src="a.png" alt="">B`, "AB"},
		"unclosed":            {`<p>A<p>B<div>C`, "A\n\nB\nC"},
		"stray ends":          {`</p></a></li></table></td>A</ul>`, "A"},

		"link":                {`<a href="https://a.example/?b=1&amp;c=2">Shop</a>`, "Shop (https://a.example/?b=1&c=2)"},
		"link of an address":  {`<a href="https://a.example/">a.example</a>`, "a.example"},
		"link around blocks":  {`<a href="/a"><div>A </div><div>B</div></a>C`, "A\nB\n(/a)C"},
		"link of a picture":   {`<a href="/a"><img alt="Logo"></a>`, "Logo (/a)"},
		"link of nothing":     {`A <a href="/a"><img alt=""></a>`, "A /a"},
		"link told elsewhere": {`<a href="/a"><img alt=""></a> <a href="/a">A</a>`, "A (/a)"},
		"mail link":           {`<a href="mailto:a@b.example">Write</a> <a href="mailto:a@b.example">a@b.example</a>`, "Write (a@b.example) a@b.example"},
		"link within":         {`<a href="#top">Up</a> <a href="javascript:x()">X</a> <a name="a">N</a>`, "Up X N"},
		"link in a link":      {`<a href="/a">A <a href="/b">B</a>`, "A (/a)B (/b)"},
		"spaced link":         {`<a href="/a"> A </a>.`, "A (/a)."},

		"data":             {`<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>C`, "A | B\n1 | 2\n\nC"},
		"blocks in data":   {`<table><tr><td><p>A</p><p>B</p></td><td>C<br>D</td></tr></table>`, "A B | C D"},
		"layout":           {`<table role="presentation"><tr><td>A</td></tr><tr><td><p>B</p></td><td>C</td></tr></table>`, "A\n\nB\n\nC"},
		"data in layout":   {`<table><tr><td><table><tr><td>A</td><td>B</td></tr></table></td></tr></table>`, "A | B"},
		"headed layout":    {`<table><tr><td><h3>A</h3></td><td>B</td></tr></table>`, "A\n\nB"},
		"tables in a line": {`<table role="presentation" style="display:inline-table"><tr><td>A</td><td>B</td></tr></table><table style="display: inline-table"><tr><td>C</td></tr></table>`, "A B\nC"},

		"head":         {`<!doctype html><html><head><title>T</title><style>a{}</style></head><body>A</body></html>`, "A"},
		"no end":       {`<head><title>T</title><body>A`, "A"},
		"scripts":      {`A<script>if (a<b) {}</script><noscript>N</noscript>B`, "AB"},
		"preview text": {`<div style="display:none;font-size:1px">P<div>Q</div></div>A`, "A"},
		"hidden":       {`<p hidden>A</p><p style="visibility: hidden">B</p><div style="max-height:0px;overflow:hidden">C</div>D`, "D"},
		"hidden void":  {`<img style="display:none" alt="A">B`, "B"},
		"comments":     {`<!-- A --><!--[if mso | IE]><p>B</p><![endif]--><!--[if !mso]><!-->C<!--<![endif]-->`, "C"},
		"for Outlook":  {`A<!--[if mso | IE]></td><td><![endif]-->B`, "A B"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, FromHTML(test.html)) })
	}
}

func TestLiquid(t *testing.T) {
	for name, test := range map[string]struct{ html, want string }{
		"output":            {`<p>Hello {{ name | default: "<you>" }}!</p>`, "Hello {{ name | default: \"<you>\" }}!"},
		"inline":            {`<p>A {% if a < b %} B {% else %} C {% endif %} D</p>`, "A {% if a < b %}B {% else %}C {% endif %}D"},
		"between blocks":    {`<p>A</p> {% if x %} <p>B</p> {% endif %} <p>C</p>`, "A\n\n{% if x %}B\n\n{% endif %}C"},
		"branches":          {`{% if x %}<p>A</p>{% else %}<p>B</p>{% endif %}<p>C</p>`, "{% if x %}A\n\n{% else %}B\n\n{% endif %}C"},
		"at the end":        {`<p>A</p>{% if x %}<p>B</p>{% endif %}`, "A\n\n{% if x %}B{% endif %}"},
		"in a block":        {`<p>A</p><p>{% if x %}B{% endif %}</p><p>C</p>`, "A\n\n{% if x %}B{% endif %}\n\nC"},
		"nested":            {`<p>A</p>{% if x %}{% unless y %}<p>B</p>{% endunless %}{% endif %}<p>C</p>`, "A\n\n{% if x %}{% unless y %}B\n\n{% endunless %}{% endif %}C"},
		"a loop":            {`<ul>{% for i in l %}<li>{{ i }}</li>{% endfor %}</ul><p>A</p>`, "{% for i in l %}- {{ i }}\n{% endfor %}\nA"},
		"a numbered loop":   {`<ol><li>A</li>{% for i in l %}<li>{{ i }}</li>{% endfor %}</ol>`, "1. A\n{% for i in l %}- {{ i }}\n{% endfor %}"},
		"two loops":         {`<div>{% for i in l %}<div>{{ i }}</div>{% endfor %}</div><p>{% for i in m %}{{ i }} {% endfor %}</p>`, "{% for i in l %}{{ i }}\n{% endfor %}\n{% for i in m %}{{ i }} {% endfor %}"},
		"rows":              {`<table>{% for r in l %}<tr><td>{{ r.a }}</td><td>{{ r.b }}</td></tr>{% endfor %}</table>A`, "{% for r in l %}{{ r.a }} | {{ r.b }}\n{% endfor %}\nA"},
		"cells":             {`<table><tr>{% for c in l %}<td>{{ c }}</td>{% endfor %}</tr></table>`, "{% for c in l %}| {{ c }}{% endfor %}"},
		"a list item":       {`<ul><li>{% if x %}A{% endif %}</li></ul>`, "- {% if x %}A{% endif %}"},
		"a tag that prints": {`<p>A</p>{% content hero %}<p>B</p>`, "A\n\n{% content hero %}\n\nB"},
		"assignments":       {`{% assign a = 1 %}<!doctype html><html><head>{% assign b = 2 %}<title>{{ b }}</title></head><body><p>A</p></body>`, "{% assign a = 1 %}{% assign b = 2 %}A"},
		"in attributes":     {`<a href="{{ url | append: "?a=b" }}" style="color:{% if x %}red{% endif %}">A</a>`, "A ({{ url | append: \"?a=b\" }})"},
		"same address":      {`<a href="{{ url }}">{{ url }}</a>`, "{{ url }}"},
		"link told by name": {`<a href="{{ url }}"><img alt=""></a><a href="{{ url }}">A</a>`, "A ({{ url }})"},
		"alt":               {`<img alt="{{ name }}'s loaf">`, "{{ name }}'s loaf"},
		"hidden":            {`<div style="display:none">{{ preview }}{% if x %}A{% endif %}</div>B`, "B"},
		"hidden, but":       {`<!-- {% if x %} -->A<!-- {% endif %} -->`, "{% if x %}A{% endif %}"},
		"raw":               {`<p>{% raw %}<b>{{ x }}</b> {%{% endraw %}</p>`, "{% raw %}{{ x }} {%{% endraw %}"},
		"comment":           {`<p>A</p>{% comment %}<p>B</p>{{ c }}{% endcomment %}<p>C</p>`, "A\n\nC"},
		"nested comments":   {`<p>A</p>{% comment %}{% comment %}B{% endcomment %}C{% endcomment %}<p>D</p>`, "A\n\nD"},
		"capture":           {`{% capture x %}<p>A <b>{{ b }}</b></p>{% endcapture %}<p>{{ x }}</p>`, "{% capture x %}A {{ b }}{% endcapture %}{{ x }}"},
		"dashes":            {`<p>A</p>{%- if x -%}<p>B {{- b -}} C</p>{%- endif -%}<p>{{- d -}}</p>`, "A\n\n{% if x %}B {{- b -}} C\n\n{% endif %}{{ d }}"},
		"unfinished":        {`A {{ b <b>C</b>`, "A {{ \"{{\" }} b C"},
		"not Liquid":        {`&#123;{ a }} {<b>% b %}</b>`, "{{ \"{{\" }} a }} {{ \"{%\" }} b %}"},
		"heading":           {`<h1>Hi {{ name }}</h1>`, "Hi {{ name }}\n============="},
		"torn tags":         {`<table role="presentation"><tr>{% if a %}<td class="b">{% else %}<td>{% endif %}A</td></tr></table>`, "{% if a %}{% else %}{% endif %}A"},
		"odd characters":    {"A\uFDD00\uFDD1B &#xFDD0;7&#xFDD1; {{ c }}", "A0B 7 {{ c }}"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, FromHTML(test.html)) })
	}
}

func TestWrapping(t *testing.T) {
	long := strings.Repeat("word ", 40)
	for line := range strings.Lines(FromHTML("<p>" + long + "</p><ul><li>" + long + "</li></ul><blockquote>" + long + "</blockquote>")) {
		require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), maxWidth)
	}
	item := FromHTML("<ol><li>" + long + "</li></ol>")
	require.Regexp(t, `^1\. word .*\n   word`, item)
	require.Regexp(t, `^> word .*\n> word`, FromHTML("<blockquote>"+long+"</blockquote>"))

	address := "https://a.example/" + strings.Repeat("x", 100)
	require.Equal(t, "A\n("+address+")\nB", FromHTML(`A <a href="` + address + `"></a> <a href="` + address + `">A</a> B`)[2:])
	output := "{{ " + strings.Repeat("very long ", 12) + "}}"
	require.Equal(t, "A "+output+" B", FromHTML("A "+output+" B"))
	require.Equal(t, strings.Repeat("é", 78), FromHTML(strings.Repeat("é", 78)))
}

// TestMails makes the text of compiled mails, and looks at it as if conditions
// held and as if they did not.
func TestMails(t *testing.T) {
	paths, err := filepath.Glob("../mjml/testdata/*.html")
	require.NoError(t, err)
	block := regexp.MustCompile(`(?s)\{%-? (if|unless|for)\b.*?%\}(.*?)\{%-? end(if|unless|for) -?%\}`)
	prints := regexp.MustCompile(`\{% (content|recommend) .*?%\}`)
	tag := regexp.MustCompile(`\{%.*?%\}`)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			html, err := os.ReadFile(path)
			require.NoError(t, err)
			text := FromHTML(string(html))
			require.NotContains(t, text, "<!--")
			require.NotContains(t, text, "</")
			text = prints.ReplaceAllString(text, "printed")
			require.NotContains(t, strings.TrimSpace(tag.ReplaceAllString(text, "")), "\n\n\n\n", text)
			if filepath.Base(path) != "liquid.html" { // of which hardly anything is left
				require.NotContains(t, strings.TrimSpace(block.ReplaceAllString(text, "")), "\n\n\n\n", text)
			}
		})
	}
}

func FuzzFromHTML(f *testing.F) {
	paths, _ := filepath.Glob("../mjml/testdata/*.html")
	for _, path := range paths {
		html, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(html))
	}
	for _, html := range []string{"{% raw %}", "{% capture a %}{% capture b %}{% endcapture %}", "<a href=x><a>", "<ul><li><blockquote><pre>", "<table><td>{{ a }}<tr>"} {
		f.Add(html)
	}
	output := regexp.MustCompile(`\{\{[a-z ]*\}\}`)
	f.Fuzz(func(t *testing.T, html string) {
		text := FromHTML(html)
		require.False(t, strings.HasSuffix(text, "\n"))
		if strings.ContainsAny(html, "<&") || strings.Contains(html, "{%") {
			return
		}
		for _, o := range output.FindAllString(html, -1) {
			require.Contains(t, text, o)
		}
	})
}

func BenchmarkFromHTML(b *testing.B) {
	html, err := os.ReadFile("../mjml/testdata/newsletter.html")
	require.NoError(b, err)
	b.SetBytes(int64(len(html)))
	for b.Loop() {
		FromHTML(string(html))
	}
}
