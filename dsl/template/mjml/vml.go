package mjml

import (
	"strconv"
	"strings"
)

// openDrawing begins the rectangle with the section's background picture, which
// Outlook draws. There is none without a picture.
func (s *section) openDrawing() {
	b := s.backdrop
	if b.url == "" {
		return
	}
	s.w.mso().tag("v:rect").attr("xmlns:v", "urn:schemas-microsoft-com:vml").attr("fill", "true").attr("stroke", "false")
	if s.full {
		s.w.css("mso-width-percent", "1000")
	} else {
		s.w.css("width", px(s.width))
	}
	origin, position := b.fillPoints()
	kind, size, aspect := b.fillSize()
	s.w.end().tag("v:fill").attr("origin", origin).attr("position", position).attr("src", b.url).attr("color", b.color).
		attr("type", kind).attr("size", size).attr("aspect", aspect).endEmpty().
		raw(`<v:textbox style="mso-fit-shape-to-text:true" inset="0,0,0,0">`)
}

func (s *section) closeDrawing() {
	if s.backdrop.url != "" {
		s.w.mso().raw("</v:textbox></v:rect>")
	}
}

// fillPoints are the points of the picture and of the rectangle that meet, as
// fractions of their sizes. A tile counts them from the top left, a frame from
// the middle.
func (b backdropImage) fillPoints() (origin, position string) {
	if b.size == "auto" {
		return "0.5, 0", "0.5, 0" // Outlook cannot show a picture in its own size in a frame
	}
	x := fraction(b.x, map[string]string{"left": "0%", "center": "50%", "right": "100%"}, "50%")
	y := fraction(b.y, map[string]string{"top": "0%", "center": "50%", "bottom": "100%"}, "0%")
	if b.repeat != "repeat" {
		x, y = (x*100-50)/100, (y*100-50)/100
	}
	point := number(x) + ", " + number(y)
	return point, point
}

// fraction reads a percentage or one of the words for some; anything else is
// taken for def.
func fraction(value string, words map[string]string, def string) float64 {
	if percent, ok := words[value]; ok {
		value = percent
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
	if !strings.HasSuffix(value, "%") || err != nil || n < 0 || n > maxLength {
		return fraction(def, nil, "0%")
	}
	return float64(int(n)) / 100
}

// fillSize is how the picture fills the rectangle.
func (b backdropImage) fillSize() (kind, size, aspect string) {
	kind = "tile"
	if b.repeat == "no-repeat" {
		kind = "frame"
	}
	switch {
	case b.size == "auto":
		return "tile", "", ""
	case b.size == "cover":
		return kind, "1,1", "atleast"
	case b.size == "contain":
		return kind, "1,1", "atmost"
	case hasLiquid(b.size) || !strings.Contains(b.size, " "):
		return kind, b.size, "atmost"
	default:
		return kind, strings.ReplaceAll(b.size, " ", ","), ""
	}
}
