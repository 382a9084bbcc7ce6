package syntax

import (
	"bytes"
	"slices"
	"sort"
	"unicode/utf8"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"golang.org/x/text/unicode/norm"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// table leads from the bytes of a decoded string back to its source.
type table struct {
	file  string
	src   []byte
	segs  []segment // without gaps in the decoded string
	empty diag.Pos  // where an empty string stands
}

// segment is a stretch of a decoded string and where it was written. When both
// are of one length their bytes correspond; else the segment is an escape
// sequence, and each decoded byte comes from all of it.
type segment struct {
	out, n   int      // in the decoded string
	from, to int      // in the source
	anchor   diag.Pos // a known position at or before from
}

func (s segment) verbatim() bool { return s.to-s.from == s.n }

// add appends a segment that was decoded from src[from:to] to n bytes. Bytes
// that stand as they were written join the segment before.
func (t *table) add(n, from, to int, anchor diag.Pos) {
	if n == 0 {
		return
	}
	next := segment{t.len(), n, from, to, anchor}
	if i := len(t.segs) - 1; i >= 0 {
		last := &t.segs[i]
		if last.verbatim() && next.verbatim() && last.to == from && last.anchor == anchor {
			last.n, last.to = last.n+n, to
			return
		}
	}
	t.segs = append(t.segs, next)
}

// len is the length of the decoded string.
func (t *table) len() int {
	if len(t.segs) == 0 {
		return 0
	}
	last := t.segs[len(t.segs)-1]
	return last.out + last.n
}

// locate returns where the decoded bytes [start, end) stand. An empty stretch
// is the place between its neighbours.
func (t *table) locate(start, end int) diag.Range {
	size := t.len()
	start = min(max(start, 0), size)
	end = min(max(end, start), size)
	r := diag.Range{File: t.file}
	switch {
	case size == 0:
		r.Start, r.End = t.empty, t.empty
	case start == size:
		r.Start = t.endOf(size - 1)
		r.End = r.Start
	case start == end:
		r.Start = t.startOf(start)
		r.End = r.Start
	default:
		r.Start, r.End = t.startOf(start), t.endOf(end-1)
	}
	return r
}

func (t *table) startOf(i int) diag.Pos {
	s := t.at(i)
	off := s.from
	if s.verbatim() {
		off += i - s.out
	}
	return advance(t.src, s.anchor, off, false)
}

func (t *table) endOf(i int) diag.Pos {
	s := t.at(i)
	off := s.to
	if s.verbatim() {
		off = s.from + i - s.out + 1
	}
	return advance(t.src, s.anchor, off, true)
}

func (t *table) at(i int) segment {
	next := sort.Search(len(t.segs), func(k int) bool { return t.segs[k].out > i })
	return t.segs[next-1]
}

// normalized returns the table of the NFC form of text, which t is the table
// of: cty keeps strings in that form. Characters that change are one segment.
func (t *table) normalized(text string) *table {
	out := &table{file: t.file, src: t.src, empty: t.empty}
	for i := 0; i < len(text); {
		j := i + norm.NFC.NextBoundaryInString(text[i:], true)
		if form := norm.NFC.String(text[i:j]); form != text[i:j] {
			first, last := t.at(i), t.at(j-1)
			out.add(len(form), first.source(i), last.source(j-1)+last.width(), first.anchor)
		} else {
			t.copyTo(out, i, j)
		}
		i = j
	}
	return out
}

// source is where the decoded byte i begins in the source.
func (s segment) source(i int) int {
	if s.verbatim() {
		return s.from + i - s.out
	}
	return s.from
}

// width is how many bytes of the source a decoded byte stands for.
func (s segment) width() int {
	if s.verbatim() {
		return 1
	}
	return s.to - s.from
}

// copyTo appends the part [i, j) of t to out.
func (t *table) copyTo(out *table, i, j int) {
	for i < j {
		s := t.at(i)
		n := min(s.out+s.n, j) - i
		if s.verbatim() {
			out.add(n, s.source(i), s.source(i)+n, s.anchor)
		} else {
			out.add(n, s.from, s.to, s.anchor)
		}
		i += n
	}
}

// advance returns the position of the byte off, which is not before p. A byte
// within a grapheme cluster has the cluster's column, or with up the next one.
func advance(src []byte, p diag.Pos, off int, up bool) diag.Pos {
	off = min(off, len(src))
	if off <= p.Byte {
		return p
	}
	if i := bytes.LastIndexByte(src[p.Byte:off], '\n'); i >= 0 {
		p.Line += bytes.Count(src[p.Byte:off], []byte{'\n'})
		p.Column = 1
		p.Byte += i + 1
	}
	if isASCII(src[p.Byte:min(off+1, len(src))]) {
		p.Column += off - p.Byte
		p.Byte = off
		return p
	}
	for at := p.Byte; at < off; p.Column++ {
		n, _, err := textseg.ScanGraphemeClusters(src[at:], true)
		if err != nil || n == 0 {
			break
		}
		if at += n; at > off && !up {
			break
		}
	}
	p.Byte = off
	return p
}

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf })
}
