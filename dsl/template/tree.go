package template

// The tree of a template, as written: statements hold expressions. Both know
// where they stand; neither knows of types.

// stmt is text, an output or a tag: *textStmt, *outputStmt, *ifStmt, *caseStmt,
// *forStmt, *assignStmt, *captureStmt or *contentStmt.
type stmt interface{ at() span }

type textStmt struct{ span }

type outputStmt struct {
	span
	value expr
}

// ifStmt is an if or an unless; the first branch whose condition holds is taken.
type ifStmt struct {
	span
	branches  []branchStmt
	otherwise []stmt
}

type branchStmt struct {
	span
	when   expr
	negate bool
	body   []stmt
}

type caseStmt struct {
	span
	subject   expr
	branches  []whenStmt
	otherwise []stmt
}

type whenStmt struct {
	span
	values []expr
	body   []stmt
}

type forStmt struct {
	span
	name          string
	nameSpan      span
	list          expr
	limit, offset expr // nil: none
	reversed      bool
	body          []stmt
	otherwise     []stmt
}

type assignStmt struct {
	span
	name     string
	nameSpan span
	value    expr
}

type captureStmt struct {
	span
	name     string
	nameSpan span
	body     []stmt
}

type contentStmt struct {
	span
	name string
}

// expr is a value or a condition: *literalExpr, *pathExpr, *rangeExpr,
// *filterExpr, *compareExpr or *logicExpr.
type expr interface{ at() span }

// literalExpr is a constant: a string, float64, bool, or nil, and the words
// blank and empty.
type literalExpr struct {
	span
	value any
	word  string // "nil", "blank", "empty"
}

// pathExpr is a variable and what is reached from it.
type pathExpr struct {
	span
	name  string
	steps []pathStep
}

// pathStep is .name, ["name"], [0] or [variable].
type pathStep struct {
	span
	name  string
	index expr // *literalExpr with a number, or *pathExpr; nil: name
}

type rangeExpr struct {
	span
	from, to expr
}

type filterExpr struct {
	span
	name  fragment
	in    expr
	args  []expr
	named []namedArg
}

type namedArg struct {
	fragment
	value expr
}

type compareExpr struct {
	span
	op          string
	left, right expr
}

// logicExpr joins two conditions. Liquid reads from the right: a and (b or c).
type logicExpr struct {
	span
	op          string // "and" or "or"
	left, right expr
}

func (s span) at() span { return s }

// inspect visits the statements of body, and those within them.
func inspect(body []stmt, visit func(stmt)) {
	for _, s := range body {
		visit(s)
		switch s := s.(type) {
		case *ifStmt:
			for _, b := range s.branches {
				inspect(b.body, visit)
			}
			inspect(s.otherwise, visit)
		case *caseStmt:
			for _, b := range s.branches {
				inspect(b.body, visit)
			}
			inspect(s.otherwise, visit)
		case *forStmt:
			inspect(s.body, visit)
			inspect(s.otherwise, visit)
		case *captureStmt:
			inspect(s.body, visit)
		}
	}
}
