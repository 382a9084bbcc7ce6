package compile

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// inParallel does work for each of blocks on all processors, each with a compiler
// of its own that shares what the earlier passes left. What they say and define
// is put together in the order of the blocks, so that the outcome does not depend
// on who was first.
func inParallel[T any](c *compiler, blocks []*body, work func(*compiler, *body) T, done func(T)) {
	own := make([]compiler, len(blocks))
	results := make([]T, len(blocks))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(blocks)) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(blocks); i = int(next.Add(1)) - 1 {
				own[i] = *c
				own[i].diags, own[i].definitions = nil, nil
				results[i] = work(&own[i], blocks[i].with(&own[i]))
			}
		})
	}
	wait.Wait()
	for i := range own {
		c.diags = append(c.diags, own[i].diags...)
		c.definitions = append(c.definitions, own[i].definitions...)
		done(results[i])
	}
}

// with is b for another compiler.
func (b *body) with(c *compiler) *body {
	out := *b
	out.c = c
	out.blocks = make([]*body, len(b.blocks))
	for i, n := range b.blocks {
		out.blocks[i] = n.with(c)
	}
	return &out
}
