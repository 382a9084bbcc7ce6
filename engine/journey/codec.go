package journey

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// The encoding of a State: a version byte, then varints. Members are runs of
// equal ones, and instants are differences to the member before, so that a
// cohort that moves together costs a few bytes and one that has scattered about
// 24 bytes a member.
//
//	version  flags  armed  effects  size  runs…  waits  facts…
//	run:     length  phase  flags  pc  visit  outcome  since  due  ask  flight
//	fact:    met  unmet, each a length and that many bytes

const (
	stateStarted = 1 << iota
	stateClosed
	statePaused
	stateFlags = 1<<iota - 1
)

// errState is what a malformed encoding ends with.
var errState = errors.New("not an encoded state of a journey")

// AppendBinary appends the encoding to b.
func (s *State) AppendBinary(b []byte) ([]byte, error) {
	var flag byte
	if s.started {
		flag |= stateStarted
	}
	if s.closed {
		flag |= stateClosed
	}
	if s.paused {
		flag |= statePaused
	}
	b = append(b, s.version(), flag)
	b = binary.AppendVarint(b, int64(s.armed))
	b = binary.AppendVarint(b, s.effects)
	b = binary.AppendUvarint(b, uint64(len(s.members)))
	var last member
	for i := 0; i < len(s.members); {
		m := s.members[i]
		n := 1
		for i+n < len(s.members) && s.members[i+n] == m {
			n++
		}
		b = binary.AppendUvarint(b, uint64(n))
		b = m.append(b, last)
		last = m
		i += n
	}
	b = binary.AppendUvarint(b, uint64(len(s.facts)))
	for _, f := range s.facts {
		b = f.unmet.append(f.met.append(b))
	}
	return b, nil
}

func (m member) append(b []byte, last member) []byte {
	b = append(b, byte(m.phase), byte(m.flags))
	b = binary.AppendUvarint(b, uint64(m.pc))
	b = append(b, m.visit, byte(m.outcome))
	b = binary.AppendVarint(b, int64(m.since-last.since))
	b = binary.AppendVarint(b, int64(m.due-last.due))
	b = binary.AppendVarint(b, int64(m.ask-last.ask))
	return binary.AppendVarint(b, m.flight-last.flight)
}

// version is that of the oldest interpreter that understands the state, so that
// a worker of the version before can take over what is not new to it.
func (s *State) version() byte {
	if s.paused {
		return 2
	}
	for i := range s.members {
		if s.members[i].outcome > Gone {
			return 2
		}
	}
	return 1
}

// append writes the bytes up to the last that is not zero.
func (b bits) append(out []byte) []byte {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return append(binary.AppendUvarint(out, uint64(n)), b[:n]...)
}

// UnmarshalBinary reads what AppendBinary wrote. It refuses what a newer
// interpreter wrote, and anything else, and then leaves s as it was.
func (s *State) UnmarshalBinary(b []byte) error {
	if len(b) < 2 {
		return errState
	}
	if b[0] == 0 || b[0] > Version {
		return fmt.Errorf("the state is of interpreter version %d, this worker's is %d: upgrade the worker", b[0], Version)
	}
	r := reader{rest: b[2:]}
	out := State{started: b[1]&stateStarted != 0, closed: b[1]&stateClosed != 0, paused: b[1]&statePaused != 0}
	out.armed = instant(r.varint())
	out.effects = r.varint()
	out.members = r.members()
	out.facts = r.facts(len(out.members))
	if r.bad || len(r.rest) > 0 || b[1]&^stateFlags != 0 || !out.armed.valid() {
		return errState
	}
	*s = out
	return nil
}

// MarshalText writes the encoding in base64, as it stands in JSON.
func (s *State) MarshalText() ([]byte, error) {
	b, err := s.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	return base64.RawStdEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *State) UnmarshalText(text []byte) error {
	b, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("%w: %w", errState, err)
	}
	return s.UnmarshalBinary(b)
}

// reader takes an encoding apart. Once it is bad it stays so, and reads zeros.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) octet() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// count reads a number that is at most limit.
func (r *reader) count(limit int) int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > uint64(limit) {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

func (r *reader) members() []member {
	size := r.count(MaxCohort)
	members := make([]member, 0, size)
	var last member
	for len(members) < size && !r.bad {
		n := r.count(size - len(members))
		m := r.member(last)
		r.bad = r.bad || n == 0
		for range n {
			members = append(members, m)
		}
		last = m
	}
	return members
}

func (r *reader) member(last member) member {
	var m member
	m.phase, m.flags = phase(r.octet()), flags(r.octet())
	m.pc = uint16(r.count(1<<16 - 1))
	m.visit, m.outcome = r.octet(), Outcome(r.octet())
	m.since = last.since + instant(r.varint())
	m.due = last.due + instant(r.varint())
	m.ask = last.ask + instant(r.varint())
	m.flight = last.flight + r.varint()
	if m.phase > ended || m.flags > allFlags || m.outcome >= outcomes || !m.since.valid() || !m.due.valid() || !m.ask.valid() {
		r.bad = true
	}
	return m
}

func (r *reader) facts(size int) []fact {
	facts := make([]fact, r.count(min(1<<16-1, len(r.rest))))
	for i := range facts {
		facts[i] = fact{met: r.bits(size), unmet: r.bits(size)}
	}
	return facts
}

func (r *reader) bits(size int) bits {
	b := newBits(size)
	n := r.count(len(b))
	if n > len(r.rest) {
		r.bad, r.rest = true, nil
		return b
	}
	copy(b, r.rest[:n])
	r.rest = r.rest[n:]
	if rest := size % 8; rest != 0 && b[len(b)-1]>>rest != 0 {
		r.bad = true
	}
	return b
}

func (i instant) valid() bool { return i >= 0 && i <= lastInstant }
