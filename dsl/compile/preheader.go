package compile

import (
	"html"
	"strings"

	"github.com/herald-campaigns/herald/dsl/template"
)

// escapeText escapes the text of a template for HTML, and leaves the Liquid in
// it as it is: that is escaped when it is rendered.
func escapeText(src string) string {
	var b strings.Builder
	from := 0
	for _, tag := range template.Scan(src) {
		b.WriteString(html.EscapeString(src[from:tag.Start]))
		b.WriteString(src[tag.Start:tag.End])
		from = tag.End
	}
	b.WriteString(html.EscapeString(src[from:]))
	return b.String()
}
