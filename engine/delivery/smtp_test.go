package delivery_test

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
	"github.com/herald-campaigns/herald/providers/mailbox"
	"github.com/herald-campaigns/herald/providers/provider"
	"github.com/herald-campaigns/herald/providers/providertest"
	"github.com/herald-campaigns/herald/providers/smtp"
)

// receiver is a real SMTP server that takes everything.
type receiver struct {
	port int

	mu   sync.Mutex
	raw  [][]byte
	hook func(n int) // called with the number of messages, before the answer
}

// on sets what happens before the answer to a message.
func (r *receiver) on(hook func(n int)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hook = hook
}

func receive(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{}
	s := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return &inbound{r}, nil }))
	s.ErrorLog = log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.port = l.Addr().(*net.TCPAddr).Port
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return r
}

type inbound struct{ r *receiver }

func (*inbound) Mail(string, *gosmtp.MailOptions) error { return nil }
func (*inbound) Rcpt(string, *gosmtp.RcptOptions) error { return nil }
func (*inbound) Reset()                                 {}
func (*inbound) Logout() error                          { return nil }

func (s *inbound) Data(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.raw = append(s.r.raw, raw)
	if s.r.hook != nil {
		s.r.hook(len(s.r.raw))
	}
	return nil
}

func (r *receiver) mails(t testing.TB) []providertest.Received {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []providertest.Received
	for _, raw := range r.raw {
		m, err := providertest.ParseMail(raw)
		require.NoError(t, err)
		out = append(out, m)
	}
	return out
}

// bySMTP is the bakery with a real mail server.
func bySMTP(port, connections int) []campaign.Definition {
	return replace(bakery(), &campaign.Provider{Name: "post", Source: smtp.Source, Config: map[string]any{
		"host": "127.0.0.1", "port": float64(port), "connections": float64(connections),
	}})
}

func TestTheGuard(t *testing.T) {
	people := []string{"ada@example.com", "ada@dailycrumb.example", "BOB@DailyCrumb.Example", "eve@sub.dailycrumb.example",
		"dailycrumb.example@example.com", "tester@elsewhere.example", "other@elsewhere.example", "x@dailycrumb.example.com"}
	for name, c := range map[string]struct {
		env  campaign.Environment
		mail []string // what the mail server gets; nil: everything
	}{
		"no environment":      {campaign.Environment{}, []string{}},
		"deliver = mailbox":   {campaign.Environment{Name: "staging", Deliver: campaign.DeliverMailbox}, []string{}},
		"an unknown word":     {campaign.Environment{Name: "staging", Deliver: "People"}, []string{}},
		"an empty allow list": {campaign.Environment{Name: "staging", Allow: []string{"", "@"}}, []string{}},
		"an allow list": {campaign.Environment{Name: "staging", Allow: []string{"@dailycrumb.example", "Tester@elsewhere.example"}},
			[]string{"ada@dailycrumb.example", "bob@dailycrumb.example", "tester@elsewhere.example"}},
		"deliver = people": {campaign.Environment{Name: "production", Deliver: campaign.DeliverPeople}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t)
			w := newWorld(t, bySMTP(r.port, 4)...)
			w.kinds = append(w.kinds, smtp.Kind())
			w.in(c.env)
			var ids []int64
			for _, p := range people {
				ids = append(ids, w.person(p, loaf))
			}
			q := w.enrol("1", ids...)
			got, err := w.delivery("w1").Send(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, q.Members, got.Sent)
			kept := 0
			for _, row := range w.sends(q.Cohort, q.Members) {
				if row.Provider == provider.Mailbox {
					kept++
				}
			}
			var mailed []string
			for _, m := range r.mails(t) {
				mailed = append(mailed, m.To.Address)
			}
			if c.mail != nil {
				require.ElementsMatch(t, c.mail, mailed)
			} else {
				require.Len(t, mailed, len(people))
			}
			require.Equal(t, len(people)-len(mailed), kept)
			require.Len(t, mailbox.Open(w.dir).Since(""), kept)
		})
	}
}

func TestTheGuardOpensNoProviderThatLeaves(t *testing.T) {
	w := newWorld(t)
	w.in(campaign.Environment{Name: "staging"})
	q := w.enrol("1", w.person("ada@example.com", loaf))
	_, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Empty(t, w.post.opened, "it is not even asked for its secrets")

	w.post.stays = true
	w.kinds[1] = w.post.kind()
	q = w.enrol("2", w.person("bob@example.com", loaf))
	_, err = w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, w.post.messages(), 1, "a provider that stays runs free")
}

func TestTheGuardHoldsWhenAnAddressChanges(t *testing.T) {
	w := newWorld(t)
	w.post.parallel = 1
	w.kinds[1] = w.post.kind()
	w.in(campaign.Environment{Name: "staging", Allow: []string{"@dailycrumb.example"}})
	ada, bob := w.person("ada@dailycrumb.example", loaf), w.person("bob@dailycrumb.example", loaf)
	q := w.enrol("1", ada, bob)
	first := true
	w.post.answers(takeAnd(func() {
		if first {
			first = false
			w.pass(2 * time.Second)
			w.update(func(tx store.Tx) error {
				p, err := tx.Person(bob)
				if err == nil {
					_, err = tx.Identify(store.Person{Key: p.Key, Email: "bob@example.com", UpdatedAt: noon})
				}
				return err
			})
		}
	}))
	d := w.delivery("w1")
	got, err := d.Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0}, got.Sent)
	require.Equal(t, journey.Members{1}, got.Retry[0].Members)
	w.pass(time.Second)
	got, err = d.Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0, 1}, got.Sent)
	require.Len(t, w.post.messages(), 1)
	require.Equal(t, "bob@example.com", mailbox.Open(w.dir).Since("")[0].To)
}

func TestServerThatTimesOutAfterTaking(t *testing.T) {
	r := receive(t)
	r.on(func(int) { time.Sleep(6 * time.Second) })
	defs := bySMTP(r.port, 1)
	for _, d := range defs {
		if p, ok := d.(*campaign.Provider); ok {
			p.Config["timeout"] = "1s"
		}
	}
	w := newWorld(t, defs...)
	w.kinds = append(w.kinds, smtp.Kind())
	q := w.enrol("1", w.person("ada@example.com", loaf))
	d := w.delivery("w1")
	for range 3 {
		got, err := d.Send(t.Context(), q)
		require.NoError(t, err)
		require.Equal(t, journey.Members{0}, got.Unknown)
	}
	require.Len(t, r.mails(t), 1, "it was taken, and is not sent again")
	w.view(func(reader store.Reader) error {
		listed, err := reader.SendsInState(store.Unknown, 0)
		require.Len(t, listed, 1)
		return err
	})
}

// TestKilledWorker is run twice: as the test, and by it as the worker that dies.
func TestKilledWorker(t *testing.T) {
	if dir := os.Getenv("HERALD_TEST_KILLED_WORKER"); dir != "" {
		sendUntilKilled(t, dir)
		return
	}
	for _, connections := range []int{1, 4} {
		t.Run(strconv.Itoa(connections)+" connections", func(t *testing.T) { killWorker(t, connections) })
	}
}

func killWorker(t *testing.T, connections int) {
	r := receive(t)
	w := newWorld(t, bySMTP(r.port, connections)...)
	w.kinds = append(w.kinds, smtp.Kind())
	people := make([]int64, journey.BatchSize)
	for i := range people {
		people[i] = w.person("p"+strconv.Itoa(i)+"@example.com", loaf)
	}
	q := w.enrol("1", people...)

	worker := exec.Command(os.Args[0], "-test.run=^TestKilledWorker$", "-test.count=1")
	worker.Env = append(os.Environ(), "HERALD_TEST_KILLED_WORKER="+w.dir)
	worker.Stderr = os.Stderr
	dead := make(chan struct{})
	require.NoError(t, worker.Start())
	r.on(func(n int) {
		if n == 40 {
			_ = worker.Process.Kill() // it has handed this one over, and does not live to hear it was taken
			_ = worker.Wait()
			close(dead)
		}
	})
	select {
	case <-dead:
	case <-time.After(time.Minute):
		t.Fatal("the worker has not come to its 40th message")
	}
	time.Sleep(200 * time.Millisecond) // what was on its way to the server arrives or is dropped

	w.pass(5 * time.Minute)
	got, err := w.delivery("heir").Send(t.Context(), q)
	require.NoError(t, err)
	require.NotEmpty(t, got.Unknown)
	require.LessOrEqual(t, len(got.Unknown), connections, "only what was being handed over is unknown")
	require.Equal(t, len(people), len(got.Sent)+len(got.Unknown))
	times := map[string]int{}
	for _, m := range r.mails(t) {
		times[m.To.Address]++
	}
	for address, n := range times {
		require.Equal(t, 1, n, address)
	}
	for _, i := range got.Sent {
		require.Equal(t, 1, times["p"+strconv.Itoa(i)+"@example.com"], "what is called sent has arrived")
	}
	if connections == 1 {
		require.Len(t, times, len(people), "the unknown one had been taken")
	}
}

// sendUntilKilled is a worker of its own process.
func sendUntilKilled(t *testing.T, dir string) {
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	require.NoError(t, err)
	h, err := live.Open(t.Context(), s, nil)
	require.NoError(t, err)
	d, err := delivery.New(delivery.Config{
		Store: s, Live: h, Links: signer(t), DataDir: dir, Owner: "killed", Wall: func() time.Time { return noon },
		Kinds: []provider.Kind{mailbox.Kind(), smtp.Kind()}, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	j, err := h.Current().Journey("thanks")
	require.NoError(t, err)
	_, err = d.Send(context.Background(), journey.SendRequest{
		Cohort: journey.CohortID("thanks", "1"), Definition: j.Digest, Step: "hello", Visit: 1, At: noon, Members: journey.Range(0, journey.BatchSize),
	})
	t.Fatal("it was to be killed", err)
}
