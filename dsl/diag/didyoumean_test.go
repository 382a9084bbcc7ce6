package diag

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDidYouMean(t *testing.T) {
	known := []string{"vip", "readers", "lapsed", "gluten_free", "abandoned_cart", "order_completed", "order_complete"}
	for word, want := range map[string]string{
		"vpi":             "vip",
		"vi":              "",
		"vap":             "vip",
		"VIP":             "vip",
		"reader":          "readers",
		"raeders":         "readers",
		"gluten-free":     "gluten_free",
		"abandonned_cart": "abandoned_cart",
		"order_completd":  "order_complete",
		"vip":             "",
		"":                "",
		"nothing_like_it": "",
	} {
		require.Equal(t, want, DidYouMean(word, known), word)
	}
	require.Empty(t, DidYouMean("x", nil))
	require.Equal(t, "abc1", DidYouMean("abcd", []string{"abc2", "abc1", "abc3"}), "first in the alphabet")
	require.Empty(t, DidYouMean(strings.Repeat("a", 1<<20), []string{strings.Repeat("a", 1<<20) + "b"}))
}

func TestListSort(t *testing.T) {
	l := List{
		{Code: "c", Subject: Range{File: "b", Start: Pos{Byte: 1}}},
		{Code: "b", Subject: Range{File: "a", Start: Pos{Byte: 5}}, Severity: Warning},
		{Code: "a", Subject: Range{File: "a", Start: Pos{Byte: 2}}},
	}
	l.Sort()
	require.Equal(t, "abc", l[0].Code+l[1].Code+l[2].Code)
	require.True(t, l.HasErrors())
	require.False(t, l[1:2].HasErrors())
}
