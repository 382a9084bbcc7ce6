package mjml

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInlineStyles(t *testing.T) {
	for name, test := range map[string]struct{ css, html, want string }{
		"tag":                {`p { margin: 0 }`, `<p>A</p>`, `<p style="margin:0;">A</p>`},
		"class":              {`.a { color: red }`, `<b class="b a">A</b>`, `<b style="color:red;" class="b a">A</b>`},
		"both":               {`b.a { color: red }`, `<b>A</b><b class=a>B</b>`, `<b>A</b><b style="color:red;" class=a>B</b>`},
		"id":                 {`#a { color: red }`, `<b id='a'>A</b>`, `<b style="color:red;" id='a'>A</b>`},
		"everything":         {`* { color: red }`, `<b><br></b>`, `<b style="color:red;"><br style="color:red;"></b>`},
		"below":              {`.a b { color: red }`, `<p class="a"><i><b>A</b></i></p><b>B</b>`, `<p class="a"><i><b style="color:red;">A</b></i></p><b>B</b>`},
		"right below":        {`.a > b { color: red }`, `<p class="a"><i><b>A</b></i><b>B</b></p>`, `<p class="a"><i><b>A</b></i><b style="color:red;">B</b></p>`},
		"not right below":    {`.a > i b { color: red }`, `<p class="a"><u><i><b>A</b></i></u></p>`, `<p class="a"><u><i><b>A</b></i></u></p>`},
		"own style wins":     {`b { color: red; margin: 0 }`, `<b style="color:blue">A</b>`, `<b style="margin:0;color:blue;">A</b>`},
		"important wins":     {`b { color: red !important }`, `<b style='color:blue;top:0'>A</b>`, `<b style="top:0;color:red;">A</b>`},
		"own important wins": {`b { color: red !important }`, `<b style="color:blue !important">A</b>`, `<b style="color:blue !important;">A</b>`},
		"specificity":        {`.a { color: red } b { color: blue }`, `<b class="a">A</b>`, `<b style="color:red;" class="a">A</b>`},
		"order":              {`.a { color: red } .b { color: blue }`, `<b class="b a">A</b>`, `<b style="color:blue;" class="b a">A</b>`},
		"bare style":         {`b { margin: 0 }`, `<b style=color:red>A</b>`, `<b style="margin:0;color:red;">A</b>`},
		"empty style":        {`b { margin: 0 }`, `<b style>A</b>`, `<b style="margin:0;">A</b>`},
		"in comments":        {`b { margin: 0 }`, `<!--[if mso]><b>A</b><![endif]-->`, `<!--[if mso]><b>A</b><![endif]-->`},
		"beside comments":    {`b { margin: 0 }`, `<!--[if !mso]><!--><b>A</b><!--<![endif]-->`, `<!--[if !mso]><!--><b style="margin:0;">A</b><!--<![endif]-->`},
		"Liquid":             {`b { color: {{ c | default: "a;b" }}; }`, `{% if a <b> c %}<b title="{{ ">" }}">A</b>{% endif %}`, `{% if a <b> c %}<b style="color:{{ c | default: "a;b" }};" title="{{ ">" }}">A</b>{% endif %}`},
		"strings":            {`b { font-family: "A;B", 'C'; background: url(data:x;y) }`, `<b>A</b>`, `<b style="font-family:'A;B', 'C';background:url(data:x;y);">A</b>`},
		"lists":              {`i, b { margin: 0 }`, `<b>A</b>`, `<b style="margin:0;">A</b>`},
	} {
		t.Run(name, func(t *testing.T) {
			rules, rest := parseCSS(test.css)
			require.Empty(t, rest)
			require.Equal(t, test.want, (&Head{inline: rules}).inlined(test.html))
		})
	}
}

func TestStylesThatStay(t *testing.T) {
	for css, want := range map[string]string{
		`@media (max-width:1px) { b { margin: 0 } } i { top: 0 }`: `@media (max-width:1px) { b { margin: 0 } }`,
		`@import url(a.css); i { top: 0 }`:                        `@import url(a.css);`,
		`a:hover { top: 0 }`:                                      `a:hover{ top: 0 }`,
		`a[href] { top: 0 }`:                                      `a[href]{ top: 0 }`,
		`a + b, i { top: 0 }`:                                     `a + b{ top: 0 }`,
		`body { top: 0 }`:                                         `body{ top: 0 }`,
		`> a { top: 0 }`:                                          `> a{ top: 0 }`,
		`{% if a %} b { top: 0 } {% endif %}`:                     `{% if a %} b { top: 0 } {% endif %}`,
		`/* b { top: 0 } */`:                                      ``,
		`b { top: 0`:                                              ``,
		`b`:                                                       `b`,
	} {
		_, rest := parseCSS(css)
		require.Equal(t, want, rest, css)
	}
}

func TestManyRulesStay(t *testing.T) {
	many := strings.Repeat("b { top: 0 }", maxRules+1)
	res, problems := Compile([]byte(head(`<mj-style inline="inline">`+many+`</mj-style>`)), Options{})
	require.Empty(t, problems)
	require.Contains(t, res.HTML, many)
}
