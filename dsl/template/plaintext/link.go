package plaintext

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// link is the open link. HTML has none within another.
type link struct {
	open  bool
	href  string
	items int // how many items there were when it began
	text  int // how much there was of the block that went on
}

// target is where an <a> leads, "" where it leads nowhere that text can name.
func target(t html.Token) string {
	href := strings.Join(strings.Fields(attr(t, "href")), "%20")
	scheme, _, _ := strings.Cut(strings.ToLower(href), ":")
	if strings.HasPrefix(href, "#") || scheme == "javascript" || scheme == "data" {
		return ""
	}
	return href
}

// namedLinks are the addresses of links which hold text, or a picture with one.
func namedLinks(tokens []html.Token, l liquid) map[string]bool {
	named := map[string]bool{}
	href := ""
	for _, t := range tokens {
		switch {
		case t.Type == html.StartTagToken && t.Data == "a":
			href = target(t)
		case t.Type == html.EndTagToken && t.Data == "a":
			href = ""
		case href == "":
		case t.Type == html.TextToken && strings.TrimSpace(t.Data) != "", t.Data == "img" && attr(t, "alt") != "":
			named[l.unmarked(href)] = true
		}
	}
	return named
}

func (w *walker) startLink(t html.Token) {
	w.endLink()
	w.link = link{open: true, href: target(t), items: len(w.items)}
	if w.open {
		w.link.items--
		w.link.text = len(w.text)
	}
}

// endLink adds the address to the text of the link. A link that shows nothing is
// its address, unless another link to the same place has a text.
func (w *walker) endLink() {
	l := w.link
	w.link = link{}
	if !l.open || l.href == "" {
		return
	}
	text, href := strings.TrimSpace(w.since(l)), w.liquid.unmarked(l.href)
	switch {
	case text == "" && !w.named[href]:
		w.write(shown(l.href))
	case text != "" && plain(href) != plain(text):
		w.trimSpace()
		w.write(" (" + shown(l.href) + ")")
	}
}

// since is the text that was written since a link began.
func (w *walker) since(l link) string {
	var text strings.Builder
	for i := l.items; i < len(w.items); i++ {
		before := 0
		if i == l.items {
			before = l.text
		}
		if w.open && i == len(w.items)-1 {
			text.Write(w.text[min(before, len(w.text)):])
		} else if done := w.items[i].text; before < len(done) {
			text.WriteString(done[before:])
		}
		text.WriteByte(' ')
	}
	return w.liquid.unmarked(text.String())
}

// trimSpace takes back the space that the text ends in.
func (w *walker) trimSpace() {
	if w.open && bytes.HasSuffix(w.text, []byte(" ")) {
		w.text, w.spaced = w.text[:len(w.text)-1], false
	}
}

// schemes are what nobody would read out of an address.
var schemes = []string{"mailto:", "tel:", "sms:", "https://", "http://"}

// shown is an address as it is written behind a link's text.
func shown(href string) string {
	for _, scheme := range schemes[:3] {
		href = strings.TrimPrefix(href, scheme)
	}
	return href
}

// plain is an address as somebody would write it in a text.
func plain(address string) string {
	for _, scheme := range schemes {
		address = strings.TrimPrefix(address, scheme)
	}
	return strings.TrimSuffix(strings.ReplaceAll(address, " ", ""), "/")
}
