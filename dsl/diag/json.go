package diag

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf8"
)

// The report has the shape of `terraform validate -json`, with code and fix added.
type (
	jsonReport struct {
		FormatVersion string           `json:"format_version"`
		Valid         bool             `json:"valid"`
		ErrorCount    int              `json:"error_count"`
		WarningCount  int              `json:"warning_count"`
		Diagnostics   []jsonDiagnostic `json:"diagnostics"`
	}
	jsonDiagnostic struct {
		Severity string       `json:"severity"`
		Code     string       `json:"code,omitempty"`
		Summary  string       `json:"summary"`
		Detail   string       `json:"detail"`
		Fix      string       `json:"fix,omitempty"`
		Range    *jsonRange   `json:"range,omitempty"`
		Snippet  *jsonSnippet `json:"snippet,omitempty"`
	}
	jsonRange struct {
		Filename string  `json:"filename"`
		Start    jsonPos `json:"start"`
		End      jsonPos `json:"end"`
	}
	jsonPos struct {
		Line   int `json:"line"`
		Column int `json:"column"`
		Byte   int `json:"byte"`
	}
	jsonSnippet struct {
		Context              *string `json:"context"` // the header of the block around it
		Code                 string  `json:"code"`
		StartLine            int     `json:"start_line"`
		HighlightStartOffset int     `json:"highlight_start_offset"` // bytes of code
		HighlightEndOffset   int     `json:"highlight_end_offset"`
	}
)

// WriteJSON writes l for programs, in the shape of `terraform validate -json`.
// src is as for WriteText.
func WriteJSON(w io.Writer, l List, src func(file string) []byte) error {
	report := jsonReport{FormatVersion: "1.0", Diagnostics: make([]jsonDiagnostic, 0, len(l))}
	for _, d := range l {
		if d.Severity == Error {
			report.ErrorCount++
		} else {
			report.WarningCount++
		}
		report.Diagnostics = append(report.Diagnostics, jsonOf(d, src))
	}
	report.Valid = report.ErrorCount == 0
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(report)
}

func jsonOf(d Diagnostic, src func(file string) []byte) jsonDiagnostic {
	out := jsonDiagnostic{
		Severity: d.Severity.String(), Code: d.Code, Summary: d.Summary, Detail: d.Detail, Fix: d.Fix,
	}
	if d.Subject.IsZero() {
		return out
	}
	out.Range = &jsonRange{d.Subject.File, jsonPos(d.Subject.Start), jsonPos(d.Subject.End)}
	if src != nil {
		out.Snippet = snippetOf(d.Subject, d.quoted(src(d.Subject.File)))
	}
	return out
}

// maxSnippet bounds the bytes of a snippet on either side of the place; a file
// may be one line of 4 MB.
const maxSnippet = 1000

func snippetOf(at Range, source []byte) *jsonSnippet {
	start, end := at.Start.Byte, max(at.End.Byte, at.Start.Byte)
	if source == nil || start < 0 || end > len(source) {
		return nil
	}
	from := max(bytes.LastIndexByte(source[:start], '\n')+1, start-maxSnippet)
	for from < start && !utf8.RuneStart(source[from]) {
		from++
	}
	to := min(lineEnd(source, end), start+maxSnippet)
	s := &jsonSnippet{
		Code:                 string(source[from:to]),
		StartLine:            at.Start.Line,
		HighlightStartOffset: start - from,
		HighlightEndOffset:   min(end, to) - from,
	}
	if header := enclosingBlock(source[:lineEnd(source, start)]); header != "" {
		s.Context = &header
	}
	return s
}

// lineEnd is where the line of the byte at ends.
func lineEnd(source []byte, at int) int {
	if i := bytes.IndexByte(source[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(source)
}

// enclosingBlock is the header of the top-level block that source ends within,
// as far as its layout tells: the last line that begins a block without
// indentation. There is none in JSON.
func enclosingBlock(source []byte) string {
	for end := len(source); end > 0; {
		begin := bytes.LastIndexByte(source[:end], '\n') + 1
		line := source[begin:end]
		if len(line) > 0 {
			header, _, opens := bytes.Cut(line, []byte{'{'})
			if c := line[0] | 0x20; opens && c >= 'a' && c <= 'z' && !bytes.ContainsAny(header, "=(") {
				return string(bytes.TrimSpace(header))
			}
			if line[0] == '}' {
				return ""
			}
		}
		end = max(begin-1, 0)
	}
	return ""
}
