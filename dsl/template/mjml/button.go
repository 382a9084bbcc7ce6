package mjml

func renderButton(r *renderer, n *node, p props, f frame) {
	color := p.get("background-color")
	r.w.table().css("border-collapse", "separate").same(p, "width").css("line-height", "100%").end().
		raw("<tbody><tr>").tag("td").attr("align", "center").attr("role", "presentation").attr("valign", p.get("vertical-align"))
	if color != "none" {
		r.w.attr("bgcolor", color)
	}
	r.w.sides(p, "border", "border").same(p, "border-radius").css("cursor", "auto").same(p, "font-style", "height").
		css("mso-padding-alt", p.get("inner-padding")).same(p, "text-align").css("background", color).end()

	tag := "p"
	if p.get("href") != "" {
		tag = "a"
	}
	r.w.tag(tag).attr("href", p.get("href")).attr("name", p.get("name")).attr("rel", p.get("rel")).attr("title", p.get("title"))
	if tag == "a" {
		r.w.attr("target", p.get("target"))
	}
	r.w.css("display", "inline-block").css("width", buttonWidth(p)).css("background", color).
		same(p, "color", "font-family", "font-size", "font-style", "font-weight", "line-height", "letter-spacing").
		css("margin", "0").same(p, "text-decoration", "text-transform").
		css("padding", p.get("inner-padding")).css("mso-padding-alt", "0px").same(p, "border-radius").end()
	r.markup(n, f)
	r.w.raw("</" + tag + "></td></tr></tbody></table>")
}

// buttonWidth is the width of the link in a button of fixed width, "" in others.
func buttonWidth(p props) string {
	width, unit := length(p.get("width"))
	if p.get("width") == "" || unit != "px" {
		return ""
	}
	inner := p.get("inner-padding")
	taken := side4(inner, "left") + side4(inner, "right") + p.stroke("border", "left") + p.stroke("border", "right")
	return px(width - float64(taken))
}
