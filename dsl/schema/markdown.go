package schema

import (
	"fmt"
	"strings"
)

// Markdown writes the reference of the language: one section for each
// top-level block, its nested blocks beneath it.
func Markdown(root *Block) string {
	var b strings.Builder
	b.WriteString("# The language\n\nGenerated from `dsl/schema` by `go test ./dsl/reference -update`; do not edit.\n\n")
	b.WriteString(root.Doc + "\n\n")
	var later []string
	for _, block := range root.Blocks {
		if block.Later {
			later = append(later, fmt.Sprintf("- %s: %s", block.Name, strings.ToLower(block.Doc[:1])+block.Doc[1:]))
			continue
		}
		fmt.Fprintf(&b, "- [%s](#%s)\n", block.Name, block.Name)
	}
	b.WriteByte('\n')
	for _, block := range root.Blocks {
		if !block.Later {
			section(&b, block, 2, map[*Block]bool{})
		}
	}
	fmt.Fprintf(&b, "## Not available yet\n\nParts of the language that this version refuses with a word on it.\n\n%s\n", strings.Join(later, "\n"))
	return b.String()
}

func section(b *strings.Builder, block *Block, level int, seen map[*Block]bool) {
	title, label := block.Name, ""
	if block.Label != "" {
		label = fmt.Sprintf(" \"%s\"", strings.ToUpper(block.Label))
	}
	if block.Word != "" {
		label = fmt.Sprintf(" \"%s\"", block.Word)
		title += label
	}
	fmt.Fprintf(b, "%s %s\n\n%s\n\n", strings.Repeat("#", min(level, 6)), title, block.Doc)
	seen[block] = true
	fmt.Fprintf(b, "`%s%s { … }`%s\n\n", block.Name, label, cardinality(block))
	attributeTable(b, block)
	if block.Example != "" {
		fmt.Fprintf(b, "```hcl\n%s\n```\n\n", block.Example)
	}
	kinds(b, block, level, seen)
	var again []string
	for _, n := range block.Blocks {
		if n.Later && seen[n] {
			continue
		}
		if n.Later {
			seen[n] = true
			fmt.Fprintf(b, "%s %s\n\n%s Not available yet.\n\n", strings.Repeat("#", min(level+1, 6)), n.Name, n.Doc)
			continue
		}
		if !seen[n] {
			section(b, n, level+1, seen)
			continue
		}
		again = append(again, fmt.Sprintf("`%s`", n.Name))
	}
	if len(again) > 0 {
		fmt.Fprintf(b, "In it may also stand %s.\n\n", strings.Join(again, ", "))
	}
}

// kinds writes the bodies that a label chooses.
func kinds(b *strings.Builder, block *Block, level int, seen map[*Block]bool) {
	for _, k := range block.Kinds {
		if k.Later {
			fmt.Fprintf(b, "%s %s \"%s\"\n\n%s Not available yet.\n\n", strings.Repeat("#", min(level+1, 6)), block.Name, k.Word, k.Doc)
			continue
		}
		section(b, k, level+1, seen)
	}
}

func cardinality(block *Block) string {
	switch {
	case block.Required && block.Repeats:
		return ", one or more"
	case block.Required:
		return ", exactly one"
	case block.Repeats:
		return ", any number"
	}
	return ", at most one"
}

func attributeTable(b *strings.Builder, block *Block) {
	if len(block.Attributes) == 0 {
		return
	}
	b.WriteString("| attribute | kind | |\n|---|---|---|\n")
	for _, a := range block.Attributes {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", a.Name, describe(a), notes(a))
	}
	b.WriteByte('\n')
}

func describe(a Attribute) string {
	switch {
	case len(a.OneOf) > 0:
		return "`\"" + strings.Join(a.OneOf, "\"`, `\"") + "\"`"
	case a.Kind == Reference && len(a.Refs) > 0:
		var refs []string
		for _, kind := range a.Refs {
			refs = append(refs, referred(kind))
		}
		return strings.Join(refs, " or ")
	}
	return kindWords[a.Kind]
}

// referred is what a Reference names, in words.
func referred(kind string) string {
	switch {
	case kind == "profile":
		return "the profile"
	case strings.ContainsRune("aeiou", rune(kind[0])):
		return "an " + kind
	}
	return "a " + kind
}

var kindWords = map[Kind]string{
	String: "string", Number: "number", Bool: "bool", Duration: "duration", DateString: "date", Clock: "clock time",
	Timezone: "time zone", Strings: "list of strings", Reference: "reference", TypeExpr: "type", Condition: "CEL condition",
	CEL: "CEL", Bindings: "object of CEL", Liquid: "Liquid", Body: "MJML, HTML or text, with Liquid", Source: "file",
	Directory: "folder", Value: "any value", Map: "object",
	Numbers: "list of numbers", Durations: "list of durations",
}

func notes(a Attribute) string {
	parts := []string{a.Doc}
	if a.Required {
		parts = append(parts, "Required.")
	}
	if a.Default != "" {
		parts = append(parts, "Default: "+a.Default+".")
	}
	if a.Sensitive {
		parts = append(parts, "A secret: takes a sensitive variable or `env()`.")
	}
	if a.Later {
		parts = append(parts, "Not available yet.")
	}
	return strings.ReplaceAll(strings.Join(parts, " "), "|", "\\|")
}
