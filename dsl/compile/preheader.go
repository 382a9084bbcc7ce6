package compile

import (
	"html"
	"regexp"
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

var bodyTag = regexp.MustCompile(`(?i)<body\b[^>]*>`)

// withPreheader puts the preheader where inboxes look for it, and readers do not
// see it: at the beginning of a hand-written page. A layout in MJML has a place of
// its own for it.
func withPreheader(page, preheader string) string {
	if preheader == "" {
		return page
	}
	at := 0
	if tag := bodyTag.FindStringIndex(page); tag != nil {
		at = tag[1]
	}
	hidden := `<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden">` + escapeText(preheader) + `</div>`
	return page[:at] + hidden + page[at:]
}
