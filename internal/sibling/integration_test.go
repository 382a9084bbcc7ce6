package sibling

import (
	"context"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRealServer runs the real program, which the first time it builds for
// minutes.
func TestRealServer(t *testing.T) {
	if testing.Short() {
		t.Skip("may build the Temporal server")
	}
	building, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	program, err := hostFinder(os.Stderr).find(building)
	require.NoError(t, err)
	t.Setenv(binEnv, program)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	for _, run := range []string{"first", "warm"} {
		began := time.Now()
		s, err := Start(ctx, Options{
			DataDir:          dir,
			UIAddr:           "127.0.0.1:0",
			SearchAttributes: map[string]string{"HeraldJourney": "Keyword", "HeraldSteps": "KeywordList"},
		})
		require.NoError(t, err)
		t.Logf("%s start: ready in %s", run, time.Since(began).Round(time.Millisecond))
		require.True(t, listening(s.Address))
		resp, err := http.Get(s.UI)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)

		_, err = Start(ctx, Options{DataDir: dir})
		require.ErrorContains(t, err, "in use by another herald-temporal (process ")

		began = time.Now()
		s.Stop()
		require.NoError(t, s.Err())
		t.Logf("%s stop: took %s", run, time.Since(began).Round(time.Millisecond))
		require.False(t, listening(s.Address))
	}

	_, err = Start(ctx, Options{Addr: "192.0.2.1:7233"})
	require.ErrorContains(t, err, "is not a loopback address")

	parent, address := parentOf(t, dir)
	require.True(t, listening(address), address)
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool { return !listening(address) }, 5*time.Second, 10*time.Millisecond,
		"the server outlives its parent")
}

// listening says whether something accepts connections at address.
func listening(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
