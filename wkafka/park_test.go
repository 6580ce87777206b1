package wkafka_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// parkRig is a subscription with dead letters to a topic of one partition.
type parkRig struct {
	t            *testing.T
	cfg          wkafka.Config
	topic, group string
	sub          *wkafka.Subscriber
	ch           <-chan *message.Message

	mu        sync.Mutex
	exhausted int
	failures  []string
}

// newParkRig subscribes to a topic with n records, with quick retries and what
// change makes of the settings.
func newParkRig(t *testing.T, n int, change func(*wkafka.SubscriberConfig)) *parkRig {
	t.Helper()
	r := &parkRig{t: t, cfg: kafkatest.Start(t)}
	r.topic, r.group = newTopic(t, r.cfg, 1), kafkatest.Name(t)
	kafkatest.Create(t, r.cfg, wkafka.TopicSpec{Name: r.topic + wkafka.DeadLetterSuffix, Partitions: 1})
	pub := newPublisher(t, r.cfg)
	appendAll(t, pub, r.topic, numbered(0, n))
	sc := wkafka.SubscriberConfig{
		ConsumerConfig: wkafka.ConsumerConfig{Config: r.cfg, Group: r.group, Now: func() time.Time { return time.Unix(1_800_000_000, 0).UTC() }},
		NackDelay:      time.Millisecond, NackDelayMax: 2 * time.Millisecond, DrainTimeout: 100 * time.Millisecond,
		CommitInterval: 20 * time.Millisecond, DeadLetters: pub, MaxAttempts: 3,
	}
	sc.Hooks.Exhausted = func(string, int) { r.mu.Lock(); r.exhausted++; r.mu.Unlock() }
	sc.Hooks.Failed = func(_ string, _ int, reason string) {
		r.mu.Lock()
		r.failures = append(r.failures, reason)
		r.mu.Unlock()
	}
	if change != nil {
		change(&sc)
	}
	r.sub = newSubscriber(t, sc)
	var err error
	if r.ch, err = r.sub.Subscribe(context.Background(), r.topic); err != nil {
		t.Fatal(err)
	}
	return r
}

// letters are the dead letters so far.
func (r *parkRig) letters() []wkafka.DeadLetter {
	r.t.Helper()
	ctx := within(r.t, 30*time.Second)
	topic := r.topic + wkafka.DeadLetterSuffix
	end, err := wkafka.EndOffset(ctx, r.cfg, topic, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	reader := wkafka.NewPartitionReader(r.cfg, topic, 0, 0)
	defer reader.Close()
	var found []wkafka.DeadLetter
	for reader.Offset() < end {
		b, err := reader.Poll(ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, rec := range b.Records {
			d, err := wkafka.DeadLetterFrom(rec)
			if err != nil {
				r.t.Error(err)
			}
			found = append(found, d)
		}
	}
	return found
}

// closed closes the subscriber and returns what the group has committed.
func (r *parkRig) closed() int64 {
	r.t.Helper()
	if err := r.sub.Close(); err != nil {
		r.t.Fatal(err)
	}
	off, _, err := kafkatest.Committed(within(r.t, 20*time.Second), r.cfg, r.group, r.topic, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return off
}

// handle answers n messages by f and returns their values.
func (r *parkRig) handle(n int, f func(*message.Message)) []string {
	r.t.Helper()
	var values []string
	for range n {
		m := receive(r.t, r.ch)
		values = append(values, string(m.Payload))
		f(m)
	}
	return values
}

// refuse nacks the message with this value and acknowledges others.
func refuse(value string) func(*message.Message) {
	return func(m *message.Message) {
		if string(m.Payload) != value {
			m.Ack()
			return
		}
		wkafka.DeliveryFrom(m.Context()).Fail(errors.New("cannot digest"))
		m.Nack()
	}
}

func TestParkAfterAttempts(t *testing.T) {
	r := newParkRig(t, 4, nil)
	got := r.handle(6, refuse("1"))
	if diff := cmp.Diff([]string{"0", "1", "1", "1", "2", "3"}, got); diff != "" {
		t.Errorf("deliveries differ (-want +got):\n%s", diff)
	}
	if off := r.closed(); off != 4 {
		t.Errorf("committed %d; want 4: the parked record is done with", off)
	}
	letters := r.letters()
	if len(letters) != 1 {
		t.Fatalf("%d dead letters; want 1", len(letters))
	}
	d := letters[0]
	if d.Record.Time.IsZero() {
		t.Error("the dead letter has lost the record's time")
	}
	d.Record.Time, d.Record.Headers = time.Time{}, nil
	want := wkafka.DeadLetter{
		Record: wkafka.Record{Topic: r.topic, Offset: 1, Key: []byte("k1"), Value: []byte("1")},
		Group:  r.group, Attempts: 3, Reason: wkafka.ReasonNack, Error: "cannot digest", FirstFailure: time.Unix(1_800_000_000, 0).UTC(),
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("dead letter differs (-want +got):\n%s", diff)
	}
}

func TestParkAtOnce(t *testing.T) {
	r := newParkRig(t, 2, nil)
	r.handle(2, func(m *message.Message) {
		d := wkafka.DeliveryFrom(m.Context())
		if err := d.Park(1, "x", nil); err == nil {
			t.Error("Park(record 1 of 1) = nil; want an error")
		}
		if string(m.Payload) == "0" {
			if err := d.Park(0, "format", errors.New("not JSON")); err != nil {
				t.Error(err)
			}
		}
		m.Ack()
	})
	if off := r.closed(); off != 2 {
		t.Errorf("committed %d; want 2", off)
	}
	if l := r.letters(); len(l) != 1 || l[0].Reason != "format" || l[0].Error != "not JSON" || l[0].Attempts != 1 {
		t.Errorf("dead letters = %+v; want one for reason format, after 1 attempt", l)
	}
}

// gate is an Appender that lets nothing through before it is opened, and fails
// as often as it is told to.
type gate struct {
	to    wkafka.Appender
	open  chan struct{}
	calls chan struct{}

	mu    sync.Mutex
	fails int
}

func newGate(to wkafka.Appender, fails int) *gate {
	return &gate{to: to, open: make(chan struct{}), calls: make(chan struct{}, 100), fails: fails}
}

func (g *gate) Append(ctx context.Context, topic string, recs []wkafka.Record) ([]wkafka.Appended, error) {
	g.calls <- struct{}{}
	g.mu.Lock()
	g.fails--
	failing := g.fails >= 0
	g.mu.Unlock()
	if failing {
		return nil, errors.New("disk full")
	}
	select {
	case <-g.open:
		return g.to.Append(ctx, topic, recs)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestParkIsDurableFirst holds the write of a dead letter back: the position
// stays before the record until it is done, and the rest of the window goes on.
func TestParkIsDurableFirst(t *testing.T) {
	var g *gate
	r := newParkRig(t, 3, func(sc *wkafka.SubscriberConfig) {
		g = newGate(sc.DeadLetters, 0)
		sc.DeadLetters, sc.MaxAttempts, sc.Window = g, 1, 3
	})
	r.handle(3, refuse("0"))
	wait(t, g.calls, "the write of the dead letter")
	if off := r.closed(); off > 0 {
		t.Errorf("committed %d while the dead letter was not written; want nothing", off)
	}
	if l := r.letters(); len(l) != 0 {
		t.Errorf("%d dead letters; want none", len(l))
	}
}

// TestParkFails lets the first writes of the dead letter fail: the record is
// delivered again, and its partition goes on once it is parked.
func TestParkFails(t *testing.T) {
	var g *gate
	r := newParkRig(t, 2, func(sc *wkafka.SubscriberConfig) {
		g = newGate(sc.DeadLetters, 2)
		close(g.open)
		sc.DeadLetters = g
	})
	got := r.handle(6, refuse("0"))
	if diff := cmp.Diff([]string{"0", "0", "0", "0", "0", "1"}, got); diff != "" {
		t.Errorf("deliveries differ (-want +got):\n%s", diff)
	}
	if off := r.closed(); off != 2 || r.exhausted != 2 {
		t.Errorf("committed %d, hook Exhausted called %d times; want 2, 2", off, r.exhausted)
	}
	if l := r.letters(); len(l) != 1 || l[0].Attempts != 5 {
		t.Errorf("dead letters = %+v; want one after 5 attempts", l)
	}
}

func TestWithoutDeadLetters(t *testing.T) {
	r := newParkRig(t, 2, func(sc *wkafka.SubscriberConfig) { sc.DeadLetters = nil })
	got := r.handle(10, func(m *message.Message) {
		if err := wkafka.DeliveryFrom(m.Context()).Park(0, "x", nil); !errors.Is(err, wkafka.ErrNoDeadLetters) {
			t.Errorf("Park() = %v; want ErrNoDeadLetters", err)
		}
		m.Nack()
	})
	if diff := cmp.Diff([]string{"0", "0", "0", "0", "0", "0", "0", "0", "0", "0"}, got); diff != "" {
		t.Errorf("deliveries differ (-want +got):\n%s", diff)
	}
	if off := r.closed(); off > 0 || r.exhausted < 7 {
		t.Errorf("committed %d, hook Exhausted called %d times; want nothing, at least 7 after 3 attempts", off, r.exhausted)
	}
}

// TestAckDeadline hands messages to a handler that hangs.
func TestAckDeadline(t *testing.T) {
	r := newParkRig(t, 2, func(sc *wkafka.SubscriberConfig) { sc.AckDeadline = 60 * time.Millisecond })
	first := receive(t, r.ch)
	wait(t, first.Context().Done(), "the end of the message's context")
	if cause := context.Cause(first.Context()); !errors.Is(cause, wkafka.ErrAckDeadline) {
		t.Errorf("cause of the context's end = %v; want ErrAckDeadline", cause)
	}
	second := receive(t, r.ch)
	if a := wkafka.DeliveryFrom(second.Context()).Attempt; a != 2 || string(second.Payload) != "0" {
		t.Errorf("next delivery is attempt %d of %s; want 2 of 0", a, second.Payload)
	}
	first.Ack() // too late: it must not let record 1 through
	third := receive(t, r.ch)
	if string(third.Payload) != "0" {
		t.Errorf("message after a late Ack = %s; want 0 once more", third.Payload)
	}
	after := receive(t, r.ch)
	if string(after.Payload) != "1" {
		t.Errorf("message after the last attempt = %s; want 1, record 0 parked", after.Payload)
	}
	after.Ack()
	if off := r.closed(); off != 2 {
		t.Errorf("committed %d; want 2", off)
	}
	if l := r.letters(); len(l) != 1 || l[0].Reason != wkafka.ReasonDeadline || l[0].Attempts != 3 {
		t.Errorf("dead letters = %+v; want one for the deadline after 3 attempts", l)
	}
	if diff := cmp.Diff([]string{"deadline", "deadline", "deadline"}, r.failures); diff != "" {
		t.Errorf("hook Failed differs (-want +got):\n%s", diff)
	}
}

// TestAckDeadlineInWindow hangs behind a message that is in work: the deadline
// is each message's own.
func TestAckDeadlineInWindow(t *testing.T) {
	r := newParkRig(t, 2, func(sc *wkafka.SubscriberConfig) {
		sc.AckDeadline, sc.Window, sc.MaxAttempts = 100*time.Millisecond, 2, 1
	})
	msgs := []*message.Message{receive(t, r.ch), receive(t, r.ch)}
	msgs[0].Ack()
	wait(t, msgs[1].Context().Done(), "the end of the second message's context")
	if off := r.closed(); off < 1 {
		t.Errorf("committed %d; want at least 1", off)
	}
	for _, l := range r.letters() {
		if l.Record.Offset != 1 {
			t.Errorf("record %d is parked; want 1 alone", l.Record.Offset)
		}
	}
}
