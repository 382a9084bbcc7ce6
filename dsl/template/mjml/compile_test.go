package mjml

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOptions(t *testing.T) {
	res, problems := Compile([]byte(column(`<mj-image src="a" alt="" padding="0"/>`)),
		Options{Width: 500, Language: "de", Title: "Brot & {{ x }}", Preview: "Warm"})
	require.Empty(t, problems)
	require.Equal(t, "Brot & {{ x }}", res.Title)
	require.Equal(t, "Warm", res.Preview)
	for _, want := range []string{`<html lang="de" dir="auto"`, "<title>Brot & {{ x }}</title>", `max-width:500px`, `width="500"`, ">Warm</div>", `aria-label="Brot & {{ x }}"`} {
		require.Contains(t, res.HTML, want)
	}
	res, _ = Compile([]byte(`<mjml lang="fr" dir="ltr"><mj-head><mj-title>Pain</mj-title></mj-head><mj-body width="400px"></mj-body></mjml>`),
		Options{Width: 500, Language: "de", Title: "Brot"})
	require.Equal(t, "Pain", res.Title)
	require.Contains(t, res.HTML, `<html lang="fr" dir="ltr"`)
}

func TestSlots(t *testing.T) {
	src := body(`{% content a %}<mj-wrapper padding="0 50px">{% content b %}</mj-wrapper><mj-section>{% content c %}` +
		`<mj-column padding="10px">{% if x %}{% content d %}{% endif %}<mj-text>Hi {{ y }} {%- content e -%}</mj-text></mj-column></mj-section>`)
	res, problems := Compile([]byte(src), Options{})
	require.Empty(t, problems)
	want := []Slot{
		{Tag: "{% content a %}", Parent: "mj-body", Width: 600},
		{Tag: "{% content b %}", Parent: "mj-wrapper", Width: 500},
		{Tag: "{% content c %}", Parent: "mj-section", Width: 600},
		{Tag: "{% content d %}", Parent: "mj-column", Width: 580},
		{Tag: "{%- content e -%}", Parent: "mj-text", Width: 580},
	}
	require.Len(t, res.Slots, len(want))
	for i, slot := range res.Slots {
		require.Equal(t, "content", slot.Name)
		require.Equal(t, slot.Tag, src[slot.Offset:slot.Offset+slot.Length])
		slot.Name, slot.Offset, slot.Length, slot.frame, slot.wrap, slot.head = "", 0, 0, frame{}, nil, nil
		require.Equal(t, want[i], slot)
	}
}

// TestFragmentsFit puts fragments where their tags stand, and expects what comes
// of the whole document.
func TestFragmentsFit(t *testing.T) {
	const heads = `<mj-head><mj-attributes><mj-all font-family="Lato"/><mj-class name="big" font-size="30px"/></mj-attributes>` +
		`<mj-style inline="inline">b { color: red; }</mj-style></mj-head>`
	for name, test := range map[string]struct{ document, fragment string }{
		"sections": {`<mj-section></mj-section>SLOT`, `<mj-section><mj-column width="40%"><mj-text mj-class="big"><b>A</b></mj-text></mj-column></mj-section>`},
		"wrapper":  {`<mj-wrapper gap="10px" padding="0 20px"><mj-section></mj-section>SLOT</mj-wrapper>`, `<mj-section><mj-column></mj-column></mj-section>`},
		"hero":     {`SLOT`, `<mj-hero height="100px"><mj-text>A</mj-text></mj-hero>`},
		"column":   {`<mj-section>SLOT</mj-section>`, `<mj-column></mj-column><mj-column></mj-column>`},
		"group":    {`<mj-section><mj-group width="50%">SLOT</mj-group></mj-section>`, `<mj-column></mj-column><mj-column></mj-column>`},
		"row":      {`<mj-section><mj-column padding="5px"><mj-spacer/>SLOT</mj-column></mj-section>`, `<mj-image src="a" alt="" fluid-on-mobile="true"/>{% if a %}<mj-text>A</mj-text>{% endif %}`},
		"social":   {`<mj-section><mj-column><mj-social align="left" color="red">SLOT</mj-social></mj-column></mj-section>`, `<mj-social-element name="web" href="b">A</mj-social-element>`},
		"navbar":   {`<mj-section><mj-column><mj-navbar base-url="https://a">SLOT</mj-navbar></mj-column></mj-section>`, `<mj-navbar-link href="/b">A</mj-navbar-link>`},
		"text":     {`<mj-section><mj-column><mj-text>A SLOT C</mj-text></mj-column></mj-section>`, `<b>B</b> {{ x }}`},
	} {
		t.Run(name, func(t *testing.T) {
			document := func(middle string) []byte {
				return []byte("<mjml>" + heads + "<mj-body>" + strings.Replace(test.document, "SLOT", middle, 1) + "</mj-body></mjml>")
			}
			whole, problems := Compile(document(test.fragment), Options{})
			require.Empty(t, problems)
			res, problems := Compile(document("{% content x %}"), Options{})
			require.Empty(t, problems)
			require.Len(t, res.Slots, 1)
			f, problems := CompileFragment([]byte(test.fragment), Options{Slot: &res.Slots[0]})
			require.Empty(t, problems)
			before := res.HTML
			put := strings.Replace(res.With(f).HTML, "{% content x %}", f.HTML, 1)
			require.Equal(t, squeezed(whole.HTML), squeezed(put))
			require.Equal(t, before, res.HTML)
		})
	}
}

// squeezed is HTML without line breaks and without the seams of comments for
// Outlook.
func squeezed(html string) string {
	return strings.ReplaceAll(strings.ReplaceAll(html, "\n", ""), "<![endif]--><!--[if mso | IE]>", "")
}

func TestFragmentWithoutSlot(t *testing.T) {
	for src, want := range map[string]string{
		`<mj-section><mj-column></mj-column></mj-section>`: "<!--[if mso | IE]><table",
		`<mj-column></mj-column>`:                          "<!--[if mso | IE]><td",
		`{% if a %}<mj-spacer/>{% endif %}`:                "{% if a %}\n<tr><td",
		`<b>A</b> {{ b }}`:                                 "<b>A</b> {{ b }}",
		`<mj-raw><hr></mj-raw>`:                            "<hr>\n",
	} {
		f, problems := CompileFragment([]byte(src), Options{Width: 300})
		require.Empty(t, problems)
		require.True(t, strings.HasPrefix(f.HTML, want), f.HTML)
	}
	f, _ := CompileFragment([]byte(`<mj-image src="a" alt="" padding="0"/>`), Options{Width: 300})
	require.Contains(t, f.HTML, `width="300"`)
	f, _ = CompileFragment([]byte(`<mj-image src="a" alt="" padding="0"/>`), Options{Slot: &Slot{Parent: "mj-column", Width: 200}})
	require.Contains(t, f.HTML, `width="200"`)
}

func TestFragmentProblems(t *testing.T) {
	inText := &Slot{Parent: "mj-text"}
	for name, test := range map[string]struct {
		src  string
		slot *Slot
		want string
	}{
		"a document":         {body(""), nil, CodeNesting},
		"mixed":              {`<mj-section></mj-section><mj-text>A</mj-text>`, nil, CodeNesting},
		"elsewhere":          {`<mj-section></mj-section>`, &Slot{Parent: "mj-column"}, CodeNesting},
		"component in text":  {`A <mj-text>B</mj-text>`, inText, CodeNesting},
		"unknown":            {`<mj-txet>B</mj-txet>`, nil, CodeUnknownComponent},
		"unbalanced":         {`{% if a %}`, nil, CodeLiquidBalance},
		"unbalanced in text": {`{% if a %}`, inText, CodeLiquidBalance},
		"text beside":        {`<mj-text>A</mj-text> B`, nil, CodeText},
		"text between rows":  {`<b>A</b>`, &Slot{Parent: "mj-column"}, CodeUnknownComponent},
		"large":              {strings.Repeat("a", MaxSize+1), inText, CodeTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := CompileFragment([]byte(test.src), Options{Slot: test.slot})
			require.True(t, hasCode(problems, test.want), "%+v", problems)
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	src := read(b, "testdata/newsletter.mjml")
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		Compile(src, Options{})
	}
}
