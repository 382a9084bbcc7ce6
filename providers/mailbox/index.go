package mailbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/providers/provider"
)

const (
	suffix      = ".eml"
	indexName   = "index.jsonl" // an Entry on each line, in the order of arrival
	tempPattern = ".arriving-*"
	stampLayout = "20060102T150405.000000000Z"
)

// refresh reads what was added to the index, by whomever. A last line without its
// end is still being written.
func (b *Box) refresh() error {
	info, err := b.index.Stat()
	if err != nil {
		return err
	}
	if info.Size() <= b.read {
		return nil
	}
	news := make([]byte, info.Size()-b.read)
	n, err := b.index.ReadAt(news, b.read)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	news = news[:n]
	end := bytes.LastIndexByte(news, '\n') + 1
	b.read += int64(end)
	for line := range bytes.Lines(news[:end]) {
		var m Entry
		if err := json.Unmarshal(line, &m); err != nil || m.ID == "" || m.ID != filepath.Base(m.ID) {
			continue // a line that broke off when the process ended: repair has found its mail
		}
		b.add(m)
	}
	return nil
}

// add takes a mail into the lists, once.
func (b *Box) add(m Entry) {
	if _, known := b.byID[m.ID]; known {
		return
	}
	b.byID[m.ID] = len(b.mails)
	b.byKey[m.Key] = m.ID
	b.mails = append(b.mails, m)
}

// note appends a mail to the index. The leading line break ends what a process
// that was killed may have left.
func (b *Box) note(m Entry) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if unfinished, err := b.unfinished(); err != nil || unfinished {
		line = append([]byte("\n"), line...)
	}
	_, err = b.index.Write(append(line, '\n'))
	return err
}

// Forget removes the mails to an address, and what the index says of them. Another
// process that has the folder open lists them until it opens it anew, and can show
// none. It returns how many there were.
func (b *Box) Forget(address string) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := os.Stat(b.dir); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err := b.ready(); err != nil {
		return 0, err
	}
	index, err := os.OpenFile(filepath.Join(b.dir, indexName), os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer index.Close()
	text, err := io.ReadAll(index)
	if err != nil {
		return 0, err
	}
	removed, at := 0, int64(0)
	for line := range bytes.Lines(text) {
		var m Entry
		if json.Unmarshal(line, &m) == nil && m.ID == filepath.Base(m.ID) && goesTo(m, address) {
			// In its place: others know how far they have read.
			if _, err := index.WriteAt(bytes.Repeat([]byte(" "), len(bytes.TrimRight(line, "\n"))), at); err != nil {
				return removed, err
			}
			if err := os.Remove(b.path(m.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return removed, err
			}
			removed++
		}
		at += int64(len(line))
	}
	err = errors.Join(index.Sync(), b.index.Close())
	b.index = nil // it is read anew
	return removed, err
}

// goesTo reports whether a mail was for an address.
func goesTo(m Entry, address string) bool {
	to, err := mail.ParseAddress(m.To)
	return err == nil && strings.EqualFold(to.Address, address) || strings.EqualFold(m.To, address)
}

// unfinished reports whether the index ends within a line.
func (b *Box) unfinished() (bool, error) {
	info, err := b.index.Stat()
	return err == nil && info.Size() > b.read, err
}

// repair brings the index and the folder together: files that are in no index are
// added to it, mails whose file is gone are forgotten, and what was never finished
// is removed.
func (b *Box) repair() error {
	entries, err := os.ReadDir(b.dir) // sorted by name, and so by time
	if err != nil {
		return err
	}
	files := make(map[string]bool, len(entries))
	for _, e := range entries {
		id, isMail := strings.CutSuffix(e.Name(), suffix)
		switch {
		case isMail:
			files[id] = true
			if _, known := b.byID[id]; !known {
				if err := b.adopt(id); err != nil {
					return err
				}
			}
		case strings.HasPrefix(e.Name(), strings.TrimSuffix(tempPattern, "*")):
			b.sweep(e)
		}
	}
	b.mails = slices.DeleteFunc(b.mails, func(m Entry) bool { return !files[m.ID] })
	clear(b.byID)
	clear(b.byKey)
	for i, m := range b.mails {
		b.byID[m.ID], b.byKey[m.Key] = i, m.ID
	}
	return nil
}

// sweep removes a file that was never finished, unless somebody may be at it.
func (b *Box) sweep(e os.DirEntry) {
	if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > time.Hour {
		_ = os.Remove(filepath.Join(b.dir, e.Name()))
	}
}

// adopt adds a file to the index. What is no mail is left alone.
func (b *Box) adopt(id string) error {
	raw, err := os.ReadFile(b.path(id))
	if err != nil {
		return err
	}
	m, err := parse(Entry{ID: id, Size: len(raw)}, raw)
	if err != nil {
		return nil //nolint:nilerr // somebody else's file
	}
	if err := b.note(m.Entry); err != nil {
		return err
	}
	return b.refresh()
}

// fileID names a mail's file: by time, then key.
func fileID(m *provider.Message) string {
	return m.Date.UTC().Format(stampLayout) + "-" + fileKey(m.Key)
}

// fileKey is a key as part of a file's name, on every system.
func fileKey(key string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	if len(key) <= 64 && strings.IndexFunc(key, func(r rune) bool { return !plain(r) }) < 0 {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// shown is an address for readers: not encoded.
func shown(a mail.Address) string {
	if a.Name == "" {
		return a.Address
	}
	return a.Name + " <" + a.Address + ">"
}
