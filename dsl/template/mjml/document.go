package mjml

import (
	"maps"
	"slices"
	"strings"
)

// uses is what the body asks of the head.
type uses struct {
	queries  []query // the widths of columns, in the order of their use
	widths   map[query]bool
	families map[string]bool // in lower case
	features map[feature]bool
}

// query is the width that a column class has above the breakpoint.
type query struct{ class, width string }

// feature is a component that needs rules of its own in the head.
type feature uint8

const (
	fluidImages feature = iota
	menus
)

func (u *uses) query(class, width string) {
	q := query{class, width}
	if u.widths[q] {
		return
	}
	if u.widths == nil {
		u.widths = map[query]bool{}
	}
	u.widths[q] = true
	u.queries = append(u.queries, q)
}

func (u *uses) feature(f feature) {
	if u.features == nil {
		u.features = map[feature]bool{}
	}
	u.features[f] = true
}

// see notes the font families that occur in HTML or CSS.
func (u *uses) see(text string) {
	const property = "font-family:"
	if u.families == nil {
		u.families = map[string]bool{}
	}
	for {
		i := strings.Index(text, property)
		if i < 0 {
			return
		}
		text = text[i+len(property):]
		family := text
		if end := strings.IndexAny(text, `;"}<`); end >= 0 {
			family = text[:end]
		}
		if !u.families[family] {
			u.families[strings.ToLower(family)] = true
		}
	}
}

func (u uses) clone() uses {
	return uses{slices.Clone(u.queries), maps.Clone(u.widths), maps.Clone(u.families), maps.Clone(u.features)}
}

func (u *uses) merge(other uses) {
	for _, q := range other.queries {
		u.query(q.class, q.width)
	}
	if u.families == nil {
		u.families = map[string]bool{}
	}
	maps.Copy(u.families, other.families)
	for f := range other.features {
		u.feature(f)
	}
}

// has reports whether the mail shows text in the font of that name.
func (u uses) has(font string) bool {
	name := strings.ToLower(font)
	for family := range u.families {
		if name != "" && strings.Contains(family, name) {
			return true
		}
	}
	return false
}

// The rules that every mail needs: resets for programs with styles of their own.
const (
	baseStyle = `<style type="text/css">
body { margin:0; padding:0; -ms-text-size-adjust:100%; -webkit-text-size-adjust:100%; }
p { display:block; margin:13px 0; }
img { border:0; outline:none; height:auto; line-height:100%; text-decoration:none; -ms-interpolation-mode:bicubic; }
table, td { border-collapse:collapse; mso-table-lspace:0pt; mso-table-rspace:0pt; }
#outlook a { padding:0; }
</style>
`
	outlookSettings = `<!--[if mso]>
<noscript><xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript>
<![endif]-->
<!--[if lte mso 11]>
<style type="text/css">
.mj-outlook-group-fix { width:100% !important; }
</style>
<![endif]-->
`
	metas = `<!--[if !mso]><!-->
<meta http-equiv="X-UA-Compatible" content="IE=edge">
<!--<![endif]-->
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
`
	hiddenStyle = "display:none;font-size:1px;color:#ffffff;line-height:1px;max-height:0px;max-width:0px;opacity:0;overflow:hidden;"
)

// document is the whole mail around a body.
func (h *Head) document(body string) string {
	w := &strings.Builder{}
	w.Grow(len(body) + 4096)
	put := func(parts ...string) {
		for _, part := range parts {
			w.WriteString(part)
		}
	}
	for _, text := range h.before {
		put(text, "\n")
	}
	put("<!doctype html>\n<html lang=\"", quoted(h.language), "\" dir=\"", quoted(h.dir),
		`" xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">`,
		"\n<head>\n<title>", h.title, "</title>\n", metas, baseStyle, outlookSettings)
	h.putFonts(put)
	h.putQueries(put)
	h.putFeatures(put)
	if len(h.styles) > 0 {
		put(styleTag, strings.Join(h.styles, "\n"), "\n</style>\n")
	}
	for _, text := range h.raw {
		put(text, "\n")
	}
	put("</head>\n<body style=\"word-spacing:normal;")
	if h.background != "" {
		put("background-color:", quoted(h.background), ";")
	}
	put("\">\n")
	if h.preview != "" {
		put(`<div style="`, hiddenStyle, `">`, h.preview, "</div>\n")
	}
	put(body, "\n</body>\n</html>\n")
	for _, text := range h.after {
		put(text, "\n")
	}
	return w.String()
}

const styleTag = "<style type=\"text/css\">\n"

// putFonts loads the fonts that are used. Outlook knows none but its own.
func (h *Head) putFonts(put func(...string)) {
	used := h.uses.clone()
	for _, style := range h.styles {
		used.see(style)
	}
	var links, imports strings.Builder
	for _, f := range h.fonts {
		if used.has(f.name) {
			links.WriteString(`<link href="` + quoted(f.href) + "\" rel=\"stylesheet\" type=\"text/css\">\n")
			imports.WriteString("@import url(" + f.href + ");\n")
		}
	}
	if links.Len() > 0 {
		put("<!--[if !mso]><!-->\n", links.String(), styleTag, imports.String(), "</style>\n<!--<![endif]-->\n")
	}
}

// putQueries gives the columns their widths on screens above the breakpoint.
func (h *Head) putQueries(put func(...string)) {
	if len(h.uses.queries) == 0 {
		return
	}
	rules := func(scope string) {
		for _, q := range h.uses.queries {
			put(scope, ".", q.class, " { width:", q.width, " !important; max-width: ", q.width, "; }\n")
		}
	}
	put(styleTag, "@media only screen and (min-width:", h.breakpoint, ") {\n")
	rules("")
	put("}\n</style>\n<style media=\"screen and (min-width:", quoted(h.breakpoint), ")\">\n")
	rules(".moz-text-html ")
	put("</style>\n")
	if h.desktop {
		put(styleTag)
		rules("[owa] ")
		put("</style>\n")
	}
}

// putFeatures writes the rules of components that need their own.
func (h *Head) putFeatures(put func(...string)) {
	if len(h.uses.features) == 0 {
		return
	}
	below := px(float64(leadingInt(h.breakpoint) - 1))
	put(styleTag)
	if h.uses.features[fluidImages] {
		put("@media only screen and (max-width:", below, ") {\n",
			"table.mj-full-width-mobile { width: 100% !important; }\n",
			"td.mj-full-width-mobile { width: auto !important; }\n}\n")
	}
	if h.uses.features[menus] {
		put(strings.ReplaceAll(menuStyle, "BREAKPOINT", below))
	}
	put("</style>\n")
}
