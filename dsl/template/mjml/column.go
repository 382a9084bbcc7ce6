package mjml

import (
	"strconv"
	"strings"
)

// share is a column's or group's part of the width: what it was given, or an
// equal part.
func share(p props, f frame) (n float64, unit string) {
	if width := p.get("width"); width != "" {
		return length(width)
	}
	return 100 / float64(f.columns), "%"
}

// pixelsOf is a share in pixels.
func pixelsOf(n float64, unit string, f frame) float64 {
	if unit == "%" {
		return f.width * n / 100
	}
	return n
}

// columnClass is the class that gives a column its width on wide screens.
func (r *renderer) columnClass(label, width, unit string) string {
	class := "mj-column-per-" + label
	if unit == "px" {
		class = "mj-column-px-" + label
	}
	r.head.uses.query(class, width+unit)
	return class
}

// classList joins classes, leaving out "".
func classList(classes ...string) string {
	return strings.Join(strings.Fields(strings.Join(classes, " ")), " ")
}

// outlookClasses are the classes by which styles find what only Outlook sees.
func outlookClasses(classes string) string {
	names := strings.Fields(classes)
	for i := range names {
		names[i] += "-outlook"
	}
	return strings.Join(names, " ")
}

func renderColumn(r *renderer, n *node, p props, f frame) {
	width, unit := share(p, f)
	class := r.columnClass(strings.ReplaceAll(number(width), ".", "-"), number(width), unit)
	r.w.tag("div").attr("class", classList(class, "mj-outlook-group-fix", p.get("css-class"))).
		css("font-size", "0px").css("text-align", "left").same(p, "direction").css("display", "inline-block").
		same(p, "vertical-align").css("width", narrowWidth(p, f)).end().line()
	if p.any("padding", "padding-top", "padding-right", "padding-bottom", "padding-left") {
		r.gutter(n, p, f)
	} else {
		r.columnTable(n, p, f, outerBox)
	}
	r.w.raw("</div>").line()
}

// narrowWidth is a column's width on narrow screens: all of it, unless a group
// keeps the columns side by side.
func narrowWidth(p props, f frame) string {
	if !f.grouped {
		return "100%"
	}
	width := p.get("width")
	if width == "" {
		return strconv.Itoa(100/f.columns) + "%"
	}
	if n, unit := length(width); unit == "px" {
		return number(n/max(1, float64(int(f.width)))*100) + "%"
	}
	return width
}

// gutter renders a column with padding: a table for the padding around that of
// the column.
func (r *renderer) gutter(n *node, p props, f frame) {
	r.w.table().attr("width", "100%")
	if p.get("border-radius") != "" {
		r.w.css("border-collapse", "separate")
	}
	r.w.end().raw("<tbody><tr>").tag("td")
	outerBox(r, p)
	r.w.sides(p, "padding", "padding").end()
	r.columnTable(n, p, f, innerBox)
	r.w.raw("</td></tr></tbody></table>")
}

// outerBox is how the column as a whole looks.
func outerBox(r *renderer, p props) {
	r.w.same(p, "background-color").sides(p, "border", "border").same(p, "border-radius", "vertical-align")
	if p.get("border-radius") != "" {
		r.w.css("border-collapse", "separate")
	}
}

// innerBox is how the inside of a column with padding looks.
func innerBox(r *renderer, p props) {
	r.w.css("background-color", p.get("inner-background-color")).sides(p, "border", "inner-border").
		css("border-radius", p.get("inner-border-radius"))
	if p.get("inner-border-radius") != "" {
		r.w.css("border-collapse", "separate")
	}
}

func (r *renderer) columnTable(n *node, p props, f frame, box func(*renderer, props)) {
	r.w.table().attr("width", "100%")
	box(r, p)
	r.w.end().raw("<tbody>").line()
	width, unit := share(p, f)
	taken := p.margins() + p.stroke("inner-border", "left") + p.stroke("inner-border", "right")
	r.children(n, f.inside(n, pixelsOf(width, unit, f)-float64(taken)), columnRow)
	r.w.raw("</tbody></table>").line()
}

// columnRow is the row of a column or hero in which a component stands.
func columnRow(r *renderer, n *node, p props, f frame) {
	r.w.raw("<tr>").tag("td").attr("align", p.get("align")).attr("class", p.get("css-class")).
		css("background", p.get("container-background-color")).css("font-size", "0px").
		sides(p, "padding", "padding").css("word-break", "break-word").end()
	bare(r, n, p, f)
	r.w.all().raw("</td></tr>").line()
}

func renderGroup(r *renderer, n *node, p props, f frame) {
	width, unit := share(p, f)
	class := r.columnClass(whole(width), number(width), unit)
	r.w.tag("div").attr("class", classList(class, "mj-outlook-group-fix", p.get("css-class"))).
		css("font-size", "0").css("line-height", "0").css("text-align", "left").css("display", "inline-block").
		css("width", "100%").same(p, "direction", "vertical-align", "background-color").end().line()

	r.w.mso().table()
	if color := p.get("background-color"); color != "none" {
		r.w.attr("bgcolor", color)
	}
	r.w.end().raw("<tr>")
	inside := f.inside(n, pixelsOf(width, unit, f))
	inside.grouped = true
	r.children(n, inside, groupCell)
	r.w.mso().raw("</tr></table>").all().raw("</div>").line()
}

// groupCell is the cell in which Outlook shows a column of a group.
func groupCell(r *renderer, n *node, p props, f frame) {
	width, unit := share(p, f)
	f.grouped = true
	r.w.mso().tag("td").same(p, "vertical-align").css("width", px(float64(int(pixelsOf(width, unit, f))))).end().all()
	bare(r, n, p, f)
	r.w.mso().raw("</td>").all()
}
