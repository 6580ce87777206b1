package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/cmd/cordon/store/dedup"
)

// Options say what to serve.
type Options struct {
	DataDir string           // held by one process at a time
	Listen  string           // host:port; port 0 takes a free one
	Library string           // path of libchdb; empty: see chdb.Locate
	Log     *slog.Logger     // nil: slog.Default
	Now     func() time.Time // nil: time.Now; durations and nothing else
	Ready   func(addr string)
}

// drain is how long running statements may go on when the server stops.
const drain = 10 * time.Second

// Run serves until ctx ends, then lets running statements finish. A process
// can run it once: a stopped engine cannot start again.
func Run(ctx context.Context, o Options) (err error) {
	o = o.withDefaults()
	dir, err := openDataDir(o.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.close()) }()
	accounts, err := openAccounts(dir.path)
	if err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("store: %w: choose another address with --listen", err)
	}
	defer ln.Close() //nolint:errcheck // closed by Serve on every other way out
	engine, err := start(o, dir)
	if err != nil {
		return err
	}
	defer stop(engine, o.Log)
	s, err := newServer(engine, accounts, o.Log, o.Now)
	if err != nil {
		return err
	}
	defer s.close()
	return serve(ctx, s, ln, o)
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Ready == nil {
		o.Ready = func(string) {}
	}
	return o
}

func start(o Options, dir *dataDir) (*chdb.Engine, error) {
	library := o.Library
	if library == "" {
		found, err := chdb.Locate()
		if err != nil {
			return nil, err
		}
		library = found
	}
	args, err := dir.configure()
	if err != nil {
		return nil, err
	}
	taken, err := dedup.Repair(dir.engine())
	if err != nil {
		return nil, err
	}
	if taken > 0 {
		o.Log.Info("store: took back deduplication records of inserts that a kill cut short", "records", taken)
	}
	return chdb.Open(library, args...)
}

// stop ends the engine's threads. Where one does not end, the process does.
func stop(engine *chdb.Engine, log *slog.Logger) {
	if err := engine.Shutdown(); err != nil {
		log.Debug("store: engine left threads behind", "error", err)
	}
}

func serve(ctx context.Context, s *server, ln net.Listener, o Options) error {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return running },
	}
	done := make(chan error, 1)
	go func() { done <- h.Serve(ln) }()
	o.Log.Info("store: ready", "addr", ln.Addr().String(), "data", o.DataDir, "engine", s.version)
	o.Ready(ln.Addr().String())
	select {
	case err := <-done:
		return fmt.Errorf("store: %w", err)
	case <-ctx.Done():
	}
	return stopServing(h, done, cancel)
}

// stopServing lets statements finish for a while and then kills them.
func stopServing(h *http.Server, done <-chan error, cancel context.CancelFunc) error {
	grace, end := context.WithTimeout(context.Background(), drain)
	defer end()
	err := h.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		cancel()
		last, end := context.WithTimeout(context.Background(), drain)
		defer end()
		err = h.Shutdown(last)
	}
	if serveErr := <-done; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	if err != nil {
		return fmt.Errorf("store: stop: %w", err)
	}
	return nil
}
