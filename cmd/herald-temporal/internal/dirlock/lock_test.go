package dirlock

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAcquire(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	lock, err := Acquire(path)
	require.NoError(t, err)

	_, err = Acquire(path)
	require.ErrorContains(t, err, fmt.Sprintf("in use by another herald-temporal (process %d)", os.Getpid()))

	lock.Release()
	lock, err = Acquire(path)
	require.NoError(t, err)
	lock.Release()

	_, err = Acquire(filepath.Join(path, "below a file"))
	require.ErrorContains(t, err, "lock "+path)
}
