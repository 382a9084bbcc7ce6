package server

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
)

//go:embed snippet/herald.js
var snippetSource string

// snippet is what browsers get, with its tag.
var snippet, snippetTag = func() ([]byte, string) {
	text := squeeze(snippetSource)
	sum := sha256.Sum256(text)
	return text, `"` + hex.EncodeToString(sum[:8]) + `"`
}()

// serveSnippet answers /herald.js, which any page may load.
func (s *server) serveSnippet(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("ETag", snippetTag)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if strings.Contains(r.Header.Get("If-None-Match"), snippetTag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	_, _ = w.Write(snippet)
}

// squeeze takes comments and needless spaces out of a script: it knows texts in
// quotes and comments of whole lines, and neither regular expressions nor
// templates. Lines stay, as they may end statements.
func squeeze(source string) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		squeezeLine(&out, line)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func squeezeLine(out *bytes.Buffer, line string) {
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			end := i + 1
			for end < len(line)-1 && line[end] != '"' {
				if line[end] == '\\' {
					end++
				}
				end++
			}
			out.WriteString(line[i : end+1])
			i = end
		case c == ' ':
			next := i + 1 // no line ends with a space
			for line[next] == ' ' {
				next++
			}
			if isWordByte(line[i-1]) && isWordByte(line[next]) {
				out.WriteByte(' ')
			}
			i = next - 1
		default:
			out.WriteByte(c)
		}
	}
}

// isWordByte reports whether a byte may stand in a name or a number of a script.
func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
