package intake

import (
	"encoding/json"
	"strings"
)

// Share gives the call what its batch says for all of them, where it does not
// say otherwise.
func (c *Call) Share(context map[string]any, sentAt string) {
	if c.malformed != nil {
		return
	}
	if c.SentAt == "" && sentAt != "" {
		c.SentAt = sentAt
		c.keep("sentAt", sentAt)
	}
	changed := false
	for name, value := range context {
		if c.Context == nil {
			c.Context = map[string]any{}
		}
		if _, ok := c.Context[name]; !ok {
			c.Context[name] = value
			changed = true
		}
	}
	if changed {
		c.keep("context", c.Context)
	}
}

// keep notes what the body does not say itself.
func (c *Call) keep(name string, value any) {
	if c.shared == nil {
		c.shared = map[string]any{}
	}
	c.shared[name] = value
}

// body is the call as it is kept when it is rejected: as it was sent, with what
// its batch said for it, without the sender's network address and key.
func (c *Call) body() string {
	raw := c.raw
	if raw == nil {
		raw, _ = json.Marshal(c) // a program may put into it what is no JSON
	}
	if c.malformed == nil {
		raw = c.private(raw)
	}
	return strings.ToValidUTF8(string(raw[:min(len(raw), MaxCall)]), "\uFFFD")
}

// private rewrites a body where it must be.
func (c *Call) private(raw []byte) []byte {
	_, ip := c.Context["ip"]
	if len(c.shared) == 0 && !ip && !c.Public {
		return raw
	}
	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return raw
	}
	for name, value := range c.shared {
		fields[name] = value
	}
	delete(fields, "writeKey")
	if context, ok := fields["context"].(map[string]any); ok {
		delete(context, "ip")
	}
	rewritten, err := json.Marshal(fields)
	if err != nil {
		return raw
	}
	return rewritten
}
