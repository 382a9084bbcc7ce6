package expr

import "cel.dev/cel-go/common/types"

// habitFunctions ask how often and in what order things happen.
var habitFunctions = []function{
	{FunctionDoc{"gap", inHistories, "history.gap() → duration",
		"How long ago the last event was; unknown if there is none.",
		"events.order_completed.gap() > duration('60d')"}, []overload{method(tDuration, tSomeList)}},
	{FunctionDoc{"frequency", inHistories, "history.frequency(duration) → number",
		"How many events there are for each so and so long: over the window of within(), or without one since the first event. Without a window it is unknown over nothing.",
		"events.order_completed.within('90d').frequency('30d') >= 2"},
		[]overload{method(tNumber, tSomeList, tString), method(tNumber, tSomeList, tDuration)}},
	{FunctionDoc{"share", inHistories, "history.share(o, condition) → number, history.share(o, condition, weight) → number",
		"The part, from 0 to 1, of the events, or of the elements of a list, of which the condition holds; with a weight, the part of the weight. Over nothing it is unknown.",
		"events.order_completed.share(o, o.gift) > 0.5 || events.order_completed.share(o, o.gift, o.total) > 0.5"}, nil},
	{FunctionDoc{"top", inHistories, "history.top(o, value) → value, history.top(o, value, weight) → value",
		"The value that most events, or elements of a list, have; with a weight, the one with the largest total weight. Of several the smallest, over nothing unknown.",
		"events.order_completed.flat(o, o.items).top(i, i.category, i.price * i.quantity) == 'bread'"}, nil},
	{FunctionDoc{"flat", inHistories, "history.flat(o, list) → list",
		"The elements of a list that each event, or each element of a list, has: one list of all.",
		"size(events.order_completed.within('90d').flat(o, o.items)) > 10"}, nil},
	{FunctionDoc{"rate", inHistories, "rate(history, history) → number",
		"How many events of the first history there are for each of the second; unknown if the second has none.",
		"rate(events.order_completed.within('90d'), events.cart_updated.within('90d')) < 0.2"},
		[]overload{call(tNumber, tSomeList, tSomeList)}},
	{FunctionDoc{"sequence", inHistories, "sequence(duration, history, history, …) → bool, sequence(history, history, …) → bool",
		"Whether there is an event of each history, in this order, each later than the one before, and the last at most so and so long after the first. " +
			"There are two to eight histories; without a duration the whole may take any time.",
		"sequence('7d', events.cart_updated, events.email_clicked.where(c, c.link == 'cart'), events.order_completed.where(o, o.total > 50))"},
		sequenceOverloads()},
}

// maxSteps is how many histories a sequence can have.
const maxSteps = 8

func sequenceOverloads() []overload {
	var out []overload
	for steps := 2; steps <= maxSteps; steps++ {
		args := make([]*types.Type, steps)
		for i := range args {
			args[i] = tSomeList
		}
		out = append(out, call(tBool, args...))
		for _, length := range []*types.Type{tString, tDuration} {
			out = append(out, call(tBool, append([]*types.Type{length}, args...)...))
		}
	}
	return out
}

// mailFunctions ask how somebody takes mail.
var mailFunctions = []function{
	{FunctionDoc{"open_rate", inMail, "open_rate(duration) → number",
		"The part, from 0 to 1, of the mails of the last so and so long that the person opened: different mails opened in the window for each mail sent in it. " +
			"What machines opened does not count. Unknown if none was sent.",
		"open_rate('90d') < 0.1"}, []overload{call(tNumber, tString), call(tNumber, tDuration)}},
	{FunctionDoc{"click_rate", inMail, "click_rate(duration) → number",
		"The part, from 0 to 1, of the mails of the last so and so long in which the person clicked, counted likewise. Of one link it is rate() of email_clicked.where(…) and email_sent.",
		"click_rate('90d') > 0.05 || events.email_clicked.within('30d').exists(c, c.link == 'sale')"}, []overload{call(tNumber, tString), call(tNumber, tDuration)}},
}

var setFunctions = []function{
	{FunctionDoc{"sets.contains", inSets, "sets.contains(set, set) → bool", "Whether the first set, or list, has every element of the second.",
		`sets.contains(profile.dietary, ["vegan", "gluten_free"])`}, twoSets()},
	{FunctionDoc{"sets.intersects", inSets, "sets.intersects(set, set) → bool", "Whether two sets, or lists, have an element in common.",
		`sets.intersects(profile.dietary, ["vegan", "gluten_free"])`}, twoSets()},
	{FunctionDoc{"sets.equivalent", inSets, "sets.equivalent(set, set) → bool", "Whether two sets, or lists, have the same elements, in whatever order and however often.",
		`sets.equivalent(profile.lucky, [7, 3])`}, twoSets()},
}

func twoSets() []overload {
	return forEach(scalars, func(t *types.Type) overload { return call(tBool, types.NewListType(t), types.NewListType(t)) })
}

var (
	oneNumber  = []overload{call(tNumber, tNumber)}
	twoNumbers = []overload{call(tNumber, tNumber, tNumber)}
)

var numberFunctions = []function{
	{FunctionDoc{"math.abs", inNumbers, "math.abs(number) → number", "The number without its sign.", "math.abs(profile.points - 100) < 10"}, oneNumber},
	{FunctionDoc{"math.round", inNumbers, "math.round(number) → number", "The nearest whole number; halves go away from zero.",
		"math.round(events.order_completed.avg(o, o.total)) == 20"}, oneNumber},
	{FunctionDoc{"math.floor", inNumbers, "math.floor(number) → number", "The next whole number below.", "math.floor(profile.points / 100) >= 2"}, oneNumber},
	{FunctionDoc{"math.ceil", inNumbers, "math.ceil(number) → number", "The next whole number above.", "math.ceil(profile.points / 100) <= 2"}, oneNumber},
	{FunctionDoc{"math.least", inNumbers, "math.least(number, number) → number", "The smaller of two numbers.", "math.least(profile.points, 100) * 2 > 150"}, twoNumbers},
	{FunctionDoc{"math.greatest", inNumbers, "math.greatest(number, number) → number", "The larger of two numbers.",
		"math.greatest(profile.points, 1) / 3 < 5"}, twoNumbers},
}

// dayFunctions go on with timeFunctions.
var dayFunctions = []function{
	{FunctionDoc{"days_until", inTime, "days_until(date) → number, days_until(date, zone) → number",
		"The days until the next anniversary of a date, 0 on the day itself: today is a day in UTC, or in a time zone. 29 February has its anniversary on the 28th in common years.",
		"days_until(profile.birthday, profile.timezone) == 7"}, []overload{call(tNumber, tDate), call(tNumber, tDate, tString)}},
	{FunctionDoc{"anniversary", inTime, "anniversary(date) → bool, anniversary(date, zone) → bool", "Whether today is the anniversary of a date, counted likewise.",
		"anniversary(profile.birthday, 'Europe/Berlin')"}, []overload{call(tBool, tDate), call(tBool, tDate, tString)}},
	{FunctionDoc{"days", inTime, "days(number) → duration",
		"So many days of 24 hours, for the waits of a journey: days(0.5) is half a day. Where the number is written down, duration('30d') does the same everywhere.",
		"days(trigger.item.price)"}, []overload{call(tDuration, tNumber)}},
	{FunctionDoc{"decay", inTime, "decay(age, half_life) → number",
		"How much is left, from 1 to 0, of what halves in so and so long: 2 to the power of −age / half_life, and 1 for what is still to come.",
		"events.order_completed.sum(o, 10 * decay(now - o.at, '30d')) >= 25"}, []overload{call(tNumber, tDuration, tDuration), call(tNumber, tDuration, tString)}},
}

var placeFunctions = []function{
	{FunctionDoc{"distance_km", inPlaces, "distance_km(latitude, longitude, latitude, longitude) → number",
		"The distance in kilometres between two places given in degrees, along a great circle of a sphere with a radius of 6371.0088 km.",
		"distance_km(profile.latitude, profile.longitude, 52.52, 13.405) <= 25"}, []overload{call(tNumber, tNumber, tNumber, tNumber, tNumber)}},
}
