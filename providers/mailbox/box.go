package mailbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/providers/provider"
)

// ErrNotFound says that there is no such mail.
var ErrNotFound = errors.New("there is no such mail")

// Entry is one mail as a list shows it.
type Entry struct {
	ID      string    `json:"id"` // name of its file, without .eml
	Key     string    `json:"key"`
	At      time.Time `json:"at"`
	From    string    `json:"from"` // "The Daily Crumb <hello@bakery.example>", for readers
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Size    int       `json:"size"`
}

// Filter chooses mails; the zero Filter takes all.
type Filter struct {
	Query string    // stands in the recipient, the sender or the subject, in either case
	To    string    // the recipient's address
	Since time.Time // not before
}

func (f Filter) takes(m *Entry) bool {
	if m.At.Before(f.Since) {
		return false
	}
	to := strings.ToLower(m.To)
	if f.To != "" && to != strings.ToLower(f.To) && !strings.HasSuffix(to, "<"+strings.ToLower(f.To)+">") {
		return false
	}
	if f.Query == "" {
		return true
	}
	query := strings.ToLower(f.Query)
	return strings.Contains(to, query) || strings.Contains(strings.ToLower(m.Subject), query) || strings.Contains(strings.ToLower(m.From), query)
}

// Page is a part of a list.
type Page struct {
	Number int // from 1; 0 is the first
	Size   int // 0 is 50
}

func (p Page) bounds() (from, to int) {
	number, size := max(p.Number, 1), p.Size
	if size <= 0 {
		size = 50
	}
	if number > maxMails/size {
		return maxMails, maxMails
	}
	return (number - 1) * size, number * size
}

// maxMails is more than a folder holds.
const maxMails = 1 << 30

// Box is a folder of mails. Several may be open on one folder, in one process or
// in more: each sees what another has written. It is safe for concurrent use.
type Box struct {
	dir string

	mu    sync.Mutex
	index *os.File
	read  int64 // of the index, in octets
	mails []Entry
	byID  map[string]int
	byKey map[string]string // key → ID
}

// Open returns the mailbox within the folder of a project's data. Its files are
// opened, and made where there are none, when they are first asked for.
func Open(dataDir string) *Box { return &Box{dir: filepath.Join(dataDir, Folder)} }

// ready sees to the files and reads what was added. The caller holds the lock.
func (b *Box) ready() error {
	if b.index != nil {
		return b.refresh()
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil { // personal data: the owner's alone
		return fmt.Errorf("the mailbox's folder cannot be made: %w", err)
	}
	index, err := os.OpenFile(filepath.Join(b.dir, indexName), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	b.index, b.read, b.mails, b.byID, b.byKey = index, 0, nil, map[string]int{}, map[string]string{}
	if err := b.refresh(); err != nil {
		return err
	}
	return b.repair()
}

// Close lets go of the files.
func (b *Box) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.index == nil {
		return nil
	}
	err := b.index.Close()
	b.index = nil
	return err
}

// List returns the mails of a page, the last that arrived first, and how many
// there are on all pages.
func (b *Box) List(f Filter, p Page) (mails []Entry, total int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ready(); err != nil {
		return nil, 0, err
	}
	from, to := p.bounds()
	for i := len(b.mails) - 1; i >= 0; i-- {
		if !f.takes(&b.mails[i]) {
			continue
		}
		if total >= from && total < to {
			mails = append(mails, b.mails[i])
		}
		total++
	}
	return mails, total, nil
}

// Count tells how many mails a filter takes.
func (b *Box) Count(f Filter) (int, error) {
	_, total, err := b.List(f, Page{Number: maxMails})
	return total, err
}

// Get reads one mail, or returns ErrNotFound.
func (b *Box) Get(id string) (*Mail, error) {
	e, err := b.entry(id)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(b.path(id))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return parse(e, raw)
}

func (b *Box) entry(id string) (Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ready(); err != nil {
		return Entry{}, err
	}
	i, ok := b.byID[id]
	if !ok {
		return Entry{}, ErrNotFound
	}
	return b.mails[i], nil
}

// Since reads the mails that arrived after the one with this ID, all of them
// after "", in the order of their arrival. One that cannot be read now comes, with
// those behind it, at a later call.
func (b *Box) Since(id string) []Mail {
	var out []Mail
	for _, e := range b.after(id) {
		m, err := b.Get(e.ID)
		if errors.Is(err, ErrNotFound) {
			continue // somebody has cleared it away
		}
		if err != nil {
			break
		}
		out = append(out, *m)
	}
	return out
}

// after are the entries behind one.
func (b *Box) after(id string) []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ready(); err != nil {
		return nil
	}
	i, known := b.byID[id]
	if known {
		i++
	}
	return slices.Clone(b.mails[i:])
}

// last is the ID of the mail that arrived last; "" for none.
func (b *Box) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ready(); err != nil || len(b.mails) == 0 {
		return ""
	}
	return b.mails[len(b.mails)-1].ID
}

// watchEvery is how often Watch looks.
const watchEvery = 200 * time.Millisecond

// Watch tells the mails that arrive from now on, until ctx is done; then the
// channel is closed.
func (b *Box) Watch(ctx context.Context) <-chan Mail {
	out := make(chan Mail)
	seen := b.last()
	go func() {
		defer close(out)
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			for _, m := range b.Since(seen) {
				select {
				case out <- m:
					seen = m.ID
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// put keeps a mail and returns its ID. A key that is kept already is left as it is.
func (b *Box) put(m *provider.Message, raw []byte) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ready(); err != nil {
		return "", err
	}
	if id, ok := b.byKey[m.Key]; ok {
		return id, nil
	}
	entry := Entry{
		ID: fileID(m), Key: m.Key, At: m.Date.UTC(), From: shown(m.From), To: shown(m.To), Subject: m.Subject, Size: len(raw),
	}
	if err := b.write(entry.ID, raw); err != nil {
		return "", err
	}
	if err := b.note(entry); err != nil {
		_ = os.Remove(b.path(entry.ID)) // it was not taken; what is left of it would be found by repair
		return "", err
	}
	return entry.ID, b.refresh()
}

// write makes the file of a mail, whole or not at all.
func (b *Box) write(id string, raw []byte) error {
	f, err := os.CreateTemp(b.dir, tempPattern)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), b.path(id))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func (b *Box) path(id string) string { return filepath.Join(b.dir, id+suffix) }
