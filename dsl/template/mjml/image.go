package mjml

func renderImage(r *renderer, _ *node, p props, f frame) {
	class := ""
	if p.get("fluid-on-mobile") == "true" {
		class = "mj-full-width-mobile"
		r.head.uses.feature(fluidImages)
	}
	width := p.across(f.width)
	if p.get("width") != "" {
		width = min(width, float64(leadingInt(p.get("width"))))
	}
	r.w.table().attr("class", class).css("border-collapse", "collapse").css("border-spacing", "0px").end().
		raw("<tbody><tr>").tag("td").attr("class", class).css("width", px(width)).end()

	linked := p.get("href") != ""
	if linked {
		r.w.tag("a").attr("href", p.get("href")).attr("target", p.get("target")).attr("rel", p.get("rel")).
			attr("name", p.get("name")).attr("title", p.get("title")).end()
	}
	r.picture(p, width)
	if linked {
		r.w.raw("</a>")
	}
	r.w.raw("</td></tr></tbody></table>")
}

// picture writes the img of an mj-image.
func (r *renderer) picture(p props, width float64) {
	height := p.get("height")
	if height != "auto" && height != "" {
		height = whole(float64(leadingInt(height)))
	}
	r.w.tag("img").attrAlways("alt", p.get("alt")).attr("src", p.get("src")).attr("srcset", p.get("srcset")).
		attr("sizes", p.get("sizes")).attr("title", p.get("title")).attr("width", whole(width)).
		attr("height", height).attr("usemap", p.get("usemap")).
		sides(p, "border", "border").same(p, "border-radius").
		css("display", "block").css("outline", "none").css("text-decoration", "none").
		same(p, "height", "max-height").css("width", "100%").same(p, "font-size").endEmpty()
}
