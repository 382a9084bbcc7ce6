// Package examples holds the example projects, so that a herald without a source
// checkout can run them.
package examples

import "embed"

// FS holds the folders of the examples.
//
//go:embed all:daily-crumb
var FS embed.FS
