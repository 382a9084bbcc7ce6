package syntax

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// generated is a project of n segments, about 115 bytes each.
func generated(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "segment \"s%d\" {\n  description = \"Segment %d\"\n", i, i)
		b.WriteString("  when        = \"events.order_completed.within('90d').count() > 2\"\n}\n\n")
	}
	return b.String()
}

func generatedJSON(n int) string {
	var b strings.Builder
	b.WriteString(`{"segment": {`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n  \"s%d\": {\n    \"description\": \"Segment %d\",\n", i, i)
		b.WriteString("    \"when\": \"events.order_completed.within('90d').count() > 2\"\n  }")
	}
	b.WriteString("\n}}\n")
	return b.String()
}

func benchmarkLoad(b *testing.B, name, src string) {
	fsys := fstest.MapFS{name: {Data: []byte(src)}}
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if p, diags := LoadFS(fsys, "."); len(diags) > 0 || len(p.Blocks) == 0 {
			b.Fatal(diags)
		}
	}
}

func BenchmarkLoad10000(b *testing.B) { benchmarkLoad(b, "a.hcl", generated(10_000)) }

func BenchmarkLoadJSON10000(b *testing.B) { benchmarkLoad(b, "a.hcl.json", generatedJSON(10_000)) }

// A mistake makes the file be parsed as a whole, too.
func BenchmarkLoadBroken10000(b *testing.B) {
	fsys := fstest.MapFS{"a.hcl": {Data: []byte(generated(10_000) + "segment {\n  x = \n}\n")}}
	for b.Loop() {
		if _, diags := LoadFS(fsys, "."); len(diags) != 1 {
			b.Fatal(diags)
		}
	}
}

func BenchmarkText(b *testing.B) {
	p, _ := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(generated(1))}}, ".")
	e := p.Blocks[0].Attributes[1].Expr
	b.ReportAllocs()
	for b.Loop() {
		_, _ = e.PlainText(Scope{})
	}
}

func BenchmarkTextRange(b *testing.B) {
	p, _ := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(generated(1))}}, ".")
	e := p.Blocks[0].Attributes[1].Expr
	b.ReportAllocs()
	for b.Loop() {
		text, _ := e.PlainText(Scope{})
		text.Range(7, 22)
	}
}

func BenchmarkValueWithVariable(b *testing.B) {
	p, _ := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(`b { x = "Hello ${variable.shop}" }`)}}, ".")
	e := p.Blocks[0].Attributes[0].Expr
	b.ReportAllocs()
	for b.Loop() {
		_, _ = e.Value(testScope)
	}
}

func BenchmarkFormat(b *testing.B) {
	src := []byte(generated(1000))
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		_, _ = Format(src, "a.hcl")
	}
}
