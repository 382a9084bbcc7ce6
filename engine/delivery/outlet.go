package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/providers/provider"
)

// outlet is an open provider with room for so many deliveries at once, whichever
// batches they are of.
type outlet struct {
	name    string // in the ledger: the label of the provider, or provider.Mailbox
	version string // digest of the definition that it was opened by
	kind    provider.Kind
	provider.Provider
	slots   chan struct{}
	waiting atomic.Int32 // for a slot

	users int  // batches that hold it; guarded by outlets.mu
	stale bool // replaced: closed by its last user
}

// enter waits for a slot, in the order of asking; false when ctx was done first.
func (o *outlet) enter(ctx context.Context) bool {
	o.waiting.Add(1)
	defer o.waiting.Add(-1)
	select {
	case o.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (o *outlet) leave() { <-o.slots }

// wanted reports whether somebody waits for a slot.
func (o *outlet) wanted() bool { return o.waiting.Load() > 0 }

// outlets are the open providers by name.
type outlets struct {
	mu     sync.Mutex
	open   map[string]*outlet
	closed bool
}

// use returns the outlet of a name, opened by make where there is none of that
// version. The caller gives it back with done.
func (o *outlets) use(name, version string, make func() (*outlet, error)) (*outlet, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, errors.New("delivery is closed")
	}
	found := o.open[name]
	if found == nil || found.version != version {
		fresh, err := make()
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", name, err)
		}
		fresh.name, fresh.version = name, version
		if found != nil {
			found.stale = true
			o.release(found)
		}
		o.open[name] = fresh
		found = fresh
	}
	found.users++
	return found, nil
}

// done gives an outlet back.
func (o *outlets) done(out *outlet) {
	o.mu.Lock()
	defer o.mu.Unlock()
	out.users--
	o.release(out)
}

// release closes a replaced outlet that nobody uses.
func (o *outlets) release(out *outlet) {
	if out.stale && out.users == 0 {
		go func() { _ = out.Close() }() // may wait for its server; nobody waits for it
	}
}

func (o *outlets) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	var errs []error
	for name, out := range o.open {
		if err := out.Close(); err != nil {
			errs = append(errs, fmt.Errorf("provider %s: %w", name, err))
		}
	}
	clear(o.open)
	return errors.Join(errs...)
}

// openOutlet opens a provider.
func (d *Delivery) openOutlet(ctx context.Context, kind provider.Kind, config map[string]any) (*outlet, error) {
	values, err := d.reveal(config)
	if err != nil {
		return nil, err
	}
	p, err := kind.New(context.WithoutCancel(ctx), provider.Config{Values: values, DataDir: d.DataDir, Log: d.Log})
	if err != nil {
		return nil, err
	}
	parallel := kind.Capabilities.Parallel
	if sized, ok := p.(provider.Sized); ok {
		parallel = sized.Parallel()
	}
	return &outlet{kind: kind, Provider: p, slots: make(chan struct{}, max(1, parallel))}, nil
}

// reveal is a configuration with its secrets filled in.
func (d *Delivery) reveal(config map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(config))
	for name, v := range config {
		secret, ok, err := secretOf(v)
		if ok && err == nil {
			v, err = d.Secrets(secret)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}

// secretOf recognises a secret, in Go form or as it is stored.
func secretOf(v any) (s campaign.Secret, ok bool, err error) {
	switch v := v.(type) {
	case campaign.Secret:
		return v, true, nil
	case map[string]any:
		_, variable := v["$variable"]
		_, env := v["$env"]
		if !variable && !env {
			return s, false, nil
		}
		body, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(body, &s)
		}
		return s, true, err
	}
	return s, false, nil
}

func findKind(kinds []provider.Kind, source string) (provider.Kind, error) {
	for _, k := range kinds {
		if k.Source == source {
			return k, nil
		}
	}
	return provider.Kind{}, fmt.Errorf("this version of herald has no provider %q", source)
}
