// Package library keeps the segments that herald brings along, as files in the
// language that a project is written in.
//
// By role:
//   - Text: a library with its settings put in, ready to be read like any file
//
// Enters: the name of a library and the words that its block sets. Leaves: HCL.
// Refused: knowledge of what a setting may be; dsl/schema and dsl/compile have
// that.
package library

import (
	_ "embed"
	"strings"
)

//go:embed lifecycle.hcl
var lifecycle string

var texts = map[string]string{"lifecycle": lifecycle}

// Text is the HCL of a library: <word> stands in it for the setting of that name,
// as it is to be written. It is false for a library that there is none of.
func Text(name string, settings map[string]string) (string, bool) {
	text, ok := texts[name]
	if !ok {
		return "", false
	}
	var pairs []string
	for word, value := range settings {
		pairs = append(pairs, "<"+word+">", value)
	}
	return strings.NewReplacer(pairs...).Replace(text), true
}
