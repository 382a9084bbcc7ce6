package mailbox_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/providers/mailbox"
	"github.com/herald-campaigns/herald/providers/provider"
	"github.com/herald-campaigns/herald/providers/providertest"
)

func open(t testing.TB, dir string) provider.Provider {
	t.Helper()
	p, err := mailbox.Kind().New(t.Context(), provider.Config{DataDir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func deliver(t testing.TB, p provider.Provider, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := p.Deliver(t.Context(), providertest.Message(name))
		require.NoError(t, err)
	}
}

func TestContract(t *testing.T) {
	providertest.Exercise(t, providertest.Harness{Kind: mailbox.Kind(), Open: func(t *testing.T) providertest.Side {
		dir := t.TempDir()
		return providertest.Side{Provider: open(t, dir), Received: func() []providertest.Received {
			files, err := filepath.Glob(filepath.Join(dir, mailbox.Folder, "*.eml"))
			require.NoError(t, err)
			var out []providertest.Received
			for _, file := range files {
				raw, err := os.ReadFile(file)
				require.NoError(t, err)
				m, err := providertest.ParseMail(raw)
				require.NoError(t, err)
				out = append(out, m)
			}
			return out
		}}
	}})
}

func TestReading(t *testing.T) {
	dir := t.TempDir()
	p, box := open(t, dir), mailbox.Open(dir)
	for i := range 7 {
		m := providertest.Message(fmt.Sprint("person", i))
		m.Date = m.Date.Add(time.Duration(i) * time.Hour)
		if i%2 == 1 {
			m.Subject = "Grüße aus der Backstube"
		}
		receipt, err := p.Deliver(t.Context(), m)
		require.NoError(t, err)
		require.NotEmpty(t, receipt.ID)
	}
	count := func(f mailbox.Filter) int {
		n, err := box.Count(f)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, 7, count(mailbox.Filter{}))
	require.Equal(t, 3, count(mailbox.Filter{Query: "GRÜ"}))
	require.Equal(t, 1, count(mailbox.Filter{Query: "person3@"}))
	require.Equal(t, 1, count(mailbox.Filter{To: "Person3@people.example"}))
	require.Equal(t, 0, count(mailbox.Filter{To: "erson3@people.example"}))
	require.Equal(t, 2, count(mailbox.Filter{Since: time.Date(2026, 12, 3, 13, 0, 0, 0, time.UTC)}))

	page, total, err := box.List(mailbox.Filter{}, mailbox.Page{Number: 2, Size: 3})
	require.NoError(t, err)
	require.Equal(t, 7, total)
	require.Equal(t, []string{"person3@people.example", "person2@people.example", "person1@people.example"}, []string{page[0].To, page[1].To, page[2].To})
	page, _, err = box.List(mailbox.Filter{}, mailbox.Page{Number: 1 << 40, Size: 3})
	require.NoError(t, err)
	require.Empty(t, page)

	all, _, err := box.List(mailbox.Filter{}, mailbox.Page{})
	require.NoError(t, err)
	require.True(t, slices.IsSortedFunc(all, func(a, b mailbox.Entry) int { return strings.Compare(b.ID, a.ID) }), "names sort by time")
	m, err := box.Get(all[0].ID)
	require.NoError(t, err)
	require.Equal(t, providertest.Message("x").HTML, m.HTML)
	require.Equal(t, "Your rye is still warm.\r\n", m.Text)
	require.Equal(t, "The Daily Crumb <hello@bakery.example>", m.From)
	require.Equal(t, "From", m.Headers[0].Name)
	require.Len(t, m.Raw, m.Size)
	for _, id := range []string{"", "..", "../index", "x", all[0].ID + "x"} {
		_, err := box.Get(id)
		require.ErrorIs(t, err, mailbox.ErrNotFound, id)
	}
}

func TestSinceAndWatch(t *testing.T) {
	dir := t.TempDir()
	p, box := open(t, dir), mailbox.Open(dir)
	require.Empty(t, box.Since(""))
	deliver(t, p, "ada", "bob")
	got := box.Since("")
	require.Len(t, got, 2)
	require.Equal(t, "ada@people.example", got[0].To)
	require.NotEmpty(t, got[0].HTML)
	require.Len(t, box.Since(got[0].ID), 1)
	require.Empty(t, box.Since(got[1].ID))

	ctx, cancel := context.WithCancel(t.Context())
	news := box.Watch(ctx)
	deliver(t, p, "eve")
	require.Equal(t, "eve@people.example", (<-news).To)
	cancel()
	_, open := <-news
	require.False(t, open)
}

func TestSameKeyIsKeptOnceForEver(t *testing.T) {
	dir := t.TempDir()
	p := open(t, dir)
	deliver(t, p, "ada")
	require.NoError(t, p.Close())
	again, beside := open(t, dir), open(t, dir)
	deliver(t, again, "ada")
	deliver(t, beside, "ada", "bob")
	deliver(t, again, "bob")
	n, err := mailbox.Open(dir).Count(mailbox.Filter{})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	files, err := filepath.Glob(filepath.Join(dir, mailbox.Folder, "*.eml"))
	require.NoError(t, err)
	require.Len(t, files, 2)
}

func TestOddKeysMakeGoodNames(t *testing.T) {
	dir := t.TempDir()
	p := open(t, dir)
	for _, key := range []string{"a/b", "CON", "Upper", "upper", strings.Repeat("k", 150), "a+b"} {
		m := providertest.Message("ada")
		m.Key = key
		_, err := p.Deliver(t.Context(), m)
		require.NoError(t, err, key)
	}
	all, _, err := mailbox.Open(dir).List(mailbox.Filter{}, mailbox.Page{})
	require.NoError(t, err)
	require.Len(t, all, 6)
	for _, e := range all {
		require.Empty(t, strings.Trim(e.ID, "0123456789TZ.-abcdefghijklmnopqrstuvwxyz_"))
	}
}

func TestIndexIsRepaired(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, index string){
		"gone":       func(t *testing.T, index string) { require.NoError(t, os.Remove(index)) },
		"empty":      func(t *testing.T, index string) { require.NoError(t, os.Truncate(index, 0)) },
		"broken off": func(t *testing.T, index string) { require.NoError(t, os.Truncate(index, 40)) },
		"garbage": func(t *testing.T, index string) {
			require.NoError(t, os.WriteFile(index, []byte("{\"id\":\"../../etc/passwd\"}\n\x00\xff\nnull\n{}\n"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := open(t, dir)
			deliver(t, p, "ada", "bob")
			require.NoError(t, p.Close())
			folder := filepath.Join(dir, mailbox.Folder)
			require.NoError(t, os.WriteFile(filepath.Join(folder, "notes.eml"), []byte("not a mail"), 0o600))
			spoil(t, filepath.Join(folder, "index.jsonl"))
			again := open(t, dir)
			deliver(t, again, "ada", "eve")
			for range 2 { // and stays repaired
				all, _, err := mailbox.Open(dir).List(mailbox.Filter{}, mailbox.Page{})
				require.NoError(t, err)
				var to []string
				for _, e := range all {
					to = append(to, e.To)
					require.Equal(t, "Your rye is still warm", e.Subject)
				}
				slices.Sort(to)
				require.Equal(t, []string{"ada@people.example", "bob@people.example", "eve@people.example"}, to)
			}
		})
	}
}

func TestFilesThatWentAwayAreForgotten(t *testing.T) {
	dir := t.TempDir()
	p, box := open(t, dir), mailbox.Open(dir)
	deliver(t, p, "ada", "bob")
	all := box.Since("")
	require.NoError(t, os.Remove(filepath.Join(dir, mailbox.Folder, all[0].ID+".eml")))
	_, err := box.Get(all[0].ID)
	require.ErrorIs(t, err, mailbox.ErrNotFound)
	require.Len(t, box.Since(""), 1)
	n, err := mailbox.Open(dir).Count(mailbox.Filter{})
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// Mails to an address go, and their lines of the index with them; who has the
// folder open goes on where it was.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	p, other := open(t, dir), mailbox.Open(dir)
	deliver(t, p, "ada", "bob")
	require.Len(t, other.Since(""), 2)
	to := providertest.Message("ada").To.Address
	n, err := mailbox.Open(dir).Forget(strings.ToUpper(to))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	files, err := filepath.Glob(filepath.Join(dir, mailbox.Folder, "*"))
	require.NoError(t, err)
	for _, name := range files {
		body, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NotContains(t, string(body), to, name)
	}
	deliver(t, p, "cleo")
	n, err = mailbox.Open(dir).Count(mailbox.Filter{})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Len(t, other.Since(""), 2, "bob and cleo")

	n, err = mailbox.Open(t.TempDir()).Forget(to)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, mailbox.Folder), nil, 0o600))
	_, err := mailbox.Kind().New(t.Context(), provider.Config{DataDir: dir})
	require.ErrorContains(t, err, "mailbox")

	dir = t.TempDir()
	p := open(t, dir)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, mailbox.Folder)))
	_, err = p.Deliver(t.Context(), providertest.Message("ada"))
	require.Equal(t, provider.Transient, provider.Classify(err).Class)
}

func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	box := mailbox.Open(dir)
	var group sync.WaitGroup
	for w := range 4 {
		p := open(t, dir)
		group.Go(func() {
			for i := range 50 {
				deliver(t, p, fmt.Sprintf("w%d-%d", w, i))
			}
		})
	}
	group.Wait()
	n, err := box.Count(mailbox.Filter{})
	require.NoError(t, err)
	require.Equal(t, 200, n)
}

func BenchmarkDeliver(b *testing.B) {
	p := open(b, b.TempDir())
	i := 0
	for b.Loop() {
		i++
		deliver(b, p, fmt.Sprint("p", i))
	}
}
