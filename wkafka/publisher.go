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
	// Compression of batches; LZ4 is the best trade for JSON records.
	Compression Compression
	// MaxBatchBytes bounds the records of one batch before compression; 0: 900
	// KB, which fits the default limit of brokers. A larger record goes alone.
	MaxBatchBytes int
	// KeyOf gives the key of a watermill message; nil: no keys. Not for Append.
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
	defaultPublishTimeout = 30 * time.Second
)

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
	ctx     context.Context // ends when the publisher is closed
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	turn    atomic.Uint32 // partition of the next record without a key

	mu     sync.Mutex
	closed bool
	topics map[string]*topicLanes
}

// topicLanes are the partitions of one topic, by number.
type topicLanes struct{ lanes []*lane }

// NewPublisher returns a Publisher. It connects when it is first used.
func NewPublisher(cfg PublisherConfig) (*Publisher, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.MaxBatchBytes == 0 {
		cfg.MaxBatchBytes = defaultMaxBatch
	}
	if cfg.PublishTimeout == 0 {
		cfg.PublishTimeout = defaultPublishTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Publisher{
		cfg: cfg, cluster: newCluster(cfg.Config), ctx: ctx, cancel: cancel,
		topics: make(map[string]*topicLanes),
	}, nil
}

// Append writes recs to topic and returns, in their order, where each one
// stands, when all in-sync replicas have them. The partition follows from the
// key as in Kafka's Java client; records without a key of one call share a
// partition. Records of one partition keep their order. Topic, Partition and
// Offset of recs are ignored.
//
// Append retries until ctx ends; it waits for a topic that does not exist. When
// ctx ends, it still waits for the answer to a request on its way, at most ten
// seconds, and if there is none looks for the records in the log, at most ten
// more. An error that errors.Is ErrUnknownOutcome means that some of recs may be
// in the log, or may yet come to be; after any other error, none of the records
// that it is about is.
func (p *Publisher) Append(ctx context.Context, topic string, recs []Record) ([]Appended, error) {
	if len(recs) == 0 {
		return nil, nil
	}
	t, err := p.lanes(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("append to %s: %w", topic, err)
	}
	done := make([]Appended, len(recs))
	jobs := p.split(ctx, t, recs, done)
	for _, j := range jobs {
		j.lane.enqueue(j)
	}
	var errs []error
	for _, j := range jobs {
		if err := j.wait(); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("append to %s: %w", topic, errors.Join(errs...))
	}
	return done, nil
}

// End returns the offset after the last record of each partition of topic that
// this publisher knows of: what it has appended itself. A partition it has not
// written to has -1.
func (p *Publisher) End(topic string) []int64 {
	p.mu.Lock()
	t := p.topics[topic]
	p.mu.Unlock()
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
// ErrClosed, and ends the connections.
func (p *Publisher) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.wg.Wait()
	p.cluster.close()
	return nil
}

// split cuts recs into one job per partition and batch size.
func (p *Publisher) split(ctx context.Context, t *topicLanes, recs []Record, done []Appended) []*job {
	var jobs []*job
	open := make([]*job, len(t.lanes))
	keyless := int(p.turn.Add(1)) % len(t.lanes)
	for i := range recs {
		part := keyless
		if recs[i].Key != nil {
			part = PartitionOf(recs[i].Key, len(t.lanes))
		}
		size := recs[i].size()
		if j := open[part]; j == nil || j.bytes+size > p.cfg.MaxBatchBytes {
			open[part] = newJob(ctx, t.lanes[part])
			jobs = append(jobs, open[part])
		}
		open[part].add(p.stamp(&recs[i]), &done[i], size)
	}
	return jobs
}

// stamp returns r, or a copy of it with a time.
func (p *Publisher) stamp(r *Record) *Record {
	if !r.Time.IsZero() || p.cfg.Now == nil {
		return r
	}
	c := *r
	c.Time = p.cfg.Now()
	return &c
}

// lanes returns the lanes of topic; it waits until the topic exists.
func (p *Publisher) lanes(ctx context.Context, topic string) (*topicLanes, error) {
	p.mu.Lock()
	t := p.topics[topic]
	p.mu.Unlock()
	if t != nil {
		return t, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	n, err := p.awaitTopic(ctx, topic)
	if err != nil {
		return nil, err
	}
	return p.open(topic, n)
}

func (p *Publisher) awaitTopic(ctx context.Context, topic string) (int, error) {
	var retry backoff
	for {
		n, err := p.cluster.partitions(ctx, topic)
		if err == nil || permanent(err) {
			return n, err
		}
		if retry.speak() && ctx.Err() == nil {
			p.cfg.Log.Warn("cannot write to topic yet; waiting: is the broker up, was the topic created?", "topic", topic, "err", err)
		}
		p.cfg.Hooks.retry("produce")
		p.cluster.refresh()
		if !retry.wait(ctx) {
			return 0, errors.Join(ctx.Err(), err)
		}
	}
}

// open starts the lanes of topic, unless another goroutine has.
func (p *Publisher) open(topic string, partitions int) (*topicLanes, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	if t := p.topics[topic]; t != nil {
		return t, nil
	}
	t := &topicLanes{}
	for n := range partitions {
		l := newLane(p, topic, n)
		t.lanes = append(t.lanes, l)
		p.wg.Go(l.run)
	}
	p.topics[topic] = t
	return t, nil
}
