package template

var otherFilters = []filter{
	{
		name: "default", in: allKinds, params: []param{{name: "value", kinds: allKinds}}, total: true,
		summary: "What to write for a value that is missing, blank, false or an empty list.",
		example: `{{ "" | default: "there" }}`, result: "there",
		typ: defaultType, check: standIn, absent: func(c *call) bool { return c.in.absent && c.args[0].absent },
		apply: func(_ *renderer, in any, args []any) any {
			if blank(in) {
				return args[0]
			}
			return in
		},
	},
	{
		name: "t", in: stringKinds,
		summary: "The text under a key in the strings of the message, in the person's language. `{{ name }}` in it is " +
			"replaced by the argument `name:`; with `count:`, KEY.one, KEY.few and KEY.other are chosen by number.",
		example: `{{ "greeting" | t: name: "Ada" }}`, result: "Hello Ada",
		write: func(r *renderer, dst []byte, in any, _ []any) []byte { return text(dst, in, r.location) },
	},
}
