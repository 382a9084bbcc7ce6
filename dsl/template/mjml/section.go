package mjml

import (
	"slices"
	"strings"
)

// renderBody writes the article that holds the sections.
func renderBody(r *renderer, n *node, p props, f frame) {
	r.w.tag("div").attr("aria-label", r.head.title).attr("aria-roledescription", "email").attr("class", p.get("css-class")).
		attr("role", "article").attr("lang", r.head.language).attr("dir", r.head.dir).same(p, "background-color").end().line()
	r.children(n, f.inside(n, f.width), bare)
	r.w.all().raw("</div>")
}

// section is an mj-section or mj-wrapper while it is rendered. Outlook, which
// knows no max-width, gets a table of fixed width around it, and a background
// picture as a drawing in VML.
type section struct {
	*renderer
	props
	frame
	full     bool // it fills the window
	backdrop backdropImage
}

func renderSection(r *renderer, n *node, p props, f frame) {
	s := section{renderer: r, props: p, frame: f, full: p.get("full-width") == "full-width", backdrop: backdropOf(p)}
	if s.full {
		r.w.table().attr("align", "center").attr("class", p.get("css-class")).attr("background", s.backdrop.url)
		s.background()
		r.w.css("width", "100%").end().raw("<tbody><tr><td>").line()
		s.openDrawing()
		s.openTable()
		s.content(n)
		s.closeTable()
		s.closeDrawing()
		r.w.all().raw("</td></tr></tbody></table>").line()
		return
	}
	s.openTable()
	s.openDrawing()
	s.content(n)
	s.closeDrawing()
	s.closeTable()
	r.w.all().line()
}

// background writes how the section is painted.
func (s *section) background() {
	if s.backdrop.url != "" {
		s.w.css("background", s.backdrop.css()).css("background-position", s.backdrop.position()).
			same(s.props, "background-repeat", "background-size")
		return
	}
	s.w.css("background", s.get("background-color")).same(s.props, "background-color")
}

// spaced is the gap above the section, "" above the first one.
func (s *section) spaced() string {
	if s.first {
		return ""
	}
	return s.gap
}

func (s *section) openTable() {
	s.w.mso().table().attr("align", "center").attr("class", outlookClasses(s.get("css-class"))).attr("width", whole(s.width))
	if s.gap == "" {
		s.w.attr("bgcolor", s.get("background-color"))
	}
	s.w.css("width", px(s.width)).css("padding-top", s.spaced()).end().
		raw(`<tr><td style="line-height:0px;font-size:0px;mso-line-height-rule:exactly;">`)
}

func (s *section) closeTable() { s.w.mso().raw("</td></tr></table>") }

// content writes the section as everyone sees it.
func (s *section) content(n *node) {
	s.w.all()
	s.openBox()
	radius := s.get("border-radius")
	s.w.table().attr("align", "center")
	if !s.full {
		s.w.attr("background", s.backdrop.url)
		s.background()
	}
	s.w.css("width", "100%")
	if radius != "" {
		s.w.css("border-collapse", "separate")
	}
	s.w.end().raw("<tbody><tr>").tag("td").sides(s.props, "border", "border").same(s.props, "border-radius", "direction").
		css("font-size", "0px").sides(s.props, "padding", "padding").same(s.props, "text-align").end().line()
	s.cells(n)
	s.w.all().raw("</td></tr></tbody></table>")
	if s.backdrop.url != "" {
		s.w.raw("</div>")
	}
	s.w.raw("</div>").line()
}

// openBox opens the block that keeps the section to its width.
func (s *section) openBox() {
	s.w.tag("div")
	if !s.full {
		s.w.attr("class", s.get("css-class"))
		s.background()
	}
	s.w.css("margin", "0px auto").css("max-width", px(s.width)).same(s.props, "border-radius")
	if s.get("border-radius") != "" {
		s.w.css("overflow", "hidden")
	}
	s.w.css("margin-top", s.spaced()).end()
	if s.backdrop.url != "" {
		s.w.raw(`<div style="line-height:0;font-size:0;">`)
	}
}

// cells renders what stands in the section: columns side by side, or, in a
// wrapper, sections one below the other.
func (s *section) cells(n *node) {
	inside := s.inside(n, s.across(s.width))
	inside.gap, inside.outer = s.get("gap"), s.width
	s.w.mso().table().end()
	if n.name() == "mj-wrapper" {
		s.children(n, inside, wrapperRow)
	} else {
		s.w.raw("<tr>")
		s.children(n, inside, sectionCell)
		s.w.mso().raw("</tr>")
	}
	s.w.mso().raw("</table>")
}

// sectionCell is the cell in which Outlook shows a column or group.
func sectionCell(r *renderer, n *node, p props, f frame) {
	width, unit := share(p, f)
	r.w.mso().tag("td").attr("class", outlookClasses(p.get("css-class"))).
		same(p, "vertical-align").css("width", px(pixelsOf(width, unit, f))).end().all()
	bare(r, n, p, f)
	r.w.mso().raw("</td>").all()
}

// wrapperRow is the row in which Outlook shows a section of a wrapper.
func wrapperRow(r *renderer, n *node, p props, f frame) {
	r.w.mso().raw("<tr>").tag("td").attr("class", outlookClasses(p.get("css-class"))).attr("width", px(f.outer)).end().all()
	bare(r, n, p, f)
	r.w.mso().raw("</td></tr>").all()
}

// backdropImage is the picture behind a section.
type backdropImage struct {
	color, url, x, y, size, repeat string
}

func backdropOf(p props) backdropImage {
	b := backdropImage{
		color: p.get("background-color"), url: p.get("background-url"),
		size: p.get("background-size"), repeat: p.get("background-repeat"),
	}
	b.x, b.y = positionOf(p.get("background-position"))
	if x := p.get("background-position-x"); x != "" {
		b.x = x
	}
	if y := p.get("background-position-y"); y != "" {
		b.y = y
	}
	return b
}

// positionOf splits a background-position, whose parts come in either order.
func positionOf(value string) (x, y string) {
	fields := strings.Fields(value)
	vertical := func(s string) bool { return s == "top" || s == "bottom" }
	switch {
	case hasLiquid(value):
		return value, ""
	case len(fields) == 1 && vertical(fields[0]):
		return "center", fields[0]
	case len(fields) == 1:
		return fields[0], "center"
	case len(fields) != 2:
		return "center", "top"
	case vertical(fields[0]), fields[0] == "center" && (fields[1] == "left" || fields[1] == "right"):
		return fields[1], fields[0]
	default:
		return fields[0], fields[1]
	}
}

func (b backdropImage) position() string { return strings.TrimSpace(b.x + " " + b.y) }

// css is the whole background as one value.
func (b backdropImage) css() string {
	parts := []string{b.color, cssURL(b.url), b.position(), "/ " + b.size, b.repeat}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// cssURL is url('…').
func cssURL(url string) string {
	return "url('" + outsideLiquid(url, func(s string) string { return strings.ReplaceAll(s, "'", "%27") }) + "')"
}
