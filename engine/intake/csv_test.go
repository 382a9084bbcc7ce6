package intake

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// scan reads all records of a CSV file of the given width.
func scan(r io.Reader, width int) (records []record, err error) {
	s := &csvScanner{window: newWindow(r), comma: ',', width: width}
	for {
		rec, err := s.next()
		if err != nil {
			return records, err
		}
		records = append(records, rec)
	}
}

func TestCSVScanner(t *testing.T) {
	long := strings.Repeat("x", MaxCall+10)
	for _, test := range []struct{ name, file, want string }{
		{"plain", "a,b\nc,d\n", "1[a b] 2[c d]"},
		{"no end", "a,b\nc,d", "1[a b] 2[c d]"},
		{"windows", "a,b\r\n\"c\",d\r\ne,\"f\"\r\n", "1[a b] 2[c d] 3[e f]"},
		{"windows, no end", "a,\"b\"\r", "1[a b]"},
		{"blank lines", "\n\na,b\n  \n\r\nc,d\n\n", "3[a b] 6[c d]"},
		{"empty fields", "a,\n,b\n,\"\"\n", "1[a ] 2[ b] 3[ ]"},
		{"quotes", "\"a,b\",\"say \"\"hi\"\"\"\n\"\",\"\"\"\"\n", `1[a,b say "hi"] 2[ "]`},
		{"several lines", "\"a\nb\",\"c\r\nd\"\ne,f\n", "1[a\nb c\r\nd] 4[e f]"},
		{"too many fields", "a,b,c\nd,e,,\nf,g\n", "1!it has 3 fields, the header has 2 2[d e] 3[f g]"},
		{"too few fields", "a\nb,c\n", "1!it has 1 fields, the header has 2 2[b c]"},
		{"opened and never closed", "a,b\nc,\"d\ne,f\ng,h\n", "1[a b] 2!a quote is broken: it is opened and never closed 3[e f] 4[g h]"},
		{"closed by the next quoted field", "a,\"b\nc,\"d\"\ne,f\n",
			"1!a quote is broken: there is text after a closing one; within a quoted field a quote is written twice 2[c d] 3[e f]"},
		{"closed by luck", "\"a,b\nc,d\ne,\"\nf,g\n", "1!a quote is broken: it runs on into the lines below, and the fields do not add up 2[c d] " +
			"3!a quote is broken: it is opened and never closed 4[f g]"},
		{"within a field", "a,b\nc,5\" pipe\ne,f\n", "1[a b] 2!a quote is broken: it stands within a field that does not begin with one 3[e f]"},
		{"at the end", "a,b\nc,\"d", "1[a b] 2!a quote is broken: it is opened and never closed"},
		{"a long line", "a,b\n" + long + "\nc,d\n", "1[a b] 2!it is longer than 32 KB 3[c d]"},
		{"a long last line", "a,b\n" + long, "1[a b] 2!it is longer than 32 KB"},
		{"a long quoted field", "a,b\nc,\"" + strings.Repeat("x\n", MaxCall) + "\"\nd,e\n", ""},
		{"not UTF-8", "a,b\nM\xfcller,c\nd,e\n", "1[a b] 2!it is not UTF-8: save the file as UTF-8 3[d e]"},
		{"empty", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, read := range []func(io.Reader) io.Reader{
				func(r io.Reader) io.Reader { return r }, iotest.HalfReader, iotest.DataErrReader,
			} {
				records, err := scan(read(strings.NewReader(test.file)), 2)
				require.ErrorIs(t, err, io.EOF)
				if test.want == "" && test.file != "" { // every line of it is broken but the first and the last
					require.Equal(t, []string{"a", "b"}, records[0].fields)
					require.Equal(t, []string{"d", "e"}, records[len(records)-1].fields)
					require.Equal(t, MaxCall+3, records[len(records)-1].line)
					continue
				}
				require.Equal(t, test.want, written(records))
			}
		})
	}
}

func written(records []record) string {
	var parts []string
	for _, r := range records {
		if r.broken != nil {
			parts = append(parts, fmt.Sprintf("%d!%s", r.line, r.broken.reason))
		} else {
			parts = append(parts, fmt.Sprintf("%d%v", r.line, r.fields))
		}
	}
	return strings.Join(parts, " ")
}

// TestCSVReadError keeps what was whole before the file could not be read on.
func TestCSVReadError(t *testing.T) {
	gone := errors.New("the network is gone")
	for _, rest := range []string{"c,d", "c,\"d", "c,\"d\ne,f"} {
		records, err := scan(io.MultiReader(strings.NewReader("a,b\n"+rest), iotest.ErrReader(gone)), 2)
		require.ErrorIs(t, err, gone)
		require.Equal(t, "1[a b]", written(records[:1]))
		require.LessOrEqual(t, len(records), 1)
	}
}

// FuzzCSVScanner reads back what encoding/csv writes; on anything else it goes
// on to the end of the file, line by line.
func FuzzCSVScanner(f *testing.F) {
	f.Add("a", "b", "c", "d", "a,b\nc,\"d\n\"\"e,f\n")
	f.Add("say \"hi\"", "a\nb", "", ",", "\"")
	f.Add("\r", " x ", "\r\n", "\"", "\"a\"\"\nb,\"c\r\n")
	f.Fuzz(func(t *testing.T, a, b, c, d, raw string) {
		var text strings.Builder
		w := csv.NewWriter(&text)
		require.NoError(t, w.WriteAll([][]string{{a, b}, {c, d}}))
		if utf8.ValidString(text.String()) && text.Len() < MaxCall {
			got, err := scan(strings.NewReader(text.String()), 2)
			require.ErrorIs(t, err, io.EOF)
			require.Len(t, got, 2)
			require.Equal(t, [][]string{{a, b}, {c, d}}, [][]string{got[0].fields, got[1].fields})
		}
		records, err := scan(strings.NewReader(raw), 2)
		require.ErrorIs(t, err, io.EOF)
		last := 0
		for _, r := range records {
			require.Greater(t, r.line, last)
			require.LessOrEqual(t, r.line, strings.Count(raw, "\n")+1)
			last = r.line
		}
	})
}
