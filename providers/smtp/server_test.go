package smtp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/providers/provider"
	"github.com/herald-campaigns/herald/providers/providertest"
)

// receiver is a real SMTP server on the loopback interface.
type receiver struct {
	t      testing.TB
	server *gosmtp.Server
	port   float64
	ca     string // PEM, where it has TLS

	mu        sync.Mutex
	raw       []string
	from, to  []string
	utf8      bool
	behaviour providertest.Behaviour
	sessions  int
	login     string // of the last session that logged in
	mechanism string
	done      chan struct{}
}

// receive starts a server; change it before it listens by tune.
func receive(t testing.TB, tune func(*receiver)) *receiver {
	t.Helper()
	r := &receiver{t: t, behaviour: providertest.Take, done: make(chan struct{})}
	r.server = gosmtp.NewServer(r)
	r.server.Domain = "receiver.example"
	r.server.ErrorLog = log.New(io.Discard, "", 0)
	if tune != nil {
		tune(r)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.port = float64(l.Addr().(*net.TCPAddr).Port)
	go func() { _ = r.server.Serve(l) }()
	t.Cleanup(func() {
		close(r.done)
		_ = r.server.Close()
	})
	return r
}

// NewSession implements the server's backend.
func (r *receiver) NewSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions++
	return &inbound{r: r, conn: c}, nil
}

func (r *receiver) behave(b providertest.Behaviour) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behaviour = b
	return true
}

func (r *receiver) now() providertest.Behaviour {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.behaviour
}

func (r *receiver) messages() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.raw...)
}

func (r *receiver) received() []providertest.Received {
	r.t.Helper()
	var out []providertest.Received
	for _, raw := range r.messages() {
		m, err := providertest.ParseMail([]byte(raw))
		require.NoError(r.t, err)
		out = append(out, m)
	}
	return out
}

// open opens a provider for the server.
func (r *receiver) open(values map[string]any) *Provider {
	r.t.Helper()
	return open1(r.t, r.port, values)
}

func open1(t testing.TB, port float64, values map[string]any) *Provider {
	t.Helper()
	all := map[string]any{"host": "127.0.0.1", "port": port, "timeout": "2s"}
	for k, v := range values {
		all[k] = v
	}
	p, err := Kind().New(t.Context(), provider.Config{Values: all})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p.(*Provider)
}

// inbound is one connection at the server.
type inbound struct {
	r        *receiver
	conn     *gosmtp.Conn
	from, to string
}

func refusal(code int, a, b, c int, text string) error {
	return &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.EnhancedCode{a, b, c}, Message: text}
}

func (s *inbound) Mail(from string, opts *gosmtp.MailOptions) error {
	s.from = from
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.utf8 = opts.UTF8
	return nil
}

func (s *inbound) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.to = to
	switch s.r.now() {
	case providertest.RefuseAddress:
		return refusal(550, 5, 1, 1, "no such user "+to)
	case providertest.RefuseNow:
		return refusal(451, 4, 3, 0, "try again, "+to)
	case providertest.Throttle:
		return refusal(450, 4, 7, 28, "too many messages for "+to)
	case providertest.VanishBefore:
		_ = s.conn.Conn().Close()
	}
	return nil
}

func (s *inbound) Data(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	switch s.r.now() {
	case providertest.RefuseMessage:
		return refusal(554, 5, 7, 1, "looks like spam for "+s.to)
	case providertest.VanishAfter:
		_ = s.conn.Conn().Close()
		return errors.New("gone")
	case providertest.Hang:
		<-s.r.done
		return errors.New("gone")
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.raw, s.r.from, s.r.to = append(s.r.raw, string(raw)), append(s.r.from, s.from), append(s.r.to, s.to)
	return nil
}

func (s *inbound) Reset()        {}
func (s *inbound) Logout() error { return nil }

// credentials make the server ask for a login.
type credentials struct {
	*inbound
	mechanisms []string
}

func (s *credentials) AuthMechanisms() []string { return s.mechanisms }

func (s *credentials) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		if username != "herald" || password != "s3cret" {
			return gosmtp.ErrAuthFailed
		}
		s.r.mu.Lock()
		defer s.r.mu.Unlock()
		s.r.login, s.r.mechanism = username, mechanism
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
	case "LOGIN":
		return &loginServer{check: check}, nil
	}
	return nil, gosmtp.ErrAuthUnknownMechanism
}

// loginServer is AUTH LOGIN, which go-sasl has for clients alone.
type loginServer struct {
	check    func(username, password string) error
	username string
	step     int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.username = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.username, string(response))
}

// asking is a backend whose sessions must log in.
type asking struct {
	*receiver
	mechanisms []string
}

func (a asking) NewSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions++
	return &credentials{&inbound{r: a.receiver, conn: c}, a.mechanisms}, nil
}

// withTLS gives the server a certificate for 127.0.0.1 and returns the authority.
func withTLS(t testing.TB, r *receiver) {
	t.Helper()
	authority, key := certificate(t, nil, nil)
	leaf, leafKey := certificate(t, authority, key)
	r.ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}))
	r.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: leafKey}}}
}

func certificate(t testing.TB, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if parent == nil {
		parent, signer = template, key
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c, key
}
