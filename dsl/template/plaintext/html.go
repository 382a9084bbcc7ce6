package plaintext

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// FromHTML makes the text of a mail from its HTML; Liquid in it stays. The text
// does not end in a line break, so that the text of a fragment can stand in that
// of a mail.
func FromHTML(html string) string {
	text, l := marked(html)
	return render(text, l)
}

// render makes text from HTML with marks.
func render(text string, l liquid) string {
	tokens := tokenize(text)
	w := &walker{builder: builder{liquid: l}, tables: tablesIn(tokens), named: namedLinks(tokens, l)}
	for i, t := range tokens {
		w.step(i, t)
	}
	w.endLink()
	w.end()
	return layout(w.items, l)
}

// tokenize splits HTML into tags and texts. A parser would mend what is not
// broken: each branch of {% if %} may hold tags that the other closes.
func tokenize(text string) []html.Token {
	z := html.NewTokenizer(strings.NewReader(text))
	var tokens []html.Token
	for z.Next() != html.ErrorToken {
		tokens = append(tokens, z.Token())
	}
	return tokens
}

// walker turns tags and texts into blocks.
type walker struct {
	builder
	tables map[int]tableKind // of the <table> tags, by their place
	named  map[string]bool   // the addresses of links that say something

	skipping string // the element that is left out; "" for none
	depth    int    // how many of its name are open
	dropped  []int  // the Liquid left out with it

	rows  []table
	lists []list
	link  link
}

// list is an open ol or ul.
type list struct {
	ordered bool
	count   int
	loops   int // that were open when it began
}

func (w *walker) step(i int, t html.Token) {
	if w.skipping != "" {
		w.skip(t)
		return
	}
	switch t.Type {
	case html.TextToken:
		w.write(t.Data)
	case html.CommentToken, html.DoctypeToken:
		if strings.Contains(t.Data, "<td") {
			w.words(" ") // a cell, for Outlook
		}
		w.dropped = w.liquid.tokensIn(t.Data)
		w.keepLasting()
	case html.StartTagToken:
		if leavesOut(t) && !voidElements[t.Data] {
			w.skipping, w.depth = t.Data, 1
			return
		}
		w.start(i, t)
	case html.SelfClosingTagToken:
		w.start(i, t)
	case html.EndTagToken:
		w.finish(t.Data)
	}
}

// skip passes over what is left out, up to the end of its element.
func (w *walker) skip(t html.Token) {
	w.dropped = append(w.dropped, w.liquid.tokensIn(t.Data)...)
	for _, a := range t.Attr {
		w.dropped = append(w.dropped, w.liquid.tokensIn(a.Val)...)
	}
	switch {
	case t.Type == html.StartTagToken && t.Data == "body" && w.skipping == "head":
		w.depth = 0
	case t.Type == html.StartTagToken && t.Data == w.skipping:
		w.depth++
	case t.Type == html.EndTagToken && t.Data == w.skipping:
		w.depth--
	}
	if w.depth == 0 {
		w.skipping = ""
		w.keepLasting()
	}
}

// keepLasting keeps the tags of what was left out, if they matter elsewhere.
func (w *walker) keepLasting() {
	if !w.liquid.selfContained(w.dropped) {
		for _, i := range w.dropped {
			if w.liquid.tokens[i].isSilent() {
				w.token(i)
			}
		}
	}
	w.dropped = nil
}

var voidElements = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true,
	"link": true, "meta": true, "source": true, "track": true, "wbr": true,
}

// unseen are the elements that show no text.
var unseen = map[string]bool{
	"head": true, "style": true, "script": true, "title": true, "template": true, "noscript": true, "svg": true, "math": true,
	"iframe": true, "object": true, "select": true, "textarea": true, "audio": true, "video": true, "canvas": true,
}

// leavesOut reports whether the element that t begins is not seen.
func leavesOut(t html.Token) bool {
	if unseen[t.Data] {
		return true
	}
	for _, a := range t.Attr {
		if a.Key == "hidden" {
			return true
		}
	}
	style := styleOf(t)
	return strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") ||
		strings.Contains(style, "max-height:0") && strings.Contains(style, "overflow:hidden")
}

// styleOf is the style attribute without spaces, in lower case.
func styleOf(t html.Token) string {
	return strings.ToLower(strings.Join(strings.Fields(attr(t, "style")), ""))
}

func attr(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// blockBreaks are the line breaks around the elements that are blocks.
var blockBreaks = map[string]int{
	"p": 2, "h1": 2, "h2": 2, "h3": 2, "h4": 2, "h5": 2, "h6": 2, "ul": 2, "ol": 2, "dl": 2, "blockquote": 2, "pre": 2,
	"table": 2, "figure": 2, "center": 1, "div": 1, "section": 1, "article": 1, "header": 1, "footer": 1, "main": 1, "nav": 1,
	"aside": 1, "address": 1, "li": 1, "dt": 1, "dd": 1, "tr": 1, "caption": 1, "figcaption": 1, "form": 1, "fieldset": 1,
	"body": 1, "html": 1,
}

// start begins the element of t.
func (w *walker) start(i int, t html.Token) {
	switch t.Data {
	case "br":
		w.lineBreak()
	case "hr":
		w.rule()
	case "img":
		w.picture(t)
	case "a":
		w.startLink(t)
	case "table":
		w.startTable(i)
	case "tr":
		w.startRow()
	case "td", "th":
		w.startCell()
	default:
		w.startBlock(t)
	}
}

func (w *walker) startBlock(t html.Token) {
	n := blockBreaks[t.Data]
	if n == 0 {
		return
	}
	if w.inData() {
		w.words(" ")
		return
	}
	if (t.Data == "ul" || t.Data == "ol") && len(w.lists) > 0 {
		n = 1
	}
	w.breakLine(n)
	switch t.Data {
	case "h1":
		w.under = '='
	case "h2":
		w.under = '-'
	case "pre":
		w.verbatim = true
	case "blockquote":
		w.indentBy(t.Data, "> ")
	case "ul", "ol":
		w.lists = append(w.lists, list{ordered: t.Data == "ol", loops: w.loops})
	case "li":
		w.startItem()
	case "p":
		if style := styleOf(t); strings.Contains(style, "border-top:") && strings.Contains(style, "font-size:1px") {
			w.rule() // as mj-divider makes them
		}
	}
}

// finish ends the element of that name.
func (w *walker) finish(name string) {
	switch name {
	case "a":
		w.endLink()
		return
	case "table":
		w.endTable()
		return
	case "tr":
		w.endRow()
		return
	case "p", "br":
	case "h1", "h2":
		defer func() { w.under = 0 }()
	case "pre":
		defer func() { w.verbatim = false }()
	case "blockquote", "li":
		defer w.outdent(name)
	case "ul", "ol":
		defer w.endList()
	}
	switch n := blockBreaks[name]; {
	case n == 0:
	case w.inData():
		w.words(" ")
	case (name == "ul" || name == "ol") && len(w.lists) > 1:
		w.breakLine(1)
	default:
		w.breakLine(n)
	}
}

// maxIndents bounds what precedes a line.
const maxIndents = 10

func (w *walker) indentBy(element, prefix string) {
	if len(w.indents) < maxIndents {
		w.indents = append(w.indents, indent{element, prefix})
	}
}

// outdent leaves the innermost element of that name that indents.
func (w *walker) outdent(name string) {
	for k := len(w.indents) - 1; k >= 0; k-- {
		if w.indents[k].element == name {
			w.indents = w.indents[:k]
			break
		}
	}
	w.bullet = ""
}

// startItem begins a list item. In a Liquid loop nobody knows its number.
func (w *walker) startItem() {
	bullet := "- "
	if n := len(w.lists); n > 0 && w.lists[n-1].ordered && w.loops <= w.lists[n-1].loops {
		w.lists[n-1].count++
		bullet = strconv.Itoa(w.lists[n-1].count) + ". "
	}
	w.bullet = bullet
	w.indentBy("li", strings.Repeat(" ", len(bullet)))
}

func (w *walker) endList() {
	if n := len(w.lists); n > 0 {
		w.lists = w.lists[:n-1]
	}
}

// lineBreak is a <br>: two of them leave an empty line.
func (w *walker) lineBreak() {
	switch {
	case w.inData():
		w.words(" ")
	case w.verbatim:
		w.preformatted("\n")
	default:
		n := 1
		if !w.open {
			n = min(2, w.gap+1)
		}
		w.breakLine(n)
	}
}

const ruleWidth = 40

func (w *walker) rule() {
	w.breakLine(2)
	w.words(strings.Repeat("-", ruleWidth))
	w.breakLine(2)
}

func (w *walker) picture(t html.Token) {
	if !leavesOut(t) {
		w.write(attr(t, "alt"))
	}
}
