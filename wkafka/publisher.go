package wkafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// PublisherConfig says how to write.
type PublisherConfig struct {
	Config
	// Compression of batches; 0: LZ4.
	Compression Compression
	// MaxBatchBytes bounds the records of one batch before compression; 0: 900
	// KB, which fits the default limit of brokers. A larger record goes alone.
	// A topic that takes less gets smaller batches.
	MaxBatchBytes int
	// MaxQueueRecords and MaxQueueBytes bound what the publisher holds: the
	// records of all calls that have not returned; 0: 100,000 and 64 MiB. Calls
	// that find no room wait, in their order, until their ctx ends. A call
	// larger than that waits until it is alone.
	MaxQueueRecords int
	MaxQueueBytes   int
	// Marshal makes the record of a watermill message; nil: the function
	// Marshal. CloudEvents is another one. Not for Append.
	Marshal func(topic string, msg *message.Message) (Record, error)
	// KeyOf gives the key of a watermill message to which Marshal gives none;
	// nil: no key. Not for Append.
	KeyOf func(topic string, msg *message.Message) []byte
	// PublishTimeout bounds one Publish, retries included; 0: 30 s. Not for
	// Append.
	PublishTimeout time.Duration
	// Now stamps records that have no time; nil leaves them without.
	Now   func() time.Time
	Log   *slog.Logger // nil: nothing is logged
	Hooks Hooks
}

const (
	defaultMaxBatch       = 900 << 10
	defaultQueueRecords   = 100_000
	defaultQueueBytes     = 64 << 20
	defaultPublishTimeout = 30 * time.Second
)

func (c PublisherConfig) withDefaults() (PublisherConfig, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	if c.Compression < LZ4 || c.Compression > Zstd {
		return c, fmt.Errorf("kafka: unknown compression %d", c.Compression)
	}
	for _, d := range []struct {
		n         *int
		otherwise int
	}{{&c.MaxBatchBytes, defaultMaxBatch}, {&c.MaxQueueRecords, defaultQueueRecords}, {&c.MaxQueueBytes, defaultQueueBytes}} {
		if *d.n == 0 {
			*d.n = d.otherwise
		}
	}
	if c.PublishTimeout == 0 {
		c.PublishTimeout = defaultPublishTimeout
	}
	if c.Marshal == nil {
		c.Marshal = Marshal
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Publisher appends records. Everything that waits for a partition goes out as
// one batch, with one batch in flight per partition, so that order is kept and
// neither a lone record nor a crowd waits for a timer. A batch is written by an
// idempotent producer to all in-sync replicas. After a lost answer the log is
// read back, and what is there is not sent again; so repeating does not append
// twice, even on a broker that has forgotten the producer. It is safe for
// concurrent use.
type Publisher struct {
	cfg     PublisherConfig
	cluster *cluster
	links   atomic.Uint32   // how often relink has dropped the connections
	ctx     context.Context // ends when the publisher is closed
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	turn    atomic.Uint32 // partition of the next record without a key
	queue   budget
	calls   calls

	mu      sync.RWMutex
	closed  bool
	watched bool
	topics  map[string]*topicLanes
}

// NewPublisher returns a Publisher. It connects when it is first used.
func NewPublisher(cfg PublisherConfig) (*Publisher, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Publisher{
		cfg: cfg, cluster: newCluster(cfg.Config), ctx: ctx, cancel: cancel,
		queue:  budget{maxRecords: cfg.MaxQueueRecords, maxBytes: cfg.MaxQueueBytes, changed: cfg.Hooks.Queued},
		topics: make(map[string]*topicLanes),
	}, nil
}

// Append writes recs to topic and returns, in their order, where each one
// stands, when all in-sync replicas have them. The partition follows from the
// key as in Kafka's Java client; records without a key of one call share a
// partition. Records of one partition keep their order: none is appended unless
// those before it are. Topic, Partition and Offset of recs are ignored.
//
// Append retries until ctx ends; it waits for a topic that does not exist. When
// ctx ends, it still waits for the answer to a request on its way, at most ten
// seconds, and if there is none looks for the records in the log, at most ten
// more.
//
// With an error, too, the result says where records stand; those with offset -1
// are not known to be in the log. If the error is ErrUnknownOutcome, by
// errors.Is, some of them may be in the log or may yet come to be; after any
// other error they are not. A record that the topic does not take is a
// *RecordTooLargeError.
func (p *Publisher) Append(ctx context.Context, topic string, recs []Record) ([]Appended, error) {
	return p.AppendIf(ctx, topic, recs, nil)
}

// AppendIf is Append for a caller that may lose the right to append. It calls
// allowed right before each request that carries some of recs, repeated ones
// too, when the connection is there and nothing is left to wait for; it does
// not send when allowed returns an error, and returns that error, joined with
// ErrUnknownOutcome if an earlier attempt may have been appended. Concurrent
// calls of AppendIf may share a batch: if one of them is refused when an
// attempt may have been appended, all of that batch end with ErrUnknownOutcome.
// allowed must not block. It may be called for a moment after a call that ended
// with ErrUnknownOutcome.
func (p *Publisher) AppendIf(ctx context.Context, topic string, recs []Record, allowed func() error) ([]Appended, error) {
	if len(recs) == 0 {
		return nil, nil
	}
	t, err := p.lanes(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("append to %s: %w", topic, err)
	}
	c := p.calls.take(ctx, recs)
	defer p.calls.give(c)
	c.allowed = allowed
	if p.cfg.Now != nil {
		c.now = p.cfg.Now().UnixMilli()
	}
	c.split(t.lanes, int(p.turn.Add(1))%len(t.lanes), p.cfg.MaxBatchBytes)
	if err := p.run(c); err != nil {
		return c.done, fmt.Errorf("append to %s: %w", topic, err)
	}
	return c.done, nil
}

// run has the jobs of c done by their lanes.
func (p *Publisher) run(c *call) error {
	bytes := 0
	for i := range c.jobs {
		bytes += c.jobs[i].bytes
	}
	if err := p.room(c.ctx, len(c.recs), bytes); err != nil {
		return err
	}
	defer p.queue.give(len(c.recs), bytes)
	c.left.Store(int32(len(c.jobs)))
	for i := range c.jobs {
		c.jobs[i].lane.enqueue(&c.jobs[i])
	}
	select {
	case <-c.end:
	case <-c.ctx.Done():
		for i := range c.jobs {
			c.jobs[i].lane.withdraw(&c.jobs[i], c.ctx.Err())
		}
		<-c.end
	}
	var errs []error
	for i := range c.jobs {
		if err := c.jobs[i].err; err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// room waits until the queue has room.
func (p *Publisher) room(ctx context.Context, records, bytes int) error {
	if p.queue.try(records, bytes) {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(ErrClosed) })()
	return p.queue.take(ctx, records, bytes)
}

// End returns the offset after the last record of each partition of topic that
// this publisher knows of: what it has appended itself. A partition it has not
// written to has -1.
func (p *Publisher) End(topic string) []int64 {
	t := p.known(topic)
	if t == nil {
		return nil
	}
	ends := make([]int64, len(t.lanes))
	for i, l := range t.lanes {
		ends[i] = l.end.Load()
	}
	return ends
}

// Close waits for the answers to what is on its way, fails what waits with
// ErrClosed, and ends the connections. What is called afterwards fails with
// ErrClosed, except Close.
func (p *Publisher) Close() error {
	p.mu.Lock()
	p.closed = true
	for _, t := range p.topics {
		for _, l := range t.lanes {
			l.close(ErrClosed)
		}
	}
	p.mu.Unlock()
	p.cancel()
	p.wg.Wait()
	p.cluster.close()
	return nil
}

func (p *Publisher) now() time.Time {
	if p.cfg.Now == nil {
		return time.Time{}
	}
	return p.cfg.Now()
}

// relink drops the connections and what is known about leaders, after err,
// unless another lane has done so since since.
func (p *Publisher) relink(since uint32, err error) {
	var no *refusal
	if permanent(err) || sequenceLost(err) || errors.As(err, &no) {
		return // the broker is the right one
	}
	if p.links.CompareAndSwap(since, since+1) {
		p.cluster.refresh()
	}
}
