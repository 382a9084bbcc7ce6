package compile_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// providers stand in for the ones that are built in.
func providers() map[string]*schema.Block {
	return map[string]*schema.Block{
		"builtin/mailbox": {Name: "provider"},
		"builtin/smtp": {Name: "provider", Attributes: []schema.Attribute{
			{Name: "host", Kind: schema.String, Required: true},
			{Name: "port", Kind: schema.Number},
			{Name: "username", Kind: schema.String},
			{Name: "password", Kind: schema.String, Sensitive: true},
		}},
	}
}

// build compiles a set of files.
func build(files fstest.MapFS, complete bool) (*campaign.Revision, diag.List, *syntax.Project) {
	return compileWith(files, compile.Options{Complete: complete})
}

func compileWith(files fstest.MapFS, opts compile.Options) (*campaign.Revision, diag.List, *syntax.Project) {
	tree, diags := syntax.LoadFS(files, "project")
	if diags.HasErrors() {
		return nil, diags, tree
	}
	opts.Name, opts.Version, opts.Providers = "test", "0.1.0", providers()
	opts.Env = func(name string) (string, bool) { return "from " + name, name != "UNSET" }
	rev, more := compile.Compile(tree, opts)
	return rev, append(diags, more...), tree
}

const minimal = `
topic "news" {}
provider "mailbox" {}
sender "s" {
  from     = "S <s@example.com>"
  provider = provider.mailbox
}
message "m" {
  topic   = topic.news
  sender  = sender.s
  subject = "Hello"
  body    = "Leave: {{ unsubscribe_url }}"
}
`

func TestDigestIgnoresSpelling(t *testing.T) {
	digest := func(when string) campaign.Digest {
		rev, diags, _ := build(fstest.MapFS{"a.hcl": {Data: []byte(
			"profile {\n attribute \"age\" { type = number }\n}\nvariable \"v\" {\n type = number\n default = 18\n}\nsegment \"s\" {\n when = " + fmt.Sprintf("%q", when) + "\n}\n")}}, true)
		require.Empty(t, diags)
		return rev.Digest
	}
	base := digest("profile.age >= 18")
	require.Equal(t, base, digest("  profile.age>=18 "))
	require.Equal(t, base, digest("profile.age >= variable.v"))
	require.NotEqual(t, base, digest("profile.age >= 19"))
}

func TestSecretsAreNeverWritten(t *testing.T) {
	src := minimal + `
variable "pw" {
  type      = string
  sensitive = true
}
provider "smtp" {
  host     = "h"
  password = variable.pw
}
`
	tree, diags := syntax.LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, ".")
	require.Empty(t, diags)
	rev, diags := compile.Compile(tree, compile.Options{
		Providers: providers(), Complete: true,
		Variables: map[string]compile.Given{"pw": {Text: "hunter2", From: "-var"}},
	})
	require.Empty(t, diags)
	for _, r := range rev.Resources {
		require.NotContains(t, string(r.Body), "hunter2")
		if r.Addr.String() == "provider.smtp" {
			require.Contains(t, string(r.Body), `{"$variable":"pw"}`)
		}
	}
}

func TestJSONIsEqualInRank(t *testing.T) {
	hcl, diags, _ := build(fstest.MapFS{"a.hcl": {Data: []byte(minimal)}}, true)
	require.Empty(t, diags)
	json, diags, _ := build(fstest.MapFS{"a.hcl.json": {Data: []byte(`{
	  "topic": {"news": {}},
	  "provider": {"mailbox": {}},
	  "sender": {"s": {"from": "S <s@example.com>", "provider": "${provider.mailbox}"}},
	  "message": {"m": {"topic": "${topic.news}", "sender": "${sender.s}", "subject": "Hello", "body": "Leave: {{ unsubscribe_url }}"}}
	}`)}}, true)
	require.Empty(t, diags)
	require.Equal(t, hcl.Digest, json.Digest)
}

func TestExamplesOfTheReferenceCompile(t *testing.T) {
	for _, b := range schema.Root.Blocks {
		if b.Later {
			continue
		}
		require.NotEmpty(t, b.Example, b.Name)
		t.Run(b.Name, func(t *testing.T) {
			files := fstest.MapFS{"stores.csv": {Data: []byte("id,name\nmitte,Mitte\n")}}
			for name, text := range b.ExampleFiles() {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			_, diags, tree := build(files, false)
			require.Empty(t, outcome(nil, diags, tree))
		})
	}
}

func TestVariables(t *testing.T) {
	src := "variable \"n\" {\n  type = number\n  validation {\n    condition = \"value > 0\"\n    message = \"must be positive\"\n  }\n}\n" +
		"profile {\n attribute \"age\" { type = number }\n}\nsegment \"s\" { when = \"profile.age > variable.n\" }\n"
	with := func(given map[string]compile.Given) diag.List {
		tree, diags := syntax.LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, ".")
		require.Empty(t, diags)
		_, diags = compile.Compile(tree, compile.Options{Complete: true, Variables: given})
		return diags
	}
	require.Equal(t, "missing-variable", with(nil)[0].Code)
	require.Empty(t, with(map[string]compile.Given{"n": {Text: "4", From: "-var"}}))
	require.Equal(t, "variable-validation", with(map[string]compile.Given{"n": {Text: "-4", From: "-var"}})[0].Code)
	require.Equal(t, "bad-value", with(map[string]compile.Given{"n": {Text: "four", From: "-var"}})[0].Code)
	require.Equal(t, "unknown-variable", with(map[string]compile.Given{"n": {Text: "4"}, "m": {Text: "4", From: "-var"}})[0].Code)
	require.Empty(t, with(map[string]compile.Given{"n": {Text: "4"}, "m": {Text: "4", From: "HERALD_VAR_m"}}))
}
