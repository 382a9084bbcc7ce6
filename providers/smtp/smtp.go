// Package smtp hands messages to a mail server: builtin/smtp.
//
// By role:
//   - what projects write: Kind, and config, which it becomes
//   - the way out: Provider, a pool of sessions
//   - one connection: session (greeting, STARTTLS, AUTH), transaction (MAIL,
//     RCPT, DATA and the message), reply
//
// Enters: a provider.Message. Leaves: the message with the server, or an error
// whose class says what became of it. Refused: passwords over a connection that
// others can read, certificates that do not hold, messages that mime refuses.
//
// # What an error means
//
// A reply of 5xx to a message is permanent, 4xx is transient, or throttled where
// the server says that it is about rates (4.7.x). An address is called bad only
// by the codes that say so (5.1.1 and its like, about the recipient): a block of
// our own IP comes as 550 too, and must not look like an unknown user. What fails
// before there is a message to speak of (connecting, TLS, AUTH) is the server's
// or the operator's affair, and transient.
//
// A connection that breaks before the message has been handed over to the last
// byte leaves it with us: transient. From then until the server's answer it is
// unknown.
package smtp

import (
	"context"

	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/providers/provider"
)

// Source is what projects call this kind of provider.
const Source = "builtin/smtp"

// Kind is builtin/smtp.
func Kind() provider.Kind {
	return provider.Kind{
		Source: Source,
		Schema: block,
		Capabilities: provider.Capabilities{
			Channels: []string{"email"},
			Parallel: defaultConnections,
		},
		New: func(_ context.Context, cfg provider.Config) (provider.Provider, error) {
			c, err := read(cfg)
			if err != nil {
				return nil, err
			}
			return newProvider(c), nil
		},
	}
}

var block = &schema.Block{
	Name: "provider", Label: "name",
	Doc: "Hands mail to a mail server over SMTP. Connections are kept and shared; commands are pipelined where the server can.",
	Example: `variable "smtp_password" {
  type      = string
  sensitive = true
}

provider "smtp" {
  host     = "smtp.dailycrumb.example"
  username = "herald"
  password = variable.smtp_password
}`,
	Attributes: []schema.Attribute{
		{Name: "host", Kind: schema.String, Required: true, Doc: "Name or IP address of the server."},
		{Name: "port", Kind: schema.Number, Default: "587 with `starttls`, 465 with `tls`, 25 with `none`", Doc: "Port of the server."},
		{Name: "tls", Kind: schema.String, OneOf: []string{"starttls", "tls", "none"}, Default: "`starttls`, and `none` where the host is this machine",
			Doc: "How the connection is encrypted. What is asked for must be had: mail does not fall back to an open connection."},
		{Name: "ca", Kind: schema.String, Doc: "Certificates of authorities, in PEM, that the server's certificate may be signed by besides those of this machine.", Default: "none"},
		{Name: "username", Kind: schema.String, Doc: "Whom to log in as. Never sent over an open connection, but for this machine's own server.", Default: "no login"},
		{Name: "password", Kind: schema.String, Sensitive: true, Doc: "The password of `username`."},
		{Name: "connections", Kind: schema.Number, Default: "8", Doc: "How many connections are open at most, and so how many messages are under way."},
		{Name: "messages_per_connection", Kind: schema.Number, Default: "100", Doc: "After so many messages a connection is closed."},
		{Name: "timeout", Kind: schema.Duration, Default: "`30s`", Doc: "How long the server may take to answer; four times as long once it has the message."},
		{Name: "idle", Kind: schema.Duration, Default: "`30s`", Doc: "After so long without a message a connection is closed."},
		{Name: "helo", Kind: schema.String, Default: "this machine's name", Doc: "What herald calls itself to the server."},
		{Name: "rate", Kind: schema.Map, Later: true, Doc: "Messages per second, for the server and for single domains."},
	},
}
