package mjml

import "slices"

// Places that several components share.
var (
	inHead  = []string{"mj-head"}
	inCells = []string{"mj-column", "mj-hero"}
	inBlock = []string{"mj-body", "mj-wrapper"}
	inAll   = []string{"mjml", "mj-head", "mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero", "mj-social", "mj-navbar"}
)

// table describes every component: where it may stand, what it takes, and what
// that is when it is not given. The values are those of MJML 4.
func table() []component {
	return slices.Concat(headComponents(), layoutComponents(), cellComponents(), barComponents(), refusedComponents())
}

func headComponents() []component {
	return []component{
		{name: "mjml", once: true, in: []string{""}, attrs: []attr{
			{"lang", anything, ""}, {"dir", choice("ltr", "rtl", "auto"), ""}, {"owa", choice("mobile", "desktop"), ""}, {"version", anything, ""},
		}},
		{name: "mj-head", once: true, in: []string{"mjml"}},
		{name: "mj-title", once: true, in: inHead, markup: true},
		{name: "mj-preview", once: true, in: inHead, markup: true},
		{name: "mj-style", in: inHead, markup: true, attrs: []attr{{"inline", choice("inline"), ""}}},
		{name: "mj-font", in: inHead, attrs: []attr{{"name", anything, ""}, {"href", anything, ""}},
			needs: []need{{attr: "name", why: "the family it brings"}, {attr: "href", why: "the style sheet that brings it"}}},
		{name: "mj-breakpoint", once: true, in: inHead, fixed: []string{"width"}, attrs: []attr{{"width", pixels, ""}},
			needs: []need{{attr: "width", why: "the width below which columns stack"}}},
		{name: "mj-attributes", in: inHead},
		{name: "mj-all", in: []string{"mj-attributes"}},
		{name: "mj-class", in: []string{"mj-attributes"}, attrs: []attr{{"name", anything, ""}},
			needs: []need{{attr: "name", why: "what mj-class=\"…\" calls it"}}},
		{name: "mj-include", in: slices.Concat(inAll, []string{"mj-attributes"}), fixed: []string{"path"}, attrs: []attr{
			{"path", anything, ""}, {"type", choice("mjml", "html", "css"), ""}, {"css-inline", choice("inline"), ""},
		}, needs: []need{{attr: "path", why: "the file to include"}}},
	}
}

func layoutComponents() []component {
	section := slices.Concat(backdrop(), border("border", ""), padding("padding", "20px 0"), []attr{
		{"border-radius", anything, ""},
		{"direction", direction, "ltr"},
		{"full-width", choice("full-width", "false", ""), ""},
		{"text-align", alignX, "center"},
		{"text-padding", sides, "4px 4px 4px 0"},
	})
	return []component{
		{name: "mj-body", once: true, in: []string{"mjml"}, render: renderBody, fixed: []string{"width"}, attrs: []attr{
			{"width", pixels, "600px"}, {"background-color", background, ""},
		}},
		{name: "mj-wrapper", in: []string{"mj-body"}, render: renderSection, fixed: []string{"full-width"},
			attrs: append(slices.Clone(section), attr{"gap", pixels, ""})},
		{name: "mj-section", in: inBlock, render: renderSection, fixed: []string{"full-width"}, attrs: section},
		{name: "mj-group", in: []string{"mj-section"}, render: renderGroup, fixed: []string{"width"}, attrs: []attr{
			{"background-color", background, ""},
			{"direction", direction, "ltr"},
			{"vertical-align", alignY, ""},
			{"width", size, ""},
		}},
		{name: "mj-column", in: []string{"mj-section", "mj-group"}, render: renderColumn, fixed: []string{"width"},
			attrs: slices.Concat(border("border", ""), border("inner-border", ""), padding("padding", ""), []attr{
				{"background-color", background, ""},
				{"border-radius", sides, ""},
				{"direction", direction, "ltr"},
				{"inner-background-color", background, ""},
				{"inner-border-radius", sides, ""},
				{"vertical-align", alignY, "top"},
				{"width", size, ""},
			})},
		{name: "mj-hero", in: inBlock, render: renderHero, fixed: []string{"mode", "height", "background-width", "background-height"},
			attrs: slices.Concat(padding("padding", "0px"), padding("inner-padding", ""), []attr{
				{"background-color", background, "#ffffff"},
				{"background-height", size, ""},
				{"background-position", anything, "center center"},
				{"background-url", anything, ""},
				{"background-width", size, ""},
				{"border-radius", anything, ""},
				{"container-background-color", background, ""},
				{"height", size, "0px"},
				{"inner-background-color", background, ""},
				{"mode", choice("fixed-height", "fluid-height"), "fixed-height"},
				{"vertical-align", alignY, "top"},
			})},
		{name: "mj-raw", in: inAll, markup: true, render: renderRaw, attrs: []attr{{"position", choice("file-start"), ""}}},
	}
}

func cellComponents() []component {
	return []component{
		{name: "mj-text", in: inCells, markup: true, render: renderText,
			attrs: slices.Concat(padding("padding", "10px 25px"), typeface("#000000", "1"), lettering("", ""), []attr{
				{"align", alignText, "left"},
				{"background-color", background, ""},
				{"container-background-color", background, ""},
				{"height", size, ""},
				{"vertical-align", alignY, ""},
			})},
		{name: "mj-button", in: inCells, markup: true, render: renderButton, fixed: []string{"width"},
			needs: []need{{attr: "href", severity: Warning, why: "where it leads; without it the button is plain text"}},
			attrs: override(slices.Concat(cell("center"), border("border", "none"), typeface("#ffffff", "120%"), lettering("none", "none"), anchor(), []attr{
				{"background-color", background, "#414141"},
				{"border-radius", anything, "3px"},
				{"height", size, ""},
				{"inner-padding", sides, "10px 25px"},
				{"text-align", alignX, ""},
				{"title", anything, ""},
				{"vertical-align", alignY, "middle"},
				{"width", size, ""},
			}), "font-weight", "normal")},
		{name: "mj-image", in: inCells, render: renderImage, fixed: []string{"width", "height", "fluid-on-mobile"},
			needs: []need{
				{attr: "src", why: "the picture"},
				{attr: "alt", severity: Warning, why: `what those read who do not see it; alt="" for a mere ornament`},
			},
			attrs: slices.Concat(cell("center"), border("border", "0"), anchor(), []attr{
				{"alt", anything, ""},
				{"border-radius", sides, ""},
				{"fluid-on-mobile", yesNo, ""},
				{"font-size", pixels, "13px"},
				{"height", pixelsAuto, "auto"},
				{"max-height", size, ""},
				{"sizes", anything, ""},
				{"src", anything, ""},
				{"srcset", anything, ""},
				{"title", anything, ""},
				{"usemap", anything, ""},
				{"width", pixels, ""},
			})},
		{name: "mj-divider", in: inCells, render: renderDivider, fixed: []string{"width"},
			attrs: append(cell("center"),
				attr{"border-color", colour, "#000000"},
				attr{"border-style", anything, "solid"},
				attr{"border-width", pixels, "4px"},
				attr{"width", size, "100%"})},
		{name: "mj-spacer", in: inCells, render: renderSpacer,
			attrs: slices.Concat(padding("padding", ""), border("border", ""), []attr{
				{"container-background-color", background, ""}, {"height", size, "20px"},
			})},
		{name: "mj-table", in: inCells, markup: true, render: renderTable,
			attrs: slices.Concat(cell("left"), typeface("#000000", "22px"), []attr{
				{"border", anything, "none"},
				{"cellpadding", count, "0"},
				{"cellspacing", count, "0"},
				{"role", choice("none", "presentation"), ""},
				{"table-layout", choice("auto", "fixed", "initial", "inherit"), "auto"},
				{"vertical-align", alignY, ""},
				{"width", sizeAuto, "100%"},
			})},
	}
}

// override is attrs with another default for one of them.
func override(attrs []attr, name, def string) []attr {
	i := slices.IndexFunc(attrs, func(a attr) bool { return a.name == name })
	attrs[i].def = def
	return attrs
}

func barComponents() []component {
	icon := []attr{
		{"font-style", anything, ""},
		{"icon-height", size, ""},
		{"icon-padding", sides, ""},
		{"text-decoration", anything, "none"},
	}
	return []component{
		{name: "mj-social", in: inCells, render: renderSocial, fixed: []string{"mode", "icon-size"},
			attrs: slices.Concat(cell("center"), typeface("#333333", "22px"), icon, []attr{
				{"border-radius", size, "3px"},
				{"icon-size", size, "20px"},
				{"inner-padding", sides, ""},
				{"mode", choice("horizontal", "vertical"), "horizontal"},
				{"table-layout", choice("auto", "fixed"), ""},
				{"text-padding", sides, ""},
				{"vertical-align", alignY, ""},
			})},
		{name: "mj-social-element", in: []string{"mj-social"}, markup: true, render: renderSocialElement, fixed: []string{"icon-position", "icon-size", "name"},
			needs: []need{{attr: "src", unless: "name", why: "the icon, where no name tells the network"}},
			attrs: slices.Concat(padding("padding", "4px"), typeface("#000", "1"), anchor(), icon, []attr{
				{"align", alignX, "left"},
				{"alt", anything, ""},
				{"background-color", background, ""},
				{"border-radius", pixels, "3px"},
				{"icon-position", choice("left", "right"), "left"},
				{"icon-size", size, ""},
				{"sizes", anything, ""},
				{"src", anything, ""},
				{"srcset", anything, ""},
				{"text-padding", sides, "4px 4px 4px 0"},
				{"title", anything, ""},
				{"vertical-align", alignY, "middle"},
			})},
		{name: "mj-navbar", in: inCells, render: renderNavbar, fixed: []string{"hamburger"},
			attrs: slices.Concat(padding("padding", ""), padding("ico-padding", "10px"), []attr{
				{"align", alignX, "center"},
				{"base-url", anything, ""},
				{"hamburger", choice("hamburger"), ""},
				{"ico-align", alignX, "center"},
				{"ico-close", anything, "&#8855;"},
				{"ico-color", colour, "#000000"},
				{"ico-font-family", anything, defaultFont},
				{"ico-font-size", size, "30px"},
				{"ico-line-height", lineHeight, "30px"},
				{"ico-open", anything, "&#9776;"},
				{"ico-text-decoration", anything, "none"},
				{"ico-text-transform", anything, "uppercase"},
			})},
		{name: "mj-navbar-link", in: []string{"mj-navbar"}, markup: true, render: renderNavbarLink,
			needs: []need{{attr: "href", severity: Warning, why: "where it leads"}},
			attrs: override(slices.Concat(padding("padding", "15px 10px"), typeface("#000000", "22px"), lettering("none", "uppercase"), anchor()),
				"font-weight", "normal")},
	}
}

// refusedComponents are those of MJML 4 that are not supported, and why.
func refusedComponents() []component {
	const (
		interactive = "few mail programs run it; lay its contents out with mj-section and mj-text"
		attributes  = "set the attributes on the components themselves or in mj-attributes"
	)
	reasons := map[string]string{
		"mj-accordion": interactive, "mj-accordion-element": interactive, "mj-accordion-title": interactive, "mj-accordion-text": interactive,
		"mj-carousel": interactive, "mj-carousel-image": interactive,
		"mj-html-attributes": attributes, "mj-selector": attributes, "mj-html-attribute": attributes,
	}
	var list []component
	for name, reason := range reasons {
		list = append(list, component{name: name, refused: reason})
	}
	return list
}
