package postgres

import (
	"context"
	"time"
)

// retryListening is how long to wait before a lost connection is made anew.
const retryListening = time.Second

// Notifications gives a word after each commit of any process that appended
// events, changed people, moved them or filled the outbox; several commits may
// share one. It also does when a lost connection was made anew, since some may
// have been missed. The channel is closed when ctx is done or the store is.
//
// It is no substitute for looking now and then: while there is no connection,
// there is no word.
func (s *Store) Notifications(ctx context.Context) <-chan struct{} {
	words := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.gone:
		case <-ctx.Done():
		}
		cancel()
	}()
	go func() {
		defer close(words)
		defer cancel()
		for ctx.Err() == nil {
			_ = s.listen(ctx, words) // whatever it was: it is tried again
			select {
			case <-ctx.Done():
			case <-time.After(retryListening):
			}
		}
	}()
	return words
}

// listen passes words on until the connection breaks.
func (s *Store) listen(ctx context.Context, words chan<- struct{}) error {
	pg, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer pg.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was for listening
	if _, err := pg.Exec(ctx, `LISTEN `+s.channel); err != nil {
		return err
	}
	for {
		select {
		case words <- struct{}{}:
		default: // there is one to be taken
		}
		if _, err := pg.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}
