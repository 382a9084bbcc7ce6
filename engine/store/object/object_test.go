package object

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseObject holds the reader of objects to encoding/json: whatever can be
// written is read back the same.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, ` { "a" : [ 1 , -2.5e3 , true, false, null ] } `, `{"a":{"b":{"c":[]}}}`,
		`{"quote":"\"","slash":"\\","line":"\n","unit":"\u20ac","pair":"\ud83c\udf5e","html":"<&>"}`,
		`{"a":1,"a":2}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[`, `{"a":"`, `{"a":"\`, `{"a":1}x`, `{"a":1e999}`, `null`, `"x"`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = Parse(text) // must not panic
		var m map[string]any
		if json.Unmarshal([]byte(text), &m) != nil || m == nil {
			return
		}
		written, werr := json.Marshal(m)
		require.NoError(t, werr)
		got, err := Parse(string(written))
		require.NoError(t, err)
		require.Equal(t, m, got)

		ours := string(written)
		for name, value := range m {
			picked, err := Pick(ours, map[string]bool{name: true})
			require.NoError(t, err)
			require.Equal(t, map[string]any{name: value}, picked)
		}
		picked, err := Pick(ours, nil)
		require.NoError(t, err)
		require.Nil(t, picked)
		_, _ = Pick(text, map[string]bool{"a": true}) // must not panic
	})
}

func TestParseObjectRefuses(t *testing.T) {
	for _, text := range []string{
		``, `null`, `[]`, `"a"`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}x`, `{"a":tru}`, `{"a":"b}`, `{"a":"\x"}`, `{"a":"\`, `{a:1}`,
		"{\"a\":\"\n\"}", `{"a":1 2}`, `{"a":[1,]}`, `{"a":--1}`, `{"a":` + strings.Repeat(`[`, 20_000),
	} {
		_, err := Parse(text)
		require.Error(t, err, text)
	}
}
