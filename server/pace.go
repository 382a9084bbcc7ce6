package server

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The pace of one address that sends with a browser's key: so many calls a
// second in the long run, so many at once.
const (
	callsPerSecond = 20
	callsAtOnce    = 400
	maxAddresses   = 10_000
)

// pace counts what addresses send, in memory alone: a bucket for each fills with
// time, and each call takes from it. The zero pace but for wall is ready.
type pace struct {
	wall func() time.Time

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// take reports whether an address may send so many calls now, and counts them
// if it may; else how long to wait.
func (p *pace) take(address string, calls int) (ok bool, wait time.Duration) {
	now := p.wall()
	p.mu.Lock()
	defer p.mu.Unlock()
	b, known := p.buckets[address]
	if !known {
		if len(p.buckets) >= maxAddresses {
			p.forget(now)
		}
		if len(p.buckets) >= maxAddresses { // a crowd: whoever is new shares one
			address = ""
			b, known = p.buckets[address]
		}
		if !known {
			b = bucket{callsAtOnce, now}
		}
		if p.buckets == nil {
			p.buckets = map[string]bucket{}
		}
	}
	b.left = min(callsAtOnce, b.left+max(0, now.Sub(b.at).Seconds())*callsPerSecond)
	b.at = now
	short := float64(calls) - b.left
	if short <= 0 {
		b.left -= float64(calls)
	}
	p.buckets[address] = b
	return short <= 0, time.Duration(short / callsPerSecond * float64(time.Second))
}

// forget lets go of addresses whose buckets are full again.
func (p *pace) forget(now time.Time) {
	for address, b := range p.buckets {
		if b.left+now.Sub(b.at).Seconds()*callsPerSecond >= callsAtOnce {
			delete(p.buckets, address)
		}
	}
}

// inPace counts calls of a request; false when the answer has been given.
func (s *server) inPace(w http.ResponseWriter, r *http.Request, calls int) bool {
	ok, wait := s.pace.take(addressOf(r), max(0, calls))
	if !ok {
		w.Header().Set("Retry-After", fmt.Sprint(int(math.Ceil(wait.Seconds()))))
		fail(w, http.StatusTooManyRequests, "too many calls from one address: nothing was stored, send it again later")
	}
	return ok
}

// addressOf is the network address that a request came from. A proxy in front
// of us, which is near, names whom it speaks for last.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip := net.ParseIP(host)
	if ip == nil || !ip.IsLoopback() && !ip.IsPrivate() {
		return host
	}
	list := r.Header.Get("X-Forwarded-For")
	if last := strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:]); net.ParseIP(last) != nil {
		return last
	}
	return host
}
