package workflows

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"go.temporal.io/sdk/log"
)

// logger hands what the SDK logs on to a slog.Logger: the attributes that name
// machinery as they are, errors scrubbed of addresses, and nothing else, for
// nobody knows what it holds.
type logger struct{ to *slog.Logger }

// newLogger returns a logger for the SDK.
func newLogger(to *slog.Logger) log.Logger { return logger{to} }

// machinery are the attributes that are let through.
var machinery = []string{
	"Namespace", "TaskQueue", "WorkerID", "WorkflowType", "WorkflowID", "RunID", "ActivityID", "ActivityType", "Attempt",
	"EventID", "EventType", "Cause", "WorkerType", "SignalName", "UpdateName", "UpdateID", "QueryType",
}

func (l logger) Debug(msg string, keyvals ...any) { l.log(slog.LevelDebug, msg, keyvals) }
func (l logger) Info(msg string, keyvals ...any)  { l.log(slog.LevelInfo, msg, keyvals) }
func (l logger) Warn(msg string, keyvals ...any)  { l.log(slog.LevelWarn, msg, keyvals) }
func (l logger) Error(msg string, keyvals ...any) { l.log(slog.LevelError, msg, keyvals) }

// With keeps attributes for all that is logged through the result.
func (l logger) With(keyvals ...any) log.Logger { return logger{l.to.With(clean(keyvals)...)} }

func (l logger) log(level slog.Level, msg string, keyvals []any) {
	if ctx := context.Background(); l.to.Enabled(ctx, level) {
		l.to.Log(ctx, level, "temporal: "+scrub(msg), clean(keyvals)...)
	}
}

func clean(keyvals []any) []any {
	var out []any
	for pair := range slices.Chunk(keyvals, 2) {
		key, ok := pair[0].(string)
		switch {
		case !ok || len(pair) < 2:
		case slices.Contains(machinery, key):
			out = append(out, key, pair[1])
		case key == "Error" || key == "error":
			out = append(out, key, scrub(fmt.Sprint(pair[1])))
		}
	}
	return out
}
