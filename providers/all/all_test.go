package all_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/providers/all"
	"github.com/herald-campaigns/herald/providers/provider"
)

func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range all.Kinds() {
		require.False(t, seen[k.Source], k.Source)
		seen[k.Source] = true
		found, ok := all.Kind(k.Source)
		require.True(t, ok)
		require.Equal(t, k.Source, found.Source)
		require.NotEmpty(t, k.Schema.Example)
	}
	require.Equal(t, map[string]bool{"builtin/smtp": true, provider.Mailbox: true}, seen)
	_, ok := all.Kind("builtin/pigeon")
	require.False(t, ok)
	mailbox, _ := all.Kind(provider.Mailbox)
	require.True(t, mailbox.Capabilities.Stays, "the guard relies on it")
	smtp, _ := all.Kind("builtin/smtp")
	require.False(t, smtp.Capabilities.Stays, "and on this")
}
