// Package reference writes what is generated about the language: its reference
// pages and its JSON Schema. All of it comes from the tables that the programs
// work by, so that none of it can be out of date but for want of writing it.
//
// Enters: dsl/schema, the functions of CEL, the filters of Liquid. Leaves: files.
// Refused: knowledge of its own.
package reference

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/lint"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/template"
)

// Update is the command that writes the generated files.
const Update = "go test ./dsl/reference -update"

// Pages are the generated files by their path within the repository.
func Pages() (map[string][]byte, error) {
	jsonSchema, err := schema.JSONSchema(schema.Root)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"docs/reference/language.md":   []byte(schema.Markdown(schema.Root)),
		"docs/reference/cel.md":        []byte(CEL()),
		"docs/reference/liquid.md":     []byte(Liquid()),
		"docs/reference/lint.md":       []byte(Lint()),
		"schemas/campaign.schema.json": jsonSchema,
	}, nil
}

// nextSignature is where one signature of a function ends and another begins.
var nextSignature = regexp.MustCompile(`(→ \w+), `)

// CEL is the page of the functions that conditions may call.
func CEL() string {
	var b strings.Builder
	b.WriteString(celIntro)
	group := ""
	for _, f := range expr.Functions() {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n## %s\n", group)
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", f.Name, f.Doc)
		fmt.Fprintf(&b, "- `%s`\n", nextSignature.ReplaceAllString(f.Signature, "$1`\n- `"))
		fmt.Fprintf(&b, "\n```cel\n%s\n```\n", f.Example)
	}
	return b.String()
}

const celIntro = `# CEL

Generated from the functions of ` + "`dsl/expr`" + ` by ` + "`" + Update + "`" + `; do not edit.

Conditions and computed values are written in CEL, inside of strings and heredocs. They are checked when
the project is: an unknown name, a type that does not fit or a comparison that can never hold is an error.

What may be named depends on the place:

| name | what it is | where |
|---|---|---|
| ` + "`profile.x`" + ` | an attribute of the person | everywhere |
| ` + "`events.x`" + ` | the history of an event, oldest first | everywhere |
| ` + "`segment.x`" + ` | whether the person is inside | everywhere |
| ` + "`trait.x`" + ` | a value worked out for the person; of an object, a field: ` + "`trait.x.score`" + ` | everywhere |
| ` + "`topic.x.subscribed`" + ` | permission | everywhere |
| ` + "`consent.x.email`" + ` | what the person last said of a topic: ` + "`granted`, `at`, `source`" + ` | everywhere |
| ` + "`reachable.email`" + ` | permission and an address that works | everywhere |
| ` + "`catalog.x[key]`" + ` | a row of a table | everywhere |
| ` + "`variable.x`, `local.x`" + ` | values; their spelling is ` + "`variable`" + `, never ` + "`var`" + ` | everywhere |
| ` + "`now`" + ` | the instant of the question | everywhere |
| ` + "`event`" + ` | the event that is looked at | in a trigger's ` + "`key` and `where`" + ` |
| ` + "`trigger.event`" + ` | the event that let the person in, or the inputs of an ` + "`api`" + ` trigger | in a journey |
| ` + "`trigger.item`" + ` | the element that let the person in | in a journey whose trigger has ` + "`items`" + `, its ` + "`key` and `where`" + ` included |
| ` + "`journey.entered_at`" + ` | when | in a journey |
| ` + "`step.x`" + ` | what became of a step on the way here: ` + "`at`, `delivered`, `opened`, `machine_opened`, `clicked`, `bounced`, `withheld`" + ` of a send, ` + "`met`" + ` of a wait, ` + "`ok`, `status`, `response`" + ` of a call, ` + "`arm`" + ` of a split | in a journey |
| ` + "`value`" + ` | the variable's value | in its ` + "`validation`" + ` |
| ` + "`e`" + ` | the event that gives points | in the ` + "`where`" + ` of a points rule |
| ` + "`row`" + ` | a row of a file; ` + "`row['Order ID']`" + ` where a name has other characters | in a ` + "`source`" + `, where no person can be named |

What is absent is *unknown*, and so is a comparison with it; an unknown condition selects nobody. Sets, lists,
counts and histories are empty when absent. ` + "`has()`" + ` asks. A name with ` + "`-`" + ` stands in backticks:
` + "``events.`cart-updated` ``." + `
`

// Lint is the page of what `herald lint` finds.
func Lint() string {
	var b strings.Builder
	b.WriteString("# Lint\n\nGenerated from the codes of `dsl/lint` by `" + Update + "`; do not edit.\n\n" + lintIntro)
	for _, c := range lint.Codes() {
		fmt.Fprintf(&b, "\n## %s\n\n%s. %s\n", c.Name, c.Summary, c.Doc)
	}
	return b.String()
}

const lintIntro = `What a project says that its author is unlikely to have meant. All of it is told from the files, without
asking anybody: what a finding calls impossible is so for every person, at every instant. What depends on how many
people there are (a segment that is empty, small or much like another) is asked of them by ` + "`herald segments`" + `.
`

// Liquid is the page of the tags and filters of templates.
func Liquid() string {
	var b strings.Builder
	b.WriteString(liquidIntro)
	for _, f := range template.Filters() {
		call := f.Name
		if f.Arguments != "" {
			call += ": " + f.Arguments
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", f.Name, f.Summary)
		fmt.Fprintf(&b, "- `%s`, of %s\n", call, f.Input)
		fmt.Fprintf(&b, "- `%s` writes `%s`\n", f.Example, f.Result)
	}
	return b.String()
}

const liquidIntro = `# Liquid

Generated from the filters of ` + "`dsl/template`" + ` by ` + "`" + Update + "`" + `; do not edit.

Liquid carries the words that a subscriber reads. A template sees ` + "`profile`, `trait`, `segment`" + `, the inputs of its
message, and the addresses ` + "`unsubscribe_url`, `preferences_url`, `view_url` and `why_url`" + `, and nothing else.
Each name, type and filter is checked when the project is. A value that may be missing needs a default or an
` + "`{% if %}`" + ` around it. What is written is escaped for its place.

` + "In HCL, `${` begins an interpolation, Liquid or not: a plain `$` before `{{` is written `$${{`." + `

## Tags

| tag | what it does |
|---|---|
| ` + "`{% if c %} … {% elsif c %} … {% else %} … {% endif %}`" + ` | shows the first part whose condition holds |
| ` + "`{% unless c %} … {% endunless %}`" + ` | shows a part where a condition does not hold |
| ` + "`{% case x %} {% when 'a' %} … {% else %} … {% endcase %}`" + ` | chooses by value |
| ` + "`{% for x in list limit: 3 %} … {% else %} … {% endfor %}`" + ` | repeats a part; ` + "`forloop.index`, `forloop.first`, `forloop.last`" + ` count |
| ` + "`{% assign x = … %}`, `{% capture x %} … {% endcapture %}`" + ` | give a name to a value, to a part |
| ` + "`{% content name %}`" + ` | shows a content block |
| ` + "`{% comment %} … {% endcomment %}`, `{% raw %} … {% endraw %}`" + ` | is left out; is left as it is |
| ` + "`{{ \"key\" | t }}`" + ` | a text of the message's ` + "`strings`" + `, in the reader's language |

## Filters
`
