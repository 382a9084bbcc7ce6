package smtp

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
)

// login tells the server who we are. It never does so where others can listen.
func (s *session) login() error {
	if !s.secure && !s.cfg.loopback {
		return &failure{stage: login, err: errors.New("the connection is open: the password stays here")}
	}
	mechanisms := strings.Fields(strings.ToUpper(s.extensions["AUTH"]))
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		return s.do(login, "AUTH PLAIN "+encode("\x00"+s.cfg.username+"\x00"+s.cfg.password))
	case slices.Contains(mechanisms, "LOGIN"):
		return s.loginInTurns()
	}
	return &failure{stage: login, err: errors.New("the server offers neither AUTH PLAIN nor AUTH LOGIN")}
}

// loginInTurns is AUTH LOGIN: name and password, each when asked for.
func (s *session) loginInTurns() error {
	for _, line := range []string{"AUTH LOGIN", encode(s.cfg.username)} {
		p, err := s.ask(login, line)
		if err != nil {
			return err
		}
		if p.code != 334 {
			return &failure{stage: login, reply: p}
		}
	}
	return s.do(login, encode(s.cfg.password))
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
