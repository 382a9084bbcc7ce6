package mjml

import (
	"strconv"
	"strings"
)

// frame is what a component knows of its surroundings.
type frame struct {
	width   float64 // of the inside of what it stands in, in CSS pixels
	outer   float64 // of the wrapper it stands in, with its padding
	columns int     // how many share it
	first   bool    // nothing comes before it
	parent  string  // the component it stands in
	grouped bool    // in an mj-group, where columns never stack
	gap     string  // between the sections of a wrapper
	classes string  // the mj-class of what is around it
	baseURL string  // of the links of a navbar
	inherit []pair  // what the surroundings hand down
}

// inside is the frame for what stands in n.
func (f frame) inside(n *node, width float64) frame {
	if class := n.value("mj-class"); class != "" {
		f.classes = class
	}
	return frame{width: width, classes: f.classes, first: true}
}

// px writes a width in pixels.
func px(width float64) string { return number(width) + "px" }

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// whole is a width without what is left of a pixel.
func whole(width float64) string { return strconv.Itoa(int(width)) }

// leadingInt is the whole number that a value begins with, 0 if it does not.
func leadingInt(value string) int {
	value = strings.TrimSpace(value)
	end := 0
	for end < len(value) && ('0' <= value[end] && value[end] <= '9' || end == 0 && value[end] == '-') {
		end++
	}
	n, err := strconv.Atoi(value[:end])
	if err != nil || n > maxLength || n < -maxLength {
		return 0
	}
	return n
}

// maxLength bounds the lengths that are reckoned with.
const maxLength = 1 << 20

// length is a value's number and unit; px where it has none. Only percentages
// keep what follows the point.
func length(value string) (n float64, unit string) {
	value = strings.TrimSpace(value)
	if text, ok := strings.CutSuffix(value, "%"); ok {
		if f, err := strconv.ParseFloat(text, 64); err == nil && f >= 0 && f <= maxLength {
			return f, "%"
		}
		return 0, "%"
	}
	return float64(leadingInt(value)), "px"
}

// edge is how much of the width a padding takes on one side.
func (p props) edge(name, side string) int {
	if value := p.get(name + "-" + side); value != "" {
		return leadingInt(value)
	}
	return side4(p.get(name), side)
}

// side4 is the value for one side in a list of one to four lengths.
func side4(value, side string) int {
	fields := strings.Fields(value)
	if len(fields) == 0 || hasLiquid(value) {
		return 0
	}
	i := map[string]int{"top": 0, "right": 1, "bottom": 2, "left": 3}[side]
	for i >= len(fields) {
		i = [...]int{0, 0, 0, 1}[i] // left is as right, bottom and right as top
	}
	return leadingInt(fields[i])
}

// stroke is how much of the width a border takes on one side.
func (p props) stroke(name, side string) int {
	value := p.get(name + "-" + side)
	if value == "" {
		value = p.get(name)
	}
	if hasLiquid(value) {
		return 0
	}
	for _, field := range strings.Fields(value) {
		if field[0] >= '0' && field[0] <= '9' {
			return leadingInt(field)
		}
	}
	return 0
}

// across is what a component's padding and border leave of a width.
func (p props) across(width float64) float64 {
	return float64(int(width)) - float64(p.margins())
}

// margins is what a component's own padding and border take of its width.
func (p props) margins() int {
	return p.edge("padding", "left") + p.edge("padding", "right") + p.stroke("border", "left") + p.stroke("border", "right")
}

// countColumns counts the components side by side, by the longest way through
// the branches of Liquid among them.
func countColumns(nodes []*node) int {
	type branching struct{ outside, longest int }
	var open []branching
	n := 0
	for _, node := range nodes {
		switch name := node.token.name; {
		case node.kind == element && !node.nested && node.name() != "mj-raw":
			n++
		case node.kind != liquid:
		case liquidBlocks[name]:
			open = append(open, branching{outside: n})
			n = 0
		case len(open) == 0:
		case liquidBranches[name]:
			last := &open[len(open)-1]
			last.longest, n = max(last.longest, n), 0
		case strings.HasPrefix(name, "end") && liquidBlocks[name[len("end"):]]:
			last := open[len(open)-1]
			open, n = open[:len(open)-1], last.outside+max(last.longest, n)
		}
	}
	for i := len(open) - 1; i >= 0; i-- {
		n = open[i].outside + max(open[i].longest, n)
	}
	return max(n, 1)
}
