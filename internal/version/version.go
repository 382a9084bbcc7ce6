// Package version tells which herald this is.
package version

// Version is the version of this program, after semver. A release build may set
// it by -ldflags "-X …/internal/version.Version=…".
var Version = "0.1.0"
