package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/apply"
	"github.com/herald-campaigns/herald/engine/audience/index"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/delivery/links"
	"github.com/herald-campaigns/herald/engine/effect"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/state"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres"
	"github.com/herald-campaigns/herald/providers/all"
	"github.com/herald-campaigns/herald/providers/mailbox"
	"github.com/herald-campaigns/herald/server"
	"github.com/herald-campaigns/herald/workflows"
)

// house is the running side of a project: what follows the store, talks to
// Temporal, sends, and answers HTTP.
type house struct {
	store   store.Store
	clock   clock.Clock
	dataDir string
	baseURL string // of links in mail
	log     *slog.Logger
	secrets func(campaign.Secret) (string, error)
	lease   time.Duration // of a message under way; 0: delivery's own

	live       *live.Holder
	links      *links.Signer
	delivery   *delivery.Delivery
	service    *enrolment.Service
	effects    *effect.Service
	enrol      enrolment.Config
	dispatcher *enrolment.Dispatcher

	modelMu  sync.Mutex
	modelOf  *link.Project
	modelNow *intake.Model

	runtime *workflows.Runtime
	running sync.WaitGroup
	closers []func()
}

// openHouse prepares the running side; work and serve make it run.
func openHouse(ctx context.Context, h *house) (*house, error) {
	var err error
	if err := os.MkdirAll(h.dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder: %w", err)
	}
	if h.live, err = live.Open(ctx, h.store, h.log); err != nil {
		return nil, err
	}
	secret, err := signingKey(h.dataDir)
	if err != nil {
		return nil, err
	}
	if base := h.live.Current().Settings.BaseURL; base != "" {
		h.baseURL = base
	}
	if _, shared := h.store.(*postgres.Store); shared && os.Getenv("HERALD_LINK_KEY") == "" {
		h.log.WarnContext(ctx, "links in mail are signed with a key of this machine's own: set HERALD_LINK_KEY to the same wherever a worker or server runs", "file", filepath.Join(h.dataDir, "link.key"))
	}
	if h.links, err = links.New(secret, h.baseURL); err != nil {
		return nil, err
	}
	h.enrol = enrolment.Config{Store: h.store, Live: h.live, Now: h.clock.Now, Log: h.log, Owner: owner(), CatchUp: catchUp(h.clock)}
	h.service = enrolment.NewService(h.enrol)
	h.dispatcher = enrolment.NewDispatcher(h.enrol) // work gives it an index
	h.effects = effect.New(effect.Config{Store: h.store, Live: h.live, Now: h.clock.Now, Enter: h.service.Enter, Secrets: h.secrets, Log: h.log})
	h.delivery, err = delivery.New(delivery.Config{
		Store: h.store, Live: h.live, Links: h.links, Kinds: all.Kinds(), Clock: h.clock, Owner: owner(),
		Secrets: h.secrets, DataDir: h.dataDir, Log: h.log, Lease: h.lease,
	})
	if err != nil {
		return nil, err
	}
	h.background(ctx, func(ctx context.Context) { ignoreDone(h.live.Run(ctx, 0)) })
	return h, nil
}

// catchUp is how late what is due by the calendar still starts: a day, and in
// compressed time at least a minute of the wall's.
func catchUp(c clock.Clock) time.Duration {
	return max(24*time.Hour, time.Duration(float64(time.Minute)*max(1, c.Scale)))
}

// engine is what workflows call: each noun's owner answers for it.
type engine struct {
	*enrolment.Service
	*delivery.Delivery
	acts *effect.Service
}

// Act carries out what is no message.
func (e engine) Act(ctx context.Context, r journey.SendRequest) (journey.SendResult, error) {
	return e.acts.Act(ctx, r)
}

var _ workflows.Engine = engine{}

// work connects to Temporal and runs journeys, broadcasts and the dispatcher.
func (h *house) work(ctx context.Context, address, namespace string, tick time.Duration) error {
	var err error
	h.runtime, err = dial(ctx, workflows.Options{Address: address, Namespace: namespace, Clock: h.clock, TickEvery: tick, Log: h.log})
	if err != nil {
		return err
	}
	h.closers = append(h.closers, h.runtime.Close)
	if err := h.runtime.RegisterAttributes(ctx); err != nil {
		return err
	}
	if err := h.repairPatiently(ctx); err != nil {
		return err
	}
	worker, err := h.runtime.StartWorker(workflows.WorkerOptions{
		Engine: engine{h.service, h.delivery, h.effects}, Definitions: h.live,
		Failed: func(err error) { h.log.Error("the worker has stopped", "error", err) },
	})
	if err != nil {
		return err
	}
	h.closers = append(h.closers, worker.Stop)
	if err := h.keepIndex(ctx); err != nil {
		return err
	}
	pump := &workflows.Pump{Outbox: h.store, Teller: h.runtime, Owner: owner(), Poll: 100 * time.Millisecond, Log: h.log}
	h.background(ctx, pump.Run)
	h.background(ctx, func(ctx context.Context) { ignoreDone(h.dispatcher.Run(ctx)) })
	h.background(ctx, h.followSchedules)
	h.background(ctx, h.listen)
	return nil
}

const dialTimeout = 10 * time.Second

func dial(ctx context.Context, opts workflows.Options) (*workflows.Runtime, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	r, err := workflows.Dial(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("Temporal does not answer: %w. Start it (`herald dev` does), or correct temporal { address } or -temporal", err)
	}
	return r, nil
}

// repair brings the schedules in line with what is live.
func (h *house) repair(ctx context.Context) error {
	rev, err := liveRevision(ctx, h.store)
	if err != nil {
		return err
	}
	return newApplier(h.store, h.runtime, h.clock).Repair(ctx, rev)
}

// repairPatiently repairs at the start. A cluster takes some seconds until it
// knows search attributes that were registered a moment ago.
func (h *house) repairPatiently(ctx context.Context) error {
	var err error
	for range 30 {
		if err = h.repair(ctx); err == nil || !workflows.UnknownAttribute(err) {
			return err
		}
		h.log.Info("waiting until Temporal knows the search attributes")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return err
}

// liveRevision is what is live as a Revision.
func liveRevision(ctx context.Context, s store.Store) (*campaign.Revision, error) {
	snapshot, err := state.Load(ctx, s)
	if err != nil {
		return nil, err
	}
	resources, err := snapshot.Campaign()
	if err != nil {
		return nil, err
	}
	return campaign.NewRevision(snapshot.Settings, snapshot.Environment, resources), nil
}

// keepIndex opens the columns that the dispatcher asks, and looks after them.
func (h *house) keepIndex(ctx context.Context) error {
	people, err := index.Open(ctx, index.Config{Store: h.store, Schema: h.live.Schema(), Dir: indexDir(h.dataDir), Log: h.log})
	if err != nil {
		return err
	}
	h.enrol.Index = people
	h.enrol.Until = func(t time.Time) time.Duration { return h.clock.Until(t, time.Now()) }
	h.dispatcher = enrolment.NewDispatcher(h.enrol)
	h.background(ctx, func(ctx context.Context) { people.Tend(ctx, 10*time.Second) })
	h.closers = append(h.closers, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := people.Close(ctx); err != nil {
			h.log.Warn("no snapshot of the index of people was written; the next start reads the record", "error", err)
		}
	})
	return nil
}

// indexDir is where the snapshot of the index of people is.
func indexDir(dataDir string) string { return filepath.Join(dataDir, "index") }

// listen wakes the dispatcher when there is news; a store that tells none is
// looked at every so often.
func (h *house) listen(ctx context.Context) {
	if n, ok := h.store.(store.Notifier); ok {
		for range n.Notifications(ctx) {
			h.dispatcher.Poke()
		}
	}
}

// followSchedules repairs the schedules after every apply: one that could not
// reach Temporal left them to us.
func (h *house) followSchedules(ctx context.Context) {
	for {
		changed := h.live.Changed()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		if err := h.repair(ctx); err != nil && ctx.Err() == nil {
			h.log.Error("the schedules could not be brought in line with what is live", "error", err)
		}
	}
}

// serve answers HTTP on address until ctx is done; it returns the address that
// it listens on. The pages with personal data are shown where they are wanted,
// and on a loopback address alone.
func (h *house) serve(ctx context.Context, address string, keys []string, ui string, pages bool) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("HTTP cannot listen: %w. Choose another address with -http", err)
	}
	browser, err := browserKey(h.dataDir)
	if err != nil {
		return "", errors.Join(err, listener.Close())
	}
	handler := server.New(server.Options{
		BrowserKeys: []string{browser}, Origins: pageOrigins(),
		Store: h.store, Live: h.live, Links: h.links, APIKeys: keys, Now: h.clock.Now, Log: h.log,
		Intake: intake.New(h.store, h.model, h.clock.Now), Viewer: h.delivery, Poke: func() { h.dispatcher.Poke() },
		Mailbox: mailbox.Handler(h.dataDir), UI: ui, Pages: pages && loopback(listener.Addr()),
	})
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	h.background(ctx, func(context.Context) {
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			h.log.Error("HTTP has stopped", "error", err)
		}
	})
	h.closers = append(h.closers, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = srv.Shutdown(ctx) // whoever is still connected after that is cut off
		_ = srv.Close()
	})
	return listener.Addr().String(), nil
}

// model is what intake checks calls against: one value for each live project.
func (h *house) model() *intake.Model {
	project := h.live.Current()
	h.modelMu.Lock()
	defer h.modelMu.Unlock()
	if h.modelOf == project {
		return h.modelNow
	}
	m := &intake.Model{Profile: project.Profile()}
	for _, name := range project.Names("event") { // what is declared; the built-in ones do not come from outside
		if e, ok := project.Event(name); ok {
			m.Events = append(m.Events, e)
		}
	}
	for _, name := range project.Names("topic") {
		if t, ok := project.Topic(name); ok {
			m.Topics = append(m.Topics, t)
		}
	}
	h.modelOf, h.modelNow = project, m
	return m
}

// loopback reports whether only this machine can reach an address.
func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// background runs f until ctx is done, and close waits for it.
func (h *house) background(ctx context.Context, f func(context.Context)) {
	h.running.Go(func() { f(ctx) })
}

// close ends everything that work and serve began, the last first. The context
// that they were given must be done.
func (h *house) close() {
	for i := len(h.closers) - 1; i >= 0; i-- {
		h.closers[i]()
	}
	h.running.Wait()
	if err := h.delivery.Close(); err != nil {
		h.log.Warn("providers did not close cleanly", "error", err)
	}
}

func ignoreDone(err error) {
	_ = err // a loop ends when its context does, and logs everything else itself
}

// signingKey reads the key that links are signed with, or makes one.
func signingKey(dataDir string) ([]byte, error) {
	text, err := secretFile(filepath.Join(dataDir, "link.key"), "HERALD_LINK_KEY")
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(text)
	if err != nil || len(key) < 32 {
		return nil, fmt.Errorf("the key for links (%s, or HERALD_LINK_KEY) is not 32 bytes in hex: links in mails sent before will not work with another", filepath.Join(dataDir, "link.key"))
	}
	return key, nil
}

// apiKey reads the key of the HTTP API, or makes one.
func apiKey(dataDir string) (string, error) {
	return secretFile(filepath.Join(dataDir, "api.key"), "HERALD_API_KEY")
}

// secretFile returns the secret of an environment variable, else of a file that
// is made, readable by its owner alone, when it is not there.
func secretFile(path, env string) (string, error) {
	if v := os.Getenv(env); v != "" {
		return v, nil
	}
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return secretFile(path, env) // another process was first
	}
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(hex.EncodeToString(secret) + "\n")
	return hex.EncodeToString(secret), errors.Join(err, f.Sync(), f.Close())
}

var _ apply.Runtime = (*workflows.Runtime)(nil)
