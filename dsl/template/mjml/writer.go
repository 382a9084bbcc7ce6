package mjml

import "strings"

// writer puts HTML together. It writes for everyone, or within a conditional
// comment for Outlook alone; neighbouring comments become one.
type writer struct {
	buf     []byte
	outlook bool // a conditional comment is open
	next    bool // what comes next is for Outlook
	styling bool // a style attribute is open
}

// newWriter is a writer for HTML of about that size.
func newWriter(size int) writer { return writer{buf: make([]byte, 0, size)} }

// String is all that was written.
func (w *writer) String() string {
	w.all().turn()
	return string(w.buf)
}

// mso makes what follows be for Outlook alone.
func (w *writer) mso() *writer {
	w.next = true
	return w
}

// all makes what follows be for everyone.
func (w *writer) all() *writer {
	w.next = false
	return w
}

// turn opens or closes the conditional comment.
func (w *writer) turn() {
	if w.next == w.outlook {
		return
	}
	if w.outlook = w.next; w.outlook {
		w.buf = append(w.buf, "<!--[if mso | IE]>"...)
	} else {
		w.buf = append(w.buf, "<![endif]-->"...)
	}
}

// raw writes HTML as it is.
func (w *writer) raw(html string) *writer {
	w.turn()
	w.buf = append(w.buf, html...)
	return w
}

// line breaks the line, where there is text on it.
func (w *writer) line() *writer {
	if n := len(w.buf); n > 0 && w.buf[n-1] != '\n' {
		w.buf = append(w.buf, '\n')
	}
	return w
}

// tag begins an opening tag. attr and css fill it, end completes it.
func (w *writer) tag(name string) *writer { return w.raw("<").raw(name) }

// table begins the opening tag of a table that lays things out.
func (w *writer) table() *writer {
	return w.raw(`<table border="0" cellpadding="0" cellspacing="0" role="presentation"`)
}

// attr writes an attribute that has a value.
func (w *writer) attr(name, value string) *writer {
	if value == "" {
		return w
	}
	return w.attrAlways(name, value)
}

// attrAlways writes an attribute even where its value is empty.
func (w *writer) attrAlways(name, value string) *writer {
	w.endStyle()
	w.buf = append(w.buf, ' ')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '=', '"')
	w.buf = append(w.buf, quoted(value)...)
	w.buf = append(w.buf, '"')
	return w
}

// css writes a declaration of the style attribute, if it has a value.
func (w *writer) css(property, value string) *writer {
	if value == "" {
		return w
	}
	if !w.styling {
		w.styling = true
		w.buf = append(w.buf, ` style="`...)
	}
	w.buf = append(w.buf, property...)
	w.buf = append(w.buf, ':')
	w.buf = append(w.buf, cssQuoted(value)...)
	w.buf = append(w.buf, ';')
	return w
}

// same writes declarations for the attributes that are called as their
// properties are.
func (w *writer) same(p props, names ...string) *writer {
	for _, name := range names {
		w.css(name, p.get(name))
	}
	return w
}

// sides writes the declarations of a property with its four sides, taken from
// the attributes called from, from-top, ….
func (w *writer) sides(p props, property, from string) *writer {
	w.css(property, p.get(from))
	for _, side := range [...]string{"-top", "-right", "-bottom", "-left"} {
		w.css(property+side, p.get(from+side))
	}
	return w
}

// end completes the opening tag.
func (w *writer) end() *writer {
	w.endStyle()
	return w.raw(">")
}

// endEmpty completes the tag of an element that holds nothing.
func (w *writer) endEmpty() *writer {
	w.endStyle()
	return w.raw(" />")
}

func (w *writer) endStyle() {
	if w.styling {
		w.styling = false
		w.buf = append(w.buf, '"')
	}
}

// quoted is an attribute's value within double quotes. Liquid stays as it is,
// and so do entities: what is written in MJML is HTML already.
func quoted(value string) string {
	if !strings.ContainsAny(value, `">`) {
		return value
	}
	return outsideLiquid(value, func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(s, `"`, "&quot;"), "-->", "--&gt;")
	})
}

// cssQuoted is a declaration's value within a style attribute.
func cssQuoted(value string) string {
	if !strings.Contains(value, `"`) {
		return quoted(value)
	}
	return quoted(outsideLiquid(value, func(s string) string { return strings.ReplaceAll(s, `"`, "'") }))
}
