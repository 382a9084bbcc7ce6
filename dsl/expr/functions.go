package expr

import (
	"slices"

	"cel.dev/cel-go/common/types"
)

// FunctionDoc describes a function of the language, for its reference.
type FunctionDoc struct {
	Name      string // "startsWith"
	Group     string // "Histories", "Mail", "Lists", "Sets", "Text", "Numbers", "Time", "Places", "Values"
	Signature string // "string.startsWith(string) → bool"
	Doc       string // a sentence or two
	Example   string // an expression that uses it
}

// Functions lists what can be called, by group. What is declared to CEL comes
// from the same table.
func Functions() []FunctionDoc {
	docs := make([]FunctionDoc, 0, len(functionTable))
	for _, f := range functionTable {
		docs = append(docs, f.FunctionDoc)
	}
	return docs
}

// isMacro reports whether a name is that of a macro and of no function.
func isMacro(name string) bool {
	return slices.ContainsFunc(functionTable, func(f function) bool { return f.Name == name && f.overloads == nil })
}

// function is an entry of the table: what authors read, and what CEL is told.
// One without overloads is a macro.
type function struct {
	FunctionDoc
	overloads []overload
}

// overload is one combination of types that a function takes.
type overload struct {
	method bool // the first argument stands before the dot
	args   []*types.Type
	result *types.Type
}

// Short names, to keep the tables readable.
var (
	tString   = types.StringType
	tNumber   = types.DoubleType
	tBool     = types.BoolType
	tDate     = dateType
	tTime     = types.TimestampType
	tDuration = types.DurationType

	tAny  = types.NewTypeParamType("A")
	tList = types.NewListType(tAny)
	tMap  = types.NewMapType(tString, tAny)

	tNumbers = types.NewListType(tNumber)

	// Without a type parameter, for what gives nothing of the elements' type: the
	// checker is faster with it.
	tSomeList = types.NewListType(types.DynType)
	tSomeMap  = types.NewMapType(tString, types.DynType)

	scalars  = []*types.Type{tString, tNumber, tBool, tDate, tTime, tDuration}
	ordered  = []*types.Type{tString, tNumber, tDate, tTime, tDuration}
	calendar = []overload{call(tNumber, tDate), call(tNumber, tTime), call(tNumber, tTime, tString)}
)

func call(result *types.Type, args ...*types.Type) overload {
	return overload{args: args, result: result}
}

func method(result *types.Type, args ...*types.Type) overload {
	return overload{method: true, args: args, result: result}
}

// forEach makes one overload for each type.
func forEach(over []*types.Type, overloadFor func(*types.Type) overload) []overload {
	out := make([]overload, len(over))
	for i, t := range over {
		out[i] = overloadFor(t)
	}
	return out
}

const (
	inHistories = "Histories"
	inMail      = "Mail"
	inLists     = "Lists"
	inSets      = "Sets"
	inText      = "Text"
	inNumbers   = "Numbers"
	inTime      = "Time"
	inPlaces    = "Places"
	inValues    = "Values"
)

var functionTable = slices.Concat(historyFunctions, habitFunctions, mailFunctions, listFunctions, setFunctions,
	textFunctions, numberFunctions, timeFunctions, dayFunctions, placeFunctions, valueFunctions)

var historyFunctions = []function{
	{FunctionDoc{"within", inHistories, "history.within(duration) → history",
		"The events of the last so and so long: those in (now − duration, now]. The duration is a text such as '90d' or '2d12h', or a variable of type duration.",
		"events.order_completed.within('90d').any()"},
		[]overload{method(tList, tList, tString), method(tList, tList, tDuration)}},
	{FunctionDoc{"since", inHistories, "history.since(time) → history",
		"The events from an instant on, that instant included, until now. A date counts from its first instant in UTC.",
		"events.order_completed.since(profile.created_at).any()"},
		[]overload{method(tList, tList, tTime), method(tList, tList, tDate)}},
	{FunctionDoc{"where", inHistories, "history.where(o, condition) → history",
		"The events of which the condition holds. An event without the property that is asked about is left out.",
		"events.order_completed.where(o, o.total >= 50).count() >= 3"}, nil},
	{FunctionDoc{"any", inHistories, "history.any() → bool", "Whether there is an event.",
		"events.order_completed.any()"}, []overload{method(tBool, tSomeList)}},
	{FunctionDoc{"none", inHistories, "history.none() → bool", "Whether there is no event.",
		"events.order_completed.within('60d').none()"}, []overload{method(tBool, tSomeList)}},
	{FunctionDoc{"count", inHistories, "history.count() → number, history.count(o, condition) → number",
		"How many events there are, or of how many the condition holds. The second form is for lists, too.",
		"events.order_completed.count(o, o.total > 20) > events.order_completed.within('30d').count()"},
		[]overload{method(tNumber, tSomeList)}},
	{FunctionDoc{"first", inHistories, "history.first() → event", "The oldest event, with its properties and at; unknown if there is none.",
		"events.order_completed.first().at < timestamp('2026-01-01T00:00:00Z')"}, []overload{method(tAny, tList)}},
	{FunctionDoc{"last", inHistories, "history.last() → event", "The newest event, with its properties and at; unknown if there is none.",
		"now - events.order_completed.last().at > duration('30d')"}, []overload{method(tAny, tList)}},
	{FunctionDoc{"sum", inHistories, "history.sum(o, number) → number",
		"The sum of a number over the events, or over the elements of a list. Those without the number are skipped; over nothing it is 0.",
		"events.order_completed.within('90d').sum(o, o.total) >= 200"}, nil},
	{FunctionDoc{"avg", inHistories, "history.avg(o, number) → number",
		"The mean of a number over the events, or over the elements of a list. Those without the number are skipped; over nothing it is unknown.",
		"events.order_completed.avg(o, o.total) > 25"}, nil},
	{FunctionDoc{"min", inHistories, "history.min(o, value) → value",
		"The least value over the events, or over the elements of a list: of numbers, texts, dates, times or durations. Over nothing it is unknown.",
		"events.order_completed.min(o, o.total) > 5"}, nil},
	{FunctionDoc{"max", inHistories, "history.max(o, value) → value",
		"The greatest value over the events, or over the elements of a list. Over nothing it is unknown.",
		"events.order_completed.max(o, o.at) > now - duration('1w')"}, nil},
	{FunctionDoc{"distinct", inHistories, "history.distinct(o, value) → number",
		"How many different values there are over the events, or over the elements of a list. Those without a value are skipped.",
		"events.order_completed.distinct(o, o.cart_id) >= 2"}, nil},
}

var listFunctions = []function{
	{FunctionDoc{"exists", inLists, "list.exists(i, condition) → bool",
		"Whether the condition holds of an element of a list, or of an event of a history. Unknown if it holds of none and is unknown of one.",
		`events.order_completed.exists(o, o.items.exists(i, "gluten_free" in i.tags))`}, nil},
	{FunctionDoc{"all", inLists, "list.all(i, condition) → bool",
		"Whether the condition holds of every element of a list, or of every event of a history. Over nothing it is true.",
		"events.order_completed.all(o, o.total > 10)"}, nil},
	{FunctionDoc{"exists_one", inLists, "list.exists_one(i, condition) → bool",
		"Whether the condition holds of exactly one element.",
		`profile.dietary.exists_one(d, d != "vegan")`}, nil},
	{FunctionDoc{"filter", inLists, "list.filter(i, condition) → list", "The elements of which the condition holds.",
		`size(profile.dietary.filter(d, d.endsWith("_free"))) > 0`}, nil},
	{FunctionDoc{"map", inLists, "list.map(i, value) → list", "The values of the elements; unknown ones are skipped.",
		`"rye" in events.order_completed.last().items.map(i, i.sku)`}, nil},
	{FunctionDoc{"size", inLists, "size(list) → number", "How many elements a list, set or map has, or how many characters a text.",
		"size(profile.dietary) > 1"},
		[]overload{call(tNumber, tString), call(tNumber, tSomeList), call(tNumber, tSomeMap),
			method(tNumber, tString), method(tNumber, tSomeList), method(tNumber, tSomeMap)}},
}

var textFunctions = []function{
	{FunctionDoc{"contains", inText, "string.contains(string) → bool", "Whether a text has another in it.",
		`profile.email.contains("+")`}, []overload{method(tBool, tString, tString)}},
	{FunctionDoc{"startsWith", inText, "string.startsWith(string) → bool", "Whether a text begins with another.",
		`profile.language.startsWith("de")`}, []overload{method(tBool, tString, tString)}},
	{FunctionDoc{"endsWith", inText, "string.endsWith(string) → bool", "Whether a text ends with another.",
		`profile.email.endsWith("@example.com")`}, []overload{method(tBool, tString, tString)}},
	{FunctionDoc{"matches", inText, "string.matches(pattern) → bool",
		"Whether a regular expression (RE2) is found anywhere in a text. The pattern is written down or a variable; anchor it with ^ and $ to match the whole.",
		`profile.phone.matches("^\\+49")`}, []overload{method(tBool, tString, tString)}},
	{FunctionDoc{"lowerAscii", inText, "string.lowerAscii() → string", "The text with A to Z made small.",
		`profile.email.lowerAscii().endsWith("@example.com")`}, []overload{method(tString, tString)}},
	{FunctionDoc{"upperAscii", inText, "string.upperAscii() → string", "The text with a to z made large.",
		`profile.language.upperAscii() == "DE"`}, []overload{method(tString, tString)}},
	{FunctionDoc{"trim", inText, "string.trim() → string", "The text without white space at its ends.",
		`profile.first_name.trim() != ""`}, []overload{method(tString, tString)}},
}

var timeFunctions = []function{
	{FunctionDoc{"duration", inTime, "duration(text) → duration",
		"A length of time: whole numbers with the units w, d, h, m and s. A day is 24 hours.",
		"now - profile.created_at > duration('2d12h')"}, []overload{call(tDuration, tString)}},
	{FunctionDoc{"timestamp", inTime, "timestamp(text) → time", "An instant, written as 2026-12-31T08:00:00Z.",
		"profile.created_at < timestamp('2026-12-31T08:00:00Z')"}, []overload{call(tTime, tString)}},
	{FunctionDoc{"date", inTime, "date(text) → date, date(time) → date, date(time, zone) → date",
		"A day, written as 2026-12-31, or the day of an instant: in UTC, or in a time zone such as 'Europe/Berlin' or profile.timezone.",
		"profile.birthday < date('2008-01-01') && date(now, profile.timezone) > profile.birthday"},
		[]overload{call(tDate, tString), call(tDate, tTime), call(tDate, tTime, tString)}},
	{FunctionDoc{"year", inTime, "year(date) → number, year(time) → number, year(time, zone) → number",
		"The year. Of an instant, as of the functions below, in UTC unless a time zone is given.",
		"year(now) - year(profile.created_at) >= 1"}, calendar},
	{FunctionDoc{"month", inTime, "month(date) → number, month(time) → number, month(time, zone) → number", "The month, from 1 to 12.",
		"month(profile.birthday) == month(now, profile.timezone)"}, calendar},
	{FunctionDoc{"day", inTime, "day(date) → number, day(time) → number, day(time, zone) → number", "The day of the month, from 1 to 31.",
		"day(profile.birthday) == 1"}, calendar},
	{FunctionDoc{"weekday", inTime, "weekday(date) → number, weekday(time) → number, weekday(time, zone) → number",
		"The day of the week, from 1 for Monday to 7 for Sunday.", "weekday(now, 'Europe/Berlin') <= 5"}, calendar},
	{FunctionDoc{"week_of", inTime, "week_of(date) → number, week_of(time) → number, week_of(time, zone) → number",
		"The week of the year after ISO 8601, from 1 to 53.", "string(week_of(now)) == '27'"}, calendar},
	{FunctionDoc{"hour", inTime, "hour(time) → number, hour(time, zone) → number", "The hour of the day, from 0 to 23.",
		"hour(events.order_completed.last().at, profile.timezone) < 9"}, []overload{call(tNumber, tTime), call(tNumber, tTime, tString)}},
	{FunctionDoc{"age", inTime, "age(date) → number", "The full years from a date until today in UTC.",
		"age(profile.birthday) >= 18"}, []overload{call(tNumber, tDate)}},
}

var valueFunctions = []function{
	{FunctionDoc{"has", inValues, "has(value) → bool",
		"Whether a value is known. Of a list, set or map: whether there is anything in it.",
		"has(profile.birthday) && has(profile.dietary)"}, nil},
	{FunctionDoc{"string", inValues, "string(value) → string",
		"A number, bool, date, time or duration as text, or the key of a ref. Dates and times are written after ISO 8601.",
		"catalog.calendar[string(week_of(now))].loaf"}, forEach(scalars, func(t *types.Type) overload { return call(tString, t) })},
	{FunctionDoc{"int", inValues, "int(number) → number, int(string) → number",
		"The whole part of a number, or of a text that is one. Unknown if the text is none.",
		"int(profile.phone) > 0"}, []overload{call(tNumber, tNumber), call(tNumber, tString)}},
	{FunctionDoc{"double", inValues, "double(number) → number, double(string) → number",
		"The number that a text is. Unknown if it is none.",
		"double(profile.phone) > 0"}, []overload{call(tNumber, tNumber), call(tNumber, tString)}},
}
