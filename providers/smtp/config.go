package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/providers/provider"
)

const (
	defaultConnections = 8
	maxConnections     = 1000
	// messagePatience is how many timeouts the server may take over a message:
	// some look at it closely before they answer, and giving up leaves it unknown.
	messagePatience = 4
)

// encryption is how a connection is protected.
type encryption string

const (
	startTLS    encryption = "starttls"
	implicitTLS encryption = "tls"
	open        encryption = "none"
)

func (e encryption) port() int {
	switch e {
	case implicitTLS:
		return 465
	case open:
		return 25
	case startTLS:
	}
	return 587
}

// config is what a project said, checked.
type config struct {
	address            string // host:port
	loopback           bool
	encryption         encryption
	tls                *tls.Config
	username, password string
	helo               string
	connections        int
	perConnection      int
	timeout, idle      time.Duration
}

// reader reads settings and remembers what was wrong with them.
type reader struct {
	provider.Config
	errs []error
}

func (r *reader) string(name, otherwise string) string {
	v, err := r.String(name, otherwise)
	r.errs = append(r.errs, err)
	return v
}

func (r *reader) int(name string, otherwise, low, high int) int {
	v, err := r.Int(name, otherwise, low, high)
	r.errs = append(r.errs, err)
	return v
}

func (r *reader) duration(name string, otherwise time.Duration) time.Duration {
	v, err := r.Duration(name, otherwise)
	if err == nil && v <= 0 {
		err = fmt.Errorf("%s must be longer than 0s", name)
	}
	r.errs = append(r.errs, err)
	return v
}

// read checks a configuration.
func read(cfg provider.Config) (*config, error) {
	r := &reader{Config: cfg}
	host := r.string("host", "")
	c := &config{
		loopback:      isLoopback(host),
		username:      r.string("username", ""),
		password:      r.string("password", ""),
		helo:          r.string("helo", ownName()),
		connections:   r.int("connections", defaultConnections, 1, maxConnections),
		perConnection: r.int("messages_per_connection", 100, 1, 1_000_000),
		timeout:       r.duration("timeout", 30*time.Second),
		idle:          r.duration("idle", 30*time.Second),
	}
	c.encryption = encryption(r.string("tls", string(startTLS)))
	if _, said := cfg.Values["tls"]; !said && c.loopback {
		c.encryption = open
	}
	port := r.int("port", c.encryption.port(), 1, 65535)
	c.address = net.JoinHostPort(host, strconv.Itoa(port))
	var err error
	c.tls, err = trust(host, r.string("ca", ""))
	r.errs = append(r.errs, err, c.check(host))
	if err := errors.Join(r.errs...); err != nil {
		return nil, fmt.Errorf("%s: %w", Source, err)
	}
	return c, nil
}

// check refuses what is well-formed and yet wrong.
func (c *config) check(host string) error {
	switch {
	case host == "":
		return errors.New("host is missing")
	case strings.ContainsFunc(host+c.helo, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' }):
		return errors.New("host and helo are names without spaces")
	case strings.Contains(c.username+c.password, "\x00"):
		return errors.New("username and password cannot hold NUL")
	case c.encryption != startTLS && c.encryption != implicitTLS && c.encryption != open:
		return errors.New(`tls must be "starttls", "tls" or "none"`)
	case c.username == "" && c.password != "":
		return errors.New("there is a password and no username")
	case c.username != "" && c.encryption == open && !c.loopback:
		return errors.New(`with tls = "none" everybody on the way could read the password: use "starttls" or "tls"`)
	}
	return nil
}

// trust is the TLS configuration for a host.
func trust(host, ca string) (*tls.Config, error) {
	t := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	if ca == "" {
		return t, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM([]byte(ca)) {
		return nil, errors.New("ca holds no certificate in PEM")
	}
	t.RootCAs = roots
	return t, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// ownName is what this machine calls itself, where a mail server can make sense
// of it.
func ownName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsAny(name, " \r\n\t<>_") {
		return "localhost"
	}
	return name
}
