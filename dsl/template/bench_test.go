package template

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mail is a page of 8 KB that does all that mails do: it prints some sixty values,
// among them lists, dates and money.
func mail(t testing.TB) string {
	t.Helper()
	src, err := os.ReadFile("testdata/mail.html")
	require.NoError(t, err)
	return string(src)
}

func TestMail(t *testing.T) {
	data := ada()
	hero := compiled(t, `<tr><td><a href="https://crumb.example/hero?p={{ profile.id }}">For {{ profile.first_name }}</a></td></tr>`, HTML)
	data.Content = func(string) *Template { return hero }
	golden(t, "testdata/mail.golden.html", rendered(t, mail(t), HTML, data))
	data.Locale = "de"
	data.Link = func(url string, n int) string { return "https://t.example/" + strings.Repeat("x", n+1) }
	data.Tail = `<img src="https://t.example/o.gif" alt="">`
	golden(t, "testdata/mail.de.golden.html", rendered(t, mail(t), HTML, data))
}

// plain is a page of 8 KB with 21 values: names, attributes, links, conditions.
func plain() string {
	var b strings.Builder
	b.WriteString("<html><body>")
	for i := range 20 {
		b.WriteString("<p>" + strings.Repeat("Flour, water, salt and time: nothing else goes into our sourdough. ", 6) + "</p>")
		b.WriteString([...]string{
			`<b>{{ profile.first_name }}</b>`, `<b title="{{ profile.email }}">x</b>`,
			`<a href="https://crumb.example/?q={{ profile.id }}">x</a>`, `{% if segment.vip %}{{ week.loaf | default: "rye" }}{% endif %}`,
		}[i%4])
	}
	return b.String() + `<a href="{{ unsubscribe_url }}">out</a></body></html>`
}

// TestAllocations guards what a mail costs: with a buffer, next to nothing.
func TestAllocations(t *testing.T) {
	for src, limit := range map[string]float64{plain(): 0, mail(t): 2} {
		tmpl, data, buf := compiled(t, src, HTML), ada(), make([]byte, 0, 16<<10)
		require.GreaterOrEqual(t, len(src), 8<<10)
		require.LessOrEqual(t, testing.AllocsPerRun(200, func() {
			if _, err := tmpl.Render(buf, data); err != nil {
				t.Error(err)
			}
		}), limit)
	}
}

func BenchmarkRender(b *testing.B) {
	for name, src := range map[string]string{"plain": plain(), "rich": mail(b)} {
		b.Run(name, func(b *testing.B) {
			tmpl, data, buf := compiled(b, src, HTML), ada(), make([]byte, 0, 16<<10)
			out, _ := tmpl.Render(buf, data)
			b.SetBytes(int64(len(out)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tmpl.Render(buf, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRenderSubject(b *testing.B) {
	tmpl, data, buf := compiled(b, "{{ profile.first_name }}, this week's loaf is {{ week.loaf | default: 'rye' }}", Header), ada(), make([]byte, 0, 1<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Render(buf, data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckMail(b *testing.B) {
	src := mail(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if tmpl, _ := Check(src, HTML, bakery); tmpl == nil {
			b.Fatal("the mail has problems")
		}
	}
}
