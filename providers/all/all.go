// Package all lists the providers that herald has built in. Nothing registers
// itself: what is not in the list is not there.
package all

import (
	"github.com/herald-campaigns/herald/providers/mailbox"
	"github.com/herald-campaigns/herald/providers/provider"
	"github.com/herald-campaigns/herald/providers/smtp"
)

// Kinds are the built-in providers.
func Kinds() []provider.Kind {
	return []provider.Kind{mailbox.Kind(), smtp.Kind()}
}

// Kind finds a built-in provider by its source: "builtin/smtp".
func Kind(source string) (provider.Kind, bool) {
	for _, k := range Kinds() {
		if k.Source == source {
			return k, true
		}
	}
	return provider.Kind{}, false
}
