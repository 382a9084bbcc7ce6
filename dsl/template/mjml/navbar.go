package mjml

import (
	"fmt"
	"hash/fnv"
)

// menuStyle folds a navbar with a hamburger away on narrow screens, by a hidden
// checkbox that the hamburger ticks.
const menuStyle = `@media only screen and (max-width:BREAKPOINT) {
input.mj-menu-checkbox ~ div.mj-menu-trigger { display:block !important; max-width:none !important; max-height:none !important; font-size:inherit !important; }
input.mj-menu-checkbox ~ div.mj-inline-links { display:none !important; }
input.mj-menu-checkbox:checked ~ div.mj-inline-links { display:block !important; }
input.mj-menu-checkbox ~ div.mj-inline-links > a { display:block !important; }
input.mj-menu-checkbox:checked ~ div.mj-menu-trigger span.mj-menu-icon-open { display:none !important; }
input.mj-menu-checkbox:checked ~ div.mj-menu-trigger span.mj-menu-icon-close { display:block !important; }
}
`

func renderNavbar(r *renderer, n *node, p props, f frame) {
	if p.get("hamburger") == "hamburger" {
		r.head.uses.feature(menus)
		r.hamburger(n, p)
	}
	r.w.raw(`<div class="mj-inline-links">`).
		mso().table().attr("align", p.get("align")).end().raw("<tr>")
	inside := f.inside(n, p.across(f.width))
	inside.baseURL = p.get("base-url")
	r.children(n, inside, bare)
	r.w.mso().raw("</tr></table>").all().raw("</div>")
}

// hamburger writes the button that unfolds the navbar, with the hidden checkbox
// that remembers it.
func (r *renderer) hamburger(n *node, p props) {
	id := r.menuID(n)
	r.w.raw("<!--[if !mso]><!-->").
		tag("input").attr("type", "checkbox").attr("id", id).attr("class", "mj-menu-checkbox").
		css("display", "none !important").css("max-height", "0").css("visibility", "hidden").endEmpty().
		raw("<!--<![endif]-->").
		tag("div").attr("class", "mj-menu-trigger").css("display", "none").css("max-height", "0px").css("max-width", "0px").
		css("font-size", "0px").css("overflow", "hidden").end().
		tag("label").attr("for", id).attr("class", "mj-menu-label").attr("align", p.get("ico-align")).
		css("display", "block").css("cursor", "pointer").css("mso-hide", "all").css("-moz-user-select", "none").css("user-select", "none").
		css("color", p.get("ico-color")).css("font-size", p.get("ico-font-size")).css("font-family", p.get("ico-font-family")).
		css("text-transform", p.get("ico-text-transform")).css("text-decoration", p.get("ico-text-decoration")).
		css("line-height", p.get("ico-line-height")).sides(p, "padding", "ico-padding").end().
		tag("span").attr("class", "mj-menu-icon-open").css("mso-hide", "all").end().raw(p.get("ico-open")).raw("</span>").
		tag("span").attr("class", "mj-menu-icon-close").css("display", "none").css("mso-hide", "all").end().raw(p.get("ico-close")).
		raw("</span></label></div>").line()
}

// menuIDSample is how much of a navbar's source its checkbox is named after.
const menuIDSample = 1024

// menuID is a name for the checkbox of n that no other navbar in the mail is
// likely to have, and that stays the same from one compilation to the next.
func (r *renderer) menuID(n *node) string {
	h := fnv.New64a()
	around := n.src.text[n.tag.start:min(len(n.src.text), n.tag.start+menuIDSample)]
	h.Write(fmt.Appendf(nil, "%s %d %s", n.src.path, n.tag.start, around))
	return fmt.Sprintf("mj-menu-%016x", h.Sum64())
}

func renderNavbarLink(r *renderer, n *node, p props, f frame) {
	r.w.mso().tag("td").attr("class", outlookClasses(p.get("css-class"))).sides(p, "padding", "padding").end().all()
	r.w.tag("a").attr("class", classList("mj-link", p.get("css-class"))).attr("href", f.baseURL+p.get("href")).
		attr("rel", p.get("rel")).attr("target", p.get("target")).attr("name", p.get("name")).
		css("display", "inline-block").
		same(p, "color", "font-family", "font-size", "font-style", "font-weight", "letter-spacing", "line-height", "text-decoration", "text-transform").
		sides(p, "padding", "padding").end()
	r.markup(n, f)
	r.w.raw("</a>").mso().raw("</td>").all().line()
}
