package wkafka_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// TestSubscriberOutOfRange subscribes where the log no longer, or not yet, has
// what the group wants next: after retention, and in a topic that was truncated
// or created anew.
func TestSubscriberOutOfRange(t *testing.T) {
	cfg := kafkatest.Start(t)
	for name, tc := range map[string]struct {
		committed int64
		reset     bool
		batch     bool
		want      *wkafka.OutOfRangeError // nil: the subscription goes on at the start of the log
	}{
		"removed":                 {committed: 3, want: &wkafka.OutOfRangeError{Offset: 3, Start: 6, End: 10}},
		"removed, in batches":     {committed: 3, batch: true, want: &wkafka.OutOfRangeError{Offset: 3, Start: 6, End: 10}},
		"removed, reset":          {committed: 3, reset: true},
		"removed, reset, batches": {committed: 3, reset: true, batch: true},
		"past the end":            {committed: 100, want: &wkafka.OutOfRangeError{Offset: 100, Start: 6, End: 10}},
		"past the end, reset":     {committed: 100, reset: true, want: &wkafka.OutOfRangeError{Offset: 100, Start: 6, End: 10}},
		"past the end, batches":   {committed: 100, reset: true, batch: true, want: &wkafka.OutOfRangeError{Offset: 100, Start: 6, End: 10}},
	} {
		t.Run(name, func(t *testing.T) {
			topic, group := newTopic(t, cfg, 1), kafkatest.Name(t)
			appendAll(t, newPublisher(t, cfg), topic, numbered(0, 10))
			commitAt(t, cfg, group, topic, tc.committed)
			kafkatest.DeleteRecords(t, cfg, topic, 0, 6)
			lost := make(chan int64, 10)
			sc := wkafka.SubscriberConfig{ConsumerConfig: wkafka.ConsumerConfig{Config: cfg, Group: group, ResetOutOfRange: tc.reset}, Batch: tc.batch}
			sc.Hooks.Lost = func(n int64) { lost <- n }
			sub := newSubscriber(t, sc)
			ch, err := sub.Subscribe(context.Background(), topic)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == nil {
				if r := wkafka.RecordFrom(receive(t, ch).Context()); r.Offset != 6 {
					t.Errorf("first record at %d; want 6", r.Offset)
				}
				if n := <-lost; n != 3 {
					t.Errorf("hook Lost told %d; want 3", n)
				}
				return
			}
			tc.want.Topic = topic
			select {
			case m, ok := <-ch:
				if ok {
					t.Errorf("received offset %d; want none", wkafka.RecordFrom(m.Context()).Offset)
				}
			case <-within(t, 30*time.Second).Done():
				t.Fatal("the subscription goes on in silence")
			}
			var gone *wkafka.OutOfRangeError
			if !errors.As(sub.Err(), &gone) {
				t.Fatalf("Err() = %v; want an OutOfRangeError", sub.Err())
			}
			if diff := cmp.Diff(tc.want, gone); diff != "" {
				t.Errorf("error differs (-want +got):\n%s", diff)
			}
		})
	}
}
