package effect

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPublic(t *testing.T) {
	for _, a := range []string{"1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"} {
		require.True(t, public(netip.MustParseAddr(a)), a)
	}
	for _, a := range []string{
		"127.0.0.1", "::1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "fe80::1", "fd00::1", "100.64.0.1",
		"224.0.0.1", "ff02::1", "255.255.255.255", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "192.0.2.1", "::",
	} {
		require.False(t, public(netip.MustParseAddr(a)), a)
	}
}

func TestAllowed(t *testing.T) {
	g := Guard{Allow: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.5:8080")}}
	require.NoError(t, g.control("tcp4", "10.0.0.5:8080", nil))
	require.ErrorIs(t, g.control("tcp4", "10.0.0.5:22", nil), ErrForbidden)
	require.ErrorIs(t, g.control("tcp4", "what", nil), ErrForbidden)
	require.NoError(t, Guard{}.control("tcp4", "1.1.1.1:443", nil))
}
