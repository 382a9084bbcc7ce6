package expr_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
)

// truths name segments of which a person is in one, is not in one, and of which
// it is not known.
var truths = map[expr.Truth]string{expr.True: "segment.vip", expr.False: "segment.readers", expr.Unknown: "segment.`win-back`"}

func TestTruthTables(t *testing.T) {
	type row struct{ a, b, and, or expr.Truth }
	const T, F, U = expr.True, expr.False, expr.Unknown
	env := newEnv(t)
	ask := func(src string) expr.Truth { return mustCheck(t, env, src, journey, condition).Test(ada(), noon) }
	for _, r := range []row{
		{T, T, T, T}, {T, F, F, T}, {T, U, U, T},
		{F, T, F, T}, {F, F, F, F}, {F, U, F, U},
		{U, T, U, T}, {U, F, F, U}, {U, U, U, U},
	} {
		a, b := truths[r.a], truths[r.b]
		require.Equal(t, r.and, ask(a+" && "+b), "%s and %s", r.a, r.b)
		require.Equal(t, r.or, ask(a+" || "+b), "%s or %s", r.a, r.b)
		require.Equal(t, r.and, r.a.And(r.b))
		require.Equal(t, r.or, r.a.Or(r.b))
		require.Equal(t, r.and.Not(), ask("!("+a+" && "+b+")"), "not (%s and %s)", r.a, r.b)

		// exists is or, all is and, over the elements of a list.
		over := fmt.Sprintf("[1, 2]%%s(n, n == 1 && %s || n == 2 && %s)", a, b)
		require.Equal(t, r.or, ask(fmt.Sprintf(over, ".exists")), "exists of %s and %s", r.a, r.b)
		require.Equal(t, r.and, ask(fmt.Sprintf(over, ".all")), "all of %s and %s", r.a, r.b)

		same, chosen := U, U
		if r.a != U && r.b != U {
			same = expr.TruthOf(r.a == r.b)
		}
		if r.a != U {
			chosen = map[expr.Truth]expr.Truth{T: r.b, F: r.b.Not()}[r.a]
		}
		require.Equal(t, same, ask(a+" == "+b), "%s == %s", r.a, r.b)
		require.Equal(t, same.Not(), ask(a+" != "+b), "%s != %s", r.a, r.b)
		require.Equal(t, chosen, ask(fmt.Sprintf("%s ? %s : !%s", a, b, b)), "%s ? %s", r.a, r.b)
	}
}

func TestTruth(t *testing.T) {
	require.Equal(t, "true false unknown", fmt.Sprint(expr.True, expr.False, expr.Unknown))
	require.True(t, expr.True.Holds())
	require.False(t, expr.False.Holds() || expr.Unknown.Holds())
	require.Equal(t, expr.Unknown, expr.Value{}.Truth())
	require.Equal(t, expr.Unknown, expr.ValueOf("true").Truth())
	require.Equal(t, expr.True, expr.ValueOf(true).Truth())
	for v, want := range map[any]string{nil: "", 3.0: "3", 2.5: "2.5", true: "true", "x": "x", noon: "2026-07-01T12:00:00Z", 25 * dayLong / 24: "1d1h", -dayLong: "-1d"} {
		require.Equal(t, want, expr.ValueOf(v).Text())
	}
}
