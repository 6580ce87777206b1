package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon/wkafka"
)

// stateStore holds the snapshots of one group's partition in a compacted topic.
//
// Keys are group/topic/partition/slot/chunk and a number that brings the record
// into the partition of the state topic with the number of the input's, so that
// all snapshots of a partition stand in one place and in order. Two slots are
// written in turn: while one is overwritten, or if it runs ahead of the
// committed offset when the process is killed, the other one is whole.
type stateStore struct {
	kafka     wkafka.Config
	topic     string
	partition int    // of topic
	of        int    // partitions that topic has
	prefix    string // of the keys
}

// stateTopic knows how many partitions the state topic has. It is asked once.
type stateTopic struct {
	mu         sync.Mutex
	partitions int
	err        error // it does not exist
}

// lookTimeout bounds the look for the state topic, which may not exist.
const lookTimeout = 3 * time.Second

// look asks until brokers answer or ctx ends.
func (s *stateTopic) look(ctx context.Context, k wkafka.Config, topic string) (int, error) {
	for {
		n, again, err := s.once(ctx, k, topic)
		if err == nil || !again || ctx.Err() != nil {
			return n, err
		}
	}
}

// once asks for at most lookTimeout. It reports whether to ask again.
func (s *stateTopic) once(ctx context.Context, k wkafka.Config, topic string) (n int, again bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.partitions > 0 || s.err != nil {
		return s.partitions, false, s.err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	n, err = wkafka.Partitions(ctx, k, topic)
	switch {
	case err == nil:
		s.partitions = n
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		s.err = err
	default:
		again = ctx.Err() != nil // else it was refused
	}
	return n, again, err
}

// stateStore returns the store for a partition of an input.
func (r *runner) stateStore(ctx context.Context, topic string, partition int) (*stateStore, error) {
	n, err := r.state.look(ctx, r.cfg.Kafka, r.cfg.State)
	if err != nil {
		return nil, err
	}
	return &stateStore{
		kafka: r.cfg.Kafka, topic: r.cfg.State, partition: partition % n, of: n,
		prefix: fmt.Sprintf("%s/%s/%d/", r.cfg.Group, topic, partition),
	}, nil
}

// key returns the key of a chunk. The number at its end is the first that
// leads to the store's partition, so that a chunk always has the same key.
func (s *stateStore) key(slot, chunk int) []byte {
	for n := 0; ; n++ {
		k := fmt.Appendf(nil, "%s%d/%d/%d", s.prefix, slot, chunk, n)
		if wkafka.PartitionOf(k, s.of) == s.partition {
			return k
		}
	}
}

// appendFunc makes records durable and says where they stand.
type appendFunc func(ctx context.Context, topic string, recs []wkafka.Record) ([]wkafka.Appended, error)

// write appends the chunks of a snapshot and returns where they begin. at is
// their time.
func (s *stateStore) write(ctx context.Context, h head, state []byte, at time.Time, do appendFunc) (int64, error) {
	recs := make([]wkafka.Record, h.Chunks)
	for h.Chunk = range recs {
		value, err := h.encode(state)
		if err != nil {
			return 0, err
		}
		recs[h.Chunk] = wkafka.Record{Key: s.key(h.Slot, h.Chunk), Value: value, Time: at}
	}
	done, err := do(ctx, s.topic, recs)
	if err != nil {
		return 0, err
	}
	return done[0].Offset, nil
}

// wanted says which snapshots can be used.
type wanted struct {
	digest string
	oldest int64 // offset: what is before it cannot be folded on, since records are gone
	newest int64 // offset: what is after it is ahead of what was committed
}

// found is what there is in the state topic.
type found struct {
	best    *gathered      // the newest that is whole, sound and wanted; nil: none
	refused map[string]int // chunks that were passed over, by reason
}

// find reads the state topic from offset from to its end.
func (s *stateStore) find(ctx context.Context, from int64, want wanted) (found, error) {
	start, err := wkafka.StartOffset(ctx, s.kafka, s.topic, s.partition)
	if err != nil {
		return found{}, err
	}
	end, err := wkafka.EndOffset(ctx, s.kafka, s.topic, s.partition)
	if err != nil {
		return found{}, err
	}
	if from > end {
		from = start // the topic was made anew
	}
	f := finder{want: want, prefix: s.prefix, open: make(map[head]*gathered), found: found{refused: make(map[string]int)}}
	r := wkafka.NewPartitionReader(s.kafka, s.topic, s.partition, max(from, start))
	defer func() { _ = r.Close() }()
	for r.Offset() < end {
		b, err := r.Poll(ctx)
		if err != nil {
			return found{}, err
		}
		for i := range b.Records {
			f.take(&b.Records[i])
		}
	}
	return f.finish(), nil
}

// finder puts snapshots together. It keeps no more than those that can still
// become the best.
type finder struct {
	want   wanted
	prefix string
	open   map[head]*gathered
	found  found
}

func (f *finder) take(r *wkafka.Record) {
	if !strings.HasPrefix(string(r.Key), f.prefix) || len(r.Value) == 0 {
		return
	}
	h, part, err := decodeChunk(r.Value)
	if err != nil {
		f.found.refused["unreadable"]++
		return
	}
	if why := f.want.refuse(h); why != "" {
		f.found.refused[why]++
		return
	}
	if best := f.found.best; best != nil && h.Offset <= best.head.Offset {
		return
	}
	id := h.identity()
	g := f.open[id]
	if g == nil {
		g = &gathered{head: id, begin: r.Offset, parts: make([][]byte, h.Chunks)}
		f.open[id] = g
	}
	if g.add(h, part); g.whole() {
		f.complete(id, g)
	}
}

func (w wanted) refuse(h head) string {
	switch {
	case h.Digest != w.digest:
		return "of another program or other policies"
	case h.Offset > w.newest:
		return "ahead of the committed offset"
	case h.Offset < w.oldest:
		return "records after it are gone"
	}
	return ""
}

// complete makes g the best if its bytes are sound, and forgets what is older.
func (f *finder) complete(id head, g *gathered) {
	delete(f.open, id)
	if !g.sound() {
		f.found.refused["damaged"] += len(g.parts)
		return
	}
	f.found.best = g
	for id := range f.open {
		if id.Offset <= g.head.Offset {
			delete(f.open, id)
		}
	}
}

func (f *finder) finish() found {
	for _, g := range f.open {
		f.found.refused["not whole"] += g.have
	}
	return f.found
}
