package wkafka_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// crashable is an in-process broker on disk that can be started again from
// what is on its disk at any moment, as after kill -9: its log is there, and the
// sequences of producers only as of the last clean stop.
type crashable struct {
	t       *testing.T
	dir     string
	port    int
	cluster *kfake.Cluster
	cfg     wkafka.Config
}

func newCrashable(t *testing.T) *crashable {
	b := &crashable{t: t, dir: t.TempDir()}
	b.start()
	_, port, err := net.SplitHostPort(b.cfg.Brokers[0])
	if err != nil {
		t.Fatal(err)
	}
	if b.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *crashable) start() {
	opts := []kfake.Opt{kfake.DataDir(b.dir)}
	if b.port != 0 {
		opts = append(opts, kfake.Ports(b.port))
	}
	b.cluster, b.cfg = kafkatest.Cluster(b.t, opts...)
}

func (b *crashable) stop() {
	b.cluster.Close()
	b.start()
}

func (b *crashable) crash() {
	image := filepath.Join(b.t.TempDir(), "image")
	if err := os.CopyFS(image, os.DirFS(b.dir)); err != nil {
		b.t.Fatal(err)
	}
	b.cluster.Close()
	b.dir = image
	b.start()
}

// TestAppendOnceAcrossCrash loses the answer to a batch and then what the
// broker knew of the producer.
func TestAppendOnceAcrossCrash(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   *kerr.Error // REQUEST_TIMED_OUT is answered after the write
		stale bool        // the broker comes back with sequences of an earlier stop
	}{
		{"appended, producer forgotten", kerr.RequestTimedOut, false},
		{"appended, sequences stale", kerr.RequestTimedOut, true},
		{"not appended, producer forgotten", kerr.NotLeaderForPartition, false},
		{"not appended, sequences stale", kerr.NotLeaderForPartition, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newCrashable(t)
			topic := newTopic(t, b.cfg, 1)
			p := newPublisher(t, b.cfg)
			appendAll(t, p, topic, numbered(0, 2))
			if tt.stale {
				b.stop()
			}
			appendAll(t, p, topic, numbered(2, 2))
			fault := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce, kmsg.Fetch}, Err: tt.err, Count: -1})
			done := make(chan []wkafka.Appended, 1)
			go func() { done <- appendAll(t, p, topic, numbered(4, 2)) }()
			if err := fault.Wait(within(t, 10*time.Second), 2); err != nil {
				t.Fatal(err)
			}
			b.crash()
			if at := <-done; at[0].Offset != 4 {
				t.Errorf("Append(across a crash) = offset %d; want 4", at[0].Offset)
			}
			appendAll(t, p, topic, numbered(6, 1))
			want := []string{"0", "1", "2", "3", "4", "5", "6"}
			if diff := cmp.Diff(want, readAll(t, b.cfg, topic, 0)); diff != "" {
				t.Errorf("log differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendReadsBackWhenGivenUp(t *testing.T) {
	for _, tt := range []struct {
		name string
		keys []kmsg.Key // that are answered with an error, produce after the write
		want error
	}{
		{"log can be read", []kmsg.Key{kmsg.Produce}, nil},
		{"log cannot be read", []kmsg.Key{kmsg.Produce, kmsg.Fetch}, wkafka.ErrUnknownOutcome},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cluster, cfg := kafkatest.Cluster(t)
			topic := newTopic(t, cfg, 1)
			p := newPublisher(t, cfg)
			appendAll(t, p, topic, numbered(0, 1))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			fault := cluster.Fault(kfake.Fault{Keys: tt.keys, Err: kerr.RequestTimedOut, Count: -1,
				When: func(kmsg.Request) bool { cancel(); return true }})
			at, err := p.Append(ctx, topic, numbered(1, 1))
			if !errors.Is(err, tt.want) {
				t.Fatalf("Append(given up after a lost answer) = %v; want %v", err, tt.want)
			}
			if err == nil && at[0].Offset != 1 {
				t.Errorf("Append(given up after a lost answer) = offset %d; want 1", at[0].Offset)
			}
			fault.Remove()
			appendAll(t, p, topic, numbered(2, 1))
			if diff := cmp.Diff([]string{"0", "1", "2"}, readAll(t, cfg, topic, 0)); diff != "" {
				t.Errorf("log differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadBackStartsAtBatch: what others have appended is not read, if there
// may be much of it.
func TestReadBackStartsAtBatch(t *testing.T) {
	for _, tt := range []struct {
		name string
		idle bool
		want int64 // offset from which the log is read
	}{
		{"soon after", false, 1},
		{"long after", true, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cluster, cfg := kafkatest.Cluster(t)
			topic := newTopic(t, cfg, 1)
			p := newPublisher(t, cfg)
			appendAll(t, p, topic, numbered(0, 1))
			appendAll(t, newPublisher(t, cfg), topic, numbered(1, 3))
			if tt.idle {
				p.Idle()
			}
			produceFault(cluster, kerr.RequestTimedOut, 1)
			from := make(chan int64, 100)
			cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Observe: true, Count: -1, When: func(r kmsg.Request) bool {
				from <- r.(*kmsg.FetchRequest).Topics[0].Partitions[0].FetchOffset
				return false
			}})
			if at := appendAll(t, p, topic, numbered(4, 1)); at[0].Offset != 4 {
				t.Errorf("Append() = offset %d; want 4", at[0].Offset)
			}
			if got := <-from; got != tt.want {
				t.Errorf("the log was read from offset %d; want %d", got, tt.want)
			}
		})
	}
}

// TestReadBackBelowFloor loses the answer to a batch in a topic that was made
// anew and is shorter than what the publisher had appended before: the batch is
// looked for near the end of the log.
func TestReadBackBelowFloor(t *testing.T) {
	const before, others = 100_020, 100_010 // more than is looked through
	cluster, cfg := kafkatest.Cluster(t)
	topic := newTopic(t, cfg, 1)
	p := newPublisher(t, cfg)
	appendAll(t, p, topic, numbered(0, before))
	if _, err := topicAdmin(t, cfg).DeleteTopics(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	kafkatest.Create(t, cfg, wkafka.TopicSpec{Name: topic, Partitions: 1})
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, others))
	produceFault(cluster, kerr.RequestTimedOut, 1)
	from := make(chan int64, 100)
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Observe: true, Count: -1, When: func(r kmsg.Request) bool {
		from <- r.(*kmsg.FetchRequest).Topics[0].Partitions[0].FetchOffset
		return false
	}})
	if at := appendAll(t, p, topic, numbered(0, 1)); at[0].Offset != others {
		t.Errorf("Append() = offset %d; want %d", at[0].Offset, others)
	}
	var got []int64
	for len(from) > 0 {
		got = append(got, <-from)
	}
	if diff := cmp.Diff([]int64{before, others + 1 - 100_000}, slices.Compact(got)); diff != "" {
		t.Errorf("the log was read from other offsets (-want +got):\n%s", diff)
	}
	if end, err := wkafka.EndOffset(t.Context(), cfg, topic, 0); err != nil || end != others+1 {
		t.Errorf("the log ends at %d, %v; want %d", end, err, others+1)
	}
}
