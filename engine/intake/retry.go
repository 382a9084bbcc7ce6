package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// retryRows is how many rows share a transaction.
const retryRows = 500

// RetryReport is what became of rows that were refused before.
type RetryReport struct {
	Taken  int64 // in, and forgotten as rejected
	Stayed int64 // refused again
}

// Retry takes in what was refused, after the project has learned of it: rows of
// one source, or of all when it is "", or those with the given IDs. What fits is
// taken in once, with its own instant and messageId, as if it had been understood
// when it came. What does not fit stays, with its present reason. What is known of
// a person from later than the row is not replaced.
//
// All rows that are tried are in memory. An error means that the rows of the last transaction stayed as they were; what
// the report counts is done.
func (in *Intake) Retry(ctx context.Context, source string, ids ...int64) (RetryReport, error) {
	var report RetryReport
	var rows []store.Rejected
	err := in.store.View(ctx, func(r store.Reader) (err error) {
		rows, err = r.RejectedRows(source, 0)
		return err
	})
	if err != nil {
		return report, err
	}
	if len(ids) > 0 {
		rows = slices.DeleteFunc(rows, func(r store.Rejected) bool { return !slices.Contains(ids, r.ID) })
	}
	slices.SortFunc(rows, func(a, b store.Rejected) int { return int(a.ID - b.ID) }) // as they came
	for len(rows) > 0 {
		n := 1 // history, which sets nothing off, has transactions of its own
		for n < len(rows) && n < retryRows && isCallSource(rows[n].Source) == isCallSource(rows[0].Source) {
			n++
		}
		var chunk []store.Rejected
		chunk, rows = rows[:n], rows[n:]
		taken, err := in.retry(ctx, chunk)
		if err != nil {
			return report, fmt.Errorf("taking in what was refused stopped; %d rows are in: %w", report.Taken, err)
		}
		report.Taken += int64(taken)
		report.Stayed += int64(len(chunk) - taken)
	}
	return report, nil
}

// retry tries rows in one transaction, and returns how many were taken in.
func (in *Intake) retry(ctx context.Context, rows []store.Rejected) (taken int, err error) {
	now := in.now().UTC()
	words := in.vocabulary()
	items, origins := make([]item, len(rows)), make([]origin, len(rows))
	for i, r := range rows {
		items[i], origins[i] = words.again(r, now)
	}
	err = in.store.Update(ctx, func(tx store.Tx) error {
		taken = 0
		var gone []int64
		var still []store.Rejected
		for i, r := range rows {
			refused, err := tryAgain(tx, items[i], origins[i])
			if err != nil {
				return err
			}
			if slices.ContainsFunc(refused, func(n store.Rejected) bool { return n.Reason == r.Reason }) {
				continue // it stays as it is
			}
			if len(refused) == 0 {
				taken++
			}
			gone = append(gone, r.ID)
			for _, n := range refused {
				n.Kind, n.Source, n.Line, n.Body, n.At = r.Kind, r.Source, r.Line, r.Body, r.At
				still = append(still, n)
			}
		}
		if err := tx.Unreject(gone...); err != nil {
			return err
		}
		return tx.Reject(still)
	})
	return taken, err
}

// tryAgain stores one item, and returns with what of it is refused still.
func tryAgain(tx store.Tx, it item, o origin) ([]store.Rejected, error) {
	s := newShelf(tx, o)
	var result Result
	if err := s.put(it, &result); err != nil {
		return nil, err
	}
	err := s.flush()
	return s.rejected, err
}

// again understands a row anew, by what is declared now and as of when it came.
func (v *vocabulary) again(r store.Rejected, now time.Time) (item, origin) {
	isCall := isCallSource(r.Source)
	o := origin{source: r.Source, kind: r.Kind, received: r.At, again: now, file: !isCall}
	it := item{line: r.Line, text: r.Body}
	if isCallType(r.Kind) || isCall {
		it.call = &Call{}
		if json.Unmarshal([]byte(r.Body), it.call) != nil {
			it.call = nil
			it.problem = problemf("it was cut when it was kept: send it again")
			return it, o
		}
		it.call.complete(r)
		it.draft, it.problem = v.call(it.call, o)
		if it.problem == nil && o.file {
			it.draft.number()
		}
		return it, o
	}
	i := &importing{options: ImportOptions{Kind: Kind(r.Kind), Source: r.Source, Format: CSV}, words: v, origin: o, warned: map[string]bool{}}
	if strings.HasPrefix(r.Body, "{") { // also of a Parquet file
		i.options.Format = JSONL
	}
	if source, ok := strings.CutPrefix(r.Kind, sourcePrefix); ok {
		i.options.Using = source
	}
	rows, err := i.open(strings.NewReader(r.Body))
	if err != nil {
		it.problem = problemf("%s", err)
		return it, o
	}
	next, err := rows.next()
	if err != nil {
		if err != io.EOF { //nolint:errorlint // a text is read: nothing wraps it
			it.problem = problemf("%s", err)
		} else {
			it.problem = problemf("it was kept without the names of its columns: import the file again")
		}
		return it, o
	}
	next.line = r.Line
	it = i.understand(next)
	return it, o
}

// isCallSource tells calls from files.
func isCallSource(source string) bool { return source == api || source == browser }

// complete gives a call that was kept what its body does not say: its type, and
// a messageId, so that it is taken in once whatever happens.
func (c *Call) complete(r store.Rejected) {
	c.Public = r.Source == browser
	if c.Type == "" {
		c.Type = r.Kind
	}
	if c.MessageID == "" && isCallSource(r.Source) { // a file's is made of what it says
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s", r.Source, r.At.UnixMicro(), r.Body))
		c.MessageID = "rejected-" + hex.EncodeToString(sum[:16])
	}
}
