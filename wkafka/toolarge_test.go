package wkafka_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// noise is a record whose value begins with name and cannot be compressed.
func noise(name string, size int) wkafka.Record {
	src := rand.NewChaCha8([32]byte{byte(size)})
	v := make([]byte, size)
	_, _ = src.Read(v)
	return wkafka.Record{Key: []byte("k"), Value: append([]byte(name+" "), v...)}
}

// names are the values up to the first space.
func names(values []string) []string {
	for i, v := range values {
		values[i], _, _ = strings.Cut(v, " ")
	}
	return values
}

// smallTopic takes batches of 10,000 bytes.
func smallTopic(t *testing.T, cfg wkafka.Config) string {
	topic := kafkatest.Name(t)
	kafkatest.Create(t, cfg, wkafka.TopicSpec{Name: topic, Partitions: 1, Config: map[string]string{"max.message.bytes": "10000"}})
	return topic
}

func TestAppendTooLarge(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault bool // the broker does not tell its limit
		sizes []int
		index int // of the record that is too large; -1: none
		limit int
		log   []string
	}{
		{name: "many that fit", sizes: []int{4000, 4000, 4000, 9000, 100, 100}, index: -1, log: []string{"0", "1", "2", "3", "4", "5"}},
		{name: "one does not fit", sizes: []int{4000, 4000, 12_000, 100}, index: 2, limit: 10_000},
		{name: "alone", sizes: []int{12_000}, index: 0, limit: 10_000},
		{name: "limit not told, many that fit", fault: true, sizes: []int{4000, 4000, 4000, 9000}, index: -1, log: []string{"0", "1", "2", "3"}},
		{name: "limit not told, one does not fit", fault: true, sizes: []int{4000, 4000, 12_000, 100}, index: 2, log: []string{"0", "1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cluster, cfg := kafkatest.Cluster(t)
			topic := smallTopic(t, cfg)
			if tt.fault {
				cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: -1})
			}
			var recs []wkafka.Record
			for i, size := range tt.sizes {
				recs = append(recs, noise(fmt.Sprint(i), size))
			}
			at, err := newPublisher(t, cfg).Append(within(t, 20*time.Second), topic, recs)
			var large *wkafka.RecordTooLargeError
			if errors.As(err, &large) != (tt.index >= 0) || errors.Is(err, wkafka.ErrUnknownOutcome) {
				t.Fatalf("Append() = %v; want a *RecordTooLargeError: %t", err, tt.index >= 0)
			}
			if large != nil && (large.Index != tt.index || large.Limit != tt.limit || large.Size < 12_000 || large.Size > 12_200) {
				t.Errorf("Append() = %+v; want record %d of 12 kB and limit %d", large, tt.index, tt.limit)
			}
			if err == nil && at[len(at)-1].Offset != int64(len(recs)-1) {
				t.Errorf("last record at %d; want %d", at[len(at)-1].Offset, len(recs)-1)
			}
			if diff := cmp.Diff(tt.log, names(readAll(t, cfg, topic, 0))); diff != "" {
				t.Errorf("log differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTooLargeFailsItsCallOnly: of the calls that share a batch, the one with
// the record fails, and the error says what to do.
func TestTooLargeFailsItsCallOnly(t *testing.T) {
	cluster, cfg := kafkatest.Cluster(t)
	topic, p := smallTopic(t, cfg), newPublisher(t, cfg)
	hold := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	results := make(chan error, 4)
	call := func(rec wkafka.Record) {
		_, err := p.Append(within(t, 20*time.Second), topic, []wkafka.Record{rec})
		results <- err
	}
	go call(noise("0", 100))
	if err := hold.Wait(within(t, 10*time.Second), 1); err != nil {
		t.Fatal(err)
	}
	for i, rec := range []wkafka.Record{noise("1", 100), noise("2", 12_000), noise("3", 100)} {
		go call(rec)
		waiting(t, p, topic, i+1)
	}
	hold.Remove()
	failed := 0
	for range 4 {
		if err := <-results; err != nil {
			failed++
			for _, want := range []string{topic, "12", "10000", "max.message.bytes"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not name %q", err, want)
				}
			}
		}
	}
	if failed != 1 {
		t.Errorf("%d calls failed; want 1", failed)
	}
	if diff := cmp.Diff([]string{"0", "1", "3"}, names(readAll(t, cfg, topic, 0))); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

// TestAppendWaitsForRoom fills the queue of a publisher whose broker does not
// answer: what finds no room gives up when its time is over, and goes through
// when there is room.
func TestAppendWaitsForRoom(t *testing.T) {
	cluster, cfg := kafkatest.Cluster(t)
	topic := newTopic(t, cfg, 1)
	p, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: cfg, MaxQueueRecords: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	hold := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	held := make(chan error, 1)
	go func() {
		_, err := p.Append(within(t, 20*time.Second), topic, numbered(0, 2))
		held <- err
	}()
	if err := hold.Wait(within(t, 10*time.Second), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Append(within(t, 20*time.Millisecond), topic, numbered(2, 2)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Append(no room) = %v; want %v", err, context.DeadlineExceeded)
	}
	hold.Remove()
	if err := <-held; err != nil {
		t.Errorf("Append(held up) = %v; want nil", err)
	}
	appendAll(t, p, topic, numbered(2, 4)) // more than the queue takes, but alone
	if got := len(readAll(t, cfg, topic, 0)); got != 6 {
		t.Errorf("%d records; want 6", got)
	}
}
