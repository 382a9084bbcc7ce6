package intake

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// The bounds of Segment's API.
const (
	MaxCall  = 32 << 10  // bytes of one call, or of one row of a file
	MaxBatch = 500 << 10 // bytes of the calls of one Take
)

// Call is one message in the shape of Segment's HTTP API. Decoding JSON into it
// fails for broken JSON alone: what is wrong within one call is for Take to
// say, so that it spoils no batch.
type Call struct {
	Type              string         `json:"type"` // identify or track
	UserID            string         `json:"userId,omitempty"`
	AnonymousID       string         `json:"anonymousId,omitempty"`
	Event             string         `json:"event,omitempty"`
	Traits            map[string]any `json:"traits,omitempty"`
	Properties        map[string]any `json:"properties,omitempty"`
	Context           map[string]any `json:"context,omitempty"`
	MessageID         string         `json:"messageId,omitempty"`
	Timestamp         string         `json:"timestamp,omitempty"`
	OriginalTimestamp string         `json:"originalTimestamp,omitempty"`
	SentAt            string         `json:"sentAt,omitempty"`

	raw       []byte   // as it was sent; nil for a Call made by a program
	malformed *problem // what could not be decoded
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Call) UnmarshalJSON(b []byte) error {
	*c = Call{raw: bytes.Clone(b)}
	if len(b) > MaxCall {
		c.malformed = problemf("it is larger than %d KB", MaxCall>>10)
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil || fields == nil {
		c.malformed = problemf("a call is a JSON object")
		return nil //nolint:nilerr // it is kept in malformed
	}
	for name, text := range map[string]*string{
		"type": &c.Type, "userId": &c.UserID, "anonymousId": &c.AnonymousID, "event": &c.Event, "messageId": &c.MessageID,
		"timestamp": &c.Timestamp, "originalTimestamp": &c.OriginalTimestamp, "sentAt": &c.SentAt,
	} {
		c.decodeText(name, fields[name], text)
	}
	for name, object := range map[string]*map[string]any{"traits": &c.Traits, "properties": &c.Properties, "context": &c.Context} {
		if raw := fields[name]; raw != nil && json.Unmarshal(raw, object) != nil {
			c.malformed = problemf("%s must be an object", name)
		}
	}
	return nil
}

// decodeText reads a string, or a number as it is written: shops have numbers
// for identifiers.
func (c *Call) decodeText(name string, raw json.RawMessage, into *string) {
	switch {
	case len(raw) == 0 || string(raw) == "null":
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		*into = string(raw)
	case json.Unmarshal(raw, into) != nil:
		c.malformed = problemf("%s must be a string", name)
	}
}

// body is the call as it is kept when it is rejected.
func (c *Call) body() string {
	raw := c.raw
	if raw == nil {
		var err error
		if raw, err = json.Marshal(c); err != nil {
			return "" // a program put into it what is no JSON
		}
	}
	return strings.ToValidUTF8(string(raw[:min(len(raw), MaxCall)]), "\uFFFD")
}

// call understands a call.
func (v *vocabulary) call(c *Call, o origin) (*draft, *problem) {
	if c.malformed != nil {
		return nil, c.malformed
	}
	d := &draft{isEvent: c.Type == "track"}
	d.person.UpdatedAt = o.received
	if p := d.key(&d.person.Key, "userId", c.UserID); p != nil {
		return nil, p
	}
	if p := d.key(&d.person.AnonymousID, "anonymousId", c.AnonymousID); p != nil {
		return nil, p
	}
	if len(c.MessageID) > maxID {
		return nil, problemf("messageId is longer than %d bytes", maxID)
	}
	var p *problem
	switch c.Type {
	case "identify":
		p = v.identify(d, c, o)
	case "track":
		p = v.track(d, c, o)
	case "":
		p = problemf("it has no type: identify or track")
	default:
		p = problemf("calls of the type %.80q are not taken: identify and track are", c.Type)
		p.noise = true // a web snippet sends a page call for each page
	}
	return d, p
}

func (v *vocabulary) identify(d *draft, c *Call, o origin) *problem {
	if p := v.traits(d, c.Traits); p != nil {
		return p
	}
	if at := d.person.CreatedAt; !at.IsZero() {
		if p := o.happened("created_at", at); p != nil {
			return p
		}
	}
	return d.named()
}

func (v *vocabulary) track(d *draft, c *Call, o origin) *problem {
	if p := d.addressFrom(c.Context); p != nil {
		return p
	}
	if p := d.named(); p != nil {
		return p
	}
	at, p := c.instant(o)
	if p != nil {
		return p
	}
	declared, p := v.event(c.Event)
	if p != nil {
		if name := fold(c.Event); name == "subscribed" || name == "unsubscribed" {
			return v.callWord(d, c, name == "subscribed", at, o)
		}
		return p
	}
	properties, p := declared.read(d, c.Properties)
	if p != nil {
		return p
	}
	d.addEvent(declared.Name, at, c.MessageID, properties, o)
	return nil
}

// addressFrom names the person of an event by context.traits.email when it has
// no identifier.
func (d *draft) addressFrom(context map[string]any) *problem {
	if d.person.Key != "" || d.person.AnonymousID != "" {
		return nil
	}
	traits, _ := context["traits"].(map[string]any)
	address, ok := traits["email"].(string)
	if !ok {
		return nil
	}
	return d.identity("email", address)
}

// instant is when the call happened by the clock of the receiver. The sender's
// clock is off by what lies between sentAt and the receipt, so that much is
// added, as Segment does; a file was received long before, and is believed.
func (c *Call) instant(o origin) (time.Time, *problem) {
	written := c.OriginalTimestamp
	if written == "" || o.file && c.Timestamp != "" {
		written = c.Timestamp
	}
	at, p := parseInstant("timestamp", written)
	if p != nil {
		return at, p
	}
	if at.IsZero() {
		if o.file {
			return at, problemf("an event in a file needs its timestamp")
		}
		return o.received, nil
	}
	if !o.file && c.SentAt != "" {
		sent, p := parseInstant("sentAt", c.SentAt)
		if p != nil {
			return at, p
		}
		at = at.Add(o.received.Sub(sent))
	}
	return at, o.happened("timestamp", at)
}

// parseInstant reads the spellings that campaign.Coerce reads, and seconds or
// milliseconds since 1970; "" is the zero instant.
func parseInstant(what, text string) (time.Time, *problem) {
	raw := any(text)
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		raw, _ = readable(campaign.Of(campaign.Time), n)
	}
	v, err := campaign.Coerce(campaign.Of(campaign.Time), raw)
	if err != nil {
		return time.Time{}, &problem{reason: what + " is not an instant: write it as 2026-12-31T08:00:00Z", detail: err.Error()}
	}
	at, _ := v.(time.Time)
	return at, nil
}
