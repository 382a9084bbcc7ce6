package mjml

import (
	"regexp"
	"slices"
	"strings"
)

// kind is what an attribute takes.
type kind struct {
	wants string   // what it takes, in words
	words []string // the only values there are; nil where that is not so
	valid func(string) bool
}

// The kinds of values.
var (
	anything   = &kind{wants: "any text", valid: func(string) bool { return true }}
	colour     = &kind{wants: "a colour such as #1a2b3c, rgb(26, 43, 60) or teal", valid: isColour}
	background = &kind{wants: "a colour such as #1a2b3c, rgb(26, 43, 60) or teal, or none", valid: isBackground}
	count      = &kind{wants: "a whole number", valid: regexp.MustCompile(`^\d+$`).MatchString}
	pixels     = lengths("a length in px, such as 20px", 1, "px")
	spacing    = lengths("a length in px or em, such as 1px or -0.5em", 1, "px", "em", "-")
	size       = lengths("a length in px or %, such as 20px or 50%", 1, "px", "%")
	sizeAuto   = lengths("auto or a length in px or %", 1, "px", "%", "auto")
	pixelsAuto = lengths("auto or a length in px", 1, "px", "auto")
	lineHeight = lengths("a number or a length in px or %, such as 1.5, 24px or 150%", 1, "px", "%", "")
	sides      = lengths("one to four lengths in px or %, such as 10px 25px", 4, "px", "%")
	yesNo      = choice("true", "false")
	alignX     = choice("left", "center", "right")
	alignText  = choice("left", "center", "right", "justify")
	alignY     = choice("top", "middle", "bottom")
	direction  = choice("ltr", "rtl")
)

// choice is the kind of which these are all the values.
func choice(words ...string) *kind {
	last := len(words) - 1
	wants := words[last]
	if last > 0 {
		wants = strings.Join(words[:last], ", ") + " or " + wants
	}
	return &kind{wants: wants, words: words, valid: func(v string) bool { return slices.Contains(words, v) }}
}

// lengths is the kind of up to most lengths in the given units. Among these "-"
// admits negative numbers, "auto" the word auto, and "" a number without unit.
func lengths(wants string, most int, units ...string) *kind {
	return &kind{wants: wants, valid: func(value string) bool {
		fields := strings.Fields(value)
		if len(fields) == 0 || len(fields) > most {
			return false
		}
		return !slices.ContainsFunc(fields, func(f string) bool { return !isLength(f, units) })
	}}
}

var lengthForm = regexp.MustCompile(`^(-?)(\d*\.?\d+)([a-z%]*)$`)

func isLength(field string, units []string) bool {
	if field == "0" || field == "auto" {
		return field == "0" || slices.Contains(units, "auto")
	}
	m := lengthForm.FindStringSubmatch(field)
	return m != nil && (m[1] == "" || slices.Contains(units, "-")) && slices.Contains(units, m[3])
}

// normal is a value as it is rendered.
func (k *kind) normal(value string) string {
	if k == colour || k == background {
		return longHex(value)
	}
	return value
}

// hint is what to do about a value that is not of the kind.
func (k *kind) hint(value string) string {
	if best := nearest(value, k.words); best != "" {
		return "Did you mean " + best + "?"
	}
	if k.valid(value + "px") {
		return "Write " + value + "px."
	}
	return ""
}
