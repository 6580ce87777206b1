package wkafka

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"
)

type ctxKey struct{}

func testDelivery() *delivery {
	c := &Claim{Topic: "orders", Partition: 3}
	m := newMinter(c, context.WithValue(context.Background(), ctxKey{}, "value"), true)
	_, d := m.single(Batch{Records: []Record{
		{Topic: "orders", Partition: 3, Offset: 7, Key: []byte("k"), Headers: []Header{{"a", []byte("1")}, {"a", []byte("2")}}},
		{Topic: "orders", Partition: 3, Offset: 8},
	}}, 2)
	return d
}

func TestDeliveryContext(t *testing.T) {
	cause := errors.New("cause")
	for name, done := range map[string]string{"Done before the end": "early", "Done after it": "late", "Done is not called": ""} {
		d := testDelivery()
		if done == "early" {
			select {
			case <-d.Done():
				t.Errorf("%s: Done() is closed at once", name)
			default:
			}
		}
		if d.Err() != nil || d.Value(ctxKey{}) != "value" {
			t.Errorf("%s: Err() = %v, Value() = %v; want nil, value", name, d.Err(), d.Value(ctxKey{}))
		}
		d.cancel(cause)
		d.cancel(errors.New("another"))
		if done != "" {
			<-d.Done()
		}
		if !errors.Is(d.Err(), context.Canceled) || !errors.Is(context.Cause(d), cause) {
			t.Errorf("%s: Err() = %v, cause %v; want canceled, the first cause", name, d.Err(), context.Cause(d))
		}
		if d.Value(ctxKey{}) != "value" {
			t.Errorf("%s: Value() after the end = %v; want value", name, d.Value(ctxKey{}))
		}
	}
}

// TestDeliveryContextChildren makes contexts of a message's as middleware
// does: they end with it, without a goroutine for each.
func TestDeliveryContextChildren(t *testing.T) {
	d := testDelivery()
	before := runtime.NumGoroutine()
	var children []context.Context
	for range 100 {
		child, cancel := context.WithTimeout(context.WithValue(d, ctxKey{}, 1), time.Hour)
		defer cancel()
		children = append(children, child)
	}
	if n := runtime.NumGoroutine() - before; n >= 50 {
		t.Errorf("100 contexts of a message's context took %d goroutines; want none", n)
	}
	d.cancel(errSettled)
	for _, child := range children {
		<-child.Done()
		if !errors.Is(context.Cause(child), errSettled) {
			t.Fatalf("cause of a child = %v; want that of the message", context.Cause(child))
		}
	}
}

func TestRecordFrom(t *testing.T) {
	d := testDelivery()
	child := context.WithValue(d, ctxKey{}, 1)
	r, from := RecordFrom(child), DeliveryFrom(child)
	if r == nil || r.Topic != "orders" || r.Partition != 3 || r.Offset != 7 || string(r.Key) != "k" || len(r.Headers) != 2 {
		t.Errorf("RecordFrom(...) = %+v; want the record with both headers", r)
	}
	if from.Attempt != 2 || len(from.Batch.Records) != 1 {
		t.Errorf("DeliveryFrom(...) = attempt %d of %d records; want 2 of 1", from.Attempt, len(from.Batch.Records))
	}
	if RecordFrom(context.Background()) != nil || DeliveryFrom(context.Background()) != nil {
		t.Error("a context of no message has a record")
	}
}

func TestNackDelays(t *testing.T) {
	for _, tc := range []struct {
		first, last time.Duration
		attempts    int
		want        time.Duration
	}{
		{100, 1000, 1, 100},
		{100, 1000, 2, 200},
		{100, 1000, 4, 800},
		{100, 1000, 5, 1000},
		{100, 1000, 1_000_000, 1000},
		{2000, 1000, 1, 1000},
		{time.Hour, 1 << 62, 1000, 1 << 62},
	} {
		if got := (nackDelays{tc.first, tc.last}).after(tc.attempts); got != tc.want {
			t.Errorf("delay from %d to %d after %d attempts = %d; want %d", tc.first, tc.last, tc.attempts, got, tc.want)
		}
	}
}

func TestBeats(t *testing.T) {
	for _, tc := range []struct {
		commit, deadline, every time.Duration
	}{
		{500 * time.Millisecond, 0, 500 * time.Millisecond},
		{500 * time.Millisecond, 5 * time.Minute, 500 * time.Millisecond},
		{500 * time.Millisecond, 400 * time.Millisecond, 100 * time.Millisecond},
		{500 * time.Millisecond, time.Nanosecond, time.Millisecond},
	} {
		b := newBeats(tc.commit, tc.deadline, func() {})
		b.stop()
		late := time.Duration(0)
		for b.now = 10; tc.deadline > 0 && !b.late(10); b.now++ {
			late += b.every
		}
		if b.every != tc.every || tc.deadline > 0 && (late < tc.deadline || late > tc.deadline+2*b.every) {
			t.Errorf("beats for commits after %v, deadline %v: every %v, late after %v; want every %v, at most two late", tc.commit, tc.deadline, b.every, late, tc.every)
		}
	}
}
