package mime

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/providers/provider"
)

func message() *provider.Message {
	return &provider.Message{
		Key: "3f9c0a", Domain: "bakery.example",
		From: mail.Address{Name: "The Daily Crumb", Address: "hello@bakery.example"},
		To:   mail.Address{Name: "Ada", Address: "ada@example.com"}, Subject: "Your rye is still warm",
		HTML: "<p>Grüße</p>", Text: "Grüße\n", Date: time.Date(2026, 12, 3, 8, 0, 0, 0, time.UTC),
	}
}

func written(t *testing.T, m *provider.Message) (raw string, parsed *mail.Message) {
	t.Helper()
	b, err := Append(nil, m)
	require.NoError(t, err)
	for line := range strings.SplitSeq(string(b), "\r\n") {
		require.LessOrEqual(t, len(line), 998)
		require.NotContains(t, line, "\n")
		require.NotContains(t, line, "\r")
	}
	parsed, err = mail.ReadMessage(strings.NewReader(string(b)))
	require.NoError(t, err)
	return string(b), parsed
}

// parts decodes the bodies of a message by content type.
func parts(t *testing.T, m *mail.Message) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	out := map[string]string{}
	if kind != "multipart/alternative" {
		b, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		require.NoError(t, err)
		out[kind] = string(b)
		return out
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextPart() // decodes quoted-printable
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		require.NoError(t, err)
		b, err := io.ReadAll(p)
		require.NoError(t, err)
		out[kind] = string(b)
	}
}

func TestBothPartsSurvive(t *testing.T) {
	m := message()
	m.Text = "Liebe Ada,\r\n\r\n.leading dot\nFrom here\ntrailing space \nlast" + strings.Repeat("=", 300)
	m.HTML = "<p>" + strings.Repeat("Brötchen und 🥐 ", 600) + "</p>\t"
	raw, parsed := written(t, m)
	for line := range strings.SplitSeq(raw, "\r\n") {
		require.LessOrEqual(t, len(line), 78)
		require.Equal(t, strings.TrimRight(line, " \t"), line, "white space at the end of a line can be lost on the way")
	}
	got := parts(t, parsed)
	require.Equal(t, strings.ReplaceAll(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\n", "\r\n"), got["text/plain"])
	require.Equal(t, m.HTML, got["text/html"])
	id := parsed.Header.Get("Message-ID")
	require.Equal(t, "<3f9c0a@bakery.example>", id)
	date, err := parsed.Header.Date()
	require.NoError(t, err)
	require.True(t, date.Equal(m.Date))
}

func TestTextAlone(t *testing.T) {
	m := message()
	m.HTML = ""
	_, parsed := written(t, m)
	require.Equal(t, map[string]string{"text/plain": "Grüße\r\n"}, parts(t, parsed))
}

func TestSameMessageSameBytes(t *testing.T) {
	a, _ := written(t, message())
	b, _ := written(t, message())
	require.Equal(t, a, b)
	other := message()
	other.Key = "other"
	c, _ := written(t, other)
	require.NotEqual(t, boundaryOf("3f9c0a"), boundaryOf("other"))
	require.NotContains(t, c, boundaryOf("3f9c0a"))
}

func TestHeadersSurvive(t *testing.T) {
	for name, subject := range map[string]string{
		"plain":         "Fresh bread",
		"empty":         "",
		"umlauts":       "Grüße aus der Bäckerei, schönen Sonntag und bis bald im Laden an der Ecke, wo es immer duftet",
		"emoji":         strings.Repeat("🥐", 80),
		"long":          strings.Repeat("bread and butter ", 40) + "end",
		"one long word": strings.Repeat("x", 5000),
		"looks encoded": "=?utf-8?q?=0D=0ABcc:_eve@example.com?=",
		"spaces":        " a  b ",
	} {
		t.Run(name, func(t *testing.T) {
			m := message()
			m.Subject = subject
			m.From.Name = subject
			m.Headers = []provider.Header{{Name: "X-Note", Value: strings.ReplaceAll(subject, strings.Repeat("x", 5000), "x")}}
			raw, parsed := written(t, m)
			head, _, _ := strings.Cut(raw, "\r\n\r\n")
			for line := range strings.SplitSeq(head, "\r\n") {
				require.LessOrEqual(t, len(line), 78)
			}
			got, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
			require.NoError(t, err)
			require.Equal(t, subject, got)
			from, err := mail.ParseAddress(parsed.Header.Get("From"))
			require.NoError(t, err)
			require.Equal(t, mail.Address{Name: strings.TrimSpace(subject), Address: "hello@bakery.example"},
				mail.Address{Name: strings.TrimSpace(from.Name), Address: from.Address})
		})
	}
}

func TestFurtherHeadersStandInOrder(t *testing.T) {
	m := message()
	url := "<https://mail.bakery.example/u/" + strings.Repeat("a", 800) + ">"
	m.Headers = []provider.Header{{Name: "List-Unsubscribe", Value: url}, {Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click"}}
	m.ReplyTo = &mail.Address{Name: `Crumb, "Daily"`, Address: "shop@bakery.example"}
	raw, parsed := written(t, m)
	require.Equal(t, url, parsed.Header.Get("List-Unsubscribe"))
	require.Less(t, strings.Index(raw, "List-Unsubscribe:"), strings.Index(raw, "List-Unsubscribe-Post:"))
	replyTo, err := mail.ParseAddress(parsed.Header.Get("Reply-To"))
	require.NoError(t, err)
	require.Equal(t, m.ReplyTo, replyTo)
}

func TestRefused(t *testing.T) {
	for name, change := range map[string]func(*provider.Message){
		"subject with a line break":  func(m *provider.Message) { m.Subject = "a\r\nBcc: eve@example.com" },
		"subject with NUL":           func(m *provider.Message) { m.Subject = "a\x00b" },
		"name with a line break":     func(m *provider.Message) { m.To.Name = "a\nb" },
		"address with a line break":  func(m *provider.Message) { m.To.Address = "a\r\n@b.example" },
		"address with a unicode gap": func(m *provider.Message) { m.To.Address = "a\u2028b@b.example" },
		"address without a domain":   func(m *provider.Message) { m.To.Address = "ada@" },
		"address without an at":      func(m *provider.Message) { m.To.Address = "ada" },
		"address with an odd domain": func(m *provider.Message) { m.To.Address = "ada@b_.example>" },
		"two dots in the domain":     func(m *provider.Message) { m.To.Address = "ada@b..example" },
		"reply-to":                   func(m *provider.Message) { m.ReplyTo = &mail.Address{Address: "no"} },
		"header with a line break":   func(m *provider.Message) { m.Headers = []provider.Header{{Name: "X-A", Value: "a\nBcc: b"}} },
		"header name with a colon":   func(m *provider.Message) { m.Headers = []provider.Header{{Name: "X-A: b\r\nBcc", Value: "a"}} },
		"a second Subject":           func(m *provider.Message) { m.Headers = []provider.Header{{Name: "subject", Value: "a"}} },
		"a Bcc":                      func(m *provider.Message) { m.Headers = []provider.Header{{Name: "Bcc", Value: "a@b.example"}} },
		"header too long": func(m *provider.Message) {
			m.Headers = []provider.Header{{Name: "X-A", Value: strings.Repeat("a", 2000)}}
		},
		"key with an angle bracket": func(m *provider.Message) { m.Key = "a>b" },
		"no key":                    func(m *provider.Message) { m.Key = "" },
		"no domain":                 func(m *provider.Message) { m.Domain = "" },
		"no date":                   func(m *provider.Message) { m.Date = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			m := message()
			change(m)
			b, err := Append([]byte("before"), m)
			require.Error(t, err)
			require.Equal(t, "before", string(b))
			require.Equal(t, provider.Permanent, provider.Classify(err).Class)
			require.NotContains(t, err.Error(), "eve@example.com")
		})
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		in, out string
		utf8    bool
	}{
		{"ada@example.com", "ada@example.com", false},
		{"a.b+c@sub.example.com", "a.b+c@sub.example.com", false},
		{"ada@bücher.example", "ada@xn--bcher-kva.example", false},
		{"grüße@example.com", "grüße@example.com", true},
		{"foo..bar@docomo.example", `"foo..bar"@docomo.example`, false},
		{`"foo bar"@example.com`, `"foo bar"@example.com`, false},
		{`a"b@example.com`, `"a\"b"@example.com`, false},
		{"a@b@example.com", `"a@b"@example.com`, false},
		{"<ada@example.com", `"<ada"@example.com`, false},
	} {
		out, utf8, err := Address(c.in)
		require.NoError(t, err, c.in)
		require.Equal(t, c.out, out)
		require.Equal(t, c.utf8, utf8)
	}
	for _, bad := range []string{"", "@", "a@", "@b", "a b", "a@b c", "a@-b.example", strings.Repeat("a", 65) + "@b.example",
		"a@" + strings.Repeat("b.", 150) + "example", "a\xff@b.example", "a@b\x00.example", "a@[127.0.0.1]"} {
		_, _, err := Address(bad)
		require.Error(t, err, bad)
	}
}

func TestEnvelope(t *testing.T) {
	m := message()
	m.To.Address = "jörg@example.com"
	e, err := EnvelopeOf(m)
	require.NoError(t, err)
	require.Equal(t, Envelope{"hello@bakery.example", "jörg@example.com", true}, e)
	m.From.Address = "x\r\n"
	_, err = EnvelopeOf(m)
	require.Equal(t, provider.Permanent, provider.Classify(err).Class)
}

func FuzzAppend(f *testing.F) {
	f.Add("Subject", "Name", "ada@example.com", "text \r\n.", "<p>=</p>", "X-A", "b")
	f.Fuzz(func(t *testing.T, subject, name, address, text, html, header, value string) {
		m := message()
		m.Subject, m.To, m.Text, m.HTML = subject, mail.Address{Name: name, Address: address}, text, html
		m.Headers = []provider.Header{{Name: header, Value: value}}
		b, err := Append(nil, m)
		if err != nil {
			return
		}
		for line := range strings.SplitSeq(string(b), "\r\n") {
			require.LessOrEqual(t, len(line), 998)
			require.False(t, strings.ContainsAny(line, "\r\n"))
		}
		parsed, err := mail.ReadMessage(strings.NewReader(string(b)))
		require.NoError(t, err)
		require.LessOrEqual(t, len(parsed.Header), 9)
		require.Len(t, parsed.Header["Subject"], 1)
		got := parts(t, parsed)
		if html != "" {
			require.Equal(t, crlf(html), got["text/html"])
		}
		require.Equal(t, crlf(text), got["text/plain"])
	})
}

func crlf(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.ReplaceAll(s, "\n", "\r\n")
}

// large is a message whose parts make 8 KB.
func large() *provider.Message {
	m := message()
	m.Headers = []provider.Header{
		{Name: "List-Unsubscribe", Value: "<https://mail.bakery.example/u/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA>"},
		{Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click"},
	}
	m.HTML = strings.Repeat(`<td style="padding:0 12px"><a href="https://bakery.example/rye">Roggenbrötchen, frisch & warm</a></td>`+"\n", 64)
	m.Text = strings.Repeat("Roggenbrötchen, frisch & warm: https://bakery.example/rye\n", 25)
	return m
}

func BenchmarkAppend(b *testing.B) {
	m := large()
	var buf []byte
	b.SetBytes(int64(len(m.HTML) + len(m.Text)))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = Append(buf[:0], m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStandardQuotedPrintable(b *testing.B) {
	m := large()
	b.SetBytes(int64(len(m.HTML) + len(m.Text)))
	for b.Loop() {
		w := quotedprintable.NewWriter(io.Discard)
		_, _ = io.WriteString(w, m.HTML)
		_, _ = io.WriteString(w, m.Text)
		_ = w.Close()
	}
}
