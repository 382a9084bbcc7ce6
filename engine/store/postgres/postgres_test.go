package postgres

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres/pgtest"
	"github.com/herald-campaigns/herald/engine/store/storetest"
)

func TestMain(m *testing.M) {
	code := pgtest.Main(m)
	if startedDurable.Load() {
		if cluster, err := durable(); err == nil {
			cluster.Stop()
		}
	}
	os.Exit(code)
}

// open opens a store for a test.
func open(t testing.TB, url string, options Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestConformance(t *testing.T) {
	storetest.Exercise(t, func(t *testing.T) store.Store { return open(t, pgtest.URL(t), Options{}) })
}
