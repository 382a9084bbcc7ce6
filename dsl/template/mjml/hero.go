package mjml

import (
	"math"
	"strings"
)

func renderHero(r *renderer, n *node, p props, f frame) {
	width := px(f.width)
	r.w.mso().table().attr("align", "center").attr("width", whole(f.width)).css("width", width).end().
		raw(`<tr><td style="line-height:0;font-size:0;mso-line-height-rule:exactly;">`)
	r.heroPicture(p, width)

	r.w.all().tag("div").attr("class", p.get("css-class")).css("margin", "0 auto").css("max-width", width).end().
		table().css("width", "100%").end().raw(`<tbody><tr style="vertical-align:top;">`)
	if p.get("mode") == "fluid-height" {
		r.fluidEdge(p)
		r.heroCell(n, p, f, "")
		r.fluidEdge(p)
	} else {
		height := leadingInt(p.get("height")) - p.edge("padding", "top") - p.edge("padding", "bottom")
		r.heroCell(n, p, f, whole(float64(height)))
	}
	r.w.all().raw("</tr></tbody></table></div>").mso().raw("</td></tr></table>").all().line()
}

// heroPicture lays the background beneath what Outlook shows.
func (r *renderer) heroPicture(p props, width string) {
	if w := p.get("background-width"); w != "" {
		width = w
	}
	r.w.tag("v:image").attr("src", p.get("background-url")).attr("xmlns:v", "urn:schemas-microsoft-com:vml").
		css("border", "0").css("height", p.get("background-height")).css("mso-position-horizontal", "center").
		css("position", "absolute").css("top", "0").css("width", width).css("z-index", "-3").endEmpty()
}

// fluidEdge is the cell that gives a hero of fluid height the proportions of its
// picture.
func (r *renderer) fluidEdge(p props) {
	width, height := leadingInt(p.get("background-width")), leadingInt(p.get("background-height"))
	r.w.tag("td").css("width", "0.01%")
	if width > 0 {
		r.w.css("padding-bottom", number(math.Round(float64(height)/float64(width)*100))+"%")
	}
	r.w.css("mso-padding-bottom-alt", "0").end().raw("</td>")
}

func (r *renderer) heroCell(n *node, p props, f frame, height string) {
	r.w.tag("td").attr("background", p.get("background-url")).attr("height", height).
		css("background", heroBackground(p)).same(p, "background-position").css("background-repeat", "no-repeat").
		same(p, "border-radius").sides(p, "padding", "padding").same(p, "vertical-align")
	if height != "" {
		r.w.css("height", height+"px")
	}
	r.w.end().line()
	r.heroContent(n, p, f)
	r.w.raw("</td>")
}

func heroBackground(p props) string {
	parts := []string{p.get("background-color")}
	if url := p.get("background-url"); url != "" {
		parts = append(parts, cssURL(url), "no-repeat", p.get("background-position"), "/ cover")
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

func (r *renderer) heroContent(n *node, p props, f frame) {
	r.w.mso().table().attr("width", number(f.width)).css("width", px(f.width)).end().raw("<tr>").
		tag("td").css("background-color", p.get("inner-background-color")).sides(p, "padding", "inner-padding").end()
	r.w.all().tag("div").attr("class", "mj-hero-content").
		css("background-color", p.get("inner-background-color")).css("margin", "0px auto").end().
		table().css("width", "100%").css("margin", "0px").end().raw("<tbody><tr>").
		tag("td").sides(p, "padding", "inner-padding").end().
		table().css("width", "100%").css("margin", "0px").end().raw("<tbody>").line()
	taken := 0
	for _, name := range []string{"padding", "inner-padding"} {
		taken += p.edge(name, "left") + p.edge(name, "right")
	}
	r.children(n, f.inside(n, f.width-float64(taken)), columnRow)
	r.w.raw("</tbody></table></td></tr></tbody></table></div>").mso().raw("</td></tr></table>").all().line()
}
