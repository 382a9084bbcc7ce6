package mjml

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// body puts sections into a document.
func body(sections string) string { return "<mjml><mj-body>" + sections + "</mj-body></mjml>" }

// column puts components into a document.
func column(components string) string {
	return body("<mj-section><mj-column>" + components + "</mj-column></mj-section>")
}

// head puts head components into a document.
func head(components string) string {
	return "<mjml><mj-head>" + components + "</mj-head><mj-body></mj-body></mjml>"
}

// TestProblems has sources in which «» mark what a problem underlines.
func TestProblems(t *testing.T) {
	for name, test := range map[string]struct {
		src      string
		code     string
		severity Severity
		says     string
		hint     string
	}{
		"unknown component":     {column(`«<mj-txt»>Hello</mj-txt>`), CodeUnknownComponent, Error, "no component mj-txt", "mj-text"},
		"HTML among components": {column(`«<div»><p>Hello</p></div>`), CodeUnknownComponent, Error, "no component div", "mj-raw"},
		"far from any":          {column(`«<mj-wobblyfoo»/>`), CodeUnknownComponent, Error, "mj-wobblyfoo", ""},
		"accordion":             {column(`«<mj-accordion»><mj-accordion-element/></mj-accordion>`), CodeUnsupported, Error, "not supported", ""},
		"html attributes":       {head(`«<mj-html-attributes»><mj-selector path="a"/></mj-html-attributes>`), CodeUnsupported, Error, "mj-attributes", ""},

		"unclosed column":       {body(`<mj-section>«<mj-column»></mj-section>`), CodeUnclosed, Error, "mj-column is not closed", "</mj-column>"},
		"unclosed section":      {`<mjml><mj-body>«<mj-section»></mj-body></mjml>`, CodeUnclosed, Error, "mj-section is not closed", ""},
		"unclosed mjml":         {`«<mjml»><mj-body></mj-body>`, CodeUnclosed, Error, "mjml is not closed", ""},
		"unclosed text":         {column(`«<mj-text»>Hello`), CodeUnclosed, Error, "mj-text is not closed", ""},
		"text, then text":       {column(`«<mj-text»>Hello <mj-text>again</mj-text>`), CodeUnclosed, Error, "mj-text", ""},
		"unclosed tag":          {column(`«<mj-image» src="a.png" alt="" <mj-text></mj-text>`), CodeUnclosed, Error, "has no >", ""},
		"unclosed quote":        {column(`<mj-text «color="»red>Hello</mj-text>`), CodeUnclosed, Error, "no closing quote", ""},
		"unclosed comment":      {`<mjml><mj-body></mj-body></mjml>«<!--» oops`, CodeUnclosed, Error, "no -->", ""},
		"unclosed output":       {column(`<mj-text>Hello «{{» name }</mj-text>`), CodeUnclosed, Error, "has no end", ""},
		"unclosed in attribute": {column(`<mj-text color="«{{» name }">Hello</mj-text>`), CodeUnclosed, Error, "has no end", ""},
		"stray end":             {column(`«</mj-text»>`), CodeStrayEnd, Error, "ends nothing", ""},
		"odd character":         {column(`<mj-text «="x"»>Hello</mj-text>`), CodeSyntax, Error, "cannot stand in a tag", ""},

		"column in body":          {body(`«<mj-column»></mj-column>`), CodeNesting, Error, "mj-column cannot stand in mj-body", "mj-section, mj-group"},
		"text in section":         {body(`<mj-section>«<mj-text»></mj-text></mj-section>`), CodeNesting, Error, "mj-text cannot stand in mj-section", "mj-column"},
		"section in section":      {body(`<mj-section>«<mj-section»></mj-section></mj-section>`), CodeNesting, Error, "mj-section", "mj-wrapper"},
		"image in text":           {column(`<mj-text>A «<mj-image» src="a"/> B</mj-text>`), CodeNesting, Error, "mj-text holds text and HTML", ""},
		"body outside":            {`«<mj-body»></mj-body>`, CodeNesting, Error, "outside of mjml", "mjml"},
		"title in body":           {body(`«<mj-title»></mj-title>`), CodeNesting, Error, "mj-title", "mj-head"},
		"second body":             {`<mjml><mj-body></mj-body>«<mj-body»></mj-body></mjml>`, CodeRepeated, Error, "second mj-body", ""},
		"text outside":            {body(`<mj-section>«Hello you»</mj-section>`), CodeText, Error, "belongs to no component", "mj-text"},
		"text in an image":        {column(`<mj-image src="a" alt="">«text»</mj-image>`), CodeText, Error, "", ""},
		"no body":                 {`«»<mjml></mjml>`, CodeMissingBody, Error, "no mj-body", ""},
		"component in its markup": {column(`<mj-table>«<mj-raw»></mj-raw></mj-table>`), CodeNesting, Error, "mj-table holds", ""},

		"unknown attribute":   {column(`<mj-text «colour»="red">A</mj-text>`), CodeUnknownAttribute, Error, "mj-text has no attribute colour", "color"},
		"none on mj-head":     {`<mjml><mj-head «class»="x"></mj-head><mj-body></mj-body></mjml>`, CodeUnknownAttribute, Error, "", ""},
		"twice":               {column(`<mj-text color="red" «color»="blue">A</mj-text>`), CodeRepeatedAttribute, Warning, "twice", ""},
		"in mj-all":           {head(`<mj-attributes><mj-all «fontfamily»="x"/></mj-attributes>`), CodeUnknownAttribute, Error, "", "font-family"},
		"in mj-class":         {head(`<mj-attributes><mj-class name="a" «sze»="x"/></mj-attributes>`), CodeUnknownAttribute, Error, "", ""},
		"class in attributes": {head(`<mj-attributes><mj-text «mj-class»="a"/></mj-attributes>`), CodeUnknownAttribute, Error, "nothing takes a class", ""},
		"class of a default":  {head(`<mj-attributes><mj-text color="«redd»"/></mj-attributes>`), CodeInvalidValue, Error, "not a colour", ""},
		"width":               {body(`<mj-section><mj-column width="«abc»"></mj-column></mj-section>`), CodeInvalidValue, Error, `width of mj-column is "abc"`, ""},
		"unit":                {column(`<mj-text font-size="«13»">A</mj-text>`), CodeInvalidValue, Error, "length in px", "13px"},
		"too many sides":      {column(`<mj-text padding="«1px 2px 3px 4px 5px»">A</mj-text>`), CodeInvalidValue, Error, "one to four", ""},
		"negative padding":    {column(`<mj-text padding="«-1px»">A</mj-text>`), CodeInvalidValue, Error, "", ""},
		"colour":              {column(`<mj-text color="«#12345»">A</mj-text>`), CodeInvalidValue, Error, "a colour such as", ""},
		"choice":              {column(`<mj-text align="«centre»">A</mj-text>`), CodeInvalidValue, Error, "left, center, right or justify", "center"},
		"empty":               {column(`<mj-text align="«»">A</mj-text>`), CodeInvalidValue, Error, "", ""},
		"unknown network":     {column(`<mj-social><mj-social-element name="«facebok»"/></mj-social>`), CodeInvalidValue, Error, "no icon", "facebook"},

		"no src":          {column(`«<mj-image» alt=""/>`), CodeMissingAttribute, Error, "lacks src", ""},
		"no alt":          {column(`«<mj-image» src="a.png"/>`), CodeMissingAttribute, Warning, "lacks alt", ""},
		"no href":         {column(`«<mj-button»>Go</mj-button>`), CodeMissingAttribute, Warning, "lacks href", ""},
		"no link":         {column(`<mj-navbar>«<mj-navbar-link»>Go</mj-navbar-link></mj-navbar>`), CodeMissingAttribute, Warning, "lacks href", ""},
		"no icon":         {column(`<mj-social>«<mj-social-element»>Go</mj-social-element></mj-social>`), CodeMissingAttribute, Error, "lacks src", ""},
		"no font name":    {head(`«<mj-font» href="a"/>`), CodeMissingAttribute, Error, "lacks name", ""},
		"no class name":   {head(`<mj-attributes>«<mj-class» color="red"/></mj-attributes>`), CodeMissingAttribute, Error, "lacks name", ""},
		"no include path": {body(`«<mj-include» />`), CodeMissingAttribute, Error, "lacks path", ""},
		"unknown class":   {column(`<mj-text mj-class="«big»">A</mj-text>`), CodeUnknownClass, Warning, "defines no class big", ""},
		"include refused": {body(`«<mj-include path="a.mjml" />»`), CodeInclude, Error, "Nothing can be included", ""},
		"include what":    {body(`<mj-include path="«{{ file }}»" />`), CodeLiquidValue, Error, "must be known", ""},

		"Liquid as attribute": {column(`<mj-text «{% if a %}» color="red">A</mj-text>`), CodeLiquid, Error, "between the attributes", "into a value"},
		"Liquid width":        {body(`<mj-section><mj-column width="«{{ w }}»"></mj-column></mj-section>`), CodeLiquidValue, Error, "must be known", "{% if %}"},
		"Liquid padding":      {body(`<mj-section padding="«{{ p }}px»"><mj-column></mj-column></mj-section>`), CodeLiquidValue, Warning, "as if padding were 0", ""},
		"Liquid class":        {column(`<mj-text mj-class="«{{ c }}»">A</mj-text>`), CodeLiquidValue, Error, "must be known", "css-class"},
		"output between":      {column(`«{{ x }}»`), CodeLiquid, Warning, "prints between components", "mj-text"},
		"head by Liquid":      {head(`«{{ x }}»`), CodeLiquid, Error, "the same for everybody", ""},
		"cut by a section":    {body(`<mj-section>«{% if a %}»</mj-section>`), CodeLiquidBalance, Error, "begins a block", ""},
		"ended elsewhere":     {body(`<mj-section>«{% endif %}»</mj-section>`), CodeLiquidBalance, Error, "ends a block", ""},
		"cut by text":         {column(`<mj-text>«{% for a in b %}»</mj-text>`), CodeLiquidBalance, Error, "begins a block", ""},
		"cut by a value":      {column(`<mj-text color="«{% unless a %}»red">A</mj-text>`), CodeLiquidBalance, Error, "", ""},
		"else of nothing":     {column(`<mj-text>«{% else %}»</mj-text>`), CodeLiquidBalance, Error, "belongs to no block", ""},
		"custom block cut":    {column(`<mj-text>«{% endpanel %}»</mj-text>`), CodeLiquidBalance, Error, "", ""},
		"column in a loop":    {body(`<mj-section>{% for a in b %}«<mj-column»></mj-column>{% endfor %}</mj-section>`), CodeLoopWidth, Warning, "", "width"},
	} {
		t.Run(name, func(t *testing.T) {
			src, start, length := unmark(t, test.src)
			_, problems := Compile([]byte(src), Options{})
			require.NotEmpty(t, problems)
			p := problems[0]
			for _, other := range problems {
				if other.Code == test.code {
					p = other
				}
			}
			require.Equal(t, test.code, p.Code, "%+v", problems)
			require.Equal(t, test.severity, p.Severity)
			require.Contains(t, p.Message, test.says)
			require.Contains(t, p.Hint, test.hint)
			require.Equal(t, src[start:start+length], src[p.Offset:p.Offset+p.Length])
			require.Equal(t, start, p.Offset)
			if name != "body outside" {
				require.Len(t, problems, 1, "%+v", problems)
			}
		})
	}
}

// unmark takes the marks out of a source.
func unmark(t *testing.T, marked string) (src string, start, length int) {
	before, rest, ok := strings.Cut(marked, "«")
	require.True(t, ok)
	inside, after, ok := strings.Cut(rest, "»")
	require.True(t, ok)
	return before + inside + after, len(before), len(inside)
}

func TestNoProblems(t *testing.T) {
	for name, src := range map[string]string{
		"declaration":        "<?xml version=\"1.0\"?><!DOCTYPE mjml>" + body(""),
		"upper case":         `<MJML><MJ-BODY></MJ-BODY></MJML>`,
		"zero padding":       column(`<mj-text padding="0 0">A</mj-text>`),
		"rgb":                column(`<mj-text color="rgba(1, 2, 3, .5)">A</mj-text>`),
		"required by class":  strings.Replace(column(`<mj-image mj-class="logo"/>`), "<mj-body>", `<mj-head><mj-attributes><mj-class name="logo" src="a" alt="b"/></mj-attributes></mj-head><mj-body>`, 1),
		"custom block":       column(`<mj-text>{% panel %}A{% endpanel %}</mj-text>`),
		"Liquid comparisons": column(`{% if a < b and "</p>" != c %}<mj-text>A</mj-text>{% endif %}`),
		"quotes in Liquid":   column(`<mj-button href="{{ url | append: "?a=b>c" }}">Go</mj-button>`),
		"end in a comment":   column(`<mj-text>A <!-- </mj-text> --> B</mj-text>`),
		"CDATA":              column(`<mj-text><![CDATA[ </mj-text> ]]></mj-text>`),
		"nested comments":    column(`{% comment %}{% comment %}<mj-oops>{% endcomment %}<mj-oops>{% endcomment %}`),
		"inline comment":     column(`{% # nothing %}`) + `{%- # <mj -%}`,
		"split conditional":  column(`<mj-raw><!--[if mso]><tr></mj-raw><mj-raw></tr><![endif]--></mj-raw>`),
		"assign in the head": head(`{% assign a = 1 %}<mj-title>{% if a %}A{% endif %}</mj-title>`),
		"loop with a width":  body(`<mj-section>{% for a in b %}<mj-column width="50%"></mj-column>{% endfor %}</mj-section>`),
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := Compile([]byte(src), Options{})
			require.Empty(t, problems)
		})
	}
}

func TestBounds(t *testing.T) {
	t.Run("size", func(t *testing.T) {
		_, problems := Compile(make([]byte, MaxSize+1), Options{})
		require.Equal(t, CodeTooLarge, problems[0].Code)
	})
	t.Run("depth", func(t *testing.T) {
		_, problems := Compile([]byte(strings.Repeat("<mj-wrapper>", MaxDepth+1)), Options{})
		require.Equal(t, CodeTooDeep, problems[len(problems)-1].Code)
	})
	t.Run("attributes", func(t *testing.T) {
		_, problems := Compile([]byte("<mjml "+strings.Repeat("a ", maxAttributes+1)+">"), Options{})
		require.True(t, hasCode(problems, CodeTooLarge))
	})
	t.Run("report", func(t *testing.T) {
		_, problems := Compile([]byte(strings.Repeat("<br>", 1000)), Options{})
		require.Len(t, problems, maxProblems)
	})
}

func hasCode(problems []Problem, code string) bool {
	for _, p := range problems {
		if p.Code == code {
			return true
		}
	}
	return false
}

func TestIncludeProblems(t *testing.T) {
	files := map[string]string{
		"loop.mjml":     `<mj-include path="loop.mjml" />`,
		"a/b.mjml":      `<mj-section><mj-include path="../c.mjml" /></mj-section>`,
		"c.mjml":        `<mj-colum></mj-colum>`,
		"grow.mjml":     strings.Repeat(" ", MaxSize/2),
		"document.mjml": `<mjml><mj-head>{{ x }}</mj-head></mjml>`,
	}
	open := func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no such file")
	}
	for path, want := range map[string]Problem{
		"loop.mjml":    {Code: CodeInclude, Message: "loop.mjml includes itself: loop.mjml → loop.mjml", Path: "loop.mjml", Length: 31},
		"a/b.mjml":     {Code: CodeUnknownComponent, Message: "There is no component mj-colum", Hint: "Did you mean mj-column?", Path: "c.mjml", Length: 9},
		"missing.mjml": {Code: CodeInclude, Message: "missing.mjml cannot be included: no such file", Offset: 15, Length: 34},
	} {
		t.Run(path, func(t *testing.T) {
			_, problems := Compile([]byte(body(`<mj-include path="`+path+`" />`)), Options{Include: open})
			require.Equal(t, []Problem{want}, problems)
		})
	}
	_, problems := Compile([]byte(body(strings.Repeat(`<mj-include path="grow.mjml" />`, 3))), Options{Include: open})
	require.True(t, hasCode(problems, CodeTooLarge))
	_, problems = Compile([]byte(body(`<mj-include path="document.mjml" />`)), Options{Include: open})
	require.Len(t, problems, 1)
	require.Equal(t, CodeLiquid, problems[0].Code)
}
