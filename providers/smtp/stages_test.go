package smtp

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/providers/provider"
	"github.com/herald-campaigns/herald/providers/providertest"
)

// script is a server that answers by a table. A command that is not in it is
// answered by 250; the key "greeting" is the greeting, "." the end of a message,
// "body" the first line of one.
type script map[string]string

// The answers that are no reply.
const (
	hangUp = "hang up"
	mute   = "mute"
)

// play serves connections by the script, and returns the port.
func (s script) play(t *testing.T) float64 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return float64(l.Addr().(*net.TCPAddr).Port)
}

func (s script) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	if !s.answer(conn, "greeting", "220 ready") {
		return
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		switch verb {
		case "EHLO":
			if !s.answer(conn, verb, "250-receiver.example\r\n250 PIPELINING") {
				return
			}
		case "DATA":
			if !s.answer(conn, verb, "354 go on") {
				return
			}
			if strings.HasPrefix(s["DATA"], "5") || strings.HasPrefix(s["DATA"], "4") {
				continue
			}
			for {
				line, err := r.ReadString('\n')
				if err != nil || s["body"] != "" && !s.answer(conn, "body", "") {
					return
				}
				if line == ".\r\n" {
					break
				}
			}
			if !s.answer(conn, ".", "250 2.0.0 Ok: queued as 4XYZ") {
				return
			}
		default:
			if !s.answer(conn, verb, "250 fine") {
				return
			}
		}
	}
}

func (s script) answer(conn net.Conn, at, otherwise string) bool {
	say, ok := s[at]
	if !ok {
		say = otherwise
	}
	switch say {
	case hangUp:
		return false
	case mute:
		time.Sleep(20 * time.Second)
		return false
	}
	_, err := fmt.Fprintf(conn, "%s\r\n", say)
	return err == nil
}

func TestStages(t *testing.T) {
	plain := "250 receiver.example" // no PIPELINING
	for name, c := range map[string]struct {
		script script
		class  provider.Class
		code   string
		bad    bool
	}{
		"greeting hang up":        {script{"greeting": hangUp}, provider.Transient, "", false},
		"greeting 421":            {script{"greeting": "421 4.3.2 too busy"}, provider.Transient, "421 4.3.2", false},
		"greeting 554":            {script{"greeting": "554 5.7.1 your IP is blocked"}, provider.Transient, "554 5.7.1", false},
		"greeting nonsense":       {script{"greeting": "HTTP/1.1 400 Bad Request"}, provider.Transient, "", false},
		"greeting mute":           {script{"greeting": mute}, provider.Transient, "", false},
		"EHLO hang up":            {script{"EHLO": hangUp}, provider.Transient, "", false},
		"EHLO 550":                {script{"EHLO": "550 5.7.1 who are you"}, provider.Transient, "550 5.7.1", false},
		"MAIL hang up":            {script{"MAIL": hangUp}, provider.Transient, "", false},
		"MAIL 421":                {script{"MAIL": "421 4.7.0 slow down"}, provider.Throttled, "421 4.7.0", false},
		"MAIL 550":                {script{"MAIL": "550 5.7.1 not from you", "RCPT": "503 bad sequence", "DATA": "503 bad sequence"}, provider.Permanent, "550 5.7.1", false},
		"MAIL bad sender":         {script{"MAIL": "550 5.1.8 no such sender", "RCPT": "503 bad sequence", "DATA": "503 bad sequence"}, provider.Permanent, "550 5.1.8", false},
		"MAIL 530":                {script{"MAIL": "530 5.7.0 log in first", "RCPT": "503 bad sequence", "DATA": "503 bad sequence"}, provider.Transient, "530 5.7.0", false},
		"MAIL mute":               {script{"MAIL": mute}, provider.Transient, "", false},
		"RCPT hang up":            {script{"RCPT": hangUp}, provider.Transient, "", false},
		"RCPT 550 5.1.1":          {script{"RCPT": "550 5.1.1 no such user", "DATA": "554 no recipients"}, provider.Permanent, "550 5.1.1", true},
		"RCPT 550 5.1.1, 354":     {script{"RCPT": "550 5.1.1 no such user"}, provider.Permanent, "550 5.1.1", true},
		"RCPT 550-5.1.1 in lines": {script{"RCPT": "550-5.1.1 no\r\n550 5.1.1 such user", "DATA": "554 no recipients"}, provider.Permanent, "550 5.1.1", true},
		"RCPT 550 no more":        {script{"RCPT": "550 no such user here", "DATA": "554 no recipients"}, provider.Permanent, "550", false},
		"RCPT 550 5.7.1 blocked":  {script{"RCPT": "550 5.7.1 your IP is on a list", "DATA": "554 no recipients"}, provider.Permanent, "550 5.7.1", false},
		"RCPT 450 greylisted":     {script{"RCPT": "450 4.2.0 come back later", "DATA": "554 no recipients"}, provider.Transient, "450 4.2.0", false},
		"RCPT 452 full":           {script{"RCPT": "452 4.2.2 mailbox full", "DATA": "554 no recipients"}, provider.Transient, "452 4.2.2", false},
		"RCPT, then hang up":      {script{"RCPT": "550 5.1.1 no such user", "DATA": hangUp}, provider.Permanent, "550 5.1.1", true},
		"DATA hang up":            {script{"DATA": hangUp}, provider.Transient, "", false},
		"DATA 451":                {script{"DATA": "451 4.3.0 no disk"}, provider.Transient, "451 4.3.0", false},
		"DATA 554":                {script{"DATA": "554 5.5.1 no"}, provider.Permanent, "554 5.5.1", false},
		"in the middle":           {script{"body": hangUp}, provider.Transient, "", false},
		"the end, hang up":        {script{".": hangUp}, provider.Unknown, "", false},
		"the end, mute":           {script{".": mute}, provider.Unknown, "", false},
		"the end, nonsense":       {script{".": "okay"}, provider.Unknown, "", false},
		"the end, 451":            {script{".": "451 4.3.0 later"}, provider.Transient, "451 4.3.0", false},
		"the end, 421":            {script{".": "421 4.3.2 going down"}, provider.Transient, "421 4.3.2", false},
		"the end, 554":            {script{".": "554 5.7.1 spam"}, provider.Permanent, "554 5.7.1", false},
		"the end, 550 5.1.1":      {script{".": "550 5.1.1 no such user"}, provider.Permanent, "550 5.1.1", true},
		"plain: MAIL 550":         {script{"EHLO": plain, "MAIL": "550 5.7.1 no"}, provider.Permanent, "550 5.7.1", false},
		"plain: RCPT 550 5.1.1":   {script{"EHLO": plain, "RCPT": "550 5.1.1 no"}, provider.Permanent, "550 5.1.1", true},
		"plain: RCPT hang up":     {script{"EHLO": plain, "RCPT": hangUp}, provider.Transient, "", false},
		"plain: DATA 354 missing": {script{"EHLO": plain, "DATA": "451 4.3.0 no"}, provider.Transient, "451 4.3.0", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open1(t, c.script.play(t), map[string]any{"timeout": "1s"})
			m := providertest.Message("ada")
			if name == "in the middle" {
				m.Text = strings.Repeat("a long message that fills every buffer on its way\n", 400_000)
			}
			_, err := p.Deliver(t.Context(), m)
			e := provider.Classify(err)
			require.Equal(t, c.class, e.Class, "%v", err)
			require.Equal(t, c.code, e.Code)
			require.Equal(t, c.bad, e.BadAddress)
			require.NotContains(t, err.Error(), "such user", "what the server says may name the recipient")
		})
	}
}

func TestTaken(t *testing.T) {
	for name, s := range map[string]script{
		"pipelined": {}, "step by step": {"EHLO": "250 receiver.example"}, "HELO": {"EHLO": "502 what"},
	} {
		t.Run(name, func(t *testing.T) {
			p := open1(t, s.play(t), nil)
			for range 3 {
				receipt, err := p.Deliver(t.Context(), providertest.Message("ada"))
				require.NoError(t, err)
				require.Equal(t, "4XYZ", receipt.ID)
			}
		})
	}
}

func TestServerThatIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := float64(l.Addr().(*net.TCPAddr).Port)
	require.NoError(t, l.Close())
	p := open1(t, port, nil)
	for range 3 {
		_, err := p.Deliver(t.Context(), providertest.Message("ada"))
		require.Equal(t, provider.Transient, provider.Classify(err).Class)
	}
}

func TestCancelledWhileWaitingForASlot(t *testing.T) {
	p := open1(t, script{".": mute}.play(t), map[string]any{"connections": 1.0})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := p.Deliver(ctx, providertest.Message("ada"))
		first <- err
	}()
	require.Eventually(t, func() bool { return len(p.slots) == 1 }, time.Second, time.Millisecond)
	time.Sleep(100 * time.Millisecond) // it has handed the message over
	second, cancelSecond := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelSecond()
	_, err := p.Deliver(second, providertest.Message("bob"))
	require.Equal(t, provider.Transient, provider.Classify(err).Class)
	cancel()
	require.Equal(t, provider.Unknown, provider.Classify(<-first).Class)
}

func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{"250 fine\r\n", "250-a\r\n250 b\r\n", "550 5.1.1 x\r\n", "2", "999 x\n", "250-a\n251 b\n", "\xff\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		p, err := readReply(bufio.NewReaderSize(strings.NewReader(in), replyBuffer))
		if err != nil {
			return
		}
		require.True(t, p.code >= 200 && p.code < 600 && len(p.lines) > 0)
		_ = p.codes() + p.queueID()
	})
}

func TestTravelling(t *testing.T) {
	for in, want := range map[string]string{
		"":                "\r\n.\r\n",
		"a":               "a\r\n.\r\n",
		"a\r\n":           "a\r\n.\r\n",
		".a\r\n..\r\n.":   "..a\r\n...\r\n..\r\n.\r\n",
		"a\r\n.\r\nb\r\n": "a\r\n..\r\nb\r\n.\r\n",
	} {
		require.Equal(t, want, string(travelling([]byte(in))))
	}
}
