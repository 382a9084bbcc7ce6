package syntax

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// dump writes blocks without their positions.
func dump(blocks []*Block) string {
	var b strings.Builder
	dumpBlocks(&b, blocks, "")
	return b.String()
}

func dumpBlocks(b *strings.Builder, blocks []*Block, indent string) {
	for _, block := range blocks {
		fmt.Fprintf(b, "%s%s", indent, block.Type)
		for _, l := range block.Labels {
			fmt.Fprintf(b, " %q", l.Text)
		}
		b.WriteString(" {\n")
		for _, a := range block.Attributes {
			fmt.Fprintf(b, "%s  %s = %s\n", indent, a.Name, dumpExpr(a.Expr))
		}
		dumpBlocks(b, block.Blocks, indent+"  ")
		fmt.Fprintf(b, "%s}\n", indent)
	}
}

func dumpExpr(e *Expr) string {
	if ref, ok := e.Reference(); ok {
		return strings.Join(ref.Parts, ".")
	}
	if items, ok := e.Object(); ok {
		parts := make([]string, len(items))
		for i, it := range items {
			parts[i] = it.Key + " = " + dumpExpr(it.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	elems, isList := e.List()
	name, args, isCall := e.Call()
	if isCall {
		elems = args
	}
	if isList || isCall {
		parts := make([]string, len(elems))
		for i, elem := range elems {
			parts[i] = dumpExpr(elem)
		}
		return name + "[" + strings.Join(parts, ", ") + "]"
	}
	v, diags := e.Value(Scope{})
	if len(diags) > 0 {
		return diags[0].Detail
	}
	return fmt.Sprintf("%#v", v)
}

const nativeProject = `
herald {
  required_version = ">= 0.1.0"
  site { base_url = "https://mail.dailycrumb.example" }
}

segment "readers" { when = "topic.weekly_special.subscribed" }

segment "vip" {
  description = "Ümläut \"quoted\" ${"$"}{x}"
  when        = <<-CEL
    events.order_completed.within('90d').sum(o, o.total)
      >= variable.vip_spend
  CEL
}

provider "smtp" {
  host     = "smtp.example"
  port     = 587
  tls      = true
  extra    = null
  password = env("SMTP_PASSWORD")
  rate     = { per_second = 50, per_domain = { "gmail.com" = -1.5e1 } }
  hosts    = ["a", ["b"], variable.host]
}

journey "win_back" {
  trigger "lapse" {
    enters = segment.lapsed
  }
  send "ten" {
    message = message.come_back
    with    = { offer = "offer.back_10" }
  }
  wait "again" { for = "14d" }
  send "survey" { message = message.why }
  branch "next" {
    case "a" {
      when = "true"
      send "x" { message = message.x }
      wait "y" { for = "1d" }
      send "z" { message = message.z }
    }
    else {
      send "e" { message = message.x }
      wait "f" { for = "1d" }
      send "g" { message = message.x }
    }
  }
}
`

const jsonProject = `{
  "//": "written by a program",
  "herald": {"required_version": ">= 0.1.0", "site": {"base_url": "https://mail.dailycrumb.example"}},
  "segment": {
    "readers": {"when": "topic.weekly_special.subscribed"},
    "vip": {
      "description": "Ümläut \"quoted\" ${x}",
      "//": "so is this",
      "when": "events.order_completed.within('90d').sum(o, o.total)\n  >= variable.vip_spend\n"
    }
  },
  "provider": {"smtp": {
    "host": "smtp.example", "port": 587, "tls": true, "extra": null,
    "password": "${env(\"SMTP_PASSWORD\")}",
    "rate": {"per_second": 50, "per_domain": {"gmail.com": -1.5e1}},
    "hosts": ["a", ["b"], "${variable.host}"]
  }},
  "journey": {"win_back": [
    {"trigger": {"lapse": {"enters": "${segment.lapsed}"}}},
    {"send": {"ten": {"message": "${message.come_back}", "with": {"offer": "offer.back_10"}}}},
    {"wait": [{"again": {"for": "14d"}}]},
    {"send": {"survey": {"message": "${message.why}"}}},
    {"branch": {"next": [
      {"case": {"a": [
        {"when": "true"},
        {"send": {"x": {"message": "${message.x}"}}},
        {"wait": {"y": {"for": "1d"}}},
        {"send": {"z": {"message": "${message.z}"}}}
      ]}},
      {"else": [
        {"send": {"e": {"message": "${message.x}"}}, "wait": {"f": {"for": "1d"}}},
        {"send": {"g": {"message": "${message.x}"}}}
      ]}
    ]}}
  ]}
}`

func TestJSONEqualsNative(t *testing.T) {
	native, diags := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(nativeProject)}}, ".")
	require.Empty(t, diags)
	fromJSON, diags := LoadFS(fstest.MapFS{"a.hcl.json": {Data: []byte(jsonProject)}}, ".")
	require.Empty(t, diags)
	require.Equal(t, dump(native.Blocks), dump(fromJSON.Blocks))
}

// Every range that leaves JSON holds what it says that it holds.
func TestJSONPlaces(t *testing.T) {
	p, diags := LoadFS(fstest.MapFS{"a.hcl.json": {Data: []byte(jsonProject)}}, ".")
	require.Empty(t, diags)
	at := func(r diag.Range) string {
		require.Equal(t, "a.hcl.json", r.File)
		begin := diag.Pos{Line: 1, Column: 1}
		require.Equal(t, r.Start, advance([]byte(jsonProject), begin, r.Start.Byte, false))
		require.Equal(t, r.End, advance([]byte(jsonProject), begin, r.End.Byte, true))
		return jsonProject[r.Start.Byte:r.End.Byte]
	}
	require.Equal(t, `"readers"`, at(p.Blocks[1].Labels[0].Range))
	require.Equal(t, `"readers": {"when": "topic.weekly_special.subscribed"}`, at(p.Blocks[1].Range))
	require.Equal(t, `"segment"`, at(p.Blocks[1].TypeRange))
	smtp := p.Blocks[3]
	for _, a := range smtp.Attributes {
		require.Equal(t, fmt.Sprintf("%q", a.Name), at(a.NameRange))
	}
	require.Equal(t, "587", at(smtp.Attributes[1].Expr.Range()))
	require.Equal(t, `env(\"SMTP_PASSWORD\")`, at(smtp.Attributes[4].Expr.Range()), "with escapes")
	_, args, _ := smtp.Attributes[4].Expr.Call()
	require.Equal(t, `\"SMTP_PASSWORD\"`, at(args[0].Range()))
	hosts, _ := smtp.Attributes[6].Expr.List()
	ref, _ := hosts[2].Reference()
	require.Equal(t, "variable.host", at(ref.Range), "without escapes")

	_, diags = smtp.Attributes[4].Expr.Value(Scope{})
	require.Len(t, diags, 1)
	require.Equal(t, `\"SMTP_PASSWORD\"`, at(diags[0].Subject))
}

func TestJSONShapes(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"an empty project":         {`{}`, ""},
		"parts of a project":       {`[{"segment": {"a": {}}}, {"segment": {"b": {}}}]`, "segment \"a\" {\n}\nsegment \"b\" {\n}\n"},
		"repeated blocks":          {`{"variable": {"a": {"validation": [{"message": "x"}, {"message": "y"}]}}}`, "variable \"a\" {\n  validation {\n    message = \"x\"\n  }\n  validation {\n    message = \"y\"\n  }\n}\n"},
		"unknown, with a label":    {`{"segmant": {"a": {"when": "x"}}}`, "segmant \"a\" {\n  when = \"x\"\n}\n"},
		"unknown, without a label": {`{"segmant": {"when": "x"}}`, "segmant {\n  when = \"x\"\n}\n"},
		"not available yet":        {`{"removed": {"from": "${journey.x}"}}`, "removed {\n  from = journey.x\n}\n"},
		"two references":           {`{"segment": {"a": {"when": "${a} ${b}"}}}`, "segment \"a\" {\n  when = \"${a} ${b}\"\n}\n"},
		"Liquid after a dollar":    {`{"segment": {"a": {"when": "${{ item.price }}"}}}`, "segment \"a\" {\n  when = \"${{ item.price }}\"\n}\n"},
		"a byte order mark":        {"\ufeff{}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, diags := LoadFS(fstest.MapFS{"a.hcl.json": {Data: []byte(c.src)}}, ".")
			require.Empty(t, diags)
			require.Equal(t, c.want, dump(p.Blocks))
		})
	}
}

func TestJSONErrors(t *testing.T) {
	for name, c := range map[string]struct{ src, code, at string }{
		"nothing":                  {``, "syntax", ""},
		"no object":                {`"x"`, "json-object", `"x"`},
		"no object in the list":    {`[1]`, "json-object", `1`},
		"a word":                   {`{"segment": nil}`, "syntax", "nil"},
		"a comment":                {`{"segment": /* x */ {}}`, "syntax", "/"},
		"no colon":                 {`{"segment" {}}`, "syntax", "{"},
		"no comma":                 {`{"segment": {} "x": {}}`, "syntax", `"`},
		"more":                     {`{} {}`, "syntax", "{"},
		"the end in a list":        {`{"segment": [`, "syntax", ""},
		"the end in an escape":     {`{"segment\`, "syntax", `"segment\`},
		"an unknown escape":        {`{"segm\ent": 1}`, "syntax", `\e`},
		"a lone low surrogate":     {`{"\udc00": 1}`, "syntax", `\udc00`},
		"half a pair":              {`{"\ud83d\u0041": 1}`, "syntax", `\ud83d`},
		"a short escape":           {`{"\u12": 1}`, "syntax", `\u`},
		"a control character":      {"{\"a\x01\": 1}", "syntax", "\x01"},
		"a number with a plus":     {`{"a": +1}`, "syntax", `+`},
		"a dot without digits":     {`{"a": 1.}`, "syntax", `1.`},
		"an exponent without any":  {`{"a": 1e}`, "syntax", `1e`},
		"a name twice":             {`{"segment": {"a": {}, "\u0061": {}}}`, "duplicate-attribute", `"\u0061"`},
		"twice in parts":           {`{"segment": {"a": [{"when": "x"}, {"when": "y"}]}}`, "duplicate-attribute", `"when"`},
		"a stray attribute":        {`{"a": 1}`, "stray-attribute", `"a"`},
		"nested objects":           {strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}", 101), "nesting", "{"},
		"nested lists":             {strings.Repeat("[", 5000), "nesting", "["},
		"a nested expression":      {`{"segment": {"a": {"when": "${` + strings.Repeat("(", 101) + strings.Repeat(")", 101) + `}"}}}`, "nesting", "("},
		"a broken expression":      {`{"segment": {"a": {"when": "${1 +}"}}}`, "syntax", ""},
		"a broken one, by escapes": {`{"segment": {"a": {"when": "${upper(\"\" 2)}"}}}`, "syntax", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := LoadFS(fstest.MapFS{"a.hcl.json": {Data: []byte(c.src)}}, ".")
			require.Len(t, diags, 1)
			require.Equal(t, c.code, diags[0].Code, "%v", diags[0])
			r := diags[0].Subject
			require.Equal(t, c.at, c.src[r.Start.Byte:r.End.Byte], "%v", diags[0])
		})
	}
}
