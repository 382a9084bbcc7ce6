package packed_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/engine/store/packed"
)

// TestPart compares a part with a map, before and after it is stored.
func TestPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p packed.Part
		want := map[int]bool{}
		for _, at := range rapid.SliceOfN(rapid.IntRange(0, packed.PartSize-1), 0, 600).Draw(t, "added") {
			require.Equal(t, !want[at], p.Add(at))
			want[at] = true
		}
		for _, at := range rapid.SliceOfN(rapid.IntRange(0, packed.PartSize-1), 0, 50).Draw(t, "removed") {
			require.Equal(t, want[at], p.Remove(at))
			delete(want, at)
		}
		require.Equal(t, len(want), p.Len())
		blob := p.Encode()
		require.LessOrEqual(t, len(blob), 512)
		require.Equal(t, len(want) == 0, blob == nil)
		again, err := packed.Decode(blob)
		require.NoError(t, err)
		require.Equal(t, &p, again)
		last, n := -1, 0
		require.NoError(t, again.Each(func(at int) error {
			require.Greater(t, at, last)
			require.True(t, want[at])
			last = at
			n++
			return nil
		}))
		require.Equal(t, len(want), n)
		for at := range packed.PartSize {
			require.Equal(t, want[at], packed.Has(blob, at))
		}
	})
}

func TestSplit(t *testing.T) {
	for _, person := range []int64{0, 1, 4095, 4096, 1 << 40} {
		require.Equal(t, person, packed.Join(packed.Split(person)))
	}
}

// FuzzDecode reads what nobody wrote: an error, or a set that is written alike.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{1, 0, 2, 0})
	f.Add(make([]byte, 512))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, blob []byte) {
		p, err := packed.Decode(blob)
		if err != nil {
			return
		}
		again, err := packed.Decode(p.Encode())
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

func BenchmarkEncode(b *testing.B) {
	var p packed.Part
	for at := 0; at < packed.PartSize; at += 3 {
		p.Add(at)
	}
	b.ReportAllocs()
	for b.Loop() {
		q, err := packed.Decode(p.Encode())
		if err != nil || !q.Has(3) {
			b.Fatal(err)
		}
	}
}
