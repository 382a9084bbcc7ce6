package mjml

import "strings"

// rule is a CSS rule that can be written into style attributes.
type rule struct {
	path   []compound // the element last, what must be around it before
	direct []bool     // path[i+1] stands in path[i] itself, not just somewhere below
	weight int        // the selector's specificity
	decls  []declaration
}

// compound selects one element: by its tag, its id and its classes.
type compound struct {
	tag, id string
	classes []string
}

type declaration struct {
	property, value string
	important       bool
}

// parseCSS splits a style sheet into the rules that can be written into style
// attributes and the rest, which cannot: at-rules, states such as :hover, and
// selectors other than of tags, classes and ids. A sheet with Liquid between its
// rules is all rest.
func parseCSS(text string) (rules []rule, rest string) {
	s := &source{text: text}
	var kept strings.Builder
	keep := func(piece string) {
		kept.WriteString(strings.TrimSpace(piece))
		kept.WriteString("\n")
	}
	for i := 0; i < len(text); {
		switch start := s.cssSpaceEnd(i); {
		case start > i:
			i = start
		case s.opensLiquid(i):
			return nil, text
		default:
			open, end := s.ruleEnd(i)
			if text[i] == '@' || open < 0 {
				keep(text[i:end])
			} else {
				rules = s.addRules(rules, text[i:open], text[open+1:max(open+1, end-1)], keep)
			}
			i = end
		}
	}
	return rules, strings.TrimSpace(kept.String())
}

// cssSpaceEnd is the end of the space and comments at i.
func (s *source) cssSpaceEnd(i int) int {
	for i < len(s.text) {
		switch {
		case isSpace(s.text[i]):
			i++
		case strings.HasPrefix(s.text[i:], "/*"):
			end := s.index("*/", i+2)
			if end < 0 {
				return len(s.text)
			}
			i = end + 2
		default:
			return i
		}
	}
	return i
}

// ruleEnd is where the block of the rule or at-rule at i opens, -1 if it has
// none, and where the rule ends.
func (s *source) ruleEnd(i int) (open, end int) {
	open = -1
	depth := 0
	for i < len(s.text) {
		if tok, ok := s.liquidAt(i); ok {
			i = tok.end
			continue
		}
		switch s.text[i] {
		case ';':
			if depth == 0 {
				return open, i + 1
			}
		case '{':
			if depth++; open < 0 {
				open = i
			}
		case '}':
			if depth--; depth <= 0 {
				return open, i + 1
			}
		}
		i++
	}
	return open, i
}

// addRules adds the rules of one block, one for each of its selectors.
func (s *source) addRules(rules []rule, selectors, block string, keep func(string)) []rule {
	decls := declarations(block)
	for selector := range strings.SplitSeq(selectors, ",") {
		selector = strings.TrimSpace(selector)
		r, ok := parseSelector(selector)
		if !ok {
			keep(selector + "{" + block + "}")
			continue
		}
		r.decls = decls
		rules = append(rules, r)
	}
	return rules
}

// declarations splits what stands in a rule's block or in a style attribute.
func declarations(block string) []declaration {
	var list []declaration
	for _, part := range splitDeclarations(block) {
		name, value, ok := strings.Cut(part, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if !ok || name == "" || value == "" {
			continue
		}
		plain, important := cutImportant(value)
		list = append(list, declaration{name, plain, important})
	}
	return list
}

func cutImportant(value string) (string, bool) {
	if i := strings.LastIndexByte(value, '!'); i >= 0 && strings.EqualFold(strings.TrimSpace(value[i+1:]), "important") {
		return strings.TrimSpace(value[:i]), true
	}
	return value, false
}

// splitDeclarations cuts at the semicolons that stand in no Liquid, string,
// bracket or entity.
func splitDeclarations(block string) []string {
	var parts []string
	s := &source{text: block}
	start, depth, quote := 0, 0, byte(0)
	for i := 0; i < len(block); i++ {
		if tok, ok := s.liquidAt(i); ok {
			i = tok.end - 1
			continue
		}
		switch c := block[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ';' && depth <= 0 && !strings.HasSuffix(block[start:i], "&quot") && !strings.HasSuffix(block[start:i], "&amp"):
			parts = append(parts, block[start:i])
			start = i + 1
		}
	}
	return append(parts, block[start:])
}

// parseSelector reads a selector of tags, classes and ids.
func parseSelector(text string) (rule, bool) {
	var r rule
	direct := false
	for field := range strings.FieldsSeq(strings.ReplaceAll(text, ">", " > ")) {
		if field == ">" {
			if direct || len(r.path) == 0 {
				return rule{}, false
			}
			direct = true
			continue
		}
		c, weight, ok := parseCompound(field)
		if !ok {
			return rule{}, false
		}
		if len(r.path) > 0 {
			r.direct = append(r.direct, direct)
		}
		r.path, r.weight, direct = append(r.path, c), r.weight+weight, false
	}
	if len(r.path) == 0 || direct {
		return rule{}, false
	}
	subject := r.path[len(r.path)-1].tag
	return r, subject != "body" && subject != "html"
}

// The weights of what a selector is made of: one id is more than all classes.
const (
	tagWeight   = 1
	classWeight = 1 << 8
	idWeight    = 1 << 16
)

func parseCompound(text string) (c compound, weight int, ok bool) {
	for i := 0; i < len(text); {
		kind := text[i]
		if kind == '.' || kind == '#' {
			i++
		}
		end := i
		for end < len(text) && (isWord(text[end]) || text[end] == '-') {
			end++
		}
		name := text[i:end]
		switch {
		case kind == '*' && i == 0:
			end = 1
		case name == "":
			return compound{}, 0, false
		case kind == '.':
			c.classes = append(c.classes, name)
			weight += classWeight
		case kind == '#':
			c.id = name
			weight += idWeight
		default:
			c.tag = strings.ToLower(name)
			weight += tagWeight
		}
		i = end
	}
	return c, weight, true
}
