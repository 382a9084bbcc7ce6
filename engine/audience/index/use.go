package index

import (
	"context"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/store"
)

// pastPlan is what was wanted once.
type pastPlan struct {
	plan  column.Plan
	until time.Time // when it is forgotten
}

// Use follows another live project: it loads the columns that are missing while
// those there are go on answering, and answers by that project from then on.
func (ix *Index) Use(ctx context.Context, schema *audience.Schema) error {
	view := ix.As(schema)
	if err := ix.want(ctx, view.plan()); err != nil {
		return err
	}
	ix.news.Lock()
	defer ix.news.Unlock()
	ix.past = append(ix.past, pastPlan{ix.live.Load().plan(), ix.Clock().Add(orElse(ix.Keep, time.Hour))})
	ix.live.Store(view)
	return nil
}

// Want loads the columns that a project needs and that are missing, so that a View
// of it need not read the record. They stay as long as columns that nobody looks
// at any more. Where the two projects differ on the type of an attribute or a
// property, this one is right from then on, and the other's conditions on it are
// answered from the record.
func (ix *Index) Want(ctx context.Context, schema *audience.Schema) error {
	return ix.want(ctx, planOf(schema.Project()))
}

func (ix *Index) want(ctx context.Context, plan column.Plan) error {
	ix.mu.RLock()
	missing, from, moved := ix.table.Plan.Missing(plan), ix.at, ix.moved
	ix.mu.RUnlock()
	if missing.Empty() {
		return nil
	}
	start := time.Now()
	table, at, err := ix.build(ctx, missing, &from)
	if err != nil {
		return err
	}
	if err := ix.graft(ctx, table, at, moved); err != nil {
		return fmt.Errorf("adding columns to the index of people: %w", err)
	}
	ix.Log.InfoContext(ctx, "columns were added to the index of people", "attributes", len(missing.Attributes), "events", len(missing.Events),
		"took", time.Since(start).Round(time.Millisecond))
	return nil
}

// graft brings a table to where the index is by now, and puts its columns among
// the index's.
func (ix *Index) graft(ctx context.Context, table *column.Table, at Position, moved int64) error {
	return ix.Store.View(ctx, func(r store.Reader) error {
		ix.news.Lock()
		defer ix.news.Unlock()
		t := &tail{r: r, ix: ix, table: table, at: at, moved: moved}
		if err := t.advance(ix.at); err != nil {
			return err
		}
		if t.at != ix.at {
			return fmt.Errorf("the index is ahead of the record: at %v, not %v", ix.at, t.at)
		}
		ix.mu.Lock()
		defer ix.mu.Unlock()
		ix.table.Graft(table)
		ix.moved = min(ix.moved, t.moved)
		ix.past = append(ix.past, pastPlan{table.Plan, ix.Clock().Add(orElse(ix.Keep, time.Hour))})
		ix.disk.changed(table.Len(), false, ix.Clock())
		return nil
	})
}

// dropUnused drops columns that neither the live project wants nor one that is not
// forgotten yet.
func (ix *Index) dropUnused() {
	ix.news.Lock()
	defer ix.news.Unlock()
	now := ix.Clock()
	wanted := ix.live.Load().plan()
	kept := ix.past[:0]
	for _, p := range ix.past {
		if p.until.After(now) {
			kept = append(kept, p)
			wanted = wanted.With(p.plan)
		}
	}
	forgotten := len(kept) < len(ix.past)
	clear(ix.past[len(kept):])
	ix.past = kept
	if forgotten {
		ix.mu.Lock()
		defer ix.mu.Unlock()
		ix.table.Prune(wanted)
	}
}

// sweepNow forgets strings of people who are gone, if it is time to.
func (ix *Index) sweepNow() {
	ix.news.Lock()
	defer ix.news.Unlock()
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.sweep(false)
}
