package compile

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/schema"
)

// settings reads the herald block and the chosen environment.
func (c *compiler) settings() {
	c.result.settings.Name = c.opts.Name
	c.result.sources = map[string]string{}
	for _, b := range c.of("herald") {
		c.heraldBlock(b)
	}
	for _, b := range c.of("environment") {
		env := c.environment(b)
		if env.Name == c.opts.Environment {
			c.result.environment = env
		}
	}
	if c.opts.Environment != "" && c.result.environment.Name == "" && c.symbols["environment"][c.opts.Environment] == nil {
		c.report(diag.Diagnostic{
			Code: "unknown-environment", Summary: "No such environment",
			Detail: fmt.Sprintf("The project has no environment %q.", c.opts.Environment),
			Fix:    c.environments(),
		})
	}
	if c.result.environment.Deliver == "" {
		c.result.environment.Deliver = campaign.DeliverMailbox
	}
}

// store reads where the record is kept. The URL has a password in it, and so it
// comes from outside.
func (b *body) store() campaign.Store {
	s := campaign.Store{Kind: b.label()}
	a, _ := b.schema.Attr("url")
	if v, ok := b.setting(*a); ok {
		s.URL, _ = v.(campaign.Secret)
	}
	return s
}

// environments tells which environments there are.
func (c *compiler) environments() string {
	names := c.names("environment")
	if near := didYouMean(c.opts.Environment, names); near != "" || len(names) == 0 {
		return near
	}
	return "It has " + quoteAll(names) + "."
}

func (c *compiler) heraldBlock(b *body) {
	s := &c.result.settings
	if name := b.str("name"); name != "" {
		s.Name = name
	}
	if want := b.str("required_version"); want != "" && c.opts.Version != "" {
		if ok, err := meets(c.opts.Version, want); err != nil {
			b.fail("required_version", sentence(err.Error()), "Write it as \">= 0.1.0\", several separated by commas.")
		} else if !ok {
			b.fail("required_version", fmt.Sprintf("This is herald %s; the project wants %s.", c.opts.Version, want), "Install a version that it wants.")
		}
	}
	if t := b.one("temporal"); t != nil {
		s.TemporalAddress, s.Namespace = t.str("address"), t.str("namespace")
	}
	if site := b.one("site"); site != nil {
		s.BaseURL = strings.TrimSuffix(site.str("base_url"), "/")
		if u, err := url.Parse(s.BaseURL); s.BaseURL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "") {
			site.fail("base_url", "base_url must be an http or https URL without a path.", "Write it as \"https://mail.example.com\".")
		}
	}
	if req := b.one("required_providers"); req != nil {
		c.requiredProviders(req)
	}
	if st := b.one("store"); st != nil {
		s.Store = st.store()
	}
}

func (c *compiler) requiredProviders(b *body) {
	for _, a := range b.block.Attributes {
		v, known := b.value(a.Name)
		if !known {
			continue
		}
		m, _ := v.(map[string]any)
		source, _ := m["source"].(string)
		if source == "" {
			b.fail(a.Name, fmt.Sprintf("%s needs a source.", a.Name), `Write { source = "builtin/smtp" }.`)
			continue
		}
		if c.opts.Providers[source] == nil {
			fix := didYouMean(source, sortedKeys(c.opts.Providers))
			if !strings.HasPrefix(source, "builtin/") {
				fix = "Providers outside this program (plugins) are not available yet; built in are " + quoteAll(sortedKeys(c.opts.Providers)) + "."
			}
			b.fail(a.Name, fmt.Sprintf("There is no provider %q.", source), fix)
			continue
		}
		c.result.sources[a.Name] = source
	}
}

func (c *compiler) environment(b *body) campaign.Environment {
	env := campaign.Environment{Name: b.label(), Deliver: b.str("deliver"), Allow: b.strings("allow")}
	if env.Deliver == "" {
		env.Deliver = campaign.DeliverMailbox
	}
	for i, a := range env.Allow {
		env.Allow[i] = strings.ToLower(a)
		if _, err := mail.ParseAddress("x" + a); err != nil || strings.Count(a, "@") != 1 {
			b.fail("allow", fmt.Sprintf("%q is neither an address nor a @domain.", a), "")
		}
	}
	return env
}

func (c *compiler) senders() {
	for _, b := range c.of("sender") {
		s := &campaign.Sender{Name: b.label(), From: b.str("from"), ReplyTo: b.str("reply_to"), Provider: b.reference("provider")}
		b.mailAddress("from", s.From)
		b.mailAddress("reply_to", s.ReplyTo)
		if !b.broken {
			c.define(s, addr.New("provider", s.Provider))
		}
	}
}

// mailAddress checks an address that is known already ("" is not).
func (b *body) mailAddress(name, address string) {
	if address == "" {
		return
	}
	if _, err := mail.ParseAddress(address); err != nil {
		b.fail(name, fmt.Sprintf("%q is not a mail address.", address), `Write it as "The Daily Crumb <hello@dailycrumb.example>".`)
	}
}

func (c *compiler) providers() {
	for _, b := range c.of("provider") {
		source := c.result.sources[b.label()]
		if source == "" {
			source = "builtin/" + b.label()
		}
		s := c.opts.Providers[source]
		if s == nil {
			var names []string
			for _, known := range sortedKeys(c.opts.Providers) {
				names = append(names, strings.TrimPrefix(known, "builtin/"))
			}
			fix := didYouMean(b.label(), names)
			if fix == "" {
				fix = fmt.Sprintf("Give its source in herald { required_providers { %s = { source = … } } }. Built in are %s.", b.label(), quoteAll(names))
			}
			c.report(diag.Diagnostic{
				Code: "unknown-provider", Summary: "No such provider",
				Detail: fmt.Sprintf("Nothing is known of a provider %q.", b.label()), Fix: fix, Subject: b.block.Header,
			})
			continue
		}
		c.provider(b, source, s)
	}
}

// provider checks the configuration against the provider's own schema.
func (c *compiler) provider(b *body, source string, s *schema.Block) {
	own := *s
	own.Name = "provider " + b.label()
	cfg := newBody(c, b.block, &own)
	c.shapeAttributes(cfg)
	p := &campaign.Provider{Name: b.label(), Source: source, Config: map[string]any{}}
	for _, a := range own.Attributes {
		if cfg.has(a.Name) {
			if v, ok := cfg.setting(a); ok {
				p.Config[a.Name] = v
			}
		}
	}
	if !cfg.broken {
		c.define(p)
	}
}

// setting reads one attribute of a provider's configuration.
func (b *body) setting(a schema.Attribute) (any, bool) {
	sc := b.c.scope()
	sc.SecretEnv = a.Sensitive
	v, known := b.valueIn(a.Name, sc)
	if !known {
		return nil, false
	}
	_, secret := v.(campaign.Secret)
	switch {
	case a.Sensitive && !secret:
		b.broken = true
		b.c.report(diag.Diagnostic{
			Code: "bad-value", Summary: "Value not allowed", Subject: b.at(a.Name), Hidden: true,
			Detail: a.Name + " is a secret; written in a file it would be in the repository and in the state.",
			Fix:    fmt.Sprintf("Take it from outside: `%s = env(\"…\")`, or a variable with sensitive = true.", a.Name),
		})
		return nil, false
	case !a.Sensitive && secret:
		b.fail(a.Name, a.Name+" is written to the plan and the state, so it cannot take a sensitive value.", "Use a variable that is not sensitive.")
		return nil, false
	case secret:
		return v, true
	}
	switch a.Kind {
	case schema.Number:
		n, ok := typed[float64](b, a.Name, "a number")
		return n, ok
	case schema.Bool:
		t, ok := typed[bool](b, a.Name, "true or false")
		return t, ok
	case schema.Duration:
		d, _ := b.duration(a.Name)
		return campaign.FormatDuration(d), d > 0
	case schema.Strings:
		return b.strings(a.Name), true
	case schema.Map:
		m, ok := typed[map[string]any](b, a.Name, "an object")
		return m, ok
	}
	s := b.str(a.Name)
	return s, s != ""
}
