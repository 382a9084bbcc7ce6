package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// TestServeSnippet asks for the tag, as for a shop's pages, and sends with its key
// what a page would, from a site that is known and from one that is not.
func TestServeSnippet(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.hcl"), []byte("topic \"news\" {}\n"), 0o600))
	t.Setenv("HERALD_ORIGINS", "https://shop.example, https://www.shop.example")
	addr := freeAddress("127.0.0.1:0", io.Discard)
	startProcess(t, "serve", "-http", addr, dir)
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + addr + "/herald.js")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond)
	tag, err := exec.Command("herald", "snippet", "-url", "http://"+addr, dir).Output()
	require.NoError(t, err)
	key := regexp.MustCompile(`data-key="([^"]+)"`).FindStringSubmatch(string(tag))
	require.Len(t, key, 2)
	for origin, want := range map[string]int{"https://www.shop.example": http.StatusOK, "https://evil.example": http.StatusForbidden} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/v1/batch",
			strings.NewReader(fmt.Sprintf(`{"writeKey":%q,"batch":[{"type":"page","anonymousId":"dev","properties":{"path":"/rye"}}]}`, key[1])))
		require.NoError(t, err)
		req.Header.Set("Origin", origin)
		req.Header.Set("Content-Type", "text/plain")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, want, resp.StatusCode, origin)
	}
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, ".herald"), sqlite.Options{})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		events, err := r.EventsAfter(0, 0)
		require.Len(t, events, 1)
		require.Equal(t, "page_viewed", events[0].Name)
		return err
	}))
}
