package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/apply"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/internal/sibling"
)

// generate writes a project of about n resources: six segments that read each
// other in places, then a message, a journey, an event and a broadcast.
func generate(tb testing.TB, n int) string {
	tb.Helper()
	var b strings.Builder
	b.WriteString(`
profile {
  attribute "age" { type = number }
  attribute "city" { type = string }
}
topic "news" {}
provider "mailbox" {}
sender "s" {
  from     = "S <s@shop.example>"
  provider = provider.mailbox
}
event "order" {
  property "total" { type = number }
}
`)
	for i := 0; i*10 < n; i++ {
		for k := range 6 {
			condition := fmt.Sprintf("profile.age > %d && events.order.within('%dd').sum(o, o.total) >= %d", i%90, 1+i%300, 10*k+1)
			if k == 5 {
				condition = fmt.Sprintf("segment.s%d_0 && !segment.s%d_1 || profile.city == 'c%d'", i, i, i)
			}
			fmt.Fprintf(&b, "segment \"s%d_%d\" { when = %q }\n", i, k, condition)
		}
		fmt.Fprintf(&b, `
event "e%[1]d" {
  property "x" { type = number }
}
message "m%[1]d" {
  topic   = topic.news
  sender  = sender.s
  subject = "Hello {{ profile.city | default: 'you' }}"
  body    = "Number %[1]d of {{ e.x | default: 0 }}. Leave: {{ unsubscribe_url }}"
  input "e" { type = event.e%[1]d }
}
journey "j%[1]d" {
  trigger "t" { event = event.e%[1]d }
  exit_when = "segment.s%[1]d_5"
  send "a" {
    message = message.m%[1]d
    with    = { e = "trigger.event" }
  }
  wait "w" { for = "1d" }
}
broadcast "b%[1]d" {
  audience = "segment.s%[1]d_0"
  message  = message.m%[1]d
  with     = { e = "events.e%[1]d.last()" }
  schedule {
    rrule = "FREQ=WEEKLY;BYDAY=TH"
    at    = "08:00"
  }
}
`, i)
	}
	dir := tb.TempDir()
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "p.hcl"), []byte(b.String()), 0o600))
	return dir
}

// BenchmarkPlanUnchanged is `herald plan` of a project that is live as it is:
// reading, compiling, comparing.
func BenchmarkPlanUnchanged(b *testing.B) {
	example, err := filepath.Abs("../../examples/daily-crumb")
	require.NoError(b, err)
	for _, size := range []struct {
		name string
		dir  func() string
	}{
		{"daily-crumb", func() string { return example }},
		{"1000", func() string { return generate(b, 1000) }},
		{"10000", func() string { return generate(b, 10_000) }},
	} {
		b.Run(size.name, func(b *testing.B) {
			c := &call{stdio: stdio{strings.NewReader(""), io.Discard, os.Stderr}, dir: size.dir(), data: b.TempDir()}
			first, err := c.plan(b.Context())
			require.NoError(b, err)
			by := apply.By{ID: rand.Text(), Who: "bench", Owner: owner()}
			require.NoError(b, newApplier(first.store, later{}, clock.Clock{}).Apply(b.Context(), first.plan, first.revision, by))
			require.NoError(b, first.store.Close())
			b.ReportAllocs()
			for b.Loop() {
				again, err := c.plan(b.Context())
				require.NoError(b, err)
				require.True(b, again.plan.Empty())
				require.NoError(b, again.store.Close())
			}
		})
	}
}

// BenchmarkDevReady is the start of everything that `herald dev` starts, with a
// Temporal that has been built before.
func BenchmarkDevReady(b *testing.B) {
	warm, err := sibling.Start(b.Context(), sibling.Options{Progress: os.Stderr})
	require.NoError(b, err)
	warm.Stop()
	dir := b.TempDir()
	require.NoError(b, os.WriteFile(filepath.Join(dir, "p.hcl"), []byte("topic \"news\" {}\n"), 0o600))
	for b.Loop() {
		c := &call{stdio: stdio{strings.NewReader(""), io.Discard, io.Discard}, dir: dir}
		s, err := c.openStore(b.Context())
		require.NoError(b, err)
		log, err := c.logger("error")
		require.NoError(b, err)
		o := &houseOptions{http: "127.0.0.1:0", temporalAddr: "127.0.0.1:0", ui: "127.0.0.1:0"}
		up, err := c.start(context.Background(), s, clock.Clock{}, o, log, nil)
		require.NoError(b, err)
		b.StopTimer()
		up.close()
		require.NoError(b, s.Close())
		b.StartTimer()
	}
}
