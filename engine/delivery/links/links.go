// Package links signs the addresses that mails carry and reads them again when
// somebody comes back by one.
//
// By role:
//   - writing: Signer.Click, Open, Unsubscribe, View, Why, Preferences
//   - reading what stands behind a path: ParseClick, ParseOpen, ParseUnsubscribe,
//     ParseView, ParseWhy, ParsePreferences
//   - the paths, for routes: ClickPath and its like
//
// Enters: the ID of a send, for a click the address that it leads to. Leaves:
// URLs that hold nothing about the person. Refused, by ErrForged: whatever was
// not written by a Signer with the same secret, and a link of one kind in the
// place of another. A click leads to where the mail said and nowhere else: the
// address is in the token, and the token is signed.
package links

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math"
	"net/url"
	"strings"
	"sync"
)

// The paths behind which tokens stand.
const (
	ClickPath       = "/c/"
	OpenPath        = "/o/"
	UnsubscribePath = "/u/"
	ViewPath        = "/v/"
	WhyPath         = "/w/"
	PreferencesPath = "/p/"
)

// OpenSuffix ends the address of an open pixel, which some mail programs want of
// an image. ParseOpen takes tokens with it and without.
const OpenSuffix = ".gif"

// MaxURL is how long an address may get; beyond it, some mail programs and
// proxies cut it off.
const MaxURL = 2000

// MinSecret is how long a secret must be at least, in bytes.
const MinSecret = 32

// ErrForged says that a token was not made here, or not for this.
var ErrForged = errors.New("the link is damaged or was not made here")

// kind says what a token is good for; it is part of what is signed.
type kind byte

const (
	click       kind = 'c'
	open        kind = 'o'
	unsubscribe kind = 'u'
	view        kind = 'v'
	why         kind = 'w'
	preferences kind = 'p'
)

// version is the layout of tokens: the first byte of each.
//
//	version, signature, send as uvarint, for a click the address
const version = 1

// signatureSize is 128 bits of HMAC-SHA256, which nobody guesses.
const signatureSize = 16

// Signer makes and reads links. It is safe for concurrent use.
type Signer struct {
	base string
	pens sync.Pool // of *pen
}

// pen is what writing or reading one link takes.
type pen struct {
	hash  hash.Hash // keyed
	token []byte
	url   []byte
	sum   []byte
}

// New returns a Signer for a site. secret decides which links are taken; baseURL
// is an http or https URL without a query, such as https://mail.bakery.example.
func New(secret []byte, baseURL string) (*Signer, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("the secret of links has %d bytes: it must have at least %d", len(secret), MinSecret)
	}
	base, err := url.Parse(baseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("%q is not the address of a site: write it as https://mail.bakery.example", baseURL)
	}
	secret = append([]byte("herald link\x00"), secret...)
	return &Signer{
		base: strings.TrimSuffix(baseURL, "/"),
		pens: sync.Pool{New: func() any { return &pen{hash: hmac.New(sha256.New, secret)} }},
	}, nil
}

// BaseURL is the address of the site.
func (s *Signer) BaseURL() string { return s.base }

// Click is the address that counts a click and leads to target. A target for
// which that would be longer than MaxURL comes back as it is: it works, and is
// not counted.
func (s *Signer) Click(send int64, target string) string {
	if size := len(s.base) + len(ClickPath) + base64.RawURLEncoding.EncodedLen(1+signatureSize+binary.MaxVarintLen64+len(target)); size > MaxURL {
		return target
	}
	return s.link(ClickPath, click, send, target)
}

// Open is the address of the pixel that tells that a mail was opened.
func (s *Signer) Open(send int64) string {
	return s.link(OpenPath, open, send, "") + OpenSuffix
}

// Unsubscribe is the address that withdraws the consent which a send relied on.
func (s *Signer) Unsubscribe(send int64) string {
	return s.link(UnsubscribePath, unsubscribe, send, "")
}

// View is the address at which a mail can be read in a browser.
func (s *Signer) View(send int64) string { return s.link(ViewPath, view, send, "") }

// Why is the address that tells why somebody got a mail.
func (s *Signer) Why(send int64) string { return s.link(WhyPath, why, send, "") }

// Preferences is the address of the recipient's preference centre.
func (s *Signer) Preferences(send int64) string {
	return s.link(PreferencesPath, preferences, send, "")
}

// ParseClick reads a token from behind ClickPath.
func (s *Signer) ParseClick(token string) (send int64, target string, err error) {
	return s.parse(click, token)
}

// ParseOpen reads a token from behind OpenPath.
func (s *Signer) ParseOpen(token string) (send int64, err error) {
	send, _, err = s.parse(open, strings.TrimSuffix(token, OpenSuffix))
	return send, err
}

// ParseUnsubscribe reads a token from behind UnsubscribePath.
func (s *Signer) ParseUnsubscribe(token string) (send int64, err error) {
	send, _, err = s.parse(unsubscribe, token)
	return send, err
}

// ParseView reads a token from behind ViewPath.
func (s *Signer) ParseView(token string) (send int64, err error) {
	send, _, err = s.parse(view, token)
	return send, err
}

// ParseWhy reads a token from behind WhyPath.
func (s *Signer) ParseWhy(token string) (send int64, err error) {
	send, _, err = s.parse(why, token)
	return send, err
}

// ParsePreferences reads a token from behind PreferencesPath.
func (s *Signer) ParsePreferences(token string) (send int64, err error) {
	send, _, err = s.parse(preferences, token)
	return send, err
}

// link writes a token behind the site and a path.
func (s *Signer) link(path string, k kind, send int64, target string) string {
	p := s.pens.Get().(*pen)
	defer s.pens.Put(p)
	var unsigned [1 + signatureSize]byte
	unsigned[0] = version
	p.token = append(p.token[:0], unsigned[:]...)
	p.token = binary.AppendUvarint(p.token, uint64(max(send, 0)))
	p.token = append(p.token, target...)
	copy(p.token[1:], p.signature(k, p.token[1+signatureSize:]))

	p.url = append(append(p.url[:0], s.base...), path...)
	p.url = base64.RawURLEncoding.AppendEncode(p.url, p.token)
	return string(p.url)
}

// signature signs a payload. It is good until the pen is used again.
func (p *pen) signature(k kind, payload []byte) []byte {
	p.hash.Reset()
	p.sum = append(p.sum[:0], version, byte(k))
	_, _ = p.hash.Write(p.sum)
	_, _ = p.hash.Write(payload)
	p.sum = p.hash.Sum(p.sum[:0])
	return p.sum[:signatureSize]
}

// parse reads a token of one kind.
func (s *Signer) parse(k kind, token string) (send int64, target string, err error) {
	if len(token) > MaxURL || strings.ContainsAny(token, "\r\n") { // line breaks, which base64 would pass over
		return 0, "", ErrForged
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= 1+signatureSize || raw[0] != version {
		return 0, "", ErrForged
	}
	payload := raw[1+signatureSize:]
	p := s.pens.Get().(*pen)
	defer s.pens.Put(p)
	if !hmac.Equal(p.signature(k, payload), raw[1:1+signatureSize]) {
		return 0, "", ErrForged
	}
	id, n := binary.Uvarint(payload)
	if n <= 0 || id > math.MaxInt64 || k != click && n != len(payload) {
		return 0, "", ErrForged
	}
	return int64(id), string(payload[n:]), nil
}
