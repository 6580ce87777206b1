package wkafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// readBack returns where the batch that was sent last stands in the log, and
// whether it is there. It asks until it knows, or until nobody waits any more:
// ctx ends; then it looks once more.
//
// A batch that is not there may still arrive: the request that carries it may
// be on its way, or the leader may have it and its followers not yet. Sending
// it again with the same sequence is safe against both, since that leader knows
// the sequence. Leaders that do not know what they have appended (a producer's
// sequences that were not on disk at a crash) lost the connections too, so that
// nothing is on its way to them.
func (s *sending) readBack(ctx context.Context) (base int64, found bool, err error) {
	longer, cancel := outlast(ctx, requestTimeout)
	defer cancel()
	for {
		since := s.l.p.links.Load()
		base, found, err = s.l.find(longer, count(s.parts))
		if err == nil {
			s.l.p.cfg.Hooks.readBack(found)
			return base, found, nil
		}
		err = fmt.Errorf("look whether it was appended: %w", err)
		if permanent(err) || ctx.Err() != nil {
			return 0, false, err
		}
		s.l.p.relink(since, err)
		s.pause(ctx, err)
	}
}

// find looks through the log once, from where the batch can be at the earliest
// to what is its end when it gets there.
func (l *lane) find(ctx context.Context, n int) (base int64, found bool, err error) {
	at := l.floor
	for {
		res, err := l.raw(ctx, at)
		if errors.Is(err, kafka.OffsetOutOfRange) {
			at, err = l.outOfRange(ctx, at)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return 0, false, err
		}
		next, base, found := l.id.in(res.records, n)
		if found || max(next, at) >= res.highWater {
			return base, found, nil
		}
		if next <= at {
			return 0, false, fmt.Errorf("offset %d: %w: no batch below the end %d", at, errCorrupt, res.highWater)
		}
		at = next
	}
}

// raw fetches what stands at offset at, of open transactions too, since they
// hide what was appended behind them.
func (l *lane) raw(ctx context.Context, at int64) (*fetchResponse, error) {
	req := newFetchRequest(l.p.cfg.ClientID, l.topic, l.partition, at, defaultMaxBytes, 0)
	req.uncommitted = true
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := l.leader.exchange(ctx, req)
	if err != nil {
		return nil, err
	}
	f := res.(*fetchResponse)
	if f.code != 0 {
		l.leader.forget()
		return nil, f.code
	}
	return f, nil
}

// lookBack is how many records before its end a log is looked through that ends
// below what was appended to it.
const lookBack = 100_000

// outOfRange returns where to look when there is no offset at: from the start
// of the log, which retention has moved up, or near its end, if it ends below
// at. Then the topic was made anew, or a leader was elected that had not all of
// it. The batch may have gone into that log, but not long ago.
func (l *lane) outOfRange(ctx context.Context, at int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	start, err := l.p.cluster.offset(ctx, l.topic, l.partition, kafka.FirstOffset)
	if err != nil || start > at {
		return start, err
	}
	end, err := l.logEnd(ctx)
	if err != nil {
		return at, err
	}
	if end >= at {
		return at, kafka.OffsetOutOfRange // of a moment ago
	}
	from := max(start, end-lookBack)
	l.p.cfg.Log.Error("the log ends below what was appended to it: was the topic made anew, or a leader elected that had not all of it?",
		"topic", l.topic, "partition", l.partition, "appended", at, "end", end, "looking from", from)
	return from, nil
}

// in looks in set for the batch of n records that p sends next. It returns the
// offset after set's last whole batch, 0 if there is none, or where the batch
// it looks for begins.
func (p producer) in(set []byte, n int) (next, base int64, found bool) {
	be := binary.BigEndian
	for len(set) >= batchHeader {
		size := batchPrefix + int64(int32(be.Uint32(set[batchLength:])))
		if size < batchHeader || size > int64(len(set)) {
			break
		}
		b := set[:size]
		set = set[size:]
		base = int64(be.Uint64(b))
		if b[batchMagic] != 2 {
			next = base + 1 // formats before 0.11, which know no producers
			continue
		}
		// Not the count, which compaction lowers.
		last := int32(be.Uint32(b[batchLastDelta:]))
		if int64(be.Uint64(b[batchProducer:])) == p.id && int16(be.Uint16(b[batchEpoch:])) == p.epoch &&
			int32(be.Uint32(b[batchSequence:])) == p.next && int(last) == n-1 {
			return next, base, true
		}
		next = base + int64(last) + 1
	}
	return next, 0, false
}

// outlast returns a context that ends d after ctx does.
func outlast(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}
