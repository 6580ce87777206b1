package stream

import (
	"context"
	"strconv"
	"testing"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// TestMarksFollowOthers has a step that writes to one partition of its output
// while somebody else fills the others. What the next owner has to read of
// those must not grow with them.
func TestMarksFollowOthers(t *testing.T) {
	b := newBench(t, 2)
	in, own := pinned(t, 0), pinned(t, 1)
	stop := begin(t, func(ctx context.Context) error {
		return Run(ctx, b.config(t, keyed{b.out, own}))
	})
	put := func(topic, key string) {
		if _, err := b.app.Append(within(t, testPatience), topic, cordon.Record{Key: key, Value: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	mark := func() int64 {
		_, meta, err := kafkatest.Committed(t.Context(), b.cfg, b.group, b.in, 0)
		if err != nil {
			return -1
		}
		if m, err := decodeMarks(meta); err == nil && m[b.out] != nil {
			return m[b.out][0]
		}
		return -1
	}
	put(b.in, in)
	eventually(t, "the first commit", func() bool { return mark() >= 0 })
	for range 10 {
		put(b.out, in)
	}
	eventually(t, "the mark of the partition of others", func() bool {
		put(b.in, in)
		return mark() == 10
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// keyed is a step that copies everything to topic under one key.
type keyed struct{ topic, key string }

func (k keyed) Apply(_ context.Context, in cordon.Record) ([]Output, error) {
	id := cordon.Header{Key: cordon.HeaderID, Value: in.Position.String()}
	return []Output{{Topic: k.topic, Record: cordon.Record{Key: k.key, Value: in.Value, Headers: []cordon.Header{id}}}}, nil
}

// pinned returns a key that leads to partition p of two.
func pinned(t *testing.T, p int) string {
	t.Helper()
	for n := range 100 {
		if key := strconv.Itoa(n); wkafka.PartitionOf([]byte(key), 2) == p {
			return key
		}
	}
	t.Fatalf("no key leads to partition %d", p)
	return ""
}
