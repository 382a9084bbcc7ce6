package main

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// stopGrace is how long a clean end may take. What is not done by then is left
// to the exit of the process: nothing depends on it.
const stopGrace = 2500 * time.Millisecond

// loopback is where the parts of the server that only talk to each other listen.
var loopback = netip.MustParseAddr("127.0.0.1")

// server is a running Temporal server and its UI.
type server struct {
	temporal temporal.Server
	ui       *uiserver.Server // nil: none
	layout   layout
	logLevel zap.AtomicLevel
}

// layout says which part of the server listens where.
type layout struct {
	services map[primitives.ServiceName]netip.AddrPort
	ui       netip.AddrPort // invalid: no UI
}

// start brings up the server and the UI. When it returns they are starting to
// answer; ready tells when they do.
func start(opts options) (*server, error) {
	lay, err := arrange(opts)
	if err != nil {
		return nil, err
	}
	store, err := prepareStore(opts)
	if err != nil {
		return nil, err
	}
	level, err := zap.ParseAtomicLevel(opts.logLevel)
	if err != nil {
		return nil, fmt.Errorf("-log-level: %w", err)
	}
	temporalServer, err := newTemporal(lay, store, newLogger(level))
	if err != nil {
		return nil, fmt.Errorf("assemble the Temporal server: %w", err)
	}
	if err := temporalServer.Start(); err != nil {
		return nil, fmt.Errorf("start the Temporal server: %w", err)
	}

	srv := &server{temporal: temporalServer, layout: lay, logLevel: level}
	if lay.ui.IsValid() {
		srv.ui = newUI(lay, opts.namespace)
		// Start returns when the UI is stopped. If it cannot listen it ends the
		// process by itself, with a log line that says so.
		go func() { _ = srv.ui.Start() }()
	}
	return srv, nil
}

// stop ends the UI and the server, within stopGrace. Meanwhile only what is fatal
// is logged, unless all is: the server's parts complain of each other's absence.
func (s *server) stop() {
	if !s.logLevel.Enabled(zapcore.DebugLevel) {
		s.logLevel.SetLevel(zapcore.DPanicLevel)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.ui != nil {
			s.ui.Stop()
		}
		_ = s.temporal.Stop()
	}()
	select {
	case <-done:
	case <-time.After(stopGrace):
	}
}

// arrange gives every part an address. The server's inner parts stay on loopback
// whatever the frontend does.
func arrange(opts options) (layout, error) {
	var (
		free ports
		lay  = layout{services: map[primitives.ServiceName]netip.AddrPort{}}
		err  error
	)
	// Those that were asked for go first, lest a free one be theirs.
	if lay.services[primitives.FrontendService], err = free.claim(opts.frontend); err != nil {
		return layout{}, fmt.Errorf("-addr: %w", err)
	}
	if opts.ui.IsValid() {
		if lay.ui, err = free.claim(opts.ui); err != nil {
			return layout{}, fmt.Errorf("-ui-addr: %w", err)
		}
	}
	for _, name := range []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService} {
		if lay.services[name], err = free.claim(netip.AddrPortFrom(loopback, 0)); err != nil {
			return layout{}, fmt.Errorf("%s service: %w", name, err)
		}
	}
	return lay, nil
}

// frontend is where the frontend listens.
func (l layout) frontend() netip.AddrPort { return l.services[primitives.FrontendService] }

// dialable turns an address that is listened on into one that can be dialled:
// the unspecified one, 0.0.0.0 or ::, becomes loopback.
func dialable(addr netip.AddrPort) string {
	switch {
	case !addr.Addr().IsUnspecified():
		return addr.String()
	case addr.Addr().Is4():
		return netip.AddrPortFrom(loopback, addr.Port()).String()
	default:
		return netip.AddrPortFrom(netip.IPv6Loopback(), addr.Port()).String()
	}
}

// newTemporal assembles the server's four services in this process.
func newTemporal(lay layout, store *config.SQL, logger log.Logger) (temporal.Server, error) {
	// An exporter named in the environment belongs to herald, not to its server.
	if err := os.Unsetenv("OTEL_TRACES_EXPORTER"); err != nil {
		return nil, err
	}

	var (
		frontend = dialable(lay.frontend())
		services = map[string]config.Service{}
		hosts    = map[primitives.ServiceName]static.Hosts{}
	)
	for name, addr := range lay.services {
		services[string(name)] = config.Service{RPC: config.RPC{
			BindOnIP: addr.Addr().String(),
			GRPCPort: int(addr.Port()),
		}}
		hosts[name] = static.SingleLocalHost(dialable(addr))
	}

	const storeName, off = "sqlite", "disabled"
	return temporal.NewServer(
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithDynamicConfigClient(settings()),
		temporal.WithLogger(logger),
		temporal.WithConfig(&config.Config{
			Services: services,
			Persistence: config.Persistence{
				DefaultStore:     storeName,
				VisibilityStore:  storeName,
				NumHistoryShards: 1,
				DataStores:       map[string]config.DataStore{storeName: {SQL: store}},
			},
			ClusterMetadata: &cluster.Config{
				MasterClusterName:        clusterName,
				CurrentClusterName:       clusterName,
				FailoverVersionIncrement: 10,
				ClusterInformation: map[string]cluster.ClusterInformation{
					clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
				},
			},
			DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
			Archival: config.Archival{
				History:    config.HistoryArchival{State: off},
				Visibility: config.VisibilityArchival{State: off},
			},
			NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
				History:    config.HistoryArchivalNamespaceDefaults{State: off},
				Visibility: config.VisibilityArchivalNamespaceDefaults{State: off},
			}},
		}),
	)
}

// newLogger logs to standard error, a line each, what level lets pass.
func newLogger(level zap.AtomicLevel) log.Logger {
	encoder := zapcore.NewConsoleEncoder(log.DefaultZapEncoderConfig)
	return log.NewZapLogger(zap.New(zapcore.NewCore(encoder, zapcore.Lock(os.Stderr), level)))
}

// newUI makes the Web UI, which speaks to the frontend.
func newUI(lay layout, namespace string) *uiserver.Server {
	host := lay.ui.Addr().String()
	if lay.ui.Addr().Is6() {
		host = "[" + host + "]" // it joins host and port by itself
	}
	return uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host:                host,
		Port:                int(lay.ui.Port()),
		TemporalGRPCAddress: dialable(lay.frontend()),
		EnableUI:            true,
		DefaultNamespace:    namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP
	}))
}
