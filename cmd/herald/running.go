package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/apply"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/workflows"
)

// running is what a `herald dev` leaves beside the store, so that commands in
// other terminals find it.
type running struct {
	PID       int         `json:"pid"`
	Temporal  string      `json:"temporal"`
	Namespace string      `json:"namespace,omitempty"`
	UI        string      `json:"ui,omitempty"`
	HTTP      string      `json:"http"`
	Clock     clock.Clock `json:"clock,omitzero"`
}

func runningFile(dataDir string) string { return filepath.Join(dataDir, "running.json") }

func writeRunning(dataDir string, r running) error {
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	tmp := runningFile(dataDir) + ".tmp"
	return errors.Join(os.WriteFile(tmp, append(body, '\n'), 0o600), os.Rename(tmp, runningFile(dataDir)))
}

// findRunning returns what runs on a store; false when nothing does.
func findRunning(dataDir string) (running, bool) {
	var r running
	body, err := os.ReadFile(runningFile(dataDir))
	if err != nil || json.Unmarshal(body, &r) != nil || r.PID == 0 {
		return running{}, false
	}
	if syscall.Kill(r.PID, 0) != nil {
		return r, false
	}
	conn, err := net.DialTimeout("tcp", r.HTTP, time.Second) // a number of a process may be used again
	if err != nil {
		return r, false
	}
	return r, conn.Close() == nil
}

// runtime finds the Temporal that an apply keeps schedules in: what the flag or
// the project names, else that of a running `herald dev`. With neither, the
// schedules are made by whoever runs the project next.
func (c *call) runtime(ctx context.Context, rev *campaign.Revision, flag string) (apply.Runtime, clock.Clock, func(), error) {
	opts := workflows.Options{Address: flag, Namespace: rev.Settings.Namespace}
	if opts.Address == "" {
		opts.Address = rev.Settings.TemporalAddress
	}
	var at clock.Clock
	if r, ok := findRunning(c.dataDir()); ok {
		at = r.Clock
		opts.Clock = r.Clock
		if opts.Address == "" {
			opts.Address, opts.Namespace = r.Temporal, r.Namespace
		}
	}
	if opts.Address == "" {
		return later{}, at, func() {}, nil
	}
	r, err := dial(ctx, opts)
	if err != nil {
		return nil, at, nil, fmt.Errorf("nothing was applied: %w", err)
	}
	return r, at, r.Close, nil
}

// later leaves schedules to whoever runs the project next: see house.repair.
type later struct{}

func (later) EnsureSchedule(context.Context, addr.Addr) error { return nil }
func (later) RemoveSchedule(context.Context, addr.Addr) error { return nil }
func (later) Schedules(context.Context) ([]addr.Addr, error)  { return nil, nil }
