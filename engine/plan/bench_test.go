package plan_test

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/providers/all"
)

// generated is a project of about n resources, as a large house would have them:
// a third segments, a third messages (a tenth of them MJML), the rest journeys,
// broadcasts, events and topics, in files of a hundred blocks.
func generated(n int) fstest.MapFS {
	files := fstest.MapFS{}
	var b strings.Builder
	blocks := 0
	flush := func() {
		files[fmt.Sprintf("f%04d.hcl", len(files))] = &fstest.MapFile{Data: []byte(b.String())}
		b.Reset()
	}
	block := func(format string, args ...any) {
		fmt.Fprintf(&b, format+"\n", args...)
		if blocks++; blocks%100 == 0 {
			flush()
		}
	}
	block("provider \"mailbox\" {}\nsender \"s\" {\n  from     = \"S <s@example.com>\"\n  provider = provider.mailbox\n}\nprofile {\n  attribute \"age\" { type = number }\n}")
	for i := range n / 30 {
		block("topic \"t%d\" { description = \"Topic %d\" }", i, i)
		block("event \"e%d\" {\n  property \"total\" { type = number }\n  property \"items\" { type = list(object({ sku = string, price = number })) }\n}", i)
		for j := range 10 {
			block("segment \"s%d_%d\" { when = \"events.e%d.within('%dd').sum(o, o.total) >= %d && profile.age > %d\" }", i, j, i, 30+j, i, j)
			body := "<<-TEXT\n    Hello {{ profile.email | default: 'you' }}, number %d.\n    Leave: {{ unsubscribe_url }}\n  TEXT"
			if j == 0 {
				body = "<<-MJML\n    <mjml><mj-body><mj-section><mj-column><mj-text>Number %d</mj-text><mj-button href=\"https://example.com/{{ profile.id | default: 'x' }}\">Go</mj-button><mj-text><a href=\"{{ unsubscribe_url }}\">Leave</a></mj-text></mj-column></mj-section></mj-body></mjml>\n  MJML"
			}
			block("message \"m%d_%d\" {\n  topic   = topic.t%d\n  sender  = sender.s\n  subject = \"Number %d of %d\"\n  body    = "+body+"\n}", i, j, i, j, i, i)
		}
		for j := range 5 {
			block("journey \"j%d_%d\" {\n  trigger \"t\" { event = event.e%d }\n  exit_when = \"segment.s%d_%d\"\n  send \"a\" { message = message.m%d_%d }\n  wait \"w\" {\n    until   = \"step.a.opened\"\n    timeout = \"2d\"\n  }\n  send \"b\" { message = message.m%d_%d }\n}", i, j, i, i, j, i, j, i, j+1)
		}
		for j := range 3 {
			block("broadcast \"b%d_%d\" {\n  audience = \"segment.s%d_%d && topic.t%d.subscribed\"\n  message  = message.m%d_%d\n  schedule {\n    rrule = \"FREQ=WEEKLY;BYDAY=TH\"\n    at    = \"08:00\"\n  }\n}", i, j, i, j, i, i, j)
		}
	}
	flush()
	return files
}

func compileAll(tb testing.TB, files fstest.MapFS) *campaign.Revision {
	tree, diags := syntax.LoadFS(files, ".")
	require.Empty(tb, diags)
	opts := compile.Options{Name: "bakery", Complete: true, Providers: map[string]*schema.Block{}}
	for _, k := range all.Kinds() {
		opts.Providers[k.Source] = k.Schema
	}
	rev, diags := compile.Compile(tree, opts)
	require.Empty(tb, diags)
	return rev
}

// BenchmarkUnchanged plans a project in which nothing changed: reading,
// compiling and comparing.
func BenchmarkUnchanged(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			files := generated(n)
			snapshot := live(1, compileAll(b, files))
			var peak uint64
			b.ReportAllocs()
			before := cpu(b)
			for b.Loop() {
				p, err := plan.New(compileAll(b, files), snapshot)
				require.NoError(b, err)
				require.True(b, p.Empty())
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse)
			}
			b.ReportMetric(float64((cpu(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(len(snapshot.Resources)), "resources")
			b.ReportMetric(float64(peak>>20), "MB-heap")
		})
	}
}

// cpu is the processor time that this process has used: the machine may be busy
// with others.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestCompilingInParallelIsDeterministic compiles twice: the order in which
// processors finish must not show.
func TestCompilingInParallelIsDeterministic(t *testing.T) {
	files := generated(300)
	one, two := compileAll(t, files), compileAll(t, files)
	require.Equal(t, one.Digest, two.Digest)
	for i := range one.Resources {
		require.Equal(t, one.Resources[i].Addr, two.Resources[i].Addr)
	}
}
