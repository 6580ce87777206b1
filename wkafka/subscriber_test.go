package wkafka_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

func newSubscriber(t testing.TB, sc wkafka.SubscriberConfig) *wkafka.Subscriber {
	t.Helper()
	sc.SessionTimeout, sc.Log = 6*time.Second, logTo(t)
	s, err := wkafka.NewSubscriber(sc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func receive(t testing.TB, ch <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, ok := <-ch:
		if !ok {
			t.Fatal("the channel of messages was closed")
		}
		return m
	case <-within(t, 30*time.Second).Done():
		t.Fatal("timed out waiting for a message")
	}
	return nil
}

func valuesOf(d *wkafka.Delivery) []string {
	var vs []string
	for _, r := range d.Batch.Records {
		vs = append(vs, string(r.Value))
	}
	return vs
}

func TestSubscriberBatch(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 1), kafkatest.Name(t)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 3))
	assigned, released := make(chan int64, 1), make(chan struct{}, 1)
	sub := newSubscriber(t, wkafka.SubscriberConfig{
		ConsumerConfig: wkafka.ConsumerConfig{Config: cfg, Group: group, MaxRecords: 2},
		Batch:          true, NackDelay: time.Millisecond,
		Assign: func(_ context.Context, c *wkafka.Claim) (func(), error) {
			assigned <- c.Start
			return func() { released <- struct{}{} }, nil
		},
	})
	ch, err := sub.Subscribe(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	first := receive(t, ch)
	if got := <-assigned; got != 0 {
		t.Errorf("assigned from %d; want 0", got)
	}
	if diff := cmp.Diff([]string{"0", "1"}, valuesOf(wkafka.DeliveryFrom(first.Context()))); diff != "" {
		t.Errorf("first batch differs (-want +got):\n%s", diff)
	}
	first.Nack()
	again := receive(t, ch)
	d := wkafka.DeliveryFrom(again.Context())
	if diff := cmp.Diff([]string{"0", "1"}, valuesOf(d)); diff != "" {
		t.Errorf("batch after a Nack differs (-want +got):\n%s", diff)
	}
	if first.Context().Err() == nil {
		t.Error("context of a message lives on after its Nack")
	}
	d.SetMetadata("after two")
	again.Ack()
	last := receive(t, ch)
	if err := sub.Close(); err != nil || last.Context().Err() == nil {
		t.Errorf("Close() = %v, context of the message in flight: %v; want nil, ended", err, last.Context().Err())
	}
	<-released
	off, meta, err := kafkatest.Committed(within(t, 20*time.Second), cfg, group, topic, 0)
	if off != 2 || meta != "after two" || err != nil {
		t.Errorf("committed %d, %q, %v; want 2, %q", off, meta, err, "after two")
	}
}

func TestSubscriberDrainsOnClose(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 1), kafkatest.Name(t)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 3))
	sub := newSubscriber(t, wkafka.SubscriberConfig{ConsumerConfig: wkafka.ConsumerConfig{Config: cfg, Group: group}, DrainTimeout: 20 * time.Second})
	ch, err := sub.Subscribe(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	msg := receive(t, ch)
	closed := make(chan error, 1)
	go func() { closed <- sub.Close() }()
	msg.Ack()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if off, _, err := kafkatest.Committed(within(t, 20*time.Second), cfg, group, topic, 0); off != 1 || err != nil {
		t.Errorf("committed %d, %v; want 1: what was acknowledged while closing", off, err)
	}
	if _, err := sub.Subscribe(context.Background(), topic); !errors.Is(err, wkafka.ErrClosed) {
		t.Errorf("Subscribe(after Close) = %v; want ErrClosed", err)
	}
}

func TestSubscriberReportsFailure(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 1)
	broken := errors.New("broken")
	sub := newSubscriber(t, wkafka.SubscriberConfig{
		ConsumerConfig: wkafka.ConsumerConfig{Config: cfg, Group: kafkatest.Name(t)},
		Assign:         func(context.Context, *wkafka.Claim) (func(), error) { return nil, broken },
	})
	ch, err := sub.Subscribe(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case _, ok := <-ch:
		if ok || !errors.Is(sub.Err(), broken) {
			t.Errorf("message %v, Err() = %v; want a closed channel and %v", ok, sub.Err(), broken)
		}
	case <-within(t, 30*time.Second).Done():
		t.Fatal("timed out")
	}
}

// TestWindowNeverPassesUnacked acknowledges the second of two messages: the
// committed position stays before the first.
func TestWindowNeverPassesUnacked(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 1), kafkatest.Name(t)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 3))
	sub := newSubscriber(t, wkafka.SubscriberConfig{
		ConsumerConfig: wkafka.ConsumerConfig{Config: cfg, Group: group},
		Window:         3, NackDelay: time.Millisecond, DrainTimeout: time.Millisecond,
	})
	ch, err := sub.Subscribe(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	msgs := []*message.Message{receive(t, ch), receive(t, ch), receive(t, ch)}
	msgs[1].Ack()
	msgs[2].Ack()
	msgs[0].Nack()
	if again := receive(t, ch); string(again.Payload) != "0" {
		t.Errorf("message after the Nack of 0 = %s; want 0", again.Payload)
	}
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	if off, _, err := kafkatest.Committed(within(t, 20*time.Second), cfg, group, topic, 0); off > 0 || err != nil {
		t.Errorf("committed %d, %v; want nothing past 0", off, err)
	}
}
