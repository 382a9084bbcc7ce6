package syntax

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
)

// parseExpr returns the expression written as src.
func parseExpr(t *testing.T, src string) *Expr {
	t.Helper()
	p, diags := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte("b {\n  x = " + src + "\n}\n")}}, ".")
	require.Empty(t, diags, "%s", src)
	return p.Blocks[0].Attributes[0].Expr
}

// quoted returns the source of r in what parseExpr loads.
func quoted(e *Expr, r diag.Range) string { return string(e.file.src[r.Start.Byte:r.End.Byte]) }

var testScope = Scope{
	Values: map[string]map[string]any{
		"variable": {
			"vip_spend": 200.0,
			"shop":      "The Daily Crumb",
			"none":      nil,
			"list":      []any{"b", "a", "b"},
			"empty":     []any{},
			"object":    map[string]any{"name": "Ada", "n": 3, "secret": campaign.Secret{Env: "INNER"}},
			"date":      campaign.CivilDate{Year: 2026, Month: 12, Day: 31},
			"time":      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			"wait":      36 * time.Hour,
			"password":  campaign.Secret{Variable: "password"},
			"unset":     Unknown{campaign.Of(campaign.Number)},
			"unset_obj": Unknown{campaign.ObjectOf(campaign.Field{Name: "a", Type: campaign.ListOf(campaign.Of(campaign.String))})},
		},
		"local": {"greeting": "Hello"},
	},
	Env: func(name string) (string, bool) {
		v, ok := map[string]string{"SET": "yes", "EMPTY": ""}[name]
		return v, ok
	},
	FS: fstest.MapFS{
		"body.txt":        {Data: []byte("text é")},
		"bin":             {Data: []byte{0xFF, 0xFE}},
		"strings/de.json": {Data: []byte(`{"a": 1}`)},
		"strings/en.json": {Data: []byte("\ufeff{}")},
		"strings/.hidden": {Data: []byte{0xFF}},
		"strings/sub/x":   {Data: []byte("x")},
		"rows.csv":        {Data: []byte("id,name\n1,a\n2,b\n")},
	},
}

func TestValue(t *testing.T) {
	anything := Unknown{campaign.Of(campaign.Any)}
	secret := campaign.Secret{Variable: "password"}
	for src, want := range map[string]any{
		`"text"`:                            "text",
		`<<-EOT` + "\n    a\n     b\n  EOT": "a\n b\n",
		`12.5`:                              12.5,
		`-3`:                                -3.0,
		`true`:                              true,
		`null`:                              nil,
		`[]`:                                []any{},
		`[1, "a", [true]]`:                  []any{1.0, "a", []any{true}},
		`{ a = 1, "b.c" = null }`:           map[string]any{"a": 1.0, "b.c": nil},
		`{ (variable.shop) = 1 }`:           map[string]any{"The Daily Crumb": 1.0},
		`variable.vip_spend`:                200.0,
		`variable.vip_spend * 2`:            400.0,
		`variable["shop"]`:                  "The Daily Crumb",
		`variable.none`:                     nil,
		`variable.object.name`:              "Ada",
		`variable.object.n + 1`:             4.0,
		`variable.list[0]`:                  "b",
		`variable.empty`:                    []any{},
		`[for x in variable.list : upper(x) if x != "a"]`: []any{"B", "B"},
		`{ for x in variable.list : x => 1... }`:          map[string]any{"a": []any{1.0}, "b": []any{1.0, 1.0}},
		`variable.object.n > 2 ? "many" : "few"`:          "many",
		`"${local.greeting}, ${variable.shop}!"`:          "Hello, The Daily Crumb!",
		`"%{ for x in variable.list }${x};%{ endfor }"`:   "b;a;b;",
		`"$${plain} %%{plain}"`:                           "${plain} %{plain}",
		`variable.date`:                                   "2026-12-31",
		`"${variable.date}"`:                              "2026-12-31",
		`variable.time`:                                   "2026-01-02T03:04:05Z",
		`variable.wait`:                                   "1d12h",
		`variable.unset`:                                  Unknown{campaign.Of(campaign.Number)},
		`variable.unset + 1`:                              anything,
		`"more than ${variable.unset}"`:                   anything,
		`[variable.unset, 1]`:                             []any{anything, 1.0},
		`variable.unset_obj.a`:                            anything,
		`variable.password`:                               secret,
		`(variable.password)`:                             secret,
		`{ key = variable.password, n = [1] }`:            map[string]any{"key": secret, "n": []any{1.0}},
		`variable.object.secret`:                          campaign.Secret{Env: "INNER"},
		`env("SET")`:                                      "yes",
		`env("EMPTY", "x")`:                               "",
		`env("UNSET", "x")`:                               "x",
		`"a-${env("SET")}"`:                               "a-yes",
		`file("body.txt")`:                                "text é",
		`upper(file("./strings/../body.txt"))`:            "TEXT É",
		`dir("strings")`:                                  map[string]any{"de.json": `{"a": 1}`, "en.json": "{}"},
		`csvdecode(file("rows.csv"))[1].name`:             "b",
		`jsondecode("{\"a\": [1]}").a`:                    []any{1.0},
		`jsonencode({ a = [1, null] })`:                   `{"a":[1,null]}`,
		`length("é👩‍👩‍👧")`:                                2.0,
		`length(["a"]) + length({ a = 1, b = 2 })`:        3.0,
		`sort(distinct(concat(variable.list, ["c"])))`:    []any{"a", "b", "c"},
		`merge({ a = 1 }, { b = 2 })`:                     map[string]any{"a": 1.0, "b": 2.0},
		`keys({ b = 1, a = 2 })`:                          []any{"a", "b"},
		`values({ b = 1, a = 2 })`:                        []any{2.0, 1.0},
		`contains(variable.list, "a")`:                    true,
		`join("-", split(",", "a,b"))`:                    "a-b",
		`format("%s has %d", variable.shop, 3)`:           "The Daily Crumb has 3",
		`lookup({ a = 1 }, "b", 2)`:                       2.0,
		`coalesce(null, "x")`:                             "x",
		`flatten([[1], [2, [3]]])`:                        []any{1.0, 2.0, 3.0},
		`range(3)`:                                        []any{0.0, 1.0, 2.0},
		`min(2, 1) + max(2, 1)`:                           3.0,
		`trimspace(replace(" a ", "a", "b"))`:             "b",
		`tonumber("3") + length(tostring(12))`:            5.0,
		`toset(["b", "a", "b"])`:                          []any{"a", "b"},
		`lower("A")`:                                      "a",
	} {
		t.Run(src, func(t *testing.T) {
			v, diags := parseExpr(t, src).Value(testScope)
			require.Empty(t, diags)
			require.Equal(t, want, v)
		})
	}
}

func TestValueErrors(t *testing.T) {
	for src, want := range map[string]struct{ code, at, says string }{
		`variable.vip_spent`:          {"unknown-reference", `variable.vip_spent`, "Did you mean variable.vip_spend?"},
		`"${variable.vip_spent + 1}"`: {"unknown-reference", `variable.vip_spent`, "Did you mean variable.vip_spend?"},
		`var.shop`:                    {"unknown-reference", `var.shop`, "Write variable.shop."},
		`locals.greeting`:             {"unknown-reference", `locals.greeting`, "Write local.greeting."},
		`variables.shop`:              {"unknown-reference", `variables.shop`, "Did you mean variable?"},
		`segment.vip`:                 {"unknown-reference", `segment.vip`, "names a block"},
		`shop`:                        {"unknown-reference", `shop`, `write "shop"`},
		`"Hi ${profile.first_name}"`:  {"unknown-reference", `profile.first_name`, "written $${"},
		`uper("x")`:                   {"unknown-function", `uper`, "Did you mean upper?"},
		`templatefile("x", {})`:       {"unknown-function", `templatefile`, ""},
		`env("UNSET")`:                {"env-unset", `"UNSET"`, "UNSET"},
		`env("A", "b", "c")`:          {"invalid-value", `"c"`, "one fallback"},
		`env()`:                       {"invalid-value", `)`, "name"},
		`file("body.text")`:           {"unreadable-file", `"body.text"`, "Did you mean body.txt?"},
		`upper(file("/etc/passwd"))`:  {"outside-project", `"/etc/passwd"`, "within"},
		`file("../x")`:                {"outside-project", `"../x"`, "within"},
		`file("a/../../x")`:           {"outside-project", `"a/../../x"`, "within"},
		`file("a\\b")`:                {"outside-project", `"a\\b"`, "within"},
		`file("")`:                    {"outside-project", `""`, "within"},
		`file("strings")`:             {"unreadable-file", `"strings"`, ""},
		`file("bin")`:                 {"invalid-encoding", `"bin"`, "UTF-8"},
		`file(1, 2)`:                  {"invalid-value", `2`, ""},
		`dir("string")`:               {"unreadable-file", `"string"`, "Did you mean strings?"},
		`dir("body.txt")`:             {"unreadable-file", `"body.txt"`, ""},
		`"x" + 1`:                     {"invalid-value", `"x"`, "number"},
		`1 / 0`:                       {"invalid-value", `1 / 0`, "zero"},
		`variable.object.nam`:         {"invalid-value", `.nam`, ""},
		`length(5)`:                   {"invalid-value", `5`, "length counts"},
		`jsondecode("{")`:             {"invalid-value", `jsondecode("{")`, "failed"},
		`"a${1e9999999}"`:             {"invalid-value", `1e9999999`, "too large"},
		`tostring(1e-9999999)`:        {"invalid-value", `1e-9999999`, "too small"},
		`1e400`:                       {"invalid-value", `1e400`, "too large"},
		`"p=${variable.password}"`:    {"secret-in-expression", `variable.password`, "whole"},
		`upper(variable.password)`:    {"secret-in-expression", `variable.password`, "whole"},
		`jsonencode(variable.object)`: {"secret-in-expression", `jsonencode(variable.object)`, "whole"},
		`variable.password == "x"`:    {"secret-in-expression", `variable.password == "x"`, "whole"},
		`length([variable.password])`: {"secret-in-expression", `length([variable.password])`, "whole"},
	} {
		t.Run(src, func(t *testing.T) {
			e := parseExpr(t, src)
			v, diags := e.Value(testScope)
			require.Nil(t, v)
			require.Len(t, diags, 1, "%v", diags)
			require.Equal(t, want.code, diags[0].Code, "%v", diags[0])
			require.Equal(t, want.at, quoted(e, diags[0].Subject), "%v", diags[0])
			require.Contains(t, diags[0].Detail+" "+diags[0].Fix, want.says)
			require.NotContains(t, diags[0].Detail, "goroutine")
		})
	}
}

func TestValueReportsAllNames(t *testing.T) {
	_, diags := parseExpr(t, `[var.a, local.b, nope("x"), variable.c]`).Value(testScope)
	require.Len(t, diags, 4)
}

// Values of every kind pass through expressions, known and unknown.
func TestValuesOfEveryKind(t *testing.T) {
	str := campaign.Of(campaign.String)
	scope := Scope{Values: map[string]map[string]any{"v": {
		"int": 1, "int64": int64(2), "float": 0.5, "nan": math.NaN(), "bool": true, "other": struct{}{},
		"unknown_bool": Unknown{campaign.Of(campaign.Bool)}, "unknown_date": Unknown{campaign.Of(campaign.Date)},
		"unknown_set": Unknown{campaign.SetOf(str)}, "unknown_map": Unknown{campaign.MapOf(str)},
		"unknown_any": Unknown{campaign.Of(campaign.Any)}, "unknown_ref": Unknown{campaign.RefTo("store")},
	}}}
	v, diags := parseExpr(t, `[for name, x in v : x if name != "bool"]`).Value(scope)
	require.Empty(t, diags)
	unknown := Unknown{campaign.Of(campaign.Any)}
	require.Equal(t, []any{0.5, 1.0, 2.0, nil, nil, unknown, unknown, unknown, unknown, unknown, unknown}, v)
	for src, want := range map[string]any{
		`v.unknown_bool ? 1 : 2`:           unknown,
		`"${v.unknown_date}!"`:             unknown,
		`length(v.unknown_set)`:            unknown,
		`v.unknown_map["a"]`:               unknown,
		`{ (v.unknown_ref) = 1 }`:          unknown,
		`v.unknown_any.a.b[0] + 1`:         unknown,
		`contains(v.unknown_set, "a")`:     unknown,
		`file(v.unknown_date)`:             unknown,
		`{ a = v.unknown_any, b = v.int }`: map[string]any{"a": unknown, "b": 1.0},
	} {
		v, diags := parseExpr(t, src).Value(scope)
		require.Empty(t, diags, src)
		require.Equal(t, want, v, src)
	}
}

func TestSecretEnv(t *testing.T) {
	scope := testScope
	scope.SecretEnv = true
	for src, want := range map[string]any{
		`env("UNSET")`:                  campaign.Secret{Env: "UNSET"},
		`env("SET", "x")`:               campaign.Secret{Env: "SET"},
		`env("UNSET", "x")`:             "x",
		`{ key = env("K"), a = "b" }`:   map[string]any{"key": campaign.Secret{Env: "K"}, "a": "b"},
		`[env("K"), variable.password]`: []any{campaign.Secret{Env: "K"}, campaign.Secret{Variable: "password"}},
	} {
		v, diags := parseExpr(t, src).Value(scope)
		require.Empty(t, diags)
		require.Equal(t, want, v)
	}
	_, diags := parseExpr(t, `"x-${env("K")}"`).Value(scope)
	require.Len(t, diags, 1)
	require.Equal(t, "secret-in-expression", diags[0].Code)
}

func TestZeroScope(t *testing.T) {
	for _, src := range []string{`file("x")`, `dir("x")`, `env("PATH")`, `variable.x`} {
		_, diags := parseExpr(t, src).Value(Scope{})
		require.Len(t, diags, 1, src)
	}
}

// Symbolic links do not lead out of the project's folder.
func TestSymlinks(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret.txt"), []byte("secret"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "inside.txt"), []byte("inside"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.hcl"), []byte(`b {
  file   = file("escape.txt")
  folder = dir("escape")
  inside = file("link.txt")
}`), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret.txt"), filepath.Join(dir, "escape.txt")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "escape")))
	require.NoError(t, os.Symlink("inside.txt", filepath.Join(dir, "link.txt")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret.txt"), filepath.Join(dir, "z.hcl")))
	p, diags := Load(dir)
	require.Len(t, diags, 1)
	require.Equal(t, "unreadable-file", diags[0].Code)
	for _, a := range p.Blocks[0].Attributes {
		v, diags := a.Expr.Value(Scope{FS: p.FS})
		if a.Name == "inside" {
			require.Equal(t, "inside", v)
			continue
		}
		require.Len(t, diags, 1, a.Name)
	}
	require.Nil(t, p.Source("escape.txt"))
}

func TestText(t *testing.T) {
	text, diags := parseExpr(t, `"a ${variable.shop}"`).Text(testScope)
	require.Empty(t, diags)
	require.Equal(t, "a The Daily Crumb", text.Value)
	require.Equal(t, diag.Pos{Line: 2, Column: 7, Byte: 10}, text.Range(3, 4).Start, "the whole expression")

	text, diags = parseExpr(t, `"a ${variable.unset}"`).Text(testScope)
	require.Empty(t, diags)
	require.True(t, text.Unknown)

	text, diags = parseExpr(t, `file(variable.unset)`).Text(testScope)
	require.Empty(t, diags)
	require.True(t, text.Unknown)

	for src, says := range map[string]string{
		`5`: "a number", `null`: "null", `[]`: "a list", `{}`: "an object", `true`: "true", `variable.password`: "a secret",
		`file(5 > 4)`: "true", `file("nope")`: "nope", `variable.x`: "variable.x", `file(variable.x)`: "variable.x",
	} {
		_, diags := parseExpr(t, src).Text(testScope)
		require.Len(t, diags, 1, src)
		require.Contains(t, diags[0].Detail, says)
	}
}

func TestPlainText(t *testing.T) {
	for src, at := range map[string]string{
		`"a ${variable.shop} b"`:                         `${variable.shop}`,
		`"${variable.shop}"`:                             `${variable.shop}`,
		`("%{ if true }x%{ endif }")`:                    `%{ if true }`,
		"<<-EOT\n  a\n  && ${variable.shop}\n  EOT":      `${variable.shop}`,
		`"é ${upper("${variable.shop}")} ${variable.x}"`: `${upper("${variable.shop}")}`,
	} {
		e := parseExpr(t, src)
		_, diags := e.PlainText(testScope)
		require.Len(t, diags, 1, src)
		require.Equal(t, "interpolation", diags[0].Code)
		require.Contains(t, diags[0].Detail, "variable.x")
		require.Equal(t, at, quoted(e, diags[0].Subject))
	}
	text, diags := parseExpr(t, `"a > $${b}"`).PlainText(testScope)
	require.Empty(t, diags)
	require.Equal(t, "a > ${b}", text.Value)
	text, diags = parseExpr(t, `local.greeting`).PlainText(testScope)
	require.Empty(t, diags)
	require.Equal(t, "Hello", text.Value)
}
