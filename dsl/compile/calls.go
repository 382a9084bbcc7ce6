package compile

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// The bounds of calls.
const (
	callTimeout     = 10 * time.Second
	mostCallTimeout = time.Minute
	callRetries     = 3
	mostCallRetries = 10
)

// call reads a question to a web service.
func (j *journeyReader) call(b *body) campaign.Step {
	out := &campaign.Call{Name: b.label(), Method: b.str("method"), Response: j.responses[b.label()], Timeout: callTimeout, Retries: callRetries}
	out.URL = b.webAddress("url")
	anything := func(syntax.Item) (campaign.Type, bool) { return campaign.Type{}, true }
	out.Query = j.bindings(b, "query", "each parameter", `{ sku = "trigger.event.sku" }`, anything)
	for _, q := range out.Query {
		if k := q.Value.Type.Kind; k == campaign.List || k == campaign.Set || k == campaign.Map || k == campaign.Object || k == campaign.Any {
			b.mistyped("query", fmt.Sprintf("A parameter of a URL is a single value, and %s is a %s.", q.Input, q.Value.Type.Kind), "Put it into the body.")
		}
	}
	out.Body = j.bindings(b, "body", "each field", `{ id = "profile.id" }`, anything)
	out.Headers, out.Secrets = b.headers()
	switch {
	case out.Method == "" && b.has("body"):
		out.Method = "POST"
	case out.Method == "":
		out.Method = "GET"
	case b.has("body") && slices.Contains([]string{"GET", "DELETE"}, out.Method):
		b.fail("method", fmt.Sprintf("%s has no body.", out.Method), "Write method = \"POST\", or put the values into query.")
	}
	if b.has("timeout") {
		out.Timeout, _ = b.duration("timeout")
		if (out.Timeout <= 0 || out.Timeout > mostCallTimeout) && !b.broken {
			b.fail("timeout", "A call waits from a second to a minute for its answer.", "Write timeout = \"10s\".")
		}
	}
	if b.has("retries") {
		out.Retries = b.integer("retries", 0, mostCallRetries)
	}
	return out
}

// response reads the type that the answer of a call is read as.
func (b *body) response() []campaign.Field {
	t := b.typeOf("response")
	if t.Kind != campaign.Object && !t.IsZero() {
		b.fail("response", fmt.Sprintf("The answer of a call is read as an object, and this is a %s.", t), "Write response = object({ score = number }).")
		return nil
	}
	return t.Fields
}

// webAddress reads an https URL that is the same for everybody.
func (b *body) webAddress(name string) string {
	s := b.str(name)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "":
		b.fail(name, fmt.Sprintf("%q is not a URL.", s), "Write it as \"https://shop.example/score\".")
	case strings.Contains(s, "{{") || strings.Contains(s, "{%"):
		b.fail(name, "The URL is the same for everybody; there is no Liquid in it.", "Put what differs into query or body, in CEL.")
	case u.Scheme != "https":
		b.fail(name, fmt.Sprintf("What is known of people goes over https alone, and this is %s.", u.Scheme), fmt.Sprintf("Write %q.", "https://"+u.Host+u.Path))
	case u.User != nil:
		b.fail(name, "The URL has a user name in it, which would be written to the plan and the state.", "Put it into headers: `Authorization = env(\"…\")`.")
	case u.Fragment != "":
		b.fail(name, "What stands after # is not sent.", "Leave it out.")
	}
	return s
}

// headers reads the further headers of a call, and apart from them the secret ones.
func (b *body) headers() (plain map[string]string, secret map[string]campaign.Secret) {
	if !b.has("headers") {
		return nil, nil
	}
	items, ok := b.attrs["headers"].Expr.Object()
	if !ok {
		b.mistyped("headers", "headers is an object of texts.", `Write { Authorization = env("SHOP_TOKEN") }.`)
		return nil, nil
	}
	b.asked["headers"] = true
	plain, secret = map[string]string{}, map[string]campaign.Secret{}
	sc := b.c.scope()
	sc.SecretEnv = true
	for _, item := range items {
		v, diags := item.Value.Value(sc)
		b.c.diags = append(b.c.diags, diags...)
		b.broken = b.broken || diags.HasErrors()
		switch v := v.(type) {
		case campaign.Secret:
			secret[item.Key] = v
		case string:
			if plain[item.Key] = v; isSecretHeader(item.Key) && !diags.HasErrors() {
				b.badHeader(item, fmt.Sprintf("%s is a secret; written in a file it would be in the repository and in the state.", item.Key),
					"Take it from outside: `env(\"…\")`, or a variable with sensitive = true.")
			}
		case syntax.Unknown, nil:
		default:
			b.badHeader(item, fmt.Sprintf("A header is a text, and %s is %s.", item.Key, describe(v)), "Put it into quotes.")
		}
		if strings.ContainsAny(item.Key, " :\r\n\t") || item.Key == "" {
			b.badHeader(item, fmt.Sprintf("%q is not the name of a header.", item.Key), "")
		}
	}
	return plain, secret
}

func (b *body) badHeader(item syntax.Item, detail, fix string) {
	b.broken = true
	b.c.report(diag.Diagnostic{Code: "bad-value", Summary: "Value not allowed", Detail: detail, Fix: fix, Subject: item.KeyRange})
}

// isSecretHeader reports whether a header has a name that secrets have.
func isSecretHeader(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"authorization", "cookie", "api-key", "apikey", "token", "secret", "password"}, func(s string) bool { return strings.Contains(name, s) })
}
