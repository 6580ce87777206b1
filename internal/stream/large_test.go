package stream

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// noise is n bytes that do not compress.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(7, 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// swell makes of each record one output of the size that it names and one small
// one.
type swell struct{ out, small string }

func (s swell) Apply(_ context.Context, in cordon.Record) ([]Output, error) {
	size := 10
	fmt.Sscanf(string(in.Value), "size %d", &size)
	output := func(topic string, value []byte) Output {
		return Output{topic, cordon.Record{Key: in.Key, Value: value, Headers: []cordon.Header{{Key: cordon.HeaderID, Value: in.Position.String()}}}}
	}
	return []Output{output(s.small, in.Value), output(s.out, noise(size))}, nil
}

// limited makes a topic of b that takes at most limit bytes a batch.
func (b *bench) limited(t *testing.T, name string, limit int) string {
	t.Helper()
	name = b.group + "." + name
	kafkatest.Create(t, b.cfg, wkafka.TopicSpec{Name: name, Partitions: 2, Config: map[string]string{"max.message.bytes": fmt.Sprint(limit)}})
	return name
}

func (b *bench) feedValues(t *testing.T, values ...string) {
	t.Helper()
	recs := make([]cordon.Record, len(values))
	for i, v := range values {
		recs[i] = cordon.Record{Key: fmt.Sprint("device-", i), Value: []byte(v)}
	}
	if _, err := b.app.Append(t.Context(), b.in, recs...); err != nil {
		t.Fatal(err)
	}
}

// rejections are position, reason and size of what was rejected.
func (b *bench) rejections(t *testing.T, topic string) (all []cordon.Rejected) {
	t.Helper()
	for _, r := range b.contents(t, topic) {
		j, err := cordon.RejectedOf(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, j)
	}
	return all
}

// An output that its topic does not take rejects the record that it follows
// from, and no other; a crash in between repeats nothing.
func TestRunRejectsTooLargeOutputs(t *testing.T) {
	b := newBench(t, 1)
	large := b.limited(t, "large", 60_000)
	b.feedValues(t, "size 1000", "size 70000", "size 30000", "size 30000", "size 90000", "last")
	cfg := b.config(t, swell{out: large, small: b.out})
	if err := run(t.Context(), cfg, func() error { return errCrash }); err == nil {
		t.Fatal("run = nil; want the crash")
	}
	smalls, larges, rejects := b.follow(t, b.out, 6), b.follow(t, large, 4), b.follow(t, b.rejected, 2)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	wait(t, smalls, "small outputs")
	wait(t, larges, "large outputs")
	wait(t, rejects, "rejections")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	onceEach(t, b.contents(t, b.in), b.contents(t, b.out), 1)
	if n := len(b.contents(t, large)); n != 4 {
		t.Errorf("%s holds %d outputs; want the 4 that fit, once", large, n)
	}
	var got []string
	for _, j := range b.rejections(t, b.rejected) {
		got = append(got, fmt.Sprintf("%s %s %s", strings.TrimPrefix(j.Input, b.group), j.Reason, j.Bytes))
	}
	if d := cmp.Diff([]string{".in/0/1 output.too_large size 70000", ".in/0/4 output.too_large size 90000"}, got); d != "" {
		t.Errorf("rejected (-want +got):\n%s", d)
	}
}

// A broker that takes less than the publisher sends at once gets the records
// one by one; none of them is rejected.
func TestRunSplitsBatches(t *testing.T) {
	b := newBench(t, 1)
	large := b.limited(t, "large", 60_000)
	b.feedValues(t, "size 25000", "size 26000", "size 27000", "size 28000", "size 29000")
	arrived := b.follow(t, large, 5)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, b.config(t, swell{out: large, small: b.out})) })
	wait(t, arrived, "outputs")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	onceEach(t, b.contents(t, b.in), b.contents(t, large), 1)
	if got := b.rejections(t, b.rejected); len(got) > 0 {
		t.Errorf("rejected: %v; want none", got)
	}
}

// A refused record that does not fit into the rejected topic, which keeps it as
// base64, is kept cut: its first bytes, its size, its hash and where it stands.
func TestRunCutsRejected(t *testing.T) {
	for _, tt := range []struct{ limit, kept int }{{200_000, 64 << 10}, {20_000, 4 << 10}, {3_000, 0}} {
		t.Run(fmt.Sprint(tt.limit), func(t *testing.T) {
			b := newBench(t, 1)
			rejected := b.limited(t, "small-rejected", tt.limit)
			huge := noise(300_000)
			b.feedValues(t, "good", string(huge), "bad", "good too")
			cfg := b.config(t, &copier{out: b.out, apply: func(in cordon.Record) error {
				if !strings.HasPrefix(string(in.Value), "good") {
					return &RejectError{Reason: "bad"}
				}
				return nil
			}})
			cfg.Rejected = rejected
			outs, rejects := b.follow(t, b.out, 2), b.follow(t, rejected, 2)
			stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
			wait(t, outs, "outputs")
			wait(t, rejects, "rejections")
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			for _, j := range b.rejections(t, rejected) {
				switch {
				case strings.HasSuffix(j.Input, "/2"):
					if string(j.Bytes) != "bad" || j.Size != 0 {
						t.Errorf("the small record is kept as %q, size %d; want it whole", j.Bytes, j.Size)
					}
				case len(j.Bytes) != tt.kept || !bytes.HasPrefix(huge, j.Bytes) || j.Size != len(huge) || j.SHA256 == "" || !strings.Contains(j.Detail, j.Input):
					t.Errorf("the large record is kept as %d bytes of %d, %s, %q; want the first %d, the size, the hash and the place",
						len(j.Bytes), j.Size, j.SHA256, j.Detail, tt.kept)
				}
			}
		})
	}
}

// Without a topic for refused records nobody would know: the service stops.
func TestRunStopsAtTooLargeOutputs(t *testing.T) {
	b := newBench(t, 1)
	large := b.limited(t, "large", 60_000)
	b.feedValues(t, "size 70000")
	cfg := b.config(t, swell{out: large, small: b.out})
	cfg.Rejected = ""
	if err := Run(within(t, testPatience), cfg); err == nil || !strings.Contains(err.Error(), reasonOutput) {
		t.Errorf("Run = %v; want an error about %s", err, reasonOutput)
	}
}
