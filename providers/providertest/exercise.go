package providertest

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/providers/provider"
)

// soon is how fast a provider must notice that it was told to stop.
const soon = 5 * time.Second

// Exercise tests a provider against the whole contract.
func Exercise(t *testing.T, h Harness) {
	t.Run("kind", func(t *testing.T) { kind(t, h) })
	t.Run("delivers", func(t *testing.T) { delivers(t, h) })
	t.Run("keeps the words", func(t *testing.T) { keepsWords(t, h) })
	t.Run("refuses injection", func(t *testing.T) { refusesInjection(t, h) })
	t.Run("same key", func(t *testing.T) { sameKey(t, h) })
	t.Run("classes", func(t *testing.T) { classes(t, h) })
	t.Run("cancellation", func(t *testing.T) { cancellation(t, h) })
	t.Run("64 at once", func(t *testing.T) { atOnce(t, h) })
	t.Run("close", func(t *testing.T) { closes(t, h) })
}

// Message is a message like those that herald sends, whose Key is made of a name.
func Message(name string) *provider.Message {
	return &provider.Message{
		Key: "key-" + name, Domain: "bakery.example",
		From:    mail.Address{Name: "The Daily Crumb", Address: "hello@bakery.example"},
		ReplyTo: &mail.Address{Address: "shop@bakery.example"},
		To:      mail.Address{Address: name + "@people.example"},
		Subject: "Your rye is still warm",
		Headers: []provider.Header{
			{Name: "List-Unsubscribe", Value: "<https://mail.bakery.example/u/" + name + ">"},
			{Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click"},
		},
		HTML: "<!doctype html><p>Your <b>rye</b> is still warm.</p>",
		Text: "Your rye is still warm.\n",
		Date: time.Date(2026, 12, 3, 8, 0, 0, 0, time.UTC),
	}
}

// deliver delivers a message that must be taken.
func deliver(t *testing.T, s Side, m *provider.Message) {
	t.Helper()
	_, err := s.Provider.Deliver(t.Context(), m)
	require.NoError(t, err)
}

// one is the only message that the other side has.
func one(t *testing.T, s Side) Received {
	t.Helper()
	got := s.Received()
	require.Len(t, got, 1)
	return got[0]
}

// fault is what an error says; each must be a *provider.Error that names nobody.
func fault(t *testing.T, m *provider.Message, err error) *provider.Error {
	t.Helper()
	require.Error(t, err)
	var e *provider.Error
	require.True(t, errors.As(err, &e), "errors are *provider.Error: %v", err)
	require.Error(t, e.Err)
	local, _, _ := strings.Cut(m.To.Address, "@")
	require.NotContains(t, err.Error(), local, "errors are logged: they must not name the recipient")
	return e
}

func kind(t *testing.T, h Harness) {
	require.NotEmpty(t, h.Kind.Source)
	require.NotEmpty(t, h.Kind.Capabilities.Channels)
	require.NotNil(t, h.Kind.New)
	require.NotNil(t, h.Kind.Schema)
	require.NotEmpty(t, h.Kind.Schema.Doc)
	for _, a := range h.Kind.Schema.Attributes {
		require.NotEmpty(t, a.Doc, "the attribute %s needs a description", a.Name)
		require.False(t, strings.Contains(a.Name, "password") && !a.Sensitive, "%s is a secret", a.Name)
	}
	_, err := h.Kind.New(t.Context(), provider.Config{Values: map[string]any{"connections": "many", "host": 7.0}})
	require.Error(t, err, "values of other types than the schema's are refused")
}

func delivers(t *testing.T, h Harness) {
	s := h.Open(t)
	m := Message("ada")
	deliver(t, s, m)
	got := one(t, s)
	require.Equal(t, "<key-ada@bakery.example>", got.MessageID)
	require.Equal(t, m.From, got.From)
	require.Equal(t, m.To, got.To)
	require.Equal(t, m.ReplyTo.Address, got.ReplyTo)
	require.Equal(t, m.Subject, got.Subject)
	require.Equal(t, m.HTML, got.HTML)
	require.Equal(t, m.Text, unix(got.Text))
	for _, h := range m.Headers {
		require.Equal(t, h.Value, got.Header(h.Name))
	}
	bob := Message("bob")
	bob.HTML = ""
	deliver(t, s, bob)
	require.Len(t, s.Received(), 2)
	for _, got := range s.Received() {
		if got.To == bob.To {
			require.Empty(t, got.HTML)
			require.Equal(t, bob.Text, unix(got.Text))
		}
	}
}

// unix brings the line breaks that travel to those that were written.
func unix(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

func keepsWords(t *testing.T, h Harness) {
	long := strings.Repeat("Brötchen, frisch & warm; ", 400)
	for name, text := range map[string]string{
		"UTF-8":                "Grüße 🥐 Прывітанне こんにちは\n",
		"long lines":           long + "\n" + long + "\n",
		"one very long word":   strings.Repeat("x", 50_000) + "\n",
		"dots":                 ".\n..\n.leading\n\n.\n",
		"white space":          "  two spaces  \n\ttab\t\n \n",
		"equals signs":         "a=3D b= =\n=20\n",
		"boundary look-alike":  "--=_0\n--\n",
		"From at a line start": "From here\n>From there\n",
		"no last line break":   "end",
		"empty":                "",
	} {
		t.Run(name, func(t *testing.T) {
			s := h.Open(t)
			m := Message("ada")
			m.Text, m.HTML = text, "<pre>"+text+"</pre>"
			m.Subject = subjectOf(text)
			m.From.Name = "Bäckerei „Krume“, Mitte"
			deliver(t, s, m)
			got := one(t, s)
			require.Equal(t, m.HTML, unix(got.HTML))
			require.Equal(t, text, unix(got.Text))
			require.Equal(t, m.Subject, got.Subject)
			require.Equal(t, m.From, got.From)
		})
	}
}

// subjectOf makes a subject of the first line of a text.
func subjectOf(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	line = strings.ToValidUTF8(line[:min(len(line), 900)], "")
	return strings.TrimSpace(strings.ReplaceAll(line, "\t", " "))
}

func refusesInjection(t *testing.T, h Harness) {
	for name, spoil := range map[string]func(*provider.Message){
		"subject":      func(m *provider.Message) { m.Subject = "Hi\r\nBcc: eve@example.com" },
		"name":         func(m *provider.Message) { m.From.Name = "Crumb\nBcc: eve@example.com" },
		"recipient":    func(m *provider.Message) { m.To.Address = "ada@people.example>\r\nRCPT TO:<eve@example.com" },
		"header":       func(m *provider.Message) { m.Headers[0].Value = "x\r\n\r\nbody" },
		"header name":  func(m *provider.Message) { m.Headers[0].Name = "Bcc: eve@example.com\r\nX" },
		"key":          func(m *provider.Message) { m.Key = "a>\r\nBcc: eve@example.com" },
		"no recipient": func(m *provider.Message) { m.To.Address = "" },
	} {
		t.Run(name, func(t *testing.T) {
			s := h.Open(t)
			m := Message("ada")
			spoil(m)
			_, err := s.Provider.Deliver(t.Context(), m)
			require.Equal(t, provider.Permanent, fault(t, Message("ada"), err).Class)
			require.Empty(t, s.Received())
			deliver(t, s, Message("bob"))
			require.Equal(t, "bob@people.example", one(t, s).To.Address, "one bad message does not spoil the next")
		})
	}
}

func sameKey(t *testing.T, h Harness) {
	s := h.Open(t)
	first, second, other := Message("ada"), Message("ada"), Message("ada")
	second.Date = second.Date.Add(time.Hour)
	other.Key = "other"
	deliver(t, s, first)
	deliver(t, s, second)
	deliver(t, s, other)
	count := map[string]int{}
	for _, got := range s.Received() {
		count[got.MessageID]++
	}
	want := map[string]int{"<key-ada@bakery.example>": 2, "<other@bakery.example>": 1}
	if h.Kind.Capabilities.Deduplicates {
		want["<key-ada@bakery.example>"] = 1
	}
	require.Equal(t, want, count)
}

func classes(t *testing.T, h Harness) {
	for _, c := range []struct {
		behaviour  Behaviour
		class      provider.Class
		badAddress bool
	}{
		{RefuseAddress, provider.Permanent, true},
		{RefuseMessage, provider.Permanent, false},
		{RefuseNow, provider.Transient, false},
		{Throttle, provider.Throttled, false},
		{VanishBefore, provider.Transient, false},
		{VanishAfter, provider.Unknown, false},
	} {
		t.Run(string(c.behaviour), func(t *testing.T) {
			s := h.Open(t)
			behave(t, s, c.behaviour)
			m := Message("ada")
			_, err := s.Provider.Deliver(t.Context(), m)
			e := fault(t, m, err)
			require.Equal(t, c.class, e.Class, "%v", err)
			require.Equal(t, c.badAddress, e.BadAddress, "%v", err)
			behave(t, s, Take)
			require.Eventually(t, func() bool {
				_, err := s.Provider.Deliver(t.Context(), Message("bob"))
				return err == nil
			}, 2*soon, 50*time.Millisecond, "the provider recovers with its other side")
		})
	}
}

// behave makes the other side behave, or skips the test.
func behave(t *testing.T, s Side, b Behaviour) {
	t.Helper()
	if s.Behave == nil || !s.Behave(b) {
		t.Skipf("the other side cannot be made to %s", b)
	}
}

func cancellation(t *testing.T, h Harness) {
	t.Run("before", func(t *testing.T) {
		s := h.Open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		m := Message("ada")
		_, err := s.Provider.Deliver(ctx, m)
		require.Equal(t, provider.Transient, fault(t, m, err).Class)
		require.Empty(t, s.Received())
	})
	t.Run("while the other side hangs", func(t *testing.T) {
		s := h.Open(t)
		behave(t, s, Hang)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		m := Message("ada")
		began := time.Now()
		_, err := s.Provider.Deliver(ctx, m)
		require.Less(t, time.Since(began), soon)
		class := fault(t, m, err).Class
		require.Contains(t, []provider.Class{provider.Transient, provider.Unknown}, class)
		behave(t, s, Take)
		deliver(t, s, Message("bob"))
	})
}

func atOnce(t *testing.T, h Harness) {
	s := h.Open(t)
	var group sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		group.Go(func() { _, errs[i] = s.Provider.Deliver(t.Context(), Message(fmt.Sprintf("person%d", i))) })
	}
	group.Wait()
	require.NoError(t, errors.Join(errs...))
	count := map[string]int{}
	for _, got := range s.Received() {
		count[got.To.Address]++
		require.Equal(t, "<key-"+strings.TrimSuffix(got.To.Address, "@people.example")+"@bakery.example>", got.MessageID)
		require.Equal(t, Message("x").HTML, got.HTML)
	}
	require.Len(t, count, 64)
	for address, n := range count {
		require.Equal(t, 1, n, address)
	}
}

func closes(t *testing.T, h Harness) {
	s := h.Open(t)
	deliver(t, s, Message("ada"))
	require.NoError(t, s.Provider.Close())
	require.NoError(t, s.Provider.Close(), "closing again is no harm")
	m := Message("bob")
	_, err := s.Provider.Deliver(t.Context(), m)
	require.Equal(t, provider.Transient, fault(t, m, err).Class)
	require.Len(t, s.Received(), 1)
}
