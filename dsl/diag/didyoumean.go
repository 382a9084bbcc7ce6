package diag

import (
	"strings"

	"github.com/agext/levenshtein"
)

// DidYouMean returns the candidate that word is most likely a misspelling of,
// and "" when none is near. Case, - and _ count for little; among equals the
// first in the alphabet wins, whatever the order of candidates.
func DidYouMean(word string, candidates []string) string {
	best, distance := "", tolerance(word)+1
	for _, c := range candidates {
		if c == word || len(word) > 64 || abs(len(c)-len(word)) >= distance {
			continue
		}
		d := distanceOf(fold(word), fold(c))
		if d < distance || d == distance && best != "" && c < best {
			best, distance = c, d
		}
	}
	return best
}

// tolerance is how many letters of word may be wrong.
func tolerance(word string) int {
	switch n := len(word); {
	case n <= 2:
		return 0
	case n <= 4:
		return 1
	case n <= 10:
		return 2
	}
	return 3
}

// distanceOf counts the letters to change; two that changed places count once.
func distanceOf(a, b string) int {
	for i := range min(len(a), len(b)) - 1 {
		if a[i] != b[i] {
			if a[:i]+a[i+1:i+2]+a[i:i+1]+a[i+2:] == b {
				return 1
			}
			break
		}
	}
	return levenshtein.Distance(a, b, nil)
}

func abs(n int) int { return max(n, -n) }

func fold(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "_")) }
