package smtp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/providers/internal/mime"
	"github.com/herald-campaigns/herald/providers/provider"
)

// Provider is a pool of sessions with one server.
type Provider struct {
	cfg     *config
	slots   chan struct{} // one for each message under way
	closing chan struct{}
	buffers sync.Pool // of *[]byte
	leaving sync.WaitGroup

	mu     sync.Mutex
	idle   []*session // the last used one last
	sweep  *time.Timer
	closed bool
	// A server that could not be reached is left alone for a moment: a hundred
	// messages need not wait for the same timeout.
	downUntil time.Time
	down      error
}

var _ provider.Sized = (*Provider)(nil)

// downTime is how long a server that could not be reached is left alone.
const downTime = 2 * time.Second

var errClosed = &provider.Error{Class: provider.Transient, Err: errors.New("the provider is closed")}

func newProvider(cfg *config) *Provider {
	return &Provider{
		cfg:     cfg,
		slots:   make(chan struct{}, cfg.connections),
		closing: make(chan struct{}),
		buffers: sync.Pool{New: func() any { return new([]byte) }},
	}
}

// Parallel is the number of connections.
func (p *Provider) Parallel() int { return p.cfg.connections }

// Deliver hands a message to the server.
func (p *Provider) Deliver(ctx context.Context, m *provider.Message) (provider.Receipt, error) {
	envelope, err := mime.EnvelopeOf(m)
	if err != nil {
		return provider.Receipt{}, err
	}
	buffer := p.buffers.Get().(*[]byte)
	defer p.buffers.Put(buffer)
	message, err := mime.Append((*buffer)[:0], m)
	if err != nil {
		return provider.Receipt{}, err
	}
	*buffer = travelling(message)
	select {
	case <-p.closing:
		return provider.Receipt{}, errClosed
	case <-ctx.Done():
		return provider.Receipt{}, &provider.Error{Class: provider.Transient, Err: ctx.Err()}
	case p.slots <- struct{}{}:
	}
	defer func() { <-p.slots }()
	receipt, err := p.deliver(ctx, envelope, *buffer)
	var f *failure
	if errors.As(err, &f) {
		err = f.tell()
	}
	return receipt, err
}

// deliver uses an idle session if there is one. When that turns out to have been
// left by the server, a fresh one is tried.
func (p *Provider) deliver(ctx context.Context, e mime.Envelope, body []byte) (provider.Receipt, error) {
	if s := p.take(); s != nil {
		receipt, err := p.through(ctx, s, e, body)
		var f *failure
		if !errors.As(err, &f) || !f.over() || f.stage == content || ctx.Err() != nil {
			return receipt, err
		}
	}
	s, err := p.dial(ctx)
	if err != nil {
		return provider.Receipt{}, err
	}
	return p.through(ctx, s, e, body)
}

// through delivers by a session, and keeps or ends it.
func (p *Provider) through(ctx context.Context, s *session, e mime.Envelope, body []byte) (provider.Receipt, error) {
	receipt, err := s.deliver(ctx, e, body)
	var f *failure
	switch {
	case s.spent || errors.As(err, &f) && f.over():
		_ = s.conn.Close()
	case s.messages >= p.cfg.perConnection || !p.keep(s):
		p.leaving.Go(s.quit)
	}
	return receipt, err
}

// take is the idle session that was used last; nil: there is none.
func (p *Provider) take() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 || time.Since(p.idle[n-1].idleSince) > p.cfg.idle {
		return nil
	}
	s := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return s
}

// keep makes a session idle, unless the provider is closed.
func (p *Provider) keep(s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	s.idleSince = time.Now()
	p.idle = append(p.idle, s)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.cfg.idle, p.endIdle)
	}
	return true
}

// endIdle takes leave on the sessions that were idle for too long, and comes
// back for the rest.
func (p *Provider) endIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	keep := p.idle[:0]
	for _, s := range p.idle {
		if time.Since(s.idleSince) < p.cfg.idle {
			keep = append(keep, s)
		} else {
			p.leaving.Go(s.quit)
		}
	}
	p.idle, p.sweep = keep, nil
	if len(keep) > 0 && !p.closed {
		p.sweep = time.AfterFunc(p.cfg.idle-time.Since(keep[0].idleSince), p.endIdle)
	}
}

// dial opens a session, unless that has just failed.
func (p *Provider) dial(ctx context.Context) (*session, error) {
	p.mu.Lock()
	down := p.down
	if time.Now().After(p.downUntil) {
		down = nil
	}
	p.mu.Unlock()
	if down != nil {
		return nil, down
	}
	s, err := dial(ctx, p.cfg)
	if err != nil && ctx.Err() == nil {
		p.mu.Lock()
		p.down, p.downUntil = err, time.Now().Add(downTime)
		p.mu.Unlock()
	}
	return s, err
}

// Close waits for the messages under way and takes leave of the server. What
// comes later is refused.
func (p *Provider) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	close(p.closing)
	idle := p.idle
	p.idle = nil
	if p.sweep != nil {
		p.sweep.Stop()
	}
	p.mu.Unlock()
	for _, s := range idle {
		p.leaving.Go(s.quit)
	}
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	p.leaving.Wait()
	return nil
}
