package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
)

var rejectedCommand = command{
	name: "rejected", args: "[-source FILE] [-show] [DIR]\nherald rejected retry [-source FILE] [ID …] [DIR]\nherald rejected drop ID … [DIR]",
	about: "list what could not be taken in; take it in after all, or drop it",
	long:  "Rows of files and calls that did not fit are kept. `retry` takes them in by what is\nlive now, say after a property was declared: each once, with its own instant and\nmessageId. What does not fit still stays, with its present reason. Without ID, all of\nthem are tried, or those of -source: a file, \"api\" or \"browser\".",
	run: func(ctx context.Context, c *call) error {
		j := &quarantine{call: c}
		c.storeFlags()
		c.flags.StringVar(&c.env, "env", os.Getenv("HERALD_ENV"), "the `environment` to read the files in, while nothing is live")
		c.variableFlags()
		c.flags.StringVar(&j.source, "source", "", "only what came from this `file`, \"api\" or \"browser\"")
		c.flags.BoolVar(&j.show, "show", false, "show what the rows say, personal data included")
		c.flags.BoolVar(&c.json, "json", false, "print JSON for programs")
		c.flags.IntVar(&j.most, "n", 20, "how many rows to list, the newest first; 0 is all")
		if err := j.parse(); err != nil {
			return err
		}
		s, err := c.existingStore(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		switch j.verb {
		case "retry":
			return j.retry(ctx, s)
		case "drop":
			return j.drop(ctx, s)
		}
		return j.list(ctx, s)
	},
}

// quarantine is one `herald rejected`.
type quarantine struct {
	*call
	verb   string // "": list
	source string
	show   bool
	most   int
	ids    []int64
}

// parse reads the verb, which may come before the flags, numbers, and the folder.
func (q *quarantine) parse() error {
	args := q.args
	if len(args) > 0 && (args[0] == "retry" || args[0] == "drop" || args[0] == "list") {
		q.verb, args = strings.TrimPrefix(args[0], "list"), args[1:]
	}
	if err := q.flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	q.dir = "."
	rest := q.flags.Args()
	for i, arg := range rest {
		id, err := strconv.ParseInt(arg, 10, 64)
		switch {
		case err == nil && q.verb != "":
			q.ids = append(q.ids, id)
		case i == len(rest)-1:
			q.dir = arg
		default:
			return fmt.Errorf("%q is no number of a row: `herald rejected` lists them", arg)
		}
	}
	if q.verb == "drop" && len(q.ids) == 0 {
		return errors.New("say which rows to drop: `herald rejected` lists their numbers")
	}
	return nil
}

func (q *quarantine) rows(ctx context.Context, s store.Store, most int) (rows []store.Rejected, err error) {
	err = s.View(ctx, func(r store.Reader) (err error) {
		rows, err = r.RejectedRows(q.source, most)
		return err
	})
	return rows, err
}

// rejectedRow is a row as programs get it.
type rejectedRow struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Source string    `json:"source"`
	Line   int       `json:"line,omitempty"`
	Kind   string    `json:"kind"`
	Reason string    `json:"reason"`
	Body   string    `json:"body,omitempty"` // with -show
}

func (q *quarantine) list(ctx context.Context, s store.Store) error {
	rows, err := q.rows(ctx, s, q.most)
	if err != nil {
		return err
	}
	shown := make([]rejectedRow, len(rows))
	for i, r := range rows {
		shown[i] = rejectedRow{ID: r.ID, At: r.At, Source: r.Source, Line: r.Line, Kind: r.Kind, Reason: withoutDetail(r.Reason)}
		if q.show {
			shown[i].Reason, shown[i].Body = r.Reason, r.Body
		}
	}
	if q.json {
		return json.NewEncoder(q.out).Encode(shown)
	}
	if len(shown) == 0 {
		fmt.Fprintln(q.out, "Nothing is waiting for repair.")
		return nil
	}
	t := tabwriter.NewWriter(q.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "id\twhen\tsource\tline\tkind\treason")
	for _, r := range shown {
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\t%s\n", r.ID, stamp(r.At), r.Source, r.Line, r.Kind, r.Reason)
		if q.show {
			fmt.Fprintf(t, "\t%s\n", strings.ReplaceAll(r.Body, "\n", "\n\t"))
		}
	}
	return t.Flush()
}

// withoutDetail is a reason without the value that it quotes, which stands in
// brackets at its end.
func withoutDetail(reason string) string {
	if strings.HasSuffix(reason, ")") {
		reason, _, _ = strings.Cut(reason, " (")
	}
	return reason
}

func (q *quarantine) retry(ctx context.Context, s store.Store) error {
	model, err := q.intakeModel(ctx, s)
	if err != nil {
		return err
	}
	in := intake.New(s, func() *intake.Model { return model }, func() time.Time { return time.Now().UTC() })
	report, err := in.Retry(ctx, q.source, q.ids...)
	if err != nil {
		return err
	}
	if missing := int64(len(q.ids)) - report.Taken - report.Stayed; missing > 0 {
		fmt.Fprintf(q.err, "%d of the numbers are not among the rows that wait.\n", missing)
	}
	fmt.Fprintf(q.out, "%d taken in, %d still do not fit.\n", report.Taken, report.Stayed)
	if report.Stayed > 0 {
		return exitCode(exitError)
	}
	return nil
}

func (q *quarantine) drop(ctx context.Context, s store.Store) error {
	rows, err := q.rows(ctx, s, 0)
	if err != nil {
		return err
	}
	there := map[int64]bool{}
	for _, r := range rows {
		there[r.ID] = true
	}
	for _, id := range q.ids {
		if !there[id] {
			return fmt.Errorf("there is no row %d: nothing was dropped", id)
		}
	}
	if err := s.Update(ctx, func(tx store.Tx) error { return tx.Unreject(q.ids...) }); err != nil {
		return err
	}
	fmt.Fprintf(q.out, "%d dropped.\n", len(q.ids))
	return nil
}
