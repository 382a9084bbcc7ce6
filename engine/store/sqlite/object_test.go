package sqlite

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store/object"
)

// FuzzObjectText writes objects as they are stored, and reads them back.
func FuzzObjectText(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, ` { "a" : [ 1 , -2.5e3 , true, false, null ] } `, `{"a":{"b":{"c":[]}}}`,
		`{"quote":"\"","slash":"\\","line":"\n","unit":"\u20ac","pair":"\ud83c\udf5e","html":"<&>"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var m map[string]any
		if json.Unmarshal([]byte(text), &m) != nil || m == nil {
			return
		}
		ours, err := objectText(m)
		require.NoError(t, err)
		got, err := object.Parse(ours)
		require.NoError(t, err)
		require.Equal(t, m, got)
	})
}
