package delivery_test

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/providers/provider"
	"github.com/herald-campaigns/herald/providers/smtp"
)

func TestProvidersAreOpenedOnceAndReplaced(t *testing.T) {
	w := newWorld(t)
	d := w.delivery("w1")
	send := func(id, email string) {
		got, err := d.Send(t.Context(), w.enrol(id, w.person(email, loaf)))
		require.NoError(t, err)
		require.Equal(t, journey.Members{0}, got.Sent)
	}
	require.Empty(t, w.post.opened, "not before it is needed")
	send("1", "ada@example.com")
	send("2", "bob@example.com")
	require.Len(t, w.post.opened, 1)
	require.Equal(t, "s3cret", w.post.opened[0].Values["password"])
	require.Equal(t, w.dir, w.post.opened[0].DataDir)

	w.apply(replace(bakery(), &campaign.Provider{Name: "post", Source: "test/post", Config: map[string]any{"host": "y"}})...)
	send("3", "eve@example.com")
	require.Len(t, w.post.opened, 2)
	require.Equal(t, "y", w.post.opened[1].Values["host"])
	require.Eventually(t, func() bool {
		w.post.mu.Lock()
		defer w.post.mu.Unlock()
		return w.post.closed == 1
	}, time.Second, time.Millisecond)
}

func TestSecretsThatAreMissing(t *testing.T) {
	w := newWorld(t, replace(bakery(), &campaign.Provider{Name: "post", Source: "test/post", Config: map[string]any{"password": campaign.Secret{Env: "NOPE"}}})...)
	q := w.enrol("1", w.person("ada@example.com", loaf))
	_, err := w.delivery("w1").Send(t.Context(), q)
	require.ErrorContains(t, err, "provider post: password: unset")
	require.Empty(t, w.sends(q.Cohort, q.Members), "the request is made again; nothing was begun")
}

func TestKindsThatAreMissing(t *testing.T) {
	w := newWorld(t, replace(bakery(), &campaign.Provider{Name: "post", Source: "registry/brevo"})...)
	_, err := w.delivery("w1").Send(t.Context(), w.enrol("1", w.person("ada@example.com", loaf)))
	require.ErrorContains(t, err, `no provider "registry/brevo"`)
	w.kinds = w.kinds[1:]
	_, err = delivery.New(delivery.Config{Store: w.store, Live: w.live, Links: w.links, Kinds: w.kinds, DataDir: w.dir, Owner: "x"})
	require.ErrorContains(t, err, provider.Mailbox)
	_, err = delivery.New(delivery.Config{})
	require.Error(t, err)
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	w := newWorld(t)
	d := w.delivery("w1")
	q := w.enrol("1", w.person("ada@example.com", loaf))
	for name, spoil := range map[string]func(*journey.SendRequest){
		"no such step":       func(q *journey.SendRequest) { q.Step = "nope" },
		"a step that waits":  func(q *journey.SendRequest) { q.Step = "pause" },
		"no such definition": func(q *journey.SendRequest) { q.Definition = "feed" },
	} {
		bad := q
		spoil(&bad)
		_, err := d.Send(t.Context(), bad)
		require.Error(t, err, name)
	}
	got, err := d.Send(t.Context(), journey.SendRequest{Cohort: q.Cohort, Definition: q.Definition, Step: q.Step})
	require.NoError(t, err)
	require.Equal(t, journey.SendResult{At: noon}, got)
	q.Members = journey.MembersOf(0, 7)
	got, err = d.Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.SendResult{At: noon, Sent: journey.Members{0}, Gone: journey.Members{7}}, got)
	_, err = d.Broadcast(t.Context(), journey.BroadcastRequest{Run: "nope"})
	require.ErrorIs(t, err, store.ErrNotFound)
}

// TestHostileData sends what people could have typed into a form.
func TestHostileData(t *testing.T) {
	for name, text := range map[string]string{
		"a line break":   "Ada\r\nBcc: eve@example.com",
		"markup":         `"><script>alert(1)</script><img src=x onerror=alert(1)>`,
		"liquid":         "{{ profile.email }}{% content hero %}",
		"controls":       "\x00\x07\x1b[31m",
		"broken UTF-8":   "\xff\xfe Ada",
		"very long":      strings.Repeat("Ada ", 20_000),
		"right to left":  "\u202eadA",
		"an end of mail": "\r\n.\r\nMAIL FROM:<eve@example.com>\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t)
			w := newWorld(t, bySMTP(r.port, 1)...)
			w.kinds = append(w.kinds, smtp.Kind())
			q := w.enrol("1", w.person("ada@example.com", map[string]any{"first_name": text, "loaf": text}))
			got, err := w.delivery("w1").Send(t.Context(), q)
			require.NoError(t, err)
			if len(got.Withheld) == 1 || len(got.Failed) == 1 {
				require.Empty(t, r.mails(t))
				return
			}
			require.Equal(t, journey.Members{0}, got.Sent)
			require.Len(t, r.mails(t), 1)
			m := r.mails(t)[0]
			require.Equal(t, mail.Address{Address: "ada@example.com"}, m.To)
			require.Empty(t, m.Header("Bcc"))
			require.NotContains(t, m.HTML, "<script")
			require.NotContains(t, m.HTML, "<img src=x")
			require.NotContains(t, m.Subject, "ada@example.com")
			require.False(t, strings.ContainsAny(m.Subject, "\r\n\x00"))
		})
	}
}

func TestLogsNameNobody(t *testing.T) {
	w := newWorld(t)
	people := []int64{w.person("ada.lovelace@example.com", map[string]any{"first_name": "Augusta", "loaf": "rye"}), nobody(w, "byron@example.com")}
	for i, e := range []provider.Error{
		{Class: provider.Permanent, Code: "550 5.1.1"}, {Class: provider.Transient}, {Class: provider.Throttled}, {Class: provider.Unknown},
	} {
		w.post.answers(refuse(e))
		_, err := w.delivery("w1").Send(t.Context(), w.enrol(string(rune('a'+i)), people...))
		require.NoError(t, err)
	}
	big := w.person("big@example.com", map[string]any{"first_name": "Augusta", "loaf": strings.Repeat("rye ", 1<<20)})
	_, err := w.delivery("w1").Send(t.Context(), w.enrol("z", big))
	require.NoError(t, err)
	logged := w.log.String()
	require.Contains(t, logged, "a message was not taken")
	for _, word := range []string{"lovelace", "Augusta", "byron", "big@", "s3cret", "rye"} {
		require.NotContains(t, logged, word)
	}
}

// faulty is a store whose Updates fail when told to.
type faulty struct {
	store.Store
	fail func(n int64) bool
	n    atomic.Int64
}

func (f *faulty) Update(ctx context.Context, do func(store.Tx) error) error {
	if n := f.n.Add(1); f.fail(n) {
		return errors.Join(errors.New("scripted"), store.ErrFull)
	}
	return f.Store.Update(ctx, do)
}

func TestStoreThatFails(t *testing.T) {
	// The Updates of a batch of two in one line: reserve, mark 0, close 0 and mark
	// 1, close 1.
	for name, c := range map[string]struct {
		fail          func(n int64) bool
		sent, unknown int
	}{
		"when reserving":                  {func(n int64) bool { return n == 1 }, 0, 0},
		"when marking":                    {func(n int64) bool { return n == 2 }, 0, 0},
		"when closing, once":              {func(n int64) bool { return n == 3 }, 1, 0},
		"when closing the last, for good": {func(n int64) bool { return n >= 4 }, 1, 1},
		"from the first close on":         {func(n int64) bool { return n >= 3 }, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.post.parallel = 1
			w.kinds[1] = w.post.kind()
			q := w.enrol("1", w.person("ada@example.com", loaf), w.person("bob@example.com", loaf))
			w.tune = func(cfg *delivery.Config) { cfg.Store = &faulty{Store: w.store, fail: c.fail} }
			_, err := w.delivery("w1").Send(t.Context(), q)
			require.ErrorIs(t, err, store.ErrFull)
			handed := len(w.post.messages())

			w.tune = nil
			w.pass(5 * time.Minute)
			got, err := w.delivery("w2").Send(t.Context(), q)
			require.NoError(t, err)
			require.Len(t, got.Unknown, c.unknown, "what was sent and could not be written down is unknown")
			require.Len(t, got.Sent, 2-c.unknown)
			require.Len(t, w.post.messages(), 2, "%d before, and nothing twice", handed)
		})
	}
}

func TestView(t *testing.T) {
	w := newWorld(t)
	ada := w.person("ada@example.com", loaf)
	q, b := w.enrol("1", ada), w.issue("broadcast/weekly/1", ada)
	d := w.delivery("w1")
	_, err := d.Send(t.Context(), q)
	require.NoError(t, err)
	_, err = d.Broadcast(t.Context(), b)
	require.NoError(t, err)
	for _, m := range w.post.messages() {
		var row store.Send
		w.view(func(r store.Reader) (err error) {
			row, err = r.SendByKey(m.Key)
			return err
		})
		page, err := d.View(t.Context(), row.ID)
		require.NoError(t, err)
		require.Equal(t, withoutPixel(t, m.HTML), page)
	}

	rewritten := hello("hello", "news")
	rewritten.HTML = "<p>New words</p>"
	rewritten.Inputs = append(rewritten.Inputs, campaign.Field{Name: "more", Type: campaign.Of(campaign.String)})
	w.apply(replace(bakery(), rewritten)...)
	page, err := d.View(t.Context(), w.sends(q.Cohort, q.Members)[0].ID)
	require.NoError(t, err)
	require.Contains(t, page, "Butter", "as it was written then")
	_, err = d.View(t.Context(), 12345)
	require.ErrorIs(t, err, store.ErrNotFound)

	plain := hello("hello", "news")
	plain.HTML, plain.Blocks, plain.Text = "", nil, "<b>{{ loaf }}</b> {{ unsubscribe_url }}"
	w.apply(replace(bakery(), plain)...)
	late := w.enrol("2", ada)
	_, err = d.Send(t.Context(), late)
	require.NoError(t, err)
	page, err = d.View(t.Context(), w.sends(late.Cohort, late.Members)[0].ID)
	require.NoError(t, err)
	require.Contains(t, page, "&lt;b&gt;rye&lt;/b&gt;")
}

// withoutPixel takes the open pixel out of a page.
func withoutPixel(t *testing.T, html string) string {
	t.Helper()
	before, rest, ok := strings.Cut(html, "<img ")
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, ">")
	require.True(t, ok)
	return before + after
}
