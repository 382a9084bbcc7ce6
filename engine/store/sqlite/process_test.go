package sqlite

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// children are what this test program does when it is started by one of its
// own tests, with the folder of a store as its argument.
var children = map[string]func(dir string) error{
	"crash":  crashChild,
	"writer": writerChild,
}

const childEnv = "HERALD_SQLITE_TEST_CHILD"

func TestMain(m *testing.M) {
	name, dir, ok := strings.Cut(os.Getenv(childEnv), " ")
	if !ok {
		os.Exit(m.Run())
	}
	if err := children[name](dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// spawn starts a child and returns what it writes.
func spawn(t *testing.T, name, dir string) (*exec.Cmd, io.Reader) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+name+" "+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	return child, bufio.NewReader(out)
}
