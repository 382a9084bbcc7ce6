package mjml

// renderer writes the HTML of a tree.
type renderer struct {
	w     writer
	head  *Head
	slots []Slot
}

// growth is about how much longer HTML is than its MJML.
const growth = 5

func newRenderer(head *Head, src []byte) *renderer {
	return &renderer{head: head, w: newWriter(growth * min(len(src), MaxSize))}
}

// wrap renders a component with what its parent puts around it.
type wrap func(r *renderer, n *node, p props, f frame)

// bare renders a component with nothing around it.
func bare(r *renderer, n *node, p props, f frame) { n.spec.render(r, n, p, f) }

// wraps are what the components that others stand in put around each of these,
// where that does not depend on their attributes.
var wraps = map[string]wrap{
	"mj-body":    bare,
	"mj-wrapper": wrapperRow,
	"mj-section": sectionCell,
	"mj-group":   groupCell,
	"mj-column":  columnRow,
	"mj-hero":    columnRow,
	"mj-social":  socialTable("center"),
	"mj-navbar":  bare,
}

// result is what was rendered; document, unless nil, makes a mail around it.
func (r *renderer) result(document func(body string) string) Result {
	body := r.head.inlined(r.w.String())
	r.head.uses.see(body)
	res := Result{HTML: body, Head: r.head, Title: r.head.title, Preview: r.head.preview, Slots: r.slots, body: body}
	if document != nil {
		res.HTML = document(body)
	}
	return res
}

// children renders what stands in n, each as each does it. Liquid and comments
// stand where they were.
func (r *renderer) children(n *node, f frame, each wrap) {
	f.parent = n.name()
	f.columns = countColumns(n.children)
	for _, child := range n.children {
		switch {
		case child.kind == liquid || child.kind == comment:
			r.verbatim(child, f, each)
		case child.kind != element || child.nested:
		case child.name() == "mj-raw":
			r.w.all().raw("").line()
			r.markup(child, f)
			r.w.line()
		default:
			each(r, child, r.head.resolve(child, f), f)
			f.first = false
		}
	}
}

// verbatim writes a node as it is, for everyone.
func (r *renderer) verbatim(n *node, f frame, each wrap) {
	r.w.all().raw("").line().raw(n.text).line()
	if n.kind == liquid {
		r.slot(n.src, n.token, f, each)
	}
}

// markup writes the markup that n holds.
func (r *renderer) markup(n *node, f frame) {
	f.parent = n.name()
	for tok := range textTokens(n) {
		r.slot(n.src, tok, f, nil)
	}
	r.w.raw(withoutCDATA(n.text))
}

// silent are the tags, besides those of blocks, that print nothing.
var silent = map[string]bool{"#": true, "comment": true, "raw": true, "assign": true, "break": true, "continue": true}

// slot notes a Liquid tag at which a fragment could come.
func (r *renderer) slot(s *source, t token, f frame, each wrap) {
	if t.name == "" || t.controls() || silent[t.name] {
		return
	}
	r.slots = append(r.slots, Slot{
		Name: t.name, Tag: s.text[t.start:t.end], Parent: f.parent, Width: int(f.width),
		Path: s.path, Offset: t.start, Length: t.end - t.start, frame: f, wrap: each, head: r.head,
	})
}
