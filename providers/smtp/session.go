package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"
)

// session is one connection that has been greeted, protected and logged in.
type session struct {
	cfg  *config
	conn net.Conn
	r    *bufio.Reader
	out  []byte // commands about to be written

	extensions map[string]string // what the server can, with its parameters
	secure     bool
	messages   int  // handed over so far
	unfinished bool // a transaction was begun and not ended: RSET comes first
	spent      bool // its deadline may be anything
	idleSince  time.Time
}

// past is a deadline that ends what waits.
var past = time.Unix(1, 0)

// dial opens a session. Every error is a *failure.
func dial(ctx context.Context, cfg *config) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	dialer := net.Dialer{}
	conn, err := dialer.DialContext(ctx, "tcp", cfg.address)
	if err != nil {
		return nil, &failure{stage: connecting, err: err}
	}
	s := &session{cfg: cfg}
	s.use(conn)
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
	err = s.prepare()
	if !stop() && err == nil {
		err = &failure{stage: connecting, err: ctx.Err()}
	}
	if err != nil {
		_ = s.conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *session) use(conn net.Conn) {
	s.conn = conn
	s.r = bufio.NewReaderSize(conn, replyBuffer)
}

// prepare brings a fresh connection to where mail can be handed over. The
// caller sees to the deadline.
func (s *session) prepare() error {
	if s.cfg.encryption == implicitTLS {
		if err := s.handshake(connecting); err != nil {
			return err
		}
	}
	if err := s.expect(greeting); err != nil {
		return err
	}
	if err := s.hello(); err != nil {
		return err
	}
	if s.cfg.encryption == startTLS {
		if err := s.startTLS(); err != nil {
			return err
		}
	}
	if s.cfg.username != "" {
		return s.login()
	}
	return nil
}

// handshake protects the connection.
func (s *session) handshake(at stage) error {
	protected := tls.Client(s.conn, s.cfg.tls)
	if err := protected.Handshake(); err != nil {
		return &failure{stage: at, err: err}
	}
	s.use(protected)
	s.secure = true
	return nil
}

// hello asks what the server can.
func (s *session) hello() error {
	p, err := s.ask(helo, "EHLO "+s.cfg.helo)
	if err != nil {
		return err
	}
	s.extensions = map[string]string{}
	if p.code == 500 || p.code == 502 { // a server from before 1995
		return s.do(helo, "HELO "+s.cfg.helo)
	}
	if !p.ok() {
		return &failure{stage: helo, reply: p}
	}
	for _, line := range p.lines[1:] {
		name, parameters, _ := strings.Cut(line, " ")
		s.extensions[strings.ToUpper(name)] = parameters
	}
	return nil
}

func (s *session) startTLS() error {
	if _, ok := s.extensions["STARTTLS"]; !ok {
		return &failure{stage: upgrade, err: errors.New("the server does not offer STARTTLS, and mail does not go over an open connection")}
	}
	if err := s.do(upgrade, "STARTTLS"); err != nil {
		return err
	}
	if s.r.Buffered() > 0 { // somebody on the way added to the answer
		return &failure{stage: upgrade, err: errNonsense}
	}
	if err := s.handshake(upgrade); err != nil {
		return err
	}
	return s.hello()
}

// can reports whether the server has an extension.
func (s *session) can(extension string) bool {
	_, ok := s.extensions[extension]
	return ok
}

// maxSize is the largest message that the server takes; 0: it does not say.
func (s *session) maxSize() int {
	n, err := strconv.Atoi(s.extensions["SIZE"])
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// ask sends one command and reads the answer.
func (s *session) ask(at stage, command string) (reply, error) {
	s.command(command)
	if err := s.flush(at); err != nil {
		return reply{}, err
	}
	return s.answer(at)
}

// do sends one command that must be answered by yes.
func (s *session) do(at stage, command string) error {
	s.command(command)
	if err := s.flush(at); err != nil {
		return err
	}
	return s.expect(at)
}

// expect reads an answer that must be yes.
func (s *session) expect(at stage) error {
	p, err := s.answer(at)
	if err == nil && !p.ok() {
		err = &failure{stage: at, reply: p}
	}
	return err
}

// answer reads the answer to what was sent at a stage.
func (s *session) answer(at stage) (reply, error) {
	p, err := readReply(s.r)
	if err != nil {
		return reply{}, &failure{stage: at, err: err}
	}
	return p, nil
}

// command adds a command to the next flight.
func (s *session) command(parts ...string) {
	for _, p := range parts {
		s.out = append(s.out, p...)
	}
	s.out = append(s.out, '\r', '\n')
}

// flush sends the flight.
func (s *session) flush(at stage) error {
	_, err := s.conn.Write(s.out)
	s.out = s.out[:0]
	if err != nil {
		return &failure{stage: at, err: err}
	}
	return nil
}

// quit takes leave, without waiting long.
func (s *session) quit() {
	_ = s.conn.SetDeadline(time.Now().Add(min(s.cfg.timeout, time.Second)))
	_ = s.do(reset, "QUIT")
	_ = s.conn.Close()
}
