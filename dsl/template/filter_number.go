package template

import (
	"math"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

var numberFilters = []filter{
	arithmetic("plus", "Adds a number.", `{{ 4.2 | plus: 1 }}`, "5.2", func(a, b float64) float64 { return a + b }),
	arithmetic("minus", "Takes a number away.", `{{ 4.2 | minus: 1 }}`, "3.2", func(a, b float64) float64 { return a - b }),
	arithmetic("times", "Multiplies.", `{{ 4.2 | times: 2 }}`, "8.4", func(a, b float64) float64 { return a * b }),
	arithmetic("at_least", "The larger of two numbers.", `{{ 4.2 | at_least: 5 }}`, "5", math.Max),
	arithmetic("at_most", "The smaller of two numbers.", `{{ 4.2 | at_most: 4 }}`, "4", math.Min),
	division("divided_by", "Divides; 5 by 2 is 2.5. By zero it gives nothing, so a default is asked for.",
		`{{ 5 | divided_by: 2 }}`, "2.5", func(a, b float64) float64 { return a / b }),
	division("modulo", "The rest of a division.", `{{ 5 | modulo: 2 }}`, "1", math.Mod),
	rounding("ceil", "Rounds up.", `{{ 4.2 | ceil }}`, "5", math.Ceil),
	rounding("floor", "Rounds down.", `{{ 4.8 | floor }}`, "4", math.Floor),
	rounding("abs", "Drops the sign.", `{{ -4.2 | abs }}`, "4.2", math.Abs),
	{
		name: "round", in: numberKinds, params: []param{{name: "digits", kinds: numberKinds, optional: true}},
		summary: "Rounds, to whole numbers or to some digits.", example: `{{ 4.256 | round: 2 }}`, result: "4.26",
		apply: func(_ *renderer, in any, args []any) any { return finite(round(num(in), digitsOf(args, 0))) },
	},
	{
		name: "number", in: numberKinds, params: []param{{name: "digits", kinds: numberKinds, optional: true}},
		summary: "Writes a number as the person's language does, with all its digits or with some.",
		example: `{{ 1234.5 | number: 2 }}`, result: "1,234.50",
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			return r.localeTable().number(dst, num(in), digitsOf(args, -1))
		},
	},
	{
		name: "money", in: numberKinds, params: []param{{name: "currency", kinds: stringKinds}},
		summary: "Writes an amount of a currency (ISO 4217) as the person's language does.",
		example: `{{ 1234.5 | money: "EUR" }}`, result: "€1,234.50", check: knownCurrency,
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			return r.localeTable().money(dst, num(in), str(r, args[0]))
		},
	},
	{
		name: "pluralize", in: numberKinds,
		params: []param{{name: "one", kinds: stringKinds}, {name: "other", kinds: stringKinds}, {name: "few", kinds: stringKinds, optional: true}},
		summary: "Chooses the word that goes with a number in the person's language; `few` is for those that " +
			"count 2 to 4 in a way of their own.",
		example: `{{ 3 | pluralize: "loaf", "loaves" }}`, result: "loaves", typ: toString,
		apply: func(r *renderer, in any, args []any) any {
			form := r.localeTable().plural(num(in))
			if form == 0 {
				return args[0]
			}
			if form == 1 && len(args) > 2 {
				return args[2]
			}
			return args[1]
		},
	},
}

func toString(*call) campaign.Type { return stringType }

// finite makes nothing of what is no number.
func finite(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

func arithmetic(name, summary, example, result string, f func(a, b float64) float64) filter {
	return filter{
		name: name, in: numberKinds, params: []param{{name: "number", kinds: numberKinds}}, summary: summary, example: example, result: result,
		apply: func(_ *renderer, in any, args []any) any { return finite(f(num(in), num(args[0]))) },
	}
}

// division is arithmetic that has no result for zero.
func division(name, summary, example, result string, f func(a, b float64) float64) filter {
	d := arithmetic(name, summary, example, result, f)
	d.absent = func(c *call) bool {
		return c.in.absent || c.args[0].absent || !c.args[0].isConst
	}
	d.check = func(c *call) {
		if c.constant(0) == 0.0 {
			c.bad(0, "Nothing can be divided by zero.")
		}
	}
	return d
}

func rounding(name, summary, example, result string, f func(float64) float64) filter {
	return filter{
		name: name, in: numberKinds, summary: summary, example: example, result: result,
		apply: func(_ *renderer, in any, _ []any) any { return finite(f(num(in))) },
	}
}

// digitsOf is the first argument as a number of decimals.
func digitsOf(args []any, otherwise int) int {
	if len(args) == 0 {
		return otherwise
	}
	return clamp(num(args[0]), 10)
}

func knownCurrency(c *call) {
	code, ok := c.constant(0).(string)
	if _, found := slices.BinarySearch(currencies, code); ok && !found {
		c.bad(0, "%q is not a currency of ISO 4217.", code).Fix = suggest(code, currencies)
	}
}
