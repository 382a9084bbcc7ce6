package intake

import (
	"bytes"
	"encoding/json"
	"strconv"
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
	Type              string         `json:"type"` // identify, track, page, screen, group, alias
	UserID            string         `json:"userId,omitempty"`
	AnonymousID       string         `json:"anonymousId,omitempty"`
	PreviousID        string         `json:"previousId,omitempty"` // of alias
	GroupID           string         `json:"groupId,omitempty"`    // of group
	Event             string         `json:"event,omitempty"`      // of track
	Name              string         `json:"name,omitempty"`       // of page and screen
	Category          string         `json:"category,omitempty"`
	Traits            map[string]any `json:"traits,omitempty"`
	Properties        map[string]any `json:"properties,omitempty"`
	Context           map[string]any `json:"context,omitempty"`
	MessageID         string         `json:"messageId,omitempty"`
	Timestamp         string         `json:"timestamp,omitempty"`
	OriginalTimestamp string         `json:"originalTimestamp,omitempty"`
	SentAt            string         `json:"sentAt,omitempty"`

	// Public says that it came with the key that stands in a shop's pages, which
	// everybody can read: it adds, and replaces nothing.
	Public bool `json:"-"`

	raw       []byte         // as it was sent; nil for a Call made by a program
	shared    map[string]any // what the batch said for it
	malformed *problem       // what could not be decoded
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
		"previousId": &c.PreviousID, "groupId": &c.GroupID, "name": &c.Name, "category": &c.Category,
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
