// Package report counts what came of each campaign.
//
// Enters: the store. Leaves: Rows, one for each journey and broadcast, and a
// table for a terminal. Refused: rates without a denominator; each figure's
// formula stands at its field.
package report

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/engine/store"
)

// Row is what came of one campaign. People are counted once for each message
// that they got, so that a rate is a count divided by Sent.
type Row struct {
	Campaign     addr.Addr
	Entered      int64 // enrolments of a journey; recipients of a broadcast's audience
	Inside       int64 // of them, under way now
	Sent         int64 // messages that a provider has taken
	Opened       int64 // of Sent, those that a person opened at least once
	Clicked      int64 // of Sent, those in which a person followed a link at least once
	Bought       int64 // of Sent, those followed by a purchase: see Options
	Unsubscribed int64 // of Sent, those whose unsubscribe link was used
	Bounced      int64 // of Sent, those that came back
	Withheld     int64 // messages that were due and not sent: no consent, suppressed, …
	Failed       int64 // messages that a provider refused for good
	Unknown      int64 // messages of which it is not known whether they were taken
}

// Options say what counts as a purchase. The zero Options count none.
type Options struct {
	// Purchase is the label of the event. A purchase counts for the last message
	// that its person was sent within Window before it, and for no other.
	Purchase string
	Window   time.Duration // 0: three days
}

// Build counts, sorted by campaign.
func Build(ctx context.Context, s store.Store, opts Options) ([]Row, error) {
	rows := map[addr.Addr]*Row{}
	row := func(a addr.Addr) *Row {
		if rows[a] == nil {
			rows[a] = &Row{Campaign: a}
		}
		return rows[a]
	}
	err := s.View(ctx, func(r store.Reader) error {
		clear(rows)
		if err := ledger(r, row); err != nil {
			return err
		}
		if err := entered(r, row); err != nil {
			return err
		}
		return purchases(r, opts, row)
	})
	if err != nil {
		return nil, fmt.Errorf("counting what came of the campaigns: %w", err)
	}
	out := make([]Row, 0, len(rows))
	for _, r := range rows {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Row) int { return a.Campaign.Compare(b.Campaign) })
	return out, nil
}

func ledger(r store.Reader, row func(addr.Addr) *Row) error {
	counts, err := r.CampaignCounts()
	if err != nil {
		return err
	}
	for _, c := range counts {
		out := row(c.Campaign)
		out.Sent += c.Sent
		out.Opened += c.Opened
		out.Clicked += c.Clicked
		out.Unsubscribed += c.Unsubscribed
		out.Bounced += c.Bounced
		out.Withheld += c.Withheld
		out.Failed += c.Failed
		out.Unknown += c.Unknown
	}
	return nil
}

func entered(r store.Reader, row func(addr.Addr) *Row) error {
	live, err := r.Live()
	if err != nil {
		return err
	}
	for _, res := range live.Resources {
		if kind := res.Addr.Kind(); kind == "journey" || kind == "broadcast" {
			row(res.Addr)
		}
		if res.Addr.Kind() != "broadcast" {
			continue
		}
		runs, err := r.Runs(res.Addr.Name(), 10_000)
		if err != nil {
			return err
		}
		for _, run := range runs {
			row(res.Addr).Entered += int64(run.Size)
		}
	}
	steps, err := r.StepCounts()
	if err != nil {
		return err
	}
	for _, c := range steps {
		out := row(addr.New("journey", c.Journey))
		out.Entered += c.People
		if c.Outcome == "" {
			out.Inside += c.People
		}
	}
	return nil
}

// defaultWindow is how long a message may claim a purchase.
const defaultWindow = 72 * time.Hour

// purchases gives each purchase to the last message before it.
func purchases(r store.Reader, opts Options, row func(addr.Addr) *Row) error {
	if opts.Purchase == "" {
		return nil
	}
	window := opts.Window
	if window == 0 {
		window = defaultWindow
	}
	need := store.Need{Events: []string{"email_sent", opts.Purchase}}
	return r.EachRecord(0, need, func(rec *store.Record) error {
		sent := rec.Events["email_sent"]
		claimed := make([]bool, len(sent))
		for _, p := range rec.Events[opts.Purchase] {
			i, _ := slices.BinarySearchFunc(sent, p.At, func(e store.Event, at time.Time) int { return e.At.Compare(at) })
			if i--; i < 0 || claimed[i] || p.At.Sub(sent[i].At) > window {
				continue
			}
			name, _ := sent[i].Properties["campaign"].(string)
			campaign, err := addr.Parse(name)
			if err != nil {
				continue // sent by a version that wrote something else
			}
			claimed[i] = true
			row(campaign.Root()).Bought++
		}
		return nil
	})
}

// WriteText writes the rows as a table. With purchases false the column is left
// out.
func WriteText(w io.Writer, rows []Row, purchases bool) error {
	if len(rows) == 0 {
		_, err := io.WriteString(w, "Nothing is live, so nothing was sent.\n")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	head := []string{"campaign", "entered", "inside", "sent", "opened", "clicked", "bought", "unsubscribed", "withheld", "failed", "unknown"}
	line := func(cells []string) {
		if !purchases {
			cells = slices.Delete(slices.Clone(cells), 6, 7)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t")+"\t")
	}
	line(head)
	total := Row{}
	for _, r := range rows {
		line(cells(r.Campaign.String(), r))
		total = add(total, r)
	}
	line(cells("all", total))
	return t.Flush()
}

func cells(name string, r Row) []string {
	return []string{
		name, fmt.Sprint(r.Entered), fmt.Sprint(r.Inside), fmt.Sprint(r.Sent), share(r.Opened, r.Sent), share(r.Clicked, r.Sent),
		share(r.Bought, r.Sent), share(r.Unsubscribed, r.Sent), fmt.Sprint(r.Withheld), fmt.Sprint(r.Failed), fmt.Sprint(r.Unknown),
	}
}

// share is a count with its rate.
func share(n, of int64) string {
	if of == 0 || n == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d (%.1f %%)", n, 100*float64(n)/float64(of))
}

func add(a, b Row) Row {
	a.Entered += b.Entered
	a.Inside += b.Inside
	a.Sent += b.Sent
	a.Opened += b.Opened
	a.Clicked += b.Clicked
	a.Bought += b.Bought
	a.Unsubscribed += b.Unsubscribed
	a.Bounced += b.Bounced
	a.Withheld += b.Withheld
	a.Failed += b.Failed
	a.Unknown += b.Unknown
	return a
}
