// Package pgtest gives tests a PostgreSQL server: a throwaway one of their own, or
// the one that HERALD_TEST_POSTGRES names.
//
// By role:
//   - for a test: URL, an empty schema on the server of the test binary
//   - for a test binary: Main, which ends that server
//   - for tests that stop and start a server: Start, Cluster
//
// Enters: the programs of PostgreSQL, where the distributions put them. Leaves: a
// server on a unix socket in a temporary folder, of which nothing is left at the
// end. Refused: a machine without the programs; URL skips the test then and says
// what to install.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Env is the name of the variable that names a server to use instead of a
// throwaway one. Its user must be allowed to make schemas.
const Env = "HERALD_TEST_POSTGRES"

// shared is the server of this test binary.
var shared struct {
	once    sync.Once
	cluster *Cluster
	base    string
	err     error
}

var schemas atomic.Int64

// URL is the address of an empty schema of the test's own. It skips the test
// where there is no PostgreSQL.
func URL(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if shared.base = os.Getenv(Env); shared.base != "" {
			return
		}
		if shared.cluster, shared.err = Start(); shared.err == nil {
			shared.base = shared.cluster.URL()
		}
	})
	if errors.Is(shared.err, ErrNone) {
		t.Skip(shared.err.Error())
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return Schema(t, shared.base)
}

// Schema makes an empty schema on the server at base and returns its address. On a
// server that was there before the tests, it is dropped when the test is over.
func Schema(t testing.TB, base string) string {
	t.Helper()
	name := fmt.Sprintf("t%d_%d_%d", os.Getpid(), time.Now().UnixMilli()%1e6, schemas.Add(1))
	if err := execute(base, `CREATE SCHEMA `+name); err != nil {
		t.Fatalf("a schema for the test cannot be made: %v", err)
	}
	t.Cleanup(func() {
		if os.Getenv(Env) == "" {
			return
		}
		if err := execute(base, `DROP SCHEMA `+name+` CASCADE`); err != nil {
			t.Logf("the schema %s is left behind: %v", name, err)
		}
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatalf("%s is not a URL", Env)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// Main runs the tests and ends the server that they used. Call it in TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	if shared.cluster != nil {
		shared.cluster.Stop()
	}
	return code
}

// execute runs one statement on a connection of its own.
func execute(address, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer c.Close(ctx) //nolint:errcheck // it has done what it was for
	_, err = c.Exec(ctx, statement)
	return err
}
