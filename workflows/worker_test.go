package workflows

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"
)

func TestAPulseStopsWhatNobodyWantsAnyMore(t *testing.T) {
	for name, c := range map[string]struct {
		beat func(context.Context) error
		want error
	}{
		"cancelled":   {func(context.Context) error { return temporal.NewCanceledError() }, nil},
		"given up":    {func(context.Context) error { return serviceerror.NewNotFound("activity") }, nil},
		"unreachable": {func(context.Context) error { return errors.New("no route to host") }, errSilent},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := pulse{beat: c.beat, every: time.Millisecond, most: 20 * time.Millisecond}.start(t.Context())
			defer stop()
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
				require.Fail(t, "it goes on")
			}
			if c.want != nil {
				require.ErrorIs(t, context.Cause(ctx), c.want)
			}
		})
	}
	t.Run("alive", func(t *testing.T) {
		beats := make(chan struct{})
		ctx, stop := pulse{beat: func(context.Context) error { beats <- struct{}{}; return nil }, every: time.Millisecond, most: time.Hour}.start(t.Context())
		<-beats
		<-beats
		require.NoError(t, ctx.Err())
		stop()
		require.Error(t, ctx.Err())
	})
}

func TestNoAddressGetsIntoHistoryOrLog(t *testing.T) {
	err := scrubbed(fmt.Errorf("send: 550 <ada@example.com>: unknown; to=bob@dailycrumb.example, carol+x@müller.de"))
	require.NotContains(t, err.Error(), "example")
	require.NotContains(t, err.Error(), "müller")
	require.ErrorIs(t, scrubbed(context.Canceled), context.Canceled)
	require.NoError(t, scrubbed(nil))

	var out bytes.Buffer
	l := newLogger(slog.New(slog.NewTextHandler(&out, nil)))
	l.(logger).With("WorkflowID", "journey/a/1").Warn("activity failed", "Error", errDown, "Payload", "Ada Lovelace", "Attempt", 3, "odd")
	require.Contains(t, out.String(), "journey/a/1")
	require.Contains(t, out.String(), "Attempt=3")
	require.NotContains(t, out.String(), "ada@")
	require.NotContains(t, out.String(), "Lovelace")
	l.Debug("x")
	l.Info("y")
	l.Error("z")
}

func TestAttributesThatAServerCannotHoldAreRefused(t *testing.T) {
	_, err := runAttributes("journey/a/1", "journey", keyword{attrJourney, strings.Repeat("a", 300)}, digest)
	require.ErrorContains(t, err, "shorter name")
	_, err = runAttributes(strings.Repeat("b", 300), "journey", keyword{attrJourney, "a"}, digest)
	require.Error(t, err)
	attrs, err := runAttributes("journey/a/1", "journey", keyword{attrJourney, "a"}, digest)
	require.NoError(t, err)
	require.Equal(t, 5, attrs.Size())
	require.Equal(t, "Keyword", SearchAttributes()["HeraldRevision"])
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	require.Equal(t, "1 person", people(1))
	require.Equal(t, "1,234,005 people", people(1234005))
	require.Equal(t, "0 people", people(0))
}
