package template

// eval is a compiled expression. It has a campaign value, nil if there is none.
type eval interface{ eval(r *renderer) any }

// writer is an expression that can write its value into the renderer's buffer,
// which saves making a string of it; false if it is absent.
type writer interface {
	scratch(r *renderer) ([]byte, bool)
}

type constEval struct{ value any }

func (e *constEval) eval(*renderer) any { return e.value }

// slotEval is a path from the root.
type slotEval int

func (e slotEval) eval(r *renderer) any { return r.slot(int(e)) }

// localEval is a variable of the template.
type localEval int

func (e localEval) eval(r *renderer) any { return r.locals[e] }

// nowEval is the moment of rendering.
type nowEval struct{}

func (nowEval) eval(r *renderer) any { return r.data.Now }

// stepEval takes a step from another value.
type stepEval struct {
	in   eval
	step step
}

func (e *stepEval) eval(r *renderer) any { return e.step.apply(r, e.in.eval(r)) }

type stepKind uint8

const (
	stepField stepKind = iota
	stepIndex          // of a list; first and last are 0 and -1
	stepSize
	stepRow // from a ref to its row
)

// step leads from a value to one that it holds.
type step struct {
	kind  stepKind
	name  string // of the field, or of the catalog
	index int
}

func (s *step) apply(r *renderer, v any) any {
	switch s.kind {
	case stepField:
		if m, ok := v.(map[string]any); ok {
			return present(m[s.name])
		}
	case stepIndex:
		return at(v, s.index)
	case stepSize:
		return size(v)
	case stepRow:
		if key, ok := v.(string); ok && r.data.Catalog != nil {
			if row := r.data.Catalog(s.name, key); row != nil {
				return row
			}
		}
	}
	return nil
}

// indexEval is an element whose place or key is computed.
type indexEval struct{ in, index eval }

func (e *indexEval) eval(r *renderer) any {
	in := e.in.eval(r)
	switch index := e.index.eval(r).(type) {
	case string:
		if m, ok := in.(map[string]any); ok {
			return present(m[index])
		}
	case float64:
		if list, ok := in.([]any); ok && index >= -float64(len(list)) {
			return at(in, clampSigned(index, len(list)))
		}
	}
	return nil
}

func clampSigned(n float64, limit int) int {
	if n >= float64(limit) {
		return limit
	}
	return int(n)
}

// loopEval is a field of forloop, of the innermost loop.
type loopEval struct{ field string }

func (e loopEval) eval(r *renderer) any {
	l := r.loops[len(r.loops)-1]
	switch e.field {
	case "index":
		return count(l.index + 1)
	case "index0":
		return count(l.index)
	case "rindex":
		return count(l.count - l.index)
	case "rindex0":
		return count(l.count - l.index - 1)
	case "first":
		return l.index == 0
	case "last":
		return l.index == l.count-1
	}
	return count(l.count)
}

// counts are small numbers as values, which need not be allocated again.
var counts = func() (c [100]any) {
	for i := range c {
		c[i] = float64(i)
	}
	return c
}()

// count is a number of things as a value.
func count(n int) any {
	if n >= 0 && n < len(counts) {
		return counts[n]
	}
	return float64(n)
}

// rangeEval is the list of the whole numbers between two numbers.
type rangeEval struct{ from, to eval }

const maxRange = 1000

func (e *rangeEval) eval(r *renderer) any {
	from, okFrom := number(e.from.eval(r))
	to, okTo := number(e.to.eval(r))
	if !okFrom || !okTo || to < from {
		return nil
	}
	if to-from >= maxRange {
		r.fail(ErrTooLarge)
		return nil
	}
	list := make([]any, int(to-from)+1)
	for i := range list {
		list[i] = from + float64(i)
	}
	r.work += len(list) / 10
	return list
}

// test is a compiled condition.
type test interface{ holds(r *renderer) bool }

// truthTest asks whether there is a value.
type truthTest struct {
	value eval
	not   bool
}

func (t *truthTest) holds(r *renderer) bool { return blank(t.value.eval(r)) == t.not }

// compareTest compares two values of one kind. What is not there equals
// nothing, and is neither less nor more.
type compareTest struct {
	op          string
	left, right eval
}

func (t *compareTest) holds(r *renderer) bool {
	left, right := t.left.eval(r), t.right.eval(r)
	if t.op == "contains" {
		return contains(left, right, r.location)
	}
	n, ok := compare(left, right, r.location)
	switch t.op {
	case "==":
		return ok && n == 0
	case "!=":
		return !ok || n != 0
	case "<":
		return ok && n < 0
	case ">":
		return ok && n > 0
	case "<=":
		return ok && n <= 0
	}
	return ok && n >= 0
}

type andTest struct{ left, right test }

func (t *andTest) holds(r *renderer) bool { return t.left.holds(r) && t.right.holds(r) }

type orTest struct{ left, right test }

func (t *orTest) holds(r *renderer) bool { return t.left.holds(r) || t.right.holds(r) }

type notTest struct{ test test }

func (t *notTest) holds(r *renderer) bool { return !t.test.holds(r) }
