// Command testsummary reads `go test -json` and prints what a person wants to
// know: a line for each package, the output of what failed, what was skipped
// and why, and the counts. It exits with 1 when anything failed, or nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
	ImportPath                    string
}

type summary struct {
	passed, failed, skipped int
	output                  map[string][]string // package/test → lines
	skips                   []string
	brokenPackages          int
}

func main() {
	s := &summary{output: map[string][]string{}}
	s.read(os.Stdin, os.Stdout)
	for _, skip := range s.skips {
		fmt.Println("skipped:", skip)
	}
	fmt.Printf("\n%d passed, %d failed, %d skipped\n", s.passed, s.failed+s.brokenPackages, s.skipped)
	if s.failed+s.brokenPackages > 0 || s.passed == 0 {
		os.Exit(1)
	}
}

func (s *summary) read(in io.Reader, out io.Writer) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(out, lines.Text())
			continue
		}
		s.take(e, out)
	}
}

func (s *summary) take(e event, out io.Writer) {
	key := e.Package + "/" + e.Test
	switch e.Action {
	case "output":
		s.output[key] = append(s.output[key], e.Output)
	case "build-output":
		fmt.Fprint(out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e, out)
		} else {
			s.endTest(e, key, out)
		}
		delete(s.output, key)
	}
}

func (s *summary) endTest(e event, key string, out io.Writer) {
	switch e.Action {
	case "pass":
		s.passed++
	case "skip":
		s.skipped++
		s.skips = append(s.skips, e.Test+": "+reason(s.output[key]))
	case "fail":
		s.failed++
		fmt.Fprintf(out, "--- FAIL %s %s\n%s", e.Package, e.Test, strings.Join(s.output[key], ""))
	}
}

func (s *summary) endPackage(e event, out io.Writer) {
	took := time.Duration(e.Elapsed * float64(time.Second)).Round(10 * time.Millisecond)
	switch e.Action {
	case "pass":
		fmt.Fprintf(out, "ok    %s  %s\n", e.Package, took)
	case "fail":
		if s.failed == 0 {
			s.brokenPackages++ // did not build, or died outside a test
		}
		fmt.Fprintf(out, "FAIL  %s  %s\n%s", e.Package, took, strings.Join(s.output[e.Package+"/"], ""))
	}
}

// reason is what a test said when it skipped itself.
func reason(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		l := strings.TrimSpace(lines[i])
		if _, said, ok := strings.Cut(l, ".go:"); ok {
			if _, said, ok = strings.Cut(said, ": "); ok {
				return said
			}
		}
	}
	return "no reason given"
}
