package wkafka_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

var errLost = errors.New("the partition is another's")

func notAllowed() error { return errLost }

func TestAppendIf(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fault   *kerr.Error // of the first request; REQUEST_TIMED_OUT is answered after the write
		good    int64       // how many requests are allowed
		want    error
		unknown bool
		asked   int64
		log     []string
	}{
		{name: "allowed", good: 1, asked: 1, log: []string{"0", "1"}},
		{name: "refused", want: errLost, asked: 1},
		{name: "refused when repeated", fault: kerr.NotEnoughReplicas, good: 1, want: errLost, asked: 2},
		{name: "appended, answer lost", fault: kerr.RequestTimedOut, good: 1, asked: 1, log: []string{"0", "1"}},
		{name: "refused after a lost answer", fault: kerr.NotLeaderForPartition, good: 1, want: errLost, unknown: true, asked: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cluster, cfg := kafkatest.Cluster(t)
			topic := newTopic(t, cfg, 1)
			if tt.fault != nil {
				produceFault(cluster, tt.fault, 1)
			}
			var asked atomic.Int64
			p := newPublisher(t, cfg)
			at, err := p.AppendIf(within(t, 20*time.Second), topic, numbered(0, 2), func() error {
				if asked.Add(1) > tt.good {
					return errLost
				}
				return nil
			})
			if !errors.Is(err, tt.want) || errors.Is(err, wkafka.ErrUnknownOutcome) != tt.unknown {
				t.Errorf("AppendIf() = %v; want %v, unknown outcome: %t", err, tt.want, tt.unknown)
			}
			if known := at[1].Offset >= 0; known != (tt.want == nil) {
				t.Errorf("AppendIf() = offset %d, %v", at[1].Offset, err)
			}
			if n := asked.Load(); n != tt.asked {
				t.Errorf("asked %d times; want %d", n, tt.asked)
			}
			appendAll(t, p, topic, numbered(2, 1))
			if diff := cmp.Diff(append(tt.log, "2"), readAll(t, cfg, topic, 0)); diff != "" {
				t.Errorf("log differs (-want +got):\n%s", diff)
			}
		})
	}
}

// queued runs an append of record n in the background and returns when it waits
// for the partition behind the one that is held.
func queued(ctx context.Context, t *testing.T, p *wkafka.Publisher, topic string, n int, allowed func() error) <-chan error {
	t.Helper()
	before := p.Waiting(topic)
	done := make(chan error, 1)
	go func() {
		_, err := p.AppendIf(ctx, topic, numbered(n, 1), allowed)
		done <- err
	}()
	waiting(t, p, topic, before+1)
	return done
}

// waiting returns when n calls wait for the lanes of topic.
func waiting(t *testing.T, p *wkafka.Publisher, topic string, n int) {
	t.Helper()
	for deadline := within(t, 10*time.Second); p.Waiting(topic) < n; runtime.Gosched() {
		if deadline.Err() != nil {
			t.Fatalf("%d calls wait; want %d", p.Waiting(topic), n)
		}
	}
}

// heldTopic returns a topic of one partition in which a call of Append is held
// up by err until it is let go: what comes meanwhile goes into one batch.
func heldTopic(t *testing.T, err *kerr.Error) (cfg wkafka.Config, p *wkafka.Publisher, topic string, fault *kfake.FaultHandle, letGo func()) {
	t.Helper()
	cluster, cfg := kafkatest.Cluster(t)
	topic, p = newTopic(t, cfg, 1), newPublisher(t, cfg)
	fault = cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce, kmsg.Fetch}, Err: err, Count: -1})
	ctx, cancel := context.WithCancel(within(t, time.Minute))
	held := make(chan error, 1)
	go func() {
		_, err := p.Append(ctx, topic, numbered(0, 1))
		held <- err
	}()
	if err := fault.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	return cfg, p, topic, fault, func() {
		cancel()
		if err := <-held; err == nil {
			t.Error("Append(held up) = nil; want an error")
		}
	}
}

func TestAppendIfSparesOthers(t *testing.T) {
	cfg, p, topic, fault, letGo := heldTopic(t, kerr.NotEnoughReplicas)
	ctx := within(t, time.Minute)
	allow := func() error { return nil }
	first := queued(ctx, t, p, topic, 1, allow)
	second := queued(ctx, t, p, topic, 2, notAllowed)
	third := queued(ctx, t, p, topic, 3, allow)
	letGo()
	if err := <-second; !errors.Is(err, errLost) || errors.Is(err, wkafka.ErrUnknownOutcome) {
		t.Errorf("AppendIf(refused) = %v; want %v", err, errLost)
	}
	fault.Remove()
	for _, done := range []<-chan error{first, third} {
		if err := <-done; err != nil {
			t.Errorf("AppendIf(allowed, beside a refused one) = %v; want nil", err)
		}
	}
	if diff := cmp.Diff([]string{"1", "3"}, readAll(t, cfg, topic, 0)); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

// TestAppendLeavesBatch: a caller that gives up does not wait for the one with
// which it shares a batch.
func TestAppendLeavesBatch(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  *kerr.Error
		want error
		log  []string
	}{
		{"not appended", kerr.NotEnoughReplicas, context.Canceled, []string{"2"}},
		{"perhaps appended", kerr.NotLeaderForPartition, wkafka.ErrUnknownOutcome, []string{"1", "2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg, p, topic, fault, letGo := heldTopic(t, tt.err)
			hasty, leave := context.WithCancel(context.Background())
			leaves := queued(hasty, t, p, topic, 1, nil)
			stays := queued(within(t, time.Minute), t, p, topic, 2, nil)
			letGo()
			if err := fault.Wait(within(t, 10*time.Second), fault.Hits()+2); err != nil {
				t.Fatal(err)
			}
			leave()
			if err := <-leaves; !errors.Is(err, tt.want) {
				t.Errorf("Append(given up) = %v; want %v", err, tt.want)
			}
			fault.Remove()
			if err := <-stays; err != nil {
				t.Errorf("Append(beside one that gave up) = %v; want nil", err)
			}
			if diff := cmp.Diff(tt.log, readAll(t, cfg, topic, 0)); diff != "" {
				t.Errorf("log differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAppendLeavesQueue: a caller that gives up does not wait for those before
// it.
func TestAppendLeavesQueue(t *testing.T) {
	_, p, topic, _, letGo := heldTopic(t, kerr.NotEnoughReplicas)
	ctx, leave := context.WithCancel(context.Background())
	waits := queued(ctx, t, p, topic, 1, nil)
	leave()
	if err := <-waits; !errors.Is(err, context.Canceled) || errors.Is(err, wkafka.ErrUnknownOutcome) {
		t.Errorf("Append(given up while it waits) = %v; want %v", err, context.Canceled)
	}
	letGo()
}
