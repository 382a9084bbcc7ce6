package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/index"
	"github.com/herald-campaigns/herald/engine/audience/pushdown"
	"github.com/herald-campaigns/herald/engine/impact"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres"
)

// asker answers conditions of projects over everybody in a store: by columns, or by
// SQL where the store is a database and no worker has left a snapshot of them here.
// What it returns second is to be called at the end.
func (c *call) asker(ctx context.Context, s store.Store) (func(*link.Project) impact.Asker, func(), error) {
	people, err := c.openIndex(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	if people != nil {
		ask := func(p *link.Project) impact.Asker {
			schema := audience.NewSchema(p)
			_ = people.Want(ctx, schema) // what is missing is read from the record
			return people.As(schema)
		}
		return ask, func() { _ = people.Close(context.WithoutCancel(ctx)) }, nil // a worker writes the next one
	}
	if db, ok := s.(*postgres.Store); ok {
		return func(p *link.Project) impact.Asker {
			return sqlAsker{pushdown.New(db, p), s, audience.NewSchema(p)}
		}, func() {}, nil
	}
	return func(p *link.Project) impact.Asker { return audience.NewScan(s, p) }, func() {}, nil // another kind of store
}

// sqlAsker lets SQL select, and looks at those alone.
type sqlAsker struct {
	*pushdown.Evaluator
	store  store.Store
	schema *audience.Schema
}

// Reach counts whom a message would reach.
func (a sqlAsker) Reach(ctx context.Context, condition *expr.Checked, topic, channel string, now time.Time) (audience.Reach, error) {
	found, err := a.Select(ctx, condition, now)
	if err != nil {
		return audience.Reach{}, err
	}
	return audience.ReachAmong(ctx, a.store, a.schema, found, topic, channel, now)
}

// evaluator is what an apply asks who is in its segments.
func (c *call) evaluator(ctx context.Context, s store.Store) (func(*audience.Schema) audience.Evaluator, func(), error) {
	people, err := c.openIndex(ctx, s)
	if err != nil || people == nil {
		return nil, func() {}, err
	}
	ask := func(schema *audience.Schema) audience.Evaluator {
		if errors.Join(people.Want(ctx, schema), people.Follow(ctx)) != nil {
			return audience.NewScanOf(s, schema) // it meets the same trouble, or none
		}
		return people.As(schema)
	}
	return ask, func() { _ = people.Close(context.WithoutCancel(ctx)) }, nil
}

// openIndex opens the index of people by what is live. Of an embedded store it is
// built where there is none, which takes about as long as one look at every record;
// nil for a database without one.
func (c *call) openIndex(ctx context.Context, s store.Store) (*index.Index, error) {
	_, err := os.Stat(indexDir(c.dataDir()))
	if _, database := s.(*postgres.Store); database && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var found store.Live
	err = s.View(ctx, func(r store.Reader) (err error) {
		found, err = r.Live()
		return err
	})
	if err != nil {
		return nil, err
	}
	project, err := live.Link(found)
	if err != nil {
		return nil, err
	}
	return index.Open(ctx, index.Config{Store: s, Schema: audience.NewSchema(project), Dir: indexDir(c.dataDir()), Log: slog.New(slog.DiscardHandler)})
}
