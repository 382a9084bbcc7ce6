package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/herald-campaigns/herald/dsl/diag"
)

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(quoted, ", ")
}

// capital makes the beginning of a sentence. A name that is written in a certain
// way, such as mj-section or stores.csv, keeps it.
func capital(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if strings.ContainsAny(first, "-._/<") || first == "mjml" {
		return s
	}
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// sentence is capital with one full stop at the end.
func sentence(s string) string { return capital(strings.TrimRight(s, ".")) + "." }

// article is "an event", "a message".
func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func didYouMean(word string, candidates []string) string {
	if near := diag.DidYouMean(word, candidates); near != "" {
		return fmt.Sprintf("Did you mean %q?", near)
	}
	return ""
}

// andMore joins names for a sentence, three at the most.
func andMore(names []string) string {
	switch n := len(names); {
	case n == 1:
		return names[0]
	case n <= 3:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
}

var (
	spelledDuration  = regexp.MustCompile(`(?i)^\s*(\d+)\s*(weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|[wdhms])\s*$`)
	fractionDuration = regexp.MustCompile(`^(\d+)\.(\d)([wdhm])$`)
	isoDuration      = regexp.MustCompile(`^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)
	smallerUnits     = map[string]struct {
		unit string
		of   int
	}{"w": {"h", 168}, "d": {"h", 24}, "h": {"m", 60}, "m": {"s", 60}}
)

// durationFix proposes how what was meant as a duration is written.
func durationFix(s string) string {
	write := func(d string) string { return fmt.Sprintf("Write %q.", d) }
	if strings.HasSuffix(s, "M") {
		return "Months differ in length: write \"30d\". Minutes are m."
	}
	if m := spelledDuration.FindStringSubmatch(s); m != nil && len(m[1]) < 5 {
		return write(m[1] + strings.ToLower(m[2][:1]))
	}
	if m := fractionDuration.FindStringSubmatch(s); m != nil {
		whole, _ := strconv.Atoi(m[1])
		tenths, _ := strconv.Atoi(m[2])
		small := smallerUnits[m[3]]
		return write(strconv.Itoa((10*whole+tenths)*small.of/10) + small.unit)
	}
	if m := isoDuration.FindStringSubmatch(s); m != nil && len(s) > 2 {
		var b strings.Builder
		for i, unit := range []string{"w", "d", "h", "m", "s"} {
			if m[i+1] != "" {
				b.WriteString(m[i+1] + unit)
			}
		}
		return write(b.String())
	}
	if strings.HasSuffix(s, "ms") {
		return "A second is the least: write \"1s\"."
	}
	return ""
}

// dayFix proposes how a day that was written in another way is written.
func dayFix(word string, days []string) string {
	if len(word) >= 2 {
		if short := strings.ToUpper(word[:2]); slices.Contains(days, short) {
			return fmt.Sprintf("Write %q.", short)
		}
	}
	return "Days are " + quoteAll(days) + "."
}
