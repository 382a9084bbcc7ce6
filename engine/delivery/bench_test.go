//go:build unix

package delivery_test

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
	"github.com/herald-campaigns/herald/providers/mailbox"
	"github.com/herald-campaigns/herald/providers/provider"
	"github.com/herald-campaigns/herald/providers/smtp"
)

// The size of the benchmark.
const (
	benchPeople      = 20_000
	benchBatches     = 6 // activities at once
	benchConnections = 64
)

// BenchmarkPipeline sends a broadcast from the record to a mail server on the
// loopback interface, which runs in a process of its own: load, judge, reserve,
// write, mark, hand over, close. It reports mails a second and CPU time a mail of
// herald's own process, with an 8 KB mail of 10 counted links. The store syncs
// each commit to the disk.
func BenchmarkPipeline(b *testing.B) {
	port := startSink(b)
	for b.Loop() {
		b.StopTimer()
		w, d, q := benchWorld(b, port)
		runtime.GC()
		b.StartTimer()
		cpu, began := cpuTime(b), time.Now()
		sendAll(b, d, q)
		took := time.Since(began)
		b.ReportMetric(float64(benchPeople)/took.Seconds(), "mails/s")
		b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/benchPeople, "cpu-µs/mail")
		b.StopTimer()
		w.view(func(r store.Reader) error {
			counts, err := r.CampaignCounts()
			require.Equal(b, int64(benchPeople), counts[0].Sent)
			return err
		})
		require.NoError(b, d.Close())
		b.StartTimer()
	}
}

// sendAll sends an issue as workflows do: some batches at once.
func sendAll(b *testing.B, d *delivery.Delivery, q journey.BroadcastRequest) {
	b.Helper()
	batches := make(chan journey.Members)
	var group sync.WaitGroup
	for range benchBatches {
		group.Go(func() {
			for members := range batches {
				got, err := d.Broadcast(b.Context(), journey.BroadcastRequest{Run: q.Run, Definition: q.Definition, Members: members})
				if err != nil || len(got.Sent) != len(members) {
					b.Errorf("%d of %d sent: %v", len(got.Sent), len(members), err)
				}
			}
		})
	}
	for _, members := range q.Members.Chunks(journey.BatchSize) {
		batches <- members
	}
	close(batches)
	group.Wait()
}

func benchWorld(b *testing.B, port int) (*world, *delivery.Delivery, journey.BroadcastRequest) {
	b.Helper()
	dir := b.TempDir()
	s, err := sqlite.Open(b.Context(), dir, sqlite.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	w := &world{t: b, dir: dir, store: s, env: campaign.Environment{Name: "production", Deliver: campaign.DeliverPeople}}
	w.apply(benchBakery(port)...)
	people := make([]int64, 0, benchPeople)
	for from := 0; from < benchPeople; from += 1000 {
		w.update(func(tx store.Tx) error {
			for i := from; i < from+1000; i++ {
				p, err := tx.Identify(store.Person{Key: strconv.Itoa(i), Email: fmt.Sprintf("person%d@example.com", i), Attributes: loaf, UpdatedAt: noon})
				if err != nil {
					return err
				}
				if err := tx.PutConsents([]store.Consent{{Person: p.ID, Topic: "news", Channel: "email", Granted: true, At: noon}}); err != nil {
					return err
				}
				people = append(people, p.ID)
			}
			return nil
		})
	}
	w.live, err = live.Open(b.Context(), s, nil)
	require.NoError(b, err)
	d, err := delivery.New(delivery.Config{
		Store: s, Live: w.live, Links: signer(b), Kinds: []provider.Kind{mailbox.Kind(), smtp.Kind()}, DataDir: dir, Owner: "bench",
		Clock: clock.Clock{}, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(b, err)
	return w, d, w.issue("broadcast/weekly/1", people...)
}

// benchBakery has a mail of 8 KB with ten links.
func benchBakery(port int) []campaign.Definition {
	m := hello("hello", "news")
	row := `<tr><td style="padding:0 12px;font-family:Georgia,serif;font-size:16px;line-height:24px;color:#333333">` +
		`<a href="https://bakery.example/bread/%d?utm_source=herald">{{ profile.first_name }}, our loaf number %d</a>` + strings.Repeat(" fresh from the oven", 30) + `</td></tr>`
	var rows strings.Builder
	for i := range 10 {
		fmt.Fprintf(&rows, row, i, i)
	}
	m.HTML = "<!doctype html><html><head></head><body><table>" + rows.String() + `</table>{% content hero %}<a href="{{ unsubscribe_url }}">Leave</a></body></html>`
	return replace(replace(bySMTP(port, benchConnections), m), &campaign.Broadcast{
		Name: "weekly", Audience: linktest.CEL("topic.news.subscribed"), Message: "hello",
		With: []campaign.Binding{{Input: "loaf", Value: linktest.CEL("profile.loaf")}},
	})
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// startSink runs a mail server in a process of its own that takes everything and
// keeps nothing.
func startSink(b *testing.B) (port int) {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSink$")
	cmd.Env = append(os.Environ(), "HERALD_TEST_SINK=1")
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	port, err = strconv.Atoi(strings.TrimSpace(line))
	require.NoError(b, err)
	return port
}

// TestSink is the mail server of the benchmark, when it is asked to be.
func TestSink(t *testing.T) {
	if os.Getenv("HERALD_TEST_SINK") == "" {
		t.Skip("it is the mail server of BenchmarkPipeline")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go sink(conn)
	}
}

func sink(conn net.Conn) {
	defer conn.Close()
	r, w := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriter(conn)
	_, _ = w.WriteString("220 sink\r\n")
	inData := false
	for {
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
		line, err := r.ReadSlice('\n')
		switch {
		case err != nil:
			return
		case inData:
			if inData = !bytes.Equal(line, []byte(".\r\n")); !inData {
				_, _ = w.WriteString("250 2.0.0 Ok: queued as X\r\n")
			}
		case bytes.HasPrefix(line, []byte("EHLO")):
			_, _ = w.WriteString("250-sink\r\n250 PIPELINING\r\n")
		case bytes.HasPrefix(line, []byte("DATA")):
			_, _ = w.WriteString("354 go on\r\n")
			inData = true
		default:
			_, _ = w.WriteString("250 fine\r\n")
		}
	}
}
