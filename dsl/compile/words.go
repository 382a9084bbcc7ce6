package compile

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/syntax"
	"github.com/herald-campaigns/herald/dsl/template"
	"github.com/herald-campaigns/herald/dsl/template/plaintext"
)

// words reads contents and messages.
func (c *compiler) words() {
	c.contents = map[string]*contentSource{}
	for _, b := range c.of("content") {
		c.content(b)
	}
	c.messages = map[string]*campaign.Message{}
	shown := map[string]bool{}
	inParallel(c, c.of("message"), func(c *compiler, b *body) *messageReader {
		m := &messageReader{c: c, b: b, depends: map[addr.Addr]bool{}, shown: map[string]bool{}}
		m.read()
		return m
	}, func(m *messageReader) {
		c.messages[m.def.Name] = m.def // known though it may be wrong, so that who sends it is not blamed
		for name := range m.shown {
			shown[name] = true
		}
		for _, d := range m.problems.order {
			c.shown.add(d, m.def.Name)
		}
	})
	c.diags = append(c.diags, c.shown.list()...)
	c.unshown(shown)
}

// text reads a string together with its way back to the source.
func (b *body) text(name string) (syntax.Text, bool) {
	a := b.attrs[name]
	if a == nil {
		return syntax.Text{}, false
	}
	text, diags := a.Expr.Text(b.c.scope())
	b.c.diags = append(b.c.diags, diags...)
	if diags.HasErrors() || text.Unknown {
		b.broken = true
		return syntax.Text{}, false
	}
	return text, true
}

func (c *compiler) liquidProblem(p template.Problem, text syntax.Text) {
	c.report(liquidDiagnostic(p, text))
}

func liquidDiagnostic(p template.Problem, text syntax.Text) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: p.Severity, Code: p.Code, Summary: p.Summary, Detail: p.Detail, Fix: p.Fix, Subject: text.Range(p.Start, p.End),
	}
}

// messageReader reads one message.
type messageReader struct {
	c        *compiler
	b        *body
	def      *campaign.Message
	vars     template.Vars
	failed   bool
	depends  map[addr.Addr]bool
	shown    map[string]bool // contents
	problems shownProblems   // of them
	included []syntax.Text
}

func (m *messageReader) read() {
	b := m.b
	m.def = &campaign.Message{Name: b.label(), Channel: b.str("channel"), Topic: b.reference("topic"), Sender: b.reference("sender")}
	if m.def.Channel == "" {
		m.def.Channel = "email"
	}
	m.inputs()
	m.def.Strings = m.strings()
	m.vars = m.c.vars.Vars(m.def)
	m.vars.Contents = sortedKeys(m.c.contents)

	m.def.Subject = m.line("subject")
	if b.has("subject") && strings.TrimSpace(m.def.Subject) == "" && !b.broken {
		b.fail("subject", "The subject is empty.", "")
	}
	m.def.Preheader = m.line("preheader")
	m.body()
	m.wayOut()
	if m.failed || b.broken {
		return
	}
	m.depends[addr.New("topic", m.def.Topic)] = true
	m.depends[addr.New("sender", m.def.Sender)] = true
	m.depends[m.c.profile.Address()] = true
	m.c.definitions = append(m.c.definitions, frozen{def: m.def, depends: m.depends})
}

// inputs reads the inputs. One whose type is wrong is kept with the zero type,
// which nobody who gives or uses it is blamed for.
func (m *messageReader) inputs() {
	taken := map[string]bool{}
	for _, f := range m.c.vars.Vars(&campaign.Message{}).Root.Fields {
		taken[f.Name] = true
	}
	for _, n := range m.b.nested("input") {
		if taken[n.label()] {
			m.c.report(diag.Diagnostic{
				Code: "reserved-name", Summary: "The name is taken",
				Detail:  fmt.Sprintf("Every template knows `%s`, so no input can have that name.", n.label()),
				Fix:     "Choose another name.",
				Subject: n.block.Header,
			})
			m.failed = true
			continue
		}
		t := n.typeOf("type")
		m.def.Inputs = append(m.def.Inputs, campaign.Field{Name: n.label(), Type: t})
		for _, a := range catalogDeps(t) {
			m.depends[a] = true
		}
		m.failed = m.failed || n.broken
	}
	m.def.Inputs = campaign.ObjectOf(m.def.Inputs...).Fields
}

// strings reads dir("strings"): de.json holds the German texts.
func (m *messageReader) strings() map[string]map[string]string {
	files, ok := typed[map[string]any](m.b, "strings", `a folder: dir("strings")`)
	if !ok {
		return nil
	}
	out := map[string]map[string]string{}
	for _, name := range sortedKeys(files) {
		locale, isJSON := strings.CutSuffix(path.Base(name), ".json")
		if !isJSON {
			continue
		}
		out[locale] = map[string]string{}
		texts := map[string]string{}
		content, _ := files[name].(string)
		if err := json.Unmarshal([]byte(content), &texts); err != nil {
			m.badStrings(name, content, err)
			continue
		}
		out[locale] = texts
	}
	if known := m.c.profile.Locale.Known; len(out) > 0 {
		for _, locale := range known {
			if out[locale] == nil {
				m.b.fail("strings", fmt.Sprintf("There are no strings for %q, which the profile's locale block knows.", locale), fmt.Sprintf("Add %s.json.", locale))
			}
		}
	}
	return out
}

// badStrings points at what is wrong within a file of texts.
func (m *messageReader) badStrings(name, content string, err error) {
	m.b.broken = true
	d := diag.Diagnostic{
		Code: "bad-strings", Summary: "Texts cannot be read",
		Detail: name + " is not a JSON object of texts.", Fix: `Write it as { "greeting": "Guten Tag" }.`, Subject: m.b.at("strings"),
	}
	at := -1
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		at, d.Detail = int(e.Offset), name+" is not JSON: "+e.Error()+"."
	} else if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at, d.Detail = int(e.Offset), fmt.Sprintf("%s holds a %s where a text is expected.", name, e.Value)
	}
	if folder, ok := m.folder(); ok && at > 0 {
		if text, err := m.c.project.ReadText(path.Join(folder, name)); err == nil && text.Value == content {
			d.Subject = text.Range(min(at-1, len(content)), min(at, len(content)))
		}
	}
	m.c.report(d)
}

// folder is the argument of dir() in `strings`.
func (m *messageReader) folder() (string, bool) {
	call, args, ok := m.b.attrs["strings"].Expr.Call()
	if !ok || call != "dir" || len(args) != 1 {
		return "", false
	}
	v, _ := args[0].Value(m.c.scope())
	folder, ok := v.(string)
	return folder, ok
}

// report says what is wrong with the Liquid of the message; true if it can be
// built upon.
func (m *messageReader) report(problems []template.Problem, text syntax.Text) bool {
	sound := true
	for _, p := range problems {
		sound = sound && p.Severity != diag.Error
		if !m.follows(p) {
			m.c.liquidProblem(p, text)
		}
	}
	m.failed = m.failed || !sound
	return sound
}

// follows reports whether a problem only follows from one with the strings.
func (m *messageReader) follows(p template.Problem) bool {
	return p.Code == "template-translation" && m.b.has("strings") && m.b.broken
}

// line reads a one-line template.
func (m *messageReader) line(name string) string {
	text, ok := m.b.text(name)
	if !ok {
		return ""
	}
	_, problems := template.Check(text.Value, template.Header, m.vars)
	m.report(problems, text)
	return text.Value
}

// body reads the body, compiles its layout, and makes or reads the text part.
func (m *messageReader) body() {
	text, ok := m.b.text("body")
	if !ok {
		m.failed = true
		return
	}
	if m.noWords(text.Value) {
		return
	}
	sound := m.liquid(text)
	switch m.format(text.Value) {
	case "text":
		m.def.Text = text.Value
		m.showPlain(text.Value)
	case "html":
		m.def.HTML = withPreheader(text.Value, m.def.Preheader)
		if sound {
			m.markup(text)
			m.showPlain(text.Value)
		}
	case "mjml":
		m.mjml(text, sound)
	}
	if own, ok := m.b.text("text"); ok {
		m.liquid(own)
		m.def.Text = own.Value
	} else if m.def.HTML != "" {
		m.def.Text = plaintext.FromHTML(m.def.HTML)
	}
}

// noWords refuses a body that says nothing, or only where the words are.
func (m *messageReader) noWords(src string) bool {
	name := strings.TrimSpace(src)
	switch ext := path.Ext(name); {
	case name == "":
		m.b.fail("body", "The body is empty.", "")
	case (ext == ".mjml" || ext == ".html" || ext == ".txt") && !strings.ContainsAny(name, " \n"):
		m.b.fail("body", fmt.Sprintf("The body is the words %q themselves.", name), fmt.Sprintf("To read the file, write file(%q).", name))
	default:
		return false
	}
	return true
}

// liquid checks the Liquid of a source where it was written.
func (m *messageReader) liquid(text syntax.Text) bool {
	return m.report(template.CheckLiquid(text.Value, m.vars), text)
}

func (m *messageReader) format(src string) string {
	if f := m.b.str("format"); f != "" {
		return f
	}
	head := strings.ToLower(strings.TrimSpace(src[:min(len(src), 200)]))
	switch {
	case strings.HasPrefix(head, "<mjml"):
		return "mjml"
	case strings.HasPrefix(head, "<!doctype"), strings.HasPrefix(head, "<html"):
		return "html"
	}
	return "text"
}
