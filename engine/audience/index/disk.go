package index

import (
	"sync"
	"time"
)

// disk is what is new since the last snapshot.
type disk struct {
	mu     sync.Mutex
	rows   int       // events and changes
	erased time.Time // since when somebody who is gone may be in the snapshot; zero: nobody is
	loose  bool      // strings of somebody who is gone may be in memory
	last   time.Time // when it was written, or loaded
}

// enough is how much must be new before a snapshot is worth writing.
const enough = 10_000

// changed notes news.
func (d *disk) changed(rows int, gone bool, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rows += rows
	if gone {
		d.loose = true
		if d.erased.IsZero() {
			d.erased = now
		}
	}
}

// due reports whether a snapshot is worth writing.
func (d *disk) due(now time.Time, every, erasedWithin time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rows >= enough && now.Sub(d.last) >= every || !d.erased.IsZero() && now.Sub(d.erased) >= erasedWithin
}

// worth reports whether so much is new, or somebody gone, that it should be on disk.
func (d *disk) worth() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rows >= enough || !d.erased.IsZero()
}

// mustErase reports whether somebody who is gone may be in the snapshot.
func (d *disk) mustErase() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.erased.IsZero()
}

func (d *disk) unswept() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.loose
}

func (d *disk) swept() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loose = false
}

// mark is the state at which a snapshot begins.
type mark struct {
	rows   int
	erased time.Time
}

func (d *disk) mark() mark {
	d.mu.Lock()
	defer d.mu.Unlock()
	return mark{d.rows, d.erased}
}

// written notes that what was new at the mark is on disk.
func (d *disk) written(m mark, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rows -= m.rows
	if d.erased.Equal(m.erased) {
		d.erased = time.Time{}
	}
	d.last = now
}
