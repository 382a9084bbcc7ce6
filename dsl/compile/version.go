package compile

import (
	"fmt"
	"strconv"
	"strings"
)

// meets tells whether a version satisfies constraints such as ">= 0.1.0, < 1".
// A pre-release counts as the version that it precedes.
func meets(version, constraints string) (bool, error) {
	have, err := parseVersion(version)
	if err != nil {
		return false, err
	}
	for part := range strings.SplitSeq(constraints, ",") {
		part = strings.TrimSpace(part)
		op := strings.TrimRight(part, "0123456789. v")
		want, err := parseVersion(strings.TrimSpace(part[len(op):]))
		if err != nil {
			return false, err
		}
		ok, err := compareBy(op, have, want, strings.Count(part, "."))
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func compareBy(op string, have, want [3]int, dots int) (bool, error) {
	cmp := 0
	for i := range have {
		if cmp == 0 {
			cmp = have[i] - want[i]
		}
	}
	switch op {
	case "", "=":
		return cmp == 0, nil
	case "!=":
		return cmp != 0, nil
	case ">=":
		return cmp >= 0, nil
	case ">":
		return cmp > 0, nil
	case "<=":
		return cmp <= 0, nil
	case "<":
		return cmp < 0, nil
	case "~>": // the last part given may grow
		same := have[0] == want[0] && (dots < 2 || have[1] == want[1])
		return cmp >= 0 && same, nil
	}
	return false, fmt.Errorf("%q is not a comparison of versions", op)
}

func parseVersion(s string) (v [3]int, err error) {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "v"), "-")
	parts := strings.Split(s, ".")
	for i, p := range parts {
		if i >= len(v) {
			return v, fmt.Errorf("%q is not a version", s)
		}
		if v[i], err = strconv.Atoi(p); err != nil || v[i] < 0 {
			return v, fmt.Errorf("%q is not a version", s)
		}
	}
	return v, nil
}
