package main

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// readFiles is a project's folder that remembers what was read of it, whether or
// not it was there.
type readFiles struct {
	fs.FS

	mu   sync.Mutex
	seen map[string]bool
}

// Open implements fs.FS.
func (r *readFiles) Open(name string) (fs.File, error) {
	r.mu.Lock()
	r.seen[path.Clean(name)] = true
	r.mu.Unlock()
	return r.FS.Open(name)
}

// matters reports whether a changed file, by its path below the folder, can change
// the project: one in the language, one that was read, or one in a folder that was.
func (r *readFiles) matters(name string) bool {
	name = filepath.ToSlash(name)
	if strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json") {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; name != "." && name != "/"; name = path.Dir(name) {
		if r.seen[name] {
			return true
		}
	}
	return false
}
