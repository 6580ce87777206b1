package wkafka

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// SubscriberConfig says how messages are made of records.
type SubscriberConfig struct {
	ConsumerConfig // Topics is what Subscribe is given

	// Batch makes one message of each fetched batch, without payload: its
	// records are in DeliveryFrom(msg.Context()). Ack commits the offset after
	// the last one, with the Delivery's metadata. One message per partition is
	// in flight.
	Batch bool

	// Window is how many messages of a partition may be in flight; 0: one,
	// which keeps the order. Not for batch mode.
	Window int

	// CommitInterval is how often acknowledged positions are committed; 0:
	// 500 ms. Batch mode commits at every Ack.
	CommitInterval time.Duration

	// DrainTimeout is how long messages in flight may still be acknowledged
	// when their partition is taken away or the subscriber closes; 0: half of
	// the session timeout. Then their contexts end.
	DrainTimeout time.Duration

	// AckDeadline is how long a handler may have a message, to within a
	// quarter of it. Then the message's context ends, what the handler still
	// says is ignored, and the message is delivered again or parked. 0: five
	// minutes, in batch mode no deadline; negative: no deadline.
	AckDeadline time.Duration

	// NackDelay is how long a message waits for its next delivery after the
	// first one that failed; 0: 100 ms. It doubles with each further one up to
	// NackDelayMax; 0: 10 s. With a Window of one the partition waits too.
	NackDelay    time.Duration
	NackDelayMax time.Duration

	// DeadLetters takes the records whose delivery has failed MaxAttempts
	// times, and those that Delivery.Park names: they are written to the topic
	// that DeadLetterTopic makes of theirs, with the headers of DeadLetter, and
	// acknowledged when that is durable. In batch mode a batch that has failed
	// so often is delivered again in halves until the records are found that
	// fail alone. nil: messages are delivered until they are acknowledged,
	// which is logged.
	DeadLetters     Appender
	DeadLetterTopic func(topic string) string // nil: topic + DeadLetterSuffix
	MaxAttempts     int                       // 0: 5

	// StallAfter is after how long without any progress, though there are
	// records, it is logged and told to the hook Stalled, again and again; 0:
	// a minute.
	StallAfter time.Duration

	// Assign, if set, runs for every partition before its first message, in
	// the goroutine of the partition. ctx ends when the partition is taken
	// away. release runs after the last message was acknowledged or given up.
	Assign func(ctx context.Context, c *Claim) (release func(), err error)

	// Create is how SubscribeInitialize makes a topic; its Name is ignored.
	Create TopicSpec
}

const (
	defaultCommitInterval = 500 * time.Millisecond
	defaultAckDeadline    = 5 * time.Minute
	defaultNackDelay      = 100 * time.Millisecond
	defaultNackDelayMax   = 10 * time.Second
	defaultMaxAttempts    = 5
	finalCommitTimeout    = 3 * time.Second // when the partition is being taken away
)

func (c SubscriberConfig) withDefaults() (SubscriberConfig, error) {
	c.Topics = []string{"set by Subscribe"}
	var err error
	if c.ConsumerConfig, err = c.ConsumerConfig.withDefaults(); err != nil {
		return c, err
	}
	if c.AckDeadline == 0 && !c.Batch {
		c.AckDeadline = defaultAckDeadline
	}
	if c.DeadLetterTopic == nil {
		c.DeadLetterTopic = func(topic string) string { return topic + DeadLetterSuffix }
	}
	c.Window = cmp.Or(c.Window, 1)
	c.CommitInterval = cmp.Or(c.CommitInterval, defaultCommitInterval)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, c.SessionTimeout/2)
	c.NackDelay = cmp.Or(c.NackDelay, defaultNackDelay)
	c.NackDelayMax = cmp.Or(c.NackDelayMax, defaultNackDelayMax)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, defaultMaxAttempts)
	c.StallAfter = cmp.Or(c.StallAfter, defaultStall)
	return c, nil
}

func (c *SubscriberConfig) deadLetters() *deadLetters {
	return &deadLetters{
		to: c.DeadLetters, topic: c.DeadLetterTopic, group: c.Group, after: c.MaxAttempts,
		now: c.Now, hooks: c.Hooks, log: c.Log,
	}
}

// Subscriber implements watermill's message.Subscriber.
type Subscriber struct {
	cfg    SubscriberConfig
	ctx    context.Context // ends at Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	closed bool
	errs   []error
}

// NewSubscriber returns a Subscriber. It connects when Subscribe is called.
func NewSubscriber(cfg SubscriberConfig) (*Subscriber, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Subscriber{cfg: cfg, ctx: ctx, cancel: cancel}, nil
}

// Subscribe joins the group for topic, or for several topics separated by
// commas, and returns the channel of their messages. It is closed when ctx
// ends, the subscriber is closed, or the subscription fails; Err then says why.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	out := make(chan *message.Message)
	s.wg.Go(func() {
		defer close(out)
		s.run(ctx, strings.Split(topic, ","), out)
	})
	return out, nil
}

func (s *Subscriber) run(ctx context.Context, topics []string, out chan<- *message.Message) {
	base := context.WithoutCancel(ctx)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	cfg := s.cfg.ConsumerConfig
	cfg.Topics = topics
	err := Consume(ctx, cfg, func(ctx context.Context, c *Claim) error {
		return s.serve(ctx, newFeed(&s.cfg, c, base, out))
	})
	if err != nil {
		s.mu.Lock()
		s.errs = append(s.errs, err)
		s.mu.Unlock()
	}
}

func (s *Subscriber) serve(ctx context.Context, f *feed) error {
	if s.cfg.Assign != nil {
		release, err := s.cfg.Assign(ctx, f.claim)
		if err != nil {
			return err
		}
		defer release()
	}
	if s.cfg.Batch {
		return newBatches(f).run(ctx)
	}
	return newWindow(f, s.cfg.Window).run(ctx)
}

// Err is what ended subscriptions that were not asked to end.
func (s *Subscriber) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.errs...)
}

// Close ends all subscriptions: it waits for messages in flight, at most
// DrainTimeout, commits, and leaves the group.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
	return nil
}

// SubscribeInitialize creates the topics, separated by commas, that do not
// exist, and those of their dead letters, if there are to be any.
func (s *Subscriber) SubscribeInitialize(topic string) error {
	var specs []TopicSpec
	for _, name := range strings.Split(topic, ",") {
		spec := s.cfg.Create
		spec.Name = name
		specs = append(specs, spec)
		if s.cfg.DeadLetters != nil {
			spec.Name = s.cfg.DeadLetterTopic(name)
			specs = append(specs, spec)
		}
	}
	return CreateTopics(s.ctx, s.cfg.Config, specs...)
}

var (
	_ message.Subscriber           = (*Subscriber)(nil)
	_ message.SubscribeInitializer = (*Subscriber)(nil)
)
