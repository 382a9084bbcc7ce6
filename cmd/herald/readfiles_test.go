package main

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestWhichFilesMatter(t *testing.T) {
	r := &readFiles{FS: fstest.MapFS{"messages/hello.mjml": {}, "strings/de.json": {}}, seen: map[string]bool{}}
	_, err := fs.ReadFile(r, "messages/hello.mjml")
	require.NoError(t, err)
	_, err = fs.ReadDir(r, "strings")
	require.NoError(t, err)
	_, err = fs.ReadFile(r, "gone.csv")
	require.Error(t, err)
	for name, matters := range map[string]bool{
		"data.hcl": true, "more/data.hcl": true, "program.hcl.json": true,
		"messages/hello.mjml": true, "strings/fr.json": true, "gone.csv": true,
		"messages/other.mjml": false, "dev.log": false, "exports/orders.csv": false,
	} {
		require.Equal(t, matters, r.matters(name), name)
	}
}
