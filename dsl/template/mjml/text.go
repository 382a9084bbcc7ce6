package mjml

import "strings"

// withoutCDATA is markup without the marks around CDATA sections, which mean
// nothing in HTML.
func withoutCDATA(markup string) string {
	if !strings.Contains(markup, "<![CDATA[") {
		return markup
	}
	return strings.NewReplacer("<![CDATA[", "", "]]>", "").Replace(markup)
}

func renderRaw(r *renderer, n *node, _ props, f frame) { r.markup(n, f) }

func renderText(r *renderer, n *node, p props, f frame) {
	height := p.get("height")
	if height != "" {
		r.w.mso().table().end().raw("<tr>").
			tag("td").attr("height", height).css("vertical-align", "top").css("height", height).end().all()
	}
	r.w.tag("div").
		same(p, "font-family", "font-size", "font-style", "font-weight", "letter-spacing", "line-height").
		css("text-align", p.get("align")).
		same(p, "text-decoration", "text-transform", "color", "height").end()
	r.markup(n, f)
	r.w.raw("</div>")
	if height != "" {
		r.w.mso().raw("</td></tr></table>").all()
	}
}

func renderTable(r *renderer, n *node, p props, f frame) {
	width := p.get("width")
	if !hasLiquid(width) && width != "auto" && !strings.HasSuffix(width, "%") {
		width = whole(float64(leadingInt(width)))
	}
	r.w.tag("table").attr("border", "0").
		attr("cellpadding", p.get("cellpadding")).attr("cellspacing", p.get("cellspacing")).
		attr("role", p.get("role")).attr("width", width).
		same(p, "color", "font-family", "font-size", "line-height", "table-layout", "width", "border")
	if leadingInt(p.get("cellspacing")) > 0 {
		r.w.css("border-collapse", "separate")
	}
	r.w.end()
	r.markup(n, f)
	r.w.raw("</table>")
}

func renderSpacer(r *renderer, _ *node, p props, _ frame) {
	height := p.get("height")
	r.w.tag("div").css("height", height).css("line-height", height).end().raw("&#8202;</div>")
}

func renderDivider(r *renderer, _ *node, p props, f frame) {
	margin := map[string]string{"left": "0px", "right": "0px 0px 0px auto"}[p.get("align")]
	if margin == "" {
		margin = "0px auto"
	}
	line := func(width string) {
		r.w.css("border-top", p.get("border-style")+" "+p.get("border-width")+" "+p.get("border-color")).
			css("font-size", "1px").css("margin", margin).css("width", width)
	}
	r.w.tag("p")
	line(p.get("width"))
	r.w.end().raw("</p>")

	width := dividerWidth(p, f.width)
	r.w.mso().table().attr("align", p.get("align")).attr("width", width)
	line(width)
	r.w.end().raw(`<tr><td style="height:0;line-height:0;">&nbsp;</td></tr></table>`).all()
}

// dividerWidth is the width for Outlook, which takes a part of the line's width
// for a part of the window's.
func dividerWidth(p props, width float64) string {
	inside := float64(int(width) - p.edge("padding", "left") - p.edge("padding", "right"))
	n, unit := length(p.get("width"))
	if unit == "%" {
		return px(inside * float64(int(n)) / 100)
	}
	return p.get("width")
}
