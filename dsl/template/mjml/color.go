package mjml

import (
	"regexp"
	"strings"
)

// colourNames are the colours that CSS calls by name.
const colourNames = `
aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown
burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue
darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange
darkorchid darkred darksalmon darkseagreen darkslateblue darkslategray darkslategrey darkturquoise
darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia
gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew hotpink indianred indigo
inherit ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan
lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue
lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon
mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue
mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin
navajowhite navy oldlace olive olivedrab orange orangered orchid palegoldenrod palegreen
paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple rebeccapurple red
rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue slateblue
slategray slategrey snow springgreen steelblue tan teal thistle tomato transparent turquoise violet
wheat white whitesmoke yellow yellowgreen
`

var (
	namedColours = colourSet()
	hexColour    = regexp.MustCompile(`^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)
	rgbColour    = regexp.MustCompile(`^rgba?\(\s*[\d.]+%?(\s*[, ]\s*[\d.]+%?){2}(\s*[,/]\s*[\d.]+%?)?\s*\)$`)
)

func colourSet() map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(colourNames) {
		set[name] = true
	}
	return set
}

func isColour(value string) bool {
	return hexColour.MatchString(value) || namedColours[strings.ToLower(value)] || rgbColour.MatchString(value)
}

// isBackground is isColour, or no colour at all.
func isBackground(value string) bool { return value == "none" || isColour(value) }

// longHex writes #abc as #aabbcc, which more mail programs understand.
func longHex(value string) string {
	if len(value) != 4 || value[0] != '#' {
		return value
	}
	r, g, b := value[1], value[2], value[3]
	return string([]byte{'#', r, r, g, g, b, b})
}
