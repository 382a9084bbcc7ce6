package main

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPorts(t *testing.T) {
	var (
		p    ports
		any0 = netip.AddrPortFrom(loopback, 0)
		seen = map[uint16]bool{}
	)
	for range 50 {
		addr, err := p.claim(any0)
		require.NoError(t, err)
		require.False(t, seen[addr.Port()], "%s given twice", addr)
		require.GreaterOrEqual(t, int(addr.Port()), lowestPort)
		require.LessOrEqual(t, int(addr.Port()), highestPort)
		seen[addr.Port()] = true
	}

	listener, err := net.Listen("tcp", any0.String())
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	taken := netip.MustParseAddrPort(listener.Addr().String())
	_, err = p.claim(taken)
	require.ErrorContains(t, err, taken.String()+" is in use, perhaps by another Temporal server")
}
