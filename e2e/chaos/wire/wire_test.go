package wire_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/cordon-iot/cordon/e2e/chaos/wire"
)

// ear notes what it is told and does what rule says.
type ear struct {
	rule func(r *wire.Request, answered bool) wire.Verdict

	mu    sync.Mutex
	heard []string
	made  []wire.Commit
}

func (e *ear) Arrived(r *wire.Request) wire.Verdict { return e.hear(r, false, nil) }

func (e *ear) Answered(r *wire.Request, made []wire.Commit) wire.Verdict {
	return e.hear(r, true, made)
}

func (e *ear) hear(r *wire.Request, answered bool, made []wire.Commit) wire.Verdict {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made = append(e.made, made...)
	if r.Client == "tested" && (r.API == "Produce" || r.API == "OffsetCommit") {
		e.heard = append(e.heard, fmt.Sprint(r.API, " ", r.About, " ", answered))
	}
	if e.rule == nil {
		return wire.Verdict{}
	}
	return e.rule(r, answered)
}

func (e *ear) all() ([]string, []wire.Commit) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard, e.made
}

// behind starts a broker whose name is that of a forwarder that tells e, and
// returns a client of it.
func behind(t *testing.T, e *ear) *kgo.Client {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	f, err := wire.Listen("127.0.0.1:0", c.ListenAddrs()[0], e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	// The cluster tells its own address: whatever it is, the forwarder is dialled.
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, f.Addr)
	}
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(f.Addr), kgo.ClientID("tested"), kgo.Dialer(dial),
		kgo.MaxVersions(kversion.V3_0_0()), // as kafka-go: topics have names, not ids
		kgo.DefaultProduceTopic("t"), kgo.MetadataMinAge(10*time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func commit(ctx context.Context, cl *kgo.Client, offset int64) error {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group = "g"
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic = "t"
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Offset = offset
	topic.Partitions = append(topic.Partitions, p)
	req.Topics = append(req.Topics, topic)
	_, err := req.RequestWith(ctx, cl)
	return err
}

func TestForwarderTellsRequestsAndCommits(t *testing.T) {
	e := &ear{}
	cl := behind(t, e)
	if err := cl.ProduceSync(t.Context(), kgo.StringRecord("x")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := commit(t.Context(), cl, 1); err != nil {
		t.Fatal(err)
	}
	heard, made := e.all()
	want := []string{"Produce t false", "Produce t true", "OffsetCommit g false", "OffsetCommit g true"}
	if d := cmp.Diff(want, heard); d != "" {
		t.Errorf("points (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]wire.Commit{{Group: "g", Topic: "t", Offset: 1}}, made); d != "" {
		t.Errorf("commits (-want +got):\n%s", d)
	}
}

// TestVerdicts: what is cut before the broker has no effect, what is cut after
// it or comes late has; the client, which repeats what it does not know the
// outcome of, has one effect each time, because its writes are idempotent.
func TestVerdicts(t *testing.T) {
	for _, tc := range []struct {
		name     string
		answered bool
		verdict  wire.Verdict
	}{
		{"cut before", false, wire.Verdict{Cut: true}},
		{"cut after", true, wire.Verdict{Cut: true}},
		{"late", false, wire.Verdict{Late: 20 * time.Millisecond}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var once sync.Once
			e := &ear{rule: func(r *wire.Request, answered bool) (v wire.Verdict) {
				if r.API == "Produce" && answered == tc.answered {
					once.Do(func() { v = tc.verdict })
				}
				return v
			}}
			cl := behind(t, e)
			res := cl.ProduceSync(t.Context(), kgo.StringRecord("x"))
			if err := res.FirstErr(); err != nil {
				t.Fatal(err)
			}
			heard, _ := e.all()
			if len(heard) < 3 {
				t.Errorf("points = %v; want the request repeated", heard)
			}
			if r, _ := res.First(); r.Offset != 0 {
				t.Errorf("the record stands at %d; want 0, once", r.Offset)
			}
		})
	}
}
