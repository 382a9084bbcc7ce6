package ir

// Func is a function that a Call calls, by the name that authors write.
type Func string

// The functions. An argument that is unknown makes the result unknown.
const (
	Size       Func = "size"       // of a string in characters; elements of a list, set or map
	Contains   Func = "contains"   // string, string
	StartsWith Func = "startsWith" // string, string
	EndsWith   Func = "endsWith"   // string, string
	Matches    Func = "matches"    // string, constant RE2 pattern: found anywhere
	LowerASCII Func = "lowerAscii" // string
	UpperASCII Func = "upperAscii" // string
	Trim       Func = "trim"       // string, without white space around it
	ToString   Func = "string"     // of a scalar
	ToInt      Func = "int"        // of a number or a string: the whole part; unknown if it is none
	ToDouble   Func = "double"     // of a number or a string; unknown if it is none
	ToDate     Func = "date"       // of a time: the day, in UTC or the zone of the second argument
	Year       Func = "year"       // of a date, or a time with an optional zone
	Month      Func = "month"      // likewise: 1 to 12
	Day        Func = "day"        // likewise: 1 to 31
	Weekday    Func = "weekday"    // likewise: Monday 1 to Sunday 7
	WeekOf     Func = "week_of"    // likewise: ISO week, 1 to 53
	Hour       Func = "hour"       // of a time, with an optional zone: 0 to 23
	Age        Func = "age"        // of a date: full years until today in UTC
	DaysUntil  Func = "days_until" // of a date, with an optional zone: days until its next anniversary, 0 on the day; 29 February counts on the 28th in common years
	Decay      Func = "decay"      // age, half (durations): 2^(-age/half), 1 for an age below 0; unknown unless half > 0
	Days       Func = "days"       // a number: so many times 24 hours, a duration; unknown beyond 292 years. In journeys alone

	DistanceKm Func = "distance_km" // latitude, longitude, latitude, longitude in degrees: along a great circle, in km

	SetsContains   Func = "sets.contains"   // two lists or sets: whether the first has all elements of the second
	SetsIntersects Func = "sets.intersects" // likewise: whether they have an element in common
	SetsEquivalent Func = "sets.equivalent" // likewise: whether they have the same elements, in any order and number

	Abs      Func = "math.abs"
	Round    Func = "math.round" // halves away from zero
	Floor    Func = "math.floor"
	Ceil     Func = "math.ceil"
	Least    Func = "math.least"    // two numbers
	Greatest Func = "math.greatest" // two numbers
)

// Method reports whether authors write x.f(y) and not f(x, y).
func (f Func) Method() bool {
	switch f {
	case Contains, StartsWith, EndsWith, Matches, LowerASCII, UpperASCII, Trim:
		return true
	}
	return false
}

// String is the sign of the comparison.
func (op CompareOp) String() string { return [...]string{"==", "!=", "<", "<=", ">", ">="}[op] }

// String is the sign of the operation.
func (op ArithOp) String() string { return [...]string{"+", "-", "*", "/", "%"}[op] }

// String is && or ||.
func (op LogicOp) String() string { return [...]string{"&&", "||"}[op] }

// String is the name of the method that folds.
func (op FoldOp) String() string {
	return [...]string{"any", "none", "count", "first", "last", "count", "exists", "all", "exists_one",
		"sum", "avg", "min", "max", "distinct", "filter", "map", "flat", "top"}[op]
}

// Opposite is the comparison that holds where op does not.
func (op CompareOp) Opposite() CompareOp { return [...]CompareOp{Ne, Eq, Ge, Gt, Le, Lt}[op] }

// Flip is the comparison that holds of (R, L) when op holds of (L, R).
func (op CompareOp) Flip() CompareOp {
	switch op {
	case Lt:
		return Gt
	case Le:
		return Ge
	case Gt:
		return Lt
	case Ge:
		return Le
	}
	return op
}
