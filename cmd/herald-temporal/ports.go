package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
)

// Free ports are taken from below the ranges that Linux, macOS and Windows give
// to outgoing connections. The server must be told a number, so there is a moment
// between finding a port free and listening on it; within it, nothing that
// connects somewhere can take the port.
const (
	lowestPort  = 20_000
	highestPort = 32_767
	portTries   = 200
)

// ports hands out TCP ports to listen on, none twice.
type ports struct {
	given map[netip.AddrPort]bool
}

// claim returns addr with a free port in place of port 0. Of a given port it
// checks that nothing listens there.
func (p *ports) claim(addr netip.AddrPort) (netip.AddrPort, error) {
	if addr.Port() != 0 {
		return addr, p.probe(addr)
	}
	var err error
	for range portTries {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		candidate := netip.AddrPortFrom(addr.Addr(), uint16(port))
		if err = p.probe(candidate); err == nil {
			return candidate, nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("no free port on %s after %d tries; the last: %w", addr.Addr(), portTries, err)
}

// probe checks that addr can be listened on and notes it as given.
func (p *ports) probe(addr netip.AddrPort) error {
	if p.given[addr] {
		return fmt.Errorf("%s is given already", addr)
	}
	listener, err := net.Listen("tcp", addr.String())
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s is in use, perhaps by another Temporal server: stop that one, or pass another port (0 takes a free one)", addr)
		}
		return fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	if p.given == nil {
		p.given = map[netip.AddrPort]bool{}
	}
	p.given[addr] = true
	return listener.Close()
}
