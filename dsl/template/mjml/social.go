package mjml

import "strings"

// network is a social network: its icon's colour, and the page that shares a
// link there, with URL in the place of the link.
type network struct{ icon, color, share string }

// iconHost is where the icons are that MJML shows unless src names others.
const iconHost = "https://www.mailjet.com/images/theme/v1/icons/ico-social/"

// noShare marks a network whose icon leads to href itself.
const noShare = "-noshare"

var networks = map[string]network{
	"dribbble":   {"dribbble", "#D95988", ""},
	"facebook":   {"facebook", "#3b5998", "https://www.facebook.com/sharer/sharer.php?u=URL"},
	"github":     {"github", "#000000", ""},
	"google":     {"google-plus", "#dc4e41", "https://plus.google.com/share?url=URL"},
	"instagram":  {"instagram", "#3f729b", ""},
	"linkedin":   {"linkedin", "#0077b5", "https://www.linkedin.com/shareArticle?mini=true&url=URL&title=&summary=&source="},
	"medium":     {"medium", "#000000", ""},
	"pinterest":  {"pinterest", "#bd081c", "https://pinterest.com/pin/create/button/?url=URL&media=&description="},
	"snapchat":   {"snapchat", "#FFFA54", ""},
	"soundcloud": {"soundcloud", "#EF7F31", ""},
	"tumblr":     {"tumblr", "#344356", "https://www.tumblr.com/widgets/share/tool?canonicalUrl=URL"},
	"twitter":    {"twitter", "#55acee", "https://twitter.com/intent/tweet?url=URL"},
	"vimeo":      {"vimeo", "#53B4E7", ""},
	"web":        {"web", "#4BADE9", ""},
	"x":          {"twitter-x", "#000000", "https://twitter.com/intent/tweet?url=URL"},
	"xing":       {"xing", "#296366", "https://www.xing.com/app/user?op=share&url=URL"},
	"youtube":    {"youtube", "#EB3323", ""},
}

// networkNames are the names of the networks, sorted.
func networkNames() []string { return keys(networks) }

// handedDown are the attributes of mj-social that its elements take over.
var handedDown = []string{
	"border-radius", "color", "font-family", "font-size", "font-weight", "font-style", "icon-size", "icon-height",
	"icon-padding", "text-padding", "line-height", "text-decoration",
}

func renderSocial(r *renderer, n *node, p props, f frame) {
	inside := f.inside(n, p.across(f.width))
	for _, name := range handedDown {
		if value := p.get(name); value != "" {
			inside.inherit = append(inside.inherit, pair{name, value})
		}
	}
	if pad := p.get("inner-padding"); pad != "" {
		inside.inherit = append(inside.inherit, pair{"padding", pad})
	}
	if p.get("mode") == "vertical" {
		r.w.table().css("margin", "0px").end().raw("<tbody>").line()
		r.children(n, inside, bare)
		r.w.raw("</tbody></table>")
		return
	}
	r.w.mso().table().attr("align", p.get("align")).end().raw("<tr>")
	r.children(n, inside, socialTable(p.get("align")))
	r.w.mso().raw("</tr></table>").all()
}

// socialTable is the table around an element of a horizontal mj-social.
func socialTable(align string) wrap {
	return func(r *renderer, n *node, p props, f frame) {
		r.w.mso().raw("<td>").all().table().attr("align", align).css("float", "none").css("display", "inline-table").end().
			raw("<tbody>")
		bare(r, n, p, f)
		r.w.raw("</tbody></table>").mso().raw("</td>").all()
	}
}

// socialElement is an mj-social-element while it is rendered.
type socialElement struct {
	*renderer
	props
	network
	href string
}

func renderSocialElement(r *renderer, n *node, p props, f frame) {
	e := socialElement{renderer: r, props: p, href: p.get("href")}
	name, plain := strings.CutSuffix(p.get("name"), noShare)
	e.network = networks[name]
	if e.share != "" && !plain && e.href != "" {
		e.href = strings.Replace(e.share, "URL", e.href, 1)
	}
	r.w.tag("tr").attr("class", p.get("css-class")).end()
	if p.get("icon-position") == "right" {
		e.label(n, f)
		e.drawIcon()
	} else {
		e.drawIcon()
		e.label(n, f)
	}
	r.w.raw("</tr>").line()
}

// or is the attribute's value, or another where it has none.
func (e *socialElement) or(name, other string) string {
	if value := e.get(name); value != "" {
		return value
	}
	return other
}

// link opens the link that the element leads to, and its style follows.
func (e *socialElement) link() *writer {
	return e.w.tag("a").attr("href", e.href).attr("rel", e.get("rel")).attr("target", e.get("target"))
}

func (e *socialElement) drawIcon() {
	src, iconSize := e.get("src"), e.get("icon-size")
	if src == "" && e.icon != "" {
		src = iconHost + e.icon + ".png"
	}
	e.w.tag("td").sides(e.props, "padding", "padding").same(e.props, "vertical-align").end().
		table().css("background", e.or("background-color", e.color)).same(e.props, "border-radius").css("width", iconSize).end().
		raw("<tbody><tr>").
		tag("td").css("padding", e.get("icon-padding")).css("font-size", "0").css("height", e.or("icon-height", iconSize)).
		css("vertical-align", "middle").css("width", iconSize).end()
	if e.href != "" {
		e.link().end()
	}
	e.w.tag("img").attrAlways("alt", e.get("alt")).attr("title", e.get("title")).attr("src", src).
		attr("width", whole(float64(leadingInt(iconSize)))).attr("sizes", e.get("sizes")).attr("srcset", e.get("srcset")).
		same(e.props, "border-radius").css("display", "block").endEmpty()
	if e.href != "" {
		e.w.raw("</a>")
	}
	e.w.raw("</td></tr></tbody></table></td>")
}

func (e *socialElement) label(n *node, f frame) {
	if n.text == "" {
		return
	}
	e.w.tag("td").css("vertical-align", "middle").css("padding", e.get("text-padding")).css("text-align", e.get("align")).end()
	tag := "span"
	if e.href != "" {
		tag = "a"
		e.link()
	} else {
		e.w.tag(tag)
	}
	e.w.same(e.props, "color", "font-size", "font-weight", "font-style", "font-family", "line-height", "text-decoration").end()
	e.markup(n, f)
	e.w.raw("</" + tag + "></td>")
}
