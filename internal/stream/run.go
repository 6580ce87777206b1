package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/cordon-iot/cordon/internal/tracing"
	"github.com/cordon-iot/cordon/wkafka"
)

// Config says what Run reads, with which step, as whom.
type Config struct {
	Kafka    wkafka.Config
	Group    string   // consumer group: those of one group share the partitions
	Service  string   // who refuses records, in cordon.Rejected; "": Group
	Topics   []string // inputs
	Rejected string   // topic for refused records; "": a RejectError stops the service

	// Open makes the step of a partition when it is assigned. ctx ends when the
	// partition is taken away. A Step that is an io.Closer is closed then.
	Open func(ctx context.Context, c *Claim) (Step, error)

	// State is the compacted topic in which snapshots of the steps that are a
	// Snapshotter are kept; "": they are folded from the start of the log.
	State string
	// Progress, if set, is told what is left to read before partitions that were
	// assigned are worked on, several times a second, and once with nothing left.
	Progress func(Progress)
	// Now tells a process that was stopped for longer than its session that its
	// partitions are somebody else's, before it appends anything; nil: only the
	// group does.
	Now func() time.Time

	MaxRecords int             // of a batch; 0: 1000
	Session    time.Duration   // without a sign of life until the group gives partitions away; 0: 10 s
	Log        *slog.Logger    // nil: nothing is logged
	Metrics    *Metrics        // nil: nothing is counted
	Traces     *tracing.Tracer // nil: nothing is traced

	// Constants but for tests.
	snapshotEvery int           // records; 0: DefaultSnapshotEvery
	hang          time.Duration // see watchdog; 0: defaultHang
}

func (c Config) withDefaults() (Config, error) {
	if c.Open == nil || len(c.Topics) == 0 {
		return c, errors.New("stream: nothing to run: set Topics and Open")
	}
	if c.Service == "" {
		c.Service = c.Group
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.hang == 0 {
		c.hang = defaultHang
	}
	return c, nil
}

// Run reads the topics as a member of the group and applies the steps until ctx
// ends; then it finishes the batches in hand and returns nil.
//
// Outputs are durable before the offset of their input is committed. After a
// crash the outputs that are already in the log are left out, so that the log
// holds each of them once. A record that makes the step panic is rejected for
// reason "panic". Run retries for as long as the brokers do not answer; it
// returns an error when the step does, when records were removed before they
// were read, or when the brokers refuse for good.
func Run(ctx context.Context, cfg Config) error {
	return run(ctx, cfg, nil)
}

// run is Run with a hook for tests, called between append and commit.
func run(ctx context.Context, cfg Config, appended func() error) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pub, err := newPublisher(cfg.Kafka, cfg.Log, cfg.Metrics)
	if err != nil {
		return err
	}
	defer func() { _ = pub.Close() }()
	r := newRunner(cfg, pub)
	r.stop, r.appended = cancel, appended
	defer r.writers.Wait()
	defer every(ctx, cfg.hang, newWatchdog(r).look)()
	defer every(ctx, horizonEvery, r.horizon.look)()
	if err := r.route(ctx); err != nil {
		return fmt.Errorf("%s: %w", cfg.Group, err)
	}
	return nil
}

// newPublisher returns the publisher that everything in this package writes
// with.
func newPublisher(k wkafka.Config, log *slog.Logger, m *Metrics) (*wkafka.Publisher, error) {
	cfg := wkafka.PublisherConfig{Config: k, Compression: wkafka.LZ4, Log: log, Hooks: m.hooks("")}
	if m != nil {
		cfg.Now = m.now
	}
	return wkafka.NewPublisher(cfg)
}

// runner is one Run.
type runner struct {
	cfg      Config
	pub      *wkafka.Publisher
	stop     context.CancelCauseFunc
	appended func() error
	progress *progress
	horizon  *horizon
	scans    chan struct{} // one for each partition of an output topic that is read
	state    stateTopic
	writers  sync.WaitGroup // of snapshots on their way

	mu   sync.Mutex
	held map[*wkafka.Claim]*assignment
}

func newRunner(cfg Config, pub *wkafka.Publisher) *runner {
	return &runner{
		cfg: cfg, pub: pub, progress: newProgress(cfg.Progress), horizon: newHorizon(cfg.Kafka),
		scans: make(chan struct{}, mostScans), held: make(map[*wkafka.Claim]*assignment),
	}
}

// now is the time; zero where there is no clock.
func (r *runner) now() time.Time {
	if r.cfg.Now != nil {
		return r.cfg.Now()
	}
	return r.cfg.Metrics.clock()
}

// every calls look once every d; the function that it returns ends that.
func every(ctx context.Context, d time.Duration, look func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	tick := time.NewTicker(d)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				look(ctx)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// assignments are those held now.
func (r *runner) assignments() []*assignment {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.held))
}

// stepError is the cause of a context that a step or an assignment ended.
type stepError struct{ err error }

func (e *stepError) Error() string { return e.err.Error() }

// fail ends Run with err.
func (r *runner) fail(err error) { r.stop(&stepError{err}) }

// errAbandoned tells the router that a batch is not done and somebody else says
// why; it logs nothing for context.Canceled.
var errAbandoned = fmt.Errorf("batch given up: %w", context.Canceled)

// closeTimeout is how long Run waits for batches in hand. Steps are not
// interrupted before the drain timeout of the subscriber, which is shorter.
const closeTimeout = 30 * time.Second

// route runs the router until ctx ends, and returns what ended it if that was
// not asked for.
func (r *runner) route(ctx context.Context) error {
	sub, err := wkafka.NewSubscriber(wkafka.SubscriberConfig{
		ConsumerConfig: wkafka.ConsumerConfig{
			Config: r.cfg.Kafka, Group: r.cfg.Group, MaxRecords: r.cfg.MaxRecords,
			SessionTimeout: r.cfg.Session, Log: r.cfg.Log, Hooks: r.cfg.Metrics.hooks(r.cfg.Group), Now: r.cfg.Now,
		},
		Batch:  true,
		Assign: r.assign,
	})
	if err != nil {
		return err
	}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: closeTimeout}, quiet(r.cfg.Log))
	if err != nil {
		return err
	}
	router.AddConsumerHandler(r.cfg.Group, strings.Join(r.cfg.Topics, ","), sub, r.handle)
	if err := router.Run(ctx); err != nil {
		return err
	}
	var failed *stepError
	if errors.As(context.Cause(ctx), &failed) {
		return failed.err
	}
	return sub.Err()
}

// quiet is log for watermill, whose infos are of no use to an operator.
func quiet(log *slog.Logger) watermill.LoggerAdapter {
	return watermill.NewSlogLoggerWithLevelMapping(log, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
}

// assign makes the assignment of c ready for its first batch.
func (r *runner) assign(ctx context.Context, c *wkafka.Claim) (func(), error) {
	a, err := newAssignment(ctx, r, c)
	if err != nil {
		r.fail(err)
		return nil, errAbandoned
	}
	r.mu.Lock()
	r.held[c] = a
	r.mu.Unlock()
	if err := a.prepare(); err != nil {
		a.torn = true
		r.release(c, a)
		if errors.Is(err, wkafka.ErrFenced) {
			return nil, err
		}
		if ctx.Err() == nil {
			r.fail(err)
		}
		return nil, errAbandoned
	}
	return func() { r.release(c, a) }, nil
}

func (r *runner) release(c *wkafka.Claim, a *assignment) {
	r.mu.Lock()
	delete(r.held, c)
	r.mu.Unlock()
	a.close()
}

// handle is the router's handler: one message is one batch.
func (r *runner) handle(msg *message.Message) error {
	d := wkafka.DeliveryFrom(msg.Context())
	r.mu.Lock()
	a := r.held[d.Claim]
	r.mu.Unlock()
	if a == nil {
		return errAbandoned // the partition was taken away in the meantime
	}
	err := a.batch(msg.Context(), d)
	if err == nil {
		return nil
	}
	if msg.Context().Err() == nil && !errors.Is(err, wkafka.ErrFenced) {
		r.fail(err)
	}
	return errAbandoned
}
