package smtp

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/herald-campaigns/herald/providers/provider"
)

// reply is the server's answer to one command.
type reply struct {
	code     int
	enhanced string // "5.1.1"; "" where the server gave none
	lines    []string
}

const (
	maxReplyLines = 200
	replyBuffer   = 4096 // of one line
)

var errNonsense = errors.New("the server does not speak SMTP")

// readReply reads all lines of one answer.
func readReply(r *bufio.Reader) (reply, error) {
	var p reply
	for range maxReplyLines {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return reply{}, errNonsense
		}
		if err != nil {
			return reply{}, err
		}
		code, text, last, ok := parseLine(strings.TrimRight(string(line), "\r\n"))
		if !ok || p.code != 0 && code != p.code {
			return reply{}, errNonsense
		}
		p.code = code
		if p.enhanced == "" {
			p.enhanced = enhancedCode(code, text)
		}
		p.lines = append(p.lines, text)
		if last {
			return p, nil
		}
	}
	return reply{}, errNonsense
}

// parseLine reads "250-text" and "250 text".
func parseLine(line string) (code int, text string, last, ok bool) {
	if len(line) < 3 {
		return 0, "", false, false
	}
	for i := range 3 {
		if line[i] < '0' || line[i] > '9' {
			return 0, "", false, false
		}
		code = code*10 + int(line[i]-'0')
	}
	if code < 200 || code > 599 {
		return 0, "", false, false
	}
	if len(line) == 3 {
		return code, "", true, true
	}
	return code, line[4:], line[3] == ' ', line[3] == ' ' || line[3] == '-'
}

// enhancedCode reads the code of RFC 3463 that begins a text, if it is of the
// same class as the reply.
func enhancedCode(code int, text string) string {
	word, _, _ := strings.Cut(text, " ")
	parts := strings.Split(word, ".")
	if len(parts) != 3 || parts[0] != string(rune('0'+code/100)) {
		return ""
	}
	for _, p := range parts {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return word
}

func (p reply) ok() bool { return p.code/100 == 2 }

// codes is what is told of a reply. Its text stays out: servers like to repeat
// the address in it.
func (p reply) codes() string {
	if p.enhanced == "" {
		return fmt.Sprint(p.code)
	}
	return fmt.Sprintf("%d %s", p.code, p.enhanced)
}

// queueID is what the server calls a message that it took: "queued as 4XYZ".
func (p reply) queueID() string {
	for _, line := range p.lines {
		for _, mark := range []string{"queued as ", "id="} {
			if _, id, ok := strings.Cut(line, mark); ok {
				id, _, _ = strings.Cut(id, " ")
				return id[:min(len(id), 100)]
			}
		}
	}
	return ""
}

// stage is how far a message had come.
type stage string

const (
	connecting stage = "connecting"
	greeting   stage = "the greeting"
	helo       stage = "EHLO"
	upgrade    stage = "STARTTLS"
	login      stage = "AUTH"
	reset      stage = "RSET"
	from       stage = "MAIL"
	rcpt       stage = "RCPT"
	data       stage = "DATA"
	content    stage = "the message" // handed over to the last byte
)

// failure is what went wrong: a reply that says no, or a connection that broke.
type failure struct {
	stage stage
	reply reply // its code is 0 where there was none
	err   error // of the connection; nil where that still stands
}

func (f *failure) Error() string {
	if f.reply.code != 0 {
		return "the server refused at " + string(f.stage)
	}
	return fmt.Sprintf("%s: %v", f.stage, f.err)
}

func (f *failure) Unwrap() error { return f.err }

// over reports whether the session is of no more use.
func (f *failure) over() bool {
	return f.err != nil || f.reply.code == 421 || f.stage == reset
}

// class says what the failure means for the message.
func (f *failure) class() provider.Class {
	switch {
	case f.reply.code == 0 && f.stage == content:
		return provider.Unknown
	case f.reply.code == 0:
		return provider.Transient
	case f.rates():
		return provider.Throttled
	case f.reply.code/100 == 5 && f.aboutMessage():
		return provider.Permanent
	}
	return provider.Transient
}

// rates reports whether the server says that we are too fast.
func (f *failure) rates() bool {
	return f.reply.code/100 == 4 && strings.HasPrefix(f.reply.enhanced, "4.7.")
}

// aboutMessage reports whether a refusal is of this message, and not of us: a
// login that is missing or wrong is the operator's to mend.
func (f *failure) aboutMessage() bool {
	switch f.reply.code {
	case 530, 534, 535, 538:
		return false
	}
	switch f.stage {
	case from, rcpt, data, content:
		return true
	}
	return false
}

// badAddress reports whether the server says that there is no such recipient.
func (f *failure) badAddress() bool {
	if f.stage != rcpt && f.stage != content {
		return false
	}
	switch f.reply.enhanced {
	case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10": // not 5.1.0, 5.1.7 and 5.1.8, which speak of the sender too
		return true
	}
	return false
}

// tell makes the provider's error of a failure.
func (f *failure) tell() *provider.Error {
	e := &provider.Error{Class: f.class(), Err: f}
	if f.reply.code != 0 {
		e.Code = f.reply.codes()
		e.BadAddress = e.Class == provider.Permanent && f.badAddress()
	}
	return e
}
