package link

import (
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/template"
)

// Message is a message that can be rendered.
type Message struct {
	Def       *campaign.Message
	Digest    campaign.Digest
	Subject   *template.Template
	Preheader *template.Template // nil: none
	HTML      *template.Template // nil: a message of text alone
	Text      *template.Template
	Blocks    []Block
	// Reads is what rendering looks at: attributes, and segments by name. What the
	// cases of its blocks ask stands in Conditions.
	Reads campaign.Reads
	// Traits are those that the templates name, which rendering must supply.
	Traits []Trait
}

// Trait is a trait that can be worked out.
type Trait struct {
	Name  string
	Value *expr.Checked
}

// TraitValues is what the templates see as `trait`: the values that are known of a
// person at an instant.
func (m *Message) TraitValues(s expr.Subject, now time.Time) map[string]any {
	values := make(map[string]any, len(m.Traits))
	for _, t := range m.Traits {
		if v, err := t.Value.Eval(s, now); err == nil && v.Known() {
			values[t.Name] = v.Any()
		}
	}
	return values
}

// Block is a dynamic block of a message: the first case that holds is shown.
type Block struct {
	Name  string
	Cases []Case
}

// Case is one alternative of a Block.
type Case struct {
	Name string
	Else bool
	When *expr.Checked      // nil for the else
	HTML *template.Template // nil in a message of text alone
	Text *template.Template
}

// Block finds a block by the name of its content.
func (m *Message) Block(name string) (*Block, bool) {
	i := slices.IndexFunc(m.Blocks, func(b Block) bool { return b.Name == name })
	if i < 0 {
		return nil, false
	}
	return &m.Blocks[i], true
}

// Choose returns the case that is shown to whom ask answers for; nil: none.
func (b *Block) Choose(ask func(*expr.Checked) expr.Truth) *Case {
	for i := range b.Cases {
		if c := &b.Cases[i]; c.Else || c.When != nil && ask(c.When).Holds() {
			return c
		}
	}
	return nil
}

func (p *Project) linkMessage(r campaign.Resource) (*Message, error) {
	def, err := decodeAs[*campaign.Message](r)
	if err != nil {
		return nil, err
	}
	l := &messageLinker{linker: p.linker(r), vars: p.templates().Vars(def)}
	m := &Message{
		Def: def, Digest: r.Digest,
		Subject:   l.template("subject", def.Subject, template.Header),
		Preheader: l.optional("preheader", def.Preheader, template.Header),
		HTML:      l.optional("html", def.HTML, template.HTML),
		Text:      l.template("text", def.Text, template.Text),
	}
	for _, b := range def.Blocks {
		m.Blocks = append(m.Blocks, l.block(b))
	}
	m.Traits = l.linkTraits()
	m.Reads = union(append(l.reads, campaign.Reads{Attributes: l.attributes, Segments: l.segments, Traits: l.traits})...)
	return m, l.err()
}

// messageLinker also gathers what the message looks at.
type messageLinker struct {
	*linker
	vars                 template.Vars
	attributes, segments []string
	traits               []string
	reads                []campaign.Reads // of the cases' conditions, and of the traits
}

func (l *messageLinker) block(b campaign.Content) Block {
	out := Block{Name: b.Name}
	for _, c := range b.Cases {
		place := "content " + b.Name + " " + c.Name
		linked := Case{
			Name: c.Name, Else: c.When == nil,
			When: l.condition(place, c.When, PersonScope()),
			HTML: l.optional(place, c.HTML, template.HTML),
			Text: l.template(place, c.Text, template.Text),
		}
		if c.When != nil {
			l.reads = append(l.reads, c.When.Reads)
		}
		out.Cases = append(out.Cases, linked)
	}
	return out
}

// optional leaves out a template without text.
func (l *messageLinker) optional(place, src string, mode template.Mode) *template.Template {
	if src == "" {
		return nil
	}
	return l.template(place, src, mode)
}

func (l *messageLinker) template(place, src string, mode template.Mode) *template.Template {
	t, problems := template.Check(src, mode, l.vars)
	if t == nil {
		l.fail(place, firstError(problems))
		return nil
	}
	reads := t.Reads()
	l.attributes = append(l.attributes, reads.Attributes...)
	for _, path := range reads.Paths {
		if label, ok := strings.CutPrefix(path, "segment."); ok {
			l.segments = append(l.segments, label)
		}
		if path, ok := strings.CutPrefix(path, "trait."); ok {
			label, _, _ := strings.Cut(path, ".")
			l.traits = append(l.traits, label)
		}
	}
	return t
}

// linkTraits makes the programs of the traits that the templates name.
func (l *messageLinker) linkTraits() []Trait {
	slices.Sort(l.traits)
	l.traits = slices.Compact(l.traits)
	var out []Trait
	for _, name := range l.traits {
		c, err := l.p.TraitValue(name)
		if err != nil {
			l.fail("trait."+name, err.Error())
			continue
		}
		out = append(out, Trait{name, c})
		l.reads = append(l.reads, c.Reads())
	}
	return out
}

func firstError(problems []template.Problem) string {
	for _, p := range problems {
		if p.Severity == diag.Error {
			return p.Summary + ": " + p.Detail
		}
	}
	return "the template cannot be checked"
}
