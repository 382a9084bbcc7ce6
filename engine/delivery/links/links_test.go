package links

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func signer(t testing.TB) *Signer {
	t.Helper()
	s, err := New(bytes.Repeat([]byte{7}, 32), "https://mail.bakery.example/")
	require.NoError(t, err)
	return s
}

func token(t *testing.T, url, path string) string {
	t.Helper()
	tok, ok := strings.CutPrefix(url, "https://mail.bakery.example"+path)
	require.True(t, ok, url)
	require.Empty(t, strings.Trim(strings.TrimSuffix(tok, ".gif"), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
	return tok
}

func TestThereAndBack(t *testing.T) {
	s := signer(t)
	for _, send := range []int64{0, 1, 127, 128, 1 << 40, math.MaxInt64} {
		for path, c := range map[string]struct {
			write func(int64) string
			read  func(string) (int64, error)
		}{
			OpenPath:        {s.Open, s.ParseOpen},
			UnsubscribePath: {s.Unsubscribe, s.ParseUnsubscribe},
			ViewPath:        {s.View, s.ParseView},
			WhyPath:         {s.Why, s.ParseWhy},
			PreferencesPath: {s.Preferences, s.ParsePreferences},
		} {
			got, err := c.read(token(t, c.write(send), path))
			require.NoError(t, err)
			require.Equal(t, send, got)
		}
		for _, target := range []string{"", "https://bakery.example/rye?a=1&b=ü#x", "mailto:x@y"} {
			got, url, err := s.ParseClick(token(t, s.Click(send, target), ClickPath))
			require.NoError(t, err)
			require.Equal(t, send, got)
			require.Equal(t, target, url)
		}
	}
}

func TestForged(t *testing.T) {
	s := signer(t)
	good := token(t, s.Click(42, "https://bakery.example/rye"), ClickPath)
	for i := range good {
		for _, c := range []byte("A_z") {
			if good[i] == c {
				continue
			}
			bad := good[:i] + string(c) + good[i+1:]
			_, _, err := s.ParseClick(bad)
			require.ErrorIs(t, err, ErrForged, bad)
		}
	}
	for _, bad := range []string{"", "A", "%%%", good + "A", good[:len(good)-2], good + "=", good + "\n", strings.Repeat("A", 5000), "\x00"} {
		_, _, err := s.ParseClick(bad)
		require.ErrorIs(t, err, ErrForged)
	}
	_, err := s.ParseOpen(good)
	require.ErrorIs(t, err, ErrForged, "a token is good for one thing")
	_, err = s.ParseUnsubscribe(token(t, s.View(42), ViewPath))
	require.ErrorIs(t, err, ErrForged)
	other, err := New(bytes.Repeat([]byte{8}, 32), "https://mail.bakery.example")
	require.NoError(t, err)
	_, _, err = other.ParseClick(good)
	require.ErrorIs(t, err, ErrForged)
}

func TestLongTargetsStayAsTheyAre(t *testing.T) {
	s := signer(t)
	for size := range 3000 {
		target := "https://bakery.example/" + strings.Repeat("a", size)
		got := s.Click(math.MaxInt64, target)
		if got != target {
			require.LessOrEqual(t, len(got), MaxURL)
		} else {
			require.Greater(t, size, 1300, "ordinary addresses are counted")
		}
	}
}

func TestNewRefuses(t *testing.T) {
	_, err := New(make([]byte, 31), "https://x.example")
	require.Error(t, err)
	for _, bad := range []string{"", "x.example", "ftp://x.example", "https://", "https://x.example?a=b", "https://x.example#a", "://"} {
		_, err := New(make([]byte, 32), bad)
		require.Error(t, err, bad)
	}
}

func FuzzParse(f *testing.F) {
	s := signer(f)
	f.Add("AQAAAAAAAAAAAAAAAAAAAAAAAQ")
	f.Fuzz(func(t *testing.T, tok string) {
		_, _, err := s.ParseClick(tok)
		require.ErrorIs(t, err, ErrForged)
	})
}

func BenchmarkClick(b *testing.B) {
	s := signer(b)
	b.ReportAllocs()
	for b.Loop() {
		s.Click(123456, "https://bakery.example/rye?utm_source=herald")
	}
}
