package plaintext

import (
	"strings"
	"unicode/utf8"
)

// maxWidth is how long a line may be, in characters; printed is how long what an
// output prints is taken to be.
const (
	maxWidth = 78
	printed  = 10
)

// layout is the text that the items make, without a line break at its end.
func layout(items []item, l liquid) string {
	var out strings.Builder
	for i := 0; i < len(items); {
		end := i
		for end < len(items) && items[end].tag >= 0 {
			end++
		}
		last := end == len(items)
		gaps := spread(items[i:min(end+1, len(items))], i == 0, last, l)
		for k, gap := range gaps {
			out.WriteString(strings.Repeat("\n", gap))
			items[i+k].put(&out, l)
		}
		i = end + 1
	}
	return l.unmarked(out.String())
}

// spread decides where the line breaks go in a run of silent tags and the block
// after it: all before the first tag that wants any, so that the tags stand
// right before the block. Only the end of a loop takes no more than there must
// be after each turn, and leaves the rest to what follows.
func spread(run []item, first, last bool, l liquid) []int {
	gaps := make([]int, len(run))
	if first {
		return gaps
	}
	at, most := -1, 0
	loopEnd, turn := -1, 0 // the last end of a loop, and what one turn wants after it
	for i, it := range run {
		if it.gap > 0 && at < 0 {
			at = i
		}
		most = max(most, it.gap)
		if it.tag >= 0 && l.tokens[it.tag].endsLoop() {
			loopEnd, turn = i, most
		}
	}
	switch {
	case at < 0:
	case turn > 0:
		gaps[at] = turn
		if !last {
			gaps[loopEnd+1] += most - turn
		}
	case !last:
		gaps[at] = most
	}
	return gaps
}

// put writes the item, wrapped.
func (it item) put(out *strings.Builder, l liquid) {
	if it.tag >= 0 {
		l.undash(it.tag, true, true)
		out.WriteString(mark(it.tag))
		return
	}
	if first, _, i := l.nextMark(it.text); i >= 0 && first == 0 {
		l.undash(i, true, false)
	}
	if i := l.markAtEnd(it.text); i >= 0 {
		l.undash(i, false, true)
	}
	lines := it.lines(l)
	longest := 0
	for i, line := range lines {
		prefix := it.rest
		if i == 0 {
			prefix = it.first
		} else {
			out.WriteByte('\n')
		}
		if line == "" {
			prefix = strings.TrimRight(prefix, " ")
		}
		out.WriteString(prefix + line)
		longest = max(longest, l.width(line))
	}
	if it.under != 0 && longest > 0 {
		out.WriteString("\n" + it.rest + strings.Repeat(string(it.under), min(longest, maxWidth)))
	}
}

// lines are the lines of a block without what precedes them.
func (it item) lines(l liquid) []string {
	if it.verbatim {
		lines := strings.Split(strings.Trim(it.text, "\n"), "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " \t\r")
		}
		return lines
	}
	room := max(20, maxWidth-utf8.RuneCountInString(it.rest))
	var lines []string
	var line strings.Builder
	used := 0
	for word := range strings.SplitSeq(it.text, " ") {
		width := l.width(word)
		switch {
		case line.Len() == 0:
		case used+1+width > room:
			lines = append(lines, line.String())
			line.Reset()
			used = 0
		default:
			line.WriteByte(' ')
			used++
		}
		line.WriteString(word)
		used += width
	}
	lines = append(lines, line.String())
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], string(nbsp), " ")
	}
	return lines
}

// width is how long text with marks is, as far as that is known.
func (l liquid) width(text string) int {
	n := 0
	for text != "" {
		start, end, i := l.nextMark(text)
		n += utf8.RuneCountInString(text[:start])
		if i >= 0 && !l.tokens[i].isSilent() {
			n += min(printed, utf8.RuneCountInString(l.tokens[i].text))
		}
		text = text[end:]
	}
	return n
}
