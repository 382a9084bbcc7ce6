package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
	"github.com/herald-campaigns/herald/internal/sibling"
	"github.com/herald-campaigns/herald/workflows"
)

// receiver is a real SMTP server that keeps the Message-ID of what it took.
type receiver struct {
	addr string

	mu    sync.Mutex
	taken map[string]int // Message-ID → how often
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{taken: map[string]int{}}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{r: r}, nil }))
	srv.Domain, srv.AllowInsecureAuth = "localhost", true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.addr = l.Addr().String()
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return r
}

func (r *receiver) total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, times := range r.taken {
		n += times
	}
	return n
}

type session struct{ r *receiver }

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }

func (s *session) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	time.Sleep(5 * time.Millisecond) // a server that takes its time gives kills something to hit
	for line := range strings.Lines(string(body)) {
		if id, ok := strings.CutPrefix(line, "Message-ID: "); ok {
			s.r.mu.Lock()
			s.r.taken[strings.Trim(strings.TrimSpace(id), "<>")]++
			s.r.mu.Unlock()
			return nil
		}
	}
	return fmt.Errorf("a mail without Message-ID")
}

const crashProject = `
herald { name = "crash" }
environment "production" { deliver = "people" }
provider "smtp" {
  host = "%s"
  port = %s
  tls  = "none"
}
profile {
  attribute "first_name" {
    type    = string
    default = "there"
  }
}
event "signed_up" {}
topic "news" {}
sender "s" {
  from     = "S <s@shop.example>"
  provider = provider.smtp
}
message "one" {
  topic   = topic.news
  sender  = sender.s
  subject = "One for {{ profile.first_name }}"
  body    = "First. Leave: {{ unsubscribe_url }}"
}
message "two" {
  topic   = topic.news
  sender  = sender.s
  subject = "Two"
  body    = "Second. Leave: {{ unsubscribe_url }}"
}
journey "welcome" {
  trigger "joined" { event = event.signed_up }
  send "first" { message = message.one }
  wait "pause" { for = "3s" }
  send "second" { message = message.two }
}
`

// people is how many go through the journey.
const people = 500

// process is a herald of its own that can be killed.
type process struct {
	cmd *exec.Cmd
	log *bytes.Buffer
}

func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command("herald", args...), log: &bytes.Buffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("herald %s:\n%s", strings.Join(args, " "), p.log)
		}
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func herald(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command("herald", args...).CombinedOutput()
	require.NoError(t, err, "herald %s: %s", strings.Join(args, " "), out)
}

// TestKillWorkerAndServer takes 500 people through a journey while worker and
// server are killed again and again, and accounts for every effect afterwards:
// nobody is lost, no mail is sent twice, and what is not known is listed.
func TestKillWorkerAndServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Temporal and kills processes for a minute")
	}
	dir := t.TempDir()
	inbox := newReceiver(t)
	host, port, _ := net.SplitHostPort(inbox.addr)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.hcl"), fmt.Appendf(nil, crashProject, host, port), 0o600))
	temporal, err := sibling.Start(t.Context(), sibling.Options{DataDir: filepath.Join(dir, "temporal"), SearchAttributes: workflows.SearchAttributes(), Progress: os.Stderr})
	require.NoError(t, err)
	t.Cleanup(temporal.Stop)

	herald(t, "apply", "-auto-approve", "-env", "production", "-temporal", temporal.Address, dir)
	csv := "id,email,first_name,topic.news,consent_at,consent_source\n"
	for i := range people {
		csv += fmt.Sprintf("p%d,p%d@mail.example,P%d,subscribed,2026-01-01T00:00:00Z,form\n", i, i, i)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "people.csv"), []byte(csv), 0o600))
	herald(t, "import", "profiles", filepath.Join(dir, "people.csv"), dir)

	http := freeAddress("127.0.0.1:0", io.Discard)
	serve := []string{"serve", "-http", http, dir}
	work := []string{"worker", "-temporal", temporal.Address, "-lease", "6s", dir}
	server, worker := startProcess(t, serve...), startProcess(t, work...)
	key, err := apiKey(filepath.Join(dir, ".herald"))
	require.NoError(t, err)

	// Everybody signs up, in batches, each sent until it is answered: the server
	// is killed in between, and a messageId counts once.
	for from := 0; from < people; from += 50 {
		if from == 150 || from == 350 {
			server.kill()
			server = startProcess(t, serve...)
		}
		postUntilTaken(t, http, key, from, 50)
	}
	for range 4 {
		mails := inbox.total()
		require.Eventually(t, func() bool { return inbox.total() >= min(mails+60, 2*people) || inbox.total() >= 2*people-10 }, 2*time.Minute, 20*time.Millisecond)
		worker.kill()
		worker = startProcess(t, work...)
	}

	s, err := sqlite.Open(t.Context(), filepath.Join(dir, ".herald"), sqlite.Options{})
	require.NoError(t, err)
	defer s.Close()
	require.Eventually(t, func() bool { return len(openCohorts(t, s)) == 0 && countPeople(t, s) == people }, 5*time.Minute, 250*time.Millisecond,
		"everybody comes to an end")
	account(t, s, inbox)
}

func postUntilTaken(t *testing.T, addr, key string, from, n int) {
	t.Helper()
	var calls []map[string]any
	for i := from; i < from+n; i++ {
		calls = append(calls, map[string]any{"type": "track", "userId": fmt.Sprintf("p%d", i), "event": "signed_up", "messageId": fmt.Sprintf("m%d", i)})
	}
	body, err := json.Marshal(map[string]any{"batch": calls})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+addr+"/v1/batch", bytes.NewReader(body))
		require.NoError(t, err)
		req.SetBasicAuth(key, "")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond)
}

func openCohorts(t *testing.T, s store.Store) (open []store.Cohort) {
	t.Helper()
	require.NoError(t, s.View(t.Context(), func(r store.Reader) (err error) {
		open, err = r.OpenCohorts(1000)
		return err
	}))
	return open
}

func countPeople(t *testing.T, s store.Store) (n int64) {
	t.Helper()
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		counts, err := r.StepCounts()
		n = 0
		for _, c := range counts {
			n += c.People
		}
		return err
	}))
	return n
}

// account holds the ledger against what the mail server took.
func account(t *testing.T, s store.Store, inbox *receiver) {
	t.Helper()
	byState := map[store.SendState]int{}
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		clear(byState)
		for _, state := range []store.SendState{store.Reserved, store.Sending, store.Sent, store.Unknown, store.Withheld, store.Failed} {
			sends, err := r.SendsInState(state, 10*people)
			if err != nil {
				return err
			}
			byState[state] = len(sends)
			for _, send := range sends {
				times := 0
				for id, n := range inbox.taken {
					if strings.HasPrefix(id, send.Key) {
						times += n
					}
				}
				switch state {
				case store.Sent:
					require.Equal(t, 1, times, "a mail that the ledger calls sent arrived once")
				case store.Unknown:
					require.LessOrEqual(t, times, 1, "a mail of which nothing is known arrived at most once")
				default:
					require.Zero(t, times, "a mail that is %s did not arrive", state)
				}
			}
		}
		return nil
	}))
	require.Equal(t, 2*people, byState[store.Sent]+byState[store.Unknown], "each step sent once to each person: %v", byState)
	require.Zero(t, byState[store.Reserved]+byState[store.Sending], "nothing is left half-way: %v", byState)
	require.LessOrEqual(t, inbox.total(), 2*people)
	t.Logf("ledger: %v; the mail server took %d", byState, inbox.total())
}
