package mailbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/providers/mailbox"
	"github.com/herald-campaigns/herald/providers/providertest"
)

// browse serves a mailbox behind a path, as herald does.
func browse(t *testing.T, dir string) (get func(path string) (*http.Response, string)) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/mailbox/", http.StripPrefix("/mailbox", mailbox.Handler(dir)))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return func(path string) (*http.Response, string) {
		resp, err := http.Get(s.URL + "/mailbox/" + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
		return resp, string(body)
	}
}

func TestPages(t *testing.T) {
	dir := t.TempDir()
	p, box, get := open(t, dir), mailbox.Open(dir), browse(t, dir)

	_, page := get("")
	require.Contains(t, page, "Nothing has arrived yet")

	hostile := providertest.Message("ada")
	hostile.Subject = `<script>alert(1)</script>`
	hostile.HTML = `<html><HEAD lang="x"><script src="https://evil.example/x.js"></script></HEAD><body onload="alert(1)">hi</body></html>`
	hostile.Text = "<b>bold</b> see https://bakery.example/rye?a=1&b=2. javascript:alert(1)\n"
	_, err := p.Deliver(t.Context(), hostile)
	require.NoError(t, err)
	text := providertest.Message("bob")
	text.HTML, text.Subject = "", ""
	_, err = p.Deliver(t.Context(), text)
	require.NoError(t, err)

	resp, page := get("")
	require.Contains(t, page, "2 mails")
	require.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;")
	require.NotContains(t, page, "<script")
	require.Contains(t, page, "(no subject)")
	require.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
	require.NotContains(t, resp.Header.Get("Content-Security-Policy"), "script")

	mails := box.Since("")
	resp, page = get("m/" + mails[0].ID + "/")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.NotContains(t, page, "<script")
	require.Contains(t, page, `sandbox="allow-popups allow-popups-to-escape-sandbox"`)
	require.Contains(t, page, `<a href="https://bakery.example/rye?a=1&amp;b=2" target="_blank"`)
	require.Contains(t, page, "&lt;b&gt;bold&lt;/b&gt;")
	require.NotContains(t, page, `href="javascript`)
	require.Contains(t, page, "List-Unsubscribe-Post")

	resp, page = get("m/" + mails[0].ID + "/html")
	policy := resp.Header.Get("Content-Security-Policy")
	require.True(t, strings.HasPrefix(policy, "sandbox allow-popups"), policy)
	require.NotContains(t, policy, "allow-scripts")
	require.NotContains(t, policy, "allow-same-origin")
	require.Contains(t, policy, "img-src data: http://127.0.0.1:")
	require.Contains(t, policy, "/o/")
	require.Contains(t, page, `<HEAD lang="x"><base target="_blank">`)

	resp, raw := get("m/" + mails[0].ID + "/raw")
	require.Equal(t, "message/rfc822", resp.Header.Get("Content-Type"))
	require.Equal(t, string(mails[0].Raw), raw)

	_, page = get("m/" + mails[1].ID + "/")
	require.NotContains(t, page, "<iframe")
	require.Contains(t, page, `id="tab-text" checked`)

	for _, path := range []string{"m/x/", "m/x/html", "m/x/raw", "m/..%2F..%2Fherald/raw"} {
		resp, _ := get(path)
		require.Equal(t, http.StatusNotFound, resp.StatusCode, path)
	}
	resp, _ = get("style.css")
	require.Equal(t, "text/css; charset=utf-8", resp.Header.Get("Content-Type"))
}

func TestSearchAndPages(t *testing.T) {
	dir := t.TempDir()
	p, get := open(t, dir), browse(t, dir)
	for i := range 120 {
		m := providertest.Message(fmt.Sprintf("p%03d", i))
		_, err := p.Deliver(t.Context(), m)
		require.NoError(t, err)
	}
	_, page := get("")
	require.Contains(t, page, "p119@")
	require.NotContains(t, page, "p069@")
	require.Contains(t, page, `href="?page=2"`)
	_, page = get("?page=3")
	require.Contains(t, page, "p000@")
	require.NotContains(t, page, "Older")
	_, page = get("?q=P01")
	require.Contains(t, page, "10 mails found")
	require.NotContains(t, page, `http-equiv="refresh"`)
	_, page = get("?q=" + `"><script>`)
	require.NotContains(t, page, "<script")
	require.Contains(t, page, "No mail to or about")
	for _, odd := range []string{"?page=-4", "?page=x", "?page=99999999999999999999"} {
		resp, _ := get(odd)
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
}
