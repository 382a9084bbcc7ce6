package server

import (
	"fmt"
	"strings"
)

// point is a place in a drawing.
type point struct{ X, Y int }

// line leads from the lower edge of a box to the upper edge of another. It goes
// straight down, but for bends: where two points differ in X, it changes over
// half-way between them.
type line struct {
	Points        []point
	Label, Remark string // of the lane that the line goes through; "" for none
	LabelBox      box    // where the label stands
}

func (l *line) last() point { return l.Points[len(l.Points)-1] }

// to leads on. The points are copied: lines that part share none.
func (l *line) to(x, y int) {
	l.Points = append(l.Points[:len(l.Points):len(l.Points)], point{x, y})
}

const labelHeight = 20

// label names the lane that begins at (x, y).
func (l *line) label(to lane, x, y int) {
	width := min(to.width, boxWidth)
	l.Label, l.Remark = to.label, to.label+"\n"+to.when
	l.LabelBox = box{X: x - width/2, Y: y + (gapY-labelHeight)/2 - 4, Width: width, Height: labelHeight}
}

// corner is how round bends are.
const corner = 10

// Path is the line as the path of an SVG.
func (l line) Path() string {
	var b strings.Builder
	at := l.Points[0]
	fmt.Fprintf(&b, "M%d %d", at.X, at.Y)
	for _, next := range l.Points[1:] {
		if next.X != at.X {
			bend(&b, at, next)
		}
		fmt.Fprintf(&b, "V%d", next.Y)
		at = next
	}
	return b.String()
}

// bend writes the change from one X to another, half-way down.
func bend(b *strings.Builder, from, to point) {
	mid := (from.Y + to.Y) / 2
	aside := 1
	if to.X < from.X {
		aside = -1
	}
	r := min(corner, (to.X-from.X)*aside/2, (to.Y-from.Y)/2)
	fmt.Fprintf(b, "V%dQ%d %d %d %dH%dQ%d %d %d %d", mid-r, from.X, mid, from.X+aside*r, mid, to.X-aside*r, to.X, mid, to.X, mid+r)
}

// Head is the tip of the arrow at the end of the line.
func (l line) Head() string {
	p := l.last()
	return fmt.Sprintf("M%d %dL%d %dL%d %d", p.X-4, p.Y-6, p.X, p.Y-1, p.X+4, p.Y-6)
}
