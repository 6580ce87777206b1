package stream

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// seen are outputs that are in the log although the inputs they follow from
// were not committed: how often each.
type seen map[seenKey]int

type seenKey struct {
	topic  string
	offset int64 // of the input
	id     string
}

// mostScans is how many partitions of the output topics a process reads at a
// time.
const mostScans = 8

// scan makes a.seen what the output topics hold, from the marks to their ends
// now, that follows from records of the input partition at or after the offset
// of in. It waits for what their leaders have and readers may not see yet: the
// process before may have sent it, and it will be there.
func (a *assignment) scan(ctx context.Context, in cordon.Position) error {
	sc := scanning{a: a, in: in, prefix: []byte(in.Topic + "/" + strconv.Itoa(in.Partition) + "/"), seen: seen{}}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	for topic, marks := range a.marks {
		ends, err := wkafka.SettledEnds(ctx, a.r.cfg.Kafka, topic, a.log())
		if err != nil {
			cancel()
			_ = g.Wait()
			return err
		}
		a.r.horizon.note(topic, ends)
		for p, end := range ends {
			at := cordon.Position{Topic: topic, Partition: p}
			if p < len(marks) {
				at.Offset = marks[p]
			}
			if at.Offset < end {
				g.Go(func() error { return sc.read(ctx, at, end) })
			}
		}
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("look for outputs of %s/%d: %w", in.Topic, in.Partition, err)
	}
	a.seen = sc.seen
	return nil
}

// scanning is one scan.
type scanning struct {
	a      *assignment
	in     cordon.Position
	prefix []byte // of the positions of inputs

	mu   sync.Mutex
	seen seen
}

// read looks through one partition of an output topic, from from to before end.
func (s *scanning) read(ctx context.Context, from cordon.Position, end int64) error {
	select {
	case s.a.r.scans <- struct{}{}:
		defer func() { <-s.a.r.scans }()
	case <-ctx.Done():
		return ctx.Err()
	}
	k := s.a.r.cfg.Kafka
	start, err := wkafka.StartOffset(ctx, k, from.Topic, from.Partition)
	if err != nil {
		return err
	}
	r := wkafka.NewPartitionReader(k, from.Topic, from.Partition, max(from.Offset, start))
	defer func() { _ = r.Close() }()
	show := s.a.reads("outputs in "+from.Topic, max(from.Offset, start), end)
	defer show.done()
	for r.Offset() < end {
		b, err := r.Poll(ctx)
		if err != nil {
			return err
		}
		s.add(from.Topic, b.Records)
		show.at(r.Offset())
	}
	return nil
}

func (s *scanning) add(topic string, recs []wkafka.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range recs {
		s.seen.add(topic, &recs[i], s.prefix, s.in.Offset)
	}
}

// add notes r if its input has prefix and an offset at or after from.
func (s seen) add(topic string, r *wkafka.Record, prefix []byte, from int64) {
	var id string
	offset := int64(-1)
	for _, h := range r.Headers {
		switch h.Key {
		case cordon.HeaderID:
			id = string(h.Value)
		case cordon.HeaderInput:
			if rest, ok := bytes.CutPrefix(h.Value, prefix); ok {
				if n, err := strconv.ParseInt(string(rest), 10, 64); err == nil {
					offset = n
				}
			}
		}
	}
	if offset >= from {
		s[seenKey{topic, offset, id}]++
	}
}

// take reports whether the output is in the log, and forgets one of it.
func (s seen) take(topic string, offset int64, id string) bool {
	k := seenKey{topic, offset, id}
	n := s[k]
	if n == 0 {
		return false
	}
	if n == 1 {
		delete(s, k)
	} else {
		s[k] = n - 1
	}
	return true
}

// forget drops what follows from inputs before offset: they are done with, and
// what is left of theirs is never asked for, since the step made other outputs
// of them this time.
func (s seen) forget(offset int64) {
	for k := range s {
		if k.offset < offset {
			delete(s, k)
		}
	}
}
