package postgres

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store/object"
)

// FuzzObject writes objects as they are stored, and reads them back: the same, but
// for NUL, which PostgreSQL does not hold.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, ` { "a" : [ 1 , -2.5e3 , true, false, null ] } `, `{"a":{"b":{"c":[]}}}`,
		`{"quote":"\"","slash":"\\","line":"\n","unit":"\u20ac","pair":"\ud83c\udf5e","html":"<&>"}`,
		`{"nul":"\u0000","no":"\\u0000","both":"\\\u0000","more":"\\\\u0000 \u0000\u0000"}`,
		`{"a"}`, `{"a":1,}`, `[`, `{"a":"`, `{"a":"\`, `null`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = object.Parse(text) // must not panic
		var m map[string]any
		if json.Unmarshal([]byte(text), &m) != nil || m == nil {
			return
		}
		stored, err := objectText(m)
		require.NoError(t, err)
		var read map[string]any
		require.NoError(t, json.Unmarshal([]byte(stored), &read))
		requireWithoutNUL(t, read)
		got, err := object.Parse(stored)
		require.NoError(t, err)
		require.Equal(t, read, got)
		if !strings.Contains(text, "0000") {
			require.Equal(t, m, got)
		}
	})
}

func requireWithoutNUL(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case string:
		require.NotContains(t, v, "\x00")
	case []any:
		for _, e := range v {
			requireWithoutNUL(t, e)
		}
	case map[string]any:
		for k, e := range v {
			require.NotContains(t, k, "\x00")
			requireWithoutNUL(t, e)
		}
	}
}

func TestParseObjectRefuses(t *testing.T) {
	for _, text := range []string{
		``, `null`, `[]`, `"a"`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}x`, `{"a":tru}`, `{"a":"b}`, `{"a":"\x"}`, `{"a":"\`, `{a:1}`,
		"{\"a\":\"\n\"}", `{"a":1 2}`, `{"a":[1,]}`, `{"a":--1}`, `{"a":` + strings.Repeat(`[`, 20_000),
	} {
		_, err := object.Parse(text)
		require.Error(t, err, text)
	}
}
