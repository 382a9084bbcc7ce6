package mjml

import (
	"iter"
	"slices"
	"strings"
)

// treeTokens are the Liquid tokens among the children of one component.
func treeTokens(children []*node) iter.Seq[token] {
	return func(yield func(token) bool) {
		for _, n := range children {
			if n.kind == liquid && !yield(n.token) {
				return
			}
		}
	}
}

// textTokens are the Liquid tokens in the markup that n holds.
func textTokens(n *node) iter.Seq[token] {
	return n.src.liquid(n.textAt, n.textAt+len(n.text))
}

// valueTokens are the Liquid tokens in an attribute's value.
func valueTokens(s *source, a *attribute) iter.Seq[token] {
	return s.liquid(a.valueAt, a.valueAt+len(a.value))
}

// balance checks that every Liquid block which begins among the tokens ends
// among them, for what is rendered around them differs from what is written.
func (c *checker) balance(s *source, tokens iter.Seq[token]) {
	var open []token
	var opened map[string]int // by name, so that looking in vain costs nothing
	for t := range tokens {
		name, isEnd := strings.CutPrefix(t.name, "end")
		switch {
		case isEnd:
			if opened[name] == 0 {
				c.unbalanced(s, t, "ends a block that did not begin here")
				continue
			}
			i := lastNamed(open, name)
			c.unended(s, open[i+1:])
			for _, o := range open[i:] {
				opened[o.name]--
			}
			open = open[:i]
		case liquidBranches[t.name] && !hasBlock(opened):
			c.unbalanced(s, t, "belongs to no block that began here")
		case t.name != "":
			if open = append(open, t); opened == nil {
				opened = map[string]int{}
			}
			opened[t.name]++
		}
	}
	c.unended(s, open)
}

func hasBlock(opened map[string]int) bool {
	for name := range liquidBlocks {
		if opened[name] > 0 {
			return true
		}
	}
	return false
}

// lastNamed is the index of the last token of that name, or -1.
func lastNamed(tokens []token, name string) int {
	for i, t := range slices.Backward(tokens) {
		if t.name == name {
			return i
		}
	}
	return -1
}

// unended reports the blocks among the open tags; others need no end.
func (c *checker) unended(s *source, open []token) {
	for _, t := range open {
		if liquidBlocks[t.name] {
			c.unbalanced(s, t, "begins a block that does not end here")
		}
	}
}

func (c *checker) unbalanced(s *source, t token, what string) {
	c.rep.at(s, t.start, t.end, CodeLiquidBalance, "{%% %s %%} %s", t.name, what).
		hint("A block ends in the component, text or attribute in which it begins.")
}
