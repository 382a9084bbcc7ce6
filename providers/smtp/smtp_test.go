package smtp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/providers/provider"
	"github.com/herald-campaigns/herald/providers/providertest"
)

func TestContract(t *testing.T) {
	providertest.Exercise(t, providertest.Harness{Kind: Kind(), Open: func(t *testing.T) providertest.Side {
		r := receive(t, nil)
		return providertest.Side{Provider: r.open(nil), Received: r.received, Behave: r.behave}
	}})
}

func TestEncryptionAndLogin(t *testing.T) {
	for name, c := range map[string]struct {
		tune   func(t *testing.T, r *receiver)
		values map[string]any
		trusts bool   // the certificate's authority
		login  string // by which mechanism
		fails  string // what the error says
	}{
		"open, this machine": {},
		"STARTTLS": {
			tune:   func(t *testing.T, r *receiver) { withTLS(t, r) },
			values: map[string]any{"tls": "starttls"}, trusts: true,
		},
		"STARTTLS, unknown authority": {
			tune:   func(t *testing.T, r *receiver) { withTLS(t, r) },
			values: map[string]any{"tls": "starttls"}, fails: "certificate",
		},
		"STARTTLS is not offered": {
			values: map[string]any{"tls": "starttls"}, fails: "does not offer STARTTLS",
		},
		"STARTTLS and AUTH PLAIN": {
			tune: func(t *testing.T, r *receiver) {
				withTLS(t, r)
				r.server.Backend = asking{r, []string{"PLAIN", "LOGIN"}}
			},
			values: map[string]any{"tls": "starttls", "username": "herald", "password": "s3cret"}, trusts: true, login: "PLAIN",
		},
		"AUTH LOGIN": {
			tune: func(t *testing.T, r *receiver) {
				withTLS(t, r)
				r.server.Backend = asking{r, []string{"LOGIN"}}
			},
			values: map[string]any{"tls": "starttls", "username": "herald", "password": "s3cret"}, trusts: true, login: "LOGIN",
		},
		"AUTH on this machine, open": {
			tune: func(_ *testing.T, r *receiver) {
				r.server.AllowInsecureAuth = true
				r.server.Backend = asking{r, []string{"PLAIN"}}
			},
			values: map[string]any{"username": "herald", "password": "s3cret"}, login: "PLAIN",
		},
		"wrong password": {
			tune: func(t *testing.T, r *receiver) {
				withTLS(t, r)
				r.server.Backend = asking{r, []string{"PLAIN"}}
			},
			values: map[string]any{"tls": "starttls", "username": "herald", "password": "wrong"}, trusts: true, fails: "535 5.7.8",
		},
		"wrong password, LOGIN": {
			tune: func(t *testing.T, r *receiver) {
				withTLS(t, r)
				r.server.Backend = asking{r, []string{"LOGIN"}}
			},
			values: map[string]any{"tls": "starttls", "username": "herald", "password": "wrong"}, trusts: true, fails: "535 5.7.8",
		},
		"no AUTH offered": {
			values: map[string]any{"username": "herald", "password": "s3cret"}, fails: "neither AUTH PLAIN nor AUTH LOGIN",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, func(r *receiver) {
				if c.tune != nil {
					c.tune(t, r)
				}
			})
			if c.trusts {
				c.values["ca"] = r.ca
			}
			_, err := r.open(c.values).Deliver(t.Context(), providertest.Message("ada"))
			if c.fails != "" {
				require.ErrorContains(t, err, c.fails)
				require.Equal(t, provider.Transient, provider.Classify(err).Class, "the operator can mend it")
				require.NotContains(t, err.Error(), "s3cret")
				require.Empty(t, r.messages())
				return
			}
			require.NoError(t, err)
			require.Len(t, r.messages(), 1)
			require.Equal(t, c.login, r.mechanism)
		})
	}
}

func TestConnectionsAreKept(t *testing.T) {
	r := receive(t, nil)
	p := r.open(map[string]any{"messages_per_connection": 10.0, "connections": 1.0})
	for i := range 25 {
		_, err := p.Deliver(t.Context(), providertest.Message(fmt.Sprint("p", i)))
		require.NoError(t, err)
	}
	require.Equal(t, 3, r.sessions)
	require.Len(t, r.messages(), 25)
}

func TestRefusalsKeepTheConnection(t *testing.T) {
	r := receive(t, nil)
	p := r.open(map[string]any{"connections": 1.0})
	for _, b := range []providertest.Behaviour{providertest.RefuseAddress, providertest.RefuseMessage, providertest.Throttle, providertest.Take} {
		r.behave(b)
		_, err := p.Deliver(t.Context(), providertest.Message("ada"))
		require.Equal(t, b == providertest.Take, err == nil, "%v", err)
	}
	require.Equal(t, 1, r.sessions)
	require.Len(t, r.messages(), 1)
}

func TestIdleConnectionsEnd(t *testing.T) {
	r := receive(t, nil)
	p := r.open(map[string]any{"idle": "1s"})
	_, err := p.Deliver(t.Context(), providertest.Message("ada"))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.idle) == 0
	}, 5*time.Second, 50*time.Millisecond)
	_, err = p.Deliver(t.Context(), providertest.Message("bob"))
	require.NoError(t, err)
	require.Equal(t, 2, r.sessions)
}

func TestServerThatEndedTheSession(t *testing.T) {
	r := receive(t, func(r *receiver) { r.server.ReadTimeout = 200 * time.Millisecond })
	p := r.open(nil)
	_, err := p.Deliver(t.Context(), providertest.Message("ada"))
	require.NoError(t, err)
	time.Sleep(500 * time.Millisecond) // it has said 421 and left
	_, err = p.Deliver(t.Context(), providertest.Message("bob"))
	require.NoError(t, err, "a fresh connection is tried")
	require.Equal(t, 2, r.sessions)
	require.Len(t, r.messages(), 2)
}

func TestAddressesBeyondASCII(t *testing.T) {
	r := receive(t, func(r *receiver) { r.server.EnableSMTPUTF8 = true })
	p := r.open(nil)
	m := providertest.Message("ada")
	m.To.Address = "grüße@bücher.example"
	_, err := p.Deliver(t.Context(), m)
	require.NoError(t, err)
	require.True(t, r.utf8)
	require.Equal(t, []string{"grüße@xn--bcher-kva.example"}, r.to)

	without := receive(t, nil)
	_, err = without.open(nil).Deliver(t.Context(), m)
	require.Equal(t, provider.Permanent, provider.Classify(err).Class)
	m.To.Address = "ada@bücher.example"
	_, err = without.open(nil).Deliver(t.Context(), m)
	require.NoError(t, err, "a domain has an ASCII form")
}

func TestServersLimit(t *testing.T) {
	r := receive(t, func(r *receiver) { r.server.MaxMessageBytes = 2000 })
	m := providertest.Message("ada")
	m.Text = strings.Repeat("long ", 1000)
	_, err := r.open(nil).Deliver(t.Context(), m)
	require.Equal(t, provider.Permanent, provider.Classify(err).Class)
	require.ErrorContains(t, err, "octets")
}

func TestConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		values map[string]any
		says   string
	}{
		"no host":               {map[string]any{}, "host is missing"},
		"host with a space":     {map[string]any{"host": "a b"}, "without spaces"},
		"port out of range":     {map[string]any{"host": "a", "port": 70000.0}, "port"},
		"port with a fraction":  {map[string]any{"host": "a", "port": 2.5}, "port"},
		"unknown tls":           {map[string]any{"host": "a", "tls": "maybe"}, "tls"},
		"open password":         {map[string]any{"host": "a", "tls": "none", "username": "u", "password": "p"}, "read the password"},
		"password alone":        {map[string]any{"host": "a", "password": "p"}, "no username"},
		"NUL":                   {map[string]any{"host": "a", "username": "u\x00", "password": "p"}, "NUL"},
		"not a certificate":     {map[string]any{"host": "a", "ca": "x"}, "PEM"},
		"timeout of nothing":    {map[string]any{"host": "a", "timeout": "0s"}, "timeout"},
		"timeout of nonsense":   {map[string]any{"host": "a", "timeout": "soon"}, "timeout"},
		"too many connections":  {map[string]any{"host": "a", "connections": 1e6}, "connections"},
		"helo with a line":      {map[string]any{"host": "a", "helo": "x\r\nMAIL"}, "helo"},
		"a number for the host": {map[string]any{"host": 5.0}, "host must be a string"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Kind().New(t.Context(), provider.Config{Values: c.values})
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "secret")
		})
	}
	for host, want := range map[string]encryption{"localhost": open, "127.0.0.1": open, "::1": open, "smtp.bakery.example": startTLS} {
		c, err := read(provider.Config{Values: map[string]any{"host": host}})
		require.NoError(t, err)
		require.Equal(t, want, c.encryption, host)
	}
	c, err := read(provider.Config{Values: map[string]any{"host": "smtp.bakery.example", "tls": "tls", "timeout": "5s"}})
	require.NoError(t, err)
	require.Equal(t, "smtp.bakery.example:465", c.address)
	require.Equal(t, 5*time.Second, c.timeout)
}

func TestPasswordStaysHere(t *testing.T) {
	s := &session{cfg: &config{username: "u", password: "p"}, extensions: map[string]string{"AUTH": "PLAIN"}}
	require.ErrorContains(t, s.login(), "stays here")
}
