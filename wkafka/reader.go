package wkafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	defaultMaxRecords = 1000
	defaultMaxBytes   = 1 << 20
	defaultMaxWait    = 500 * time.Millisecond // a broker answers at once when there are records
)

// PartitionReader reads one partition in order, outside any group. It is used
// by one goroutine. It survives restarts of brokers and moves of the leader;
// it never skips records: if those it should read next are gone, Fetch returns
// an *OutOfRangeError.
type PartitionReader struct {
	cluster    *cluster
	owned      bool // the cluster is this reader's to close
	topic      string
	partition  int
	maxRecords int
	maxBytes   int
	maxWait    time.Duration
	retried    func()      // may be nil; called at each retry
	trouble    func(error) // may be nil; told what goes on for a minute
	stallAfter time.Duration
	stalled    func(Stall) // may be nil; told of records that brokers do not hand out

	// Owned by the goroutine that calls Fetch and Poll.
	leader    leader
	dec       *decoder
	next      int64    // offset after the last record handed out
	ahead     int64    // offset to ask the broker for
	pending   []Record // decoded and not handed out
	highWater int64
	empty     time.Duration // for which answers held nothing, about
}

// NewPartitionReader reads topic/partition from offset on. Close it.
func NewPartitionReader(cfg Config, topic string, partition int, offset int64) *PartitionReader {
	c, owned := cfg.borrow()
	r := newReader(c, topic, partition, offset)
	r.owned = owned
	return r
}

func newReader(c *cluster, topic string, partition int, offset int64) *PartitionReader {
	return &PartitionReader{
		cluster: c, topic: topic, partition: partition,
		maxRecords: defaultMaxRecords, maxBytes: defaultMaxBytes, maxWait: defaultMaxWait, stallAfter: defaultStall,
		leader: c.leader(topic, partition), dec: newDecoder(topic, partition), next: offset, ahead: offset,
	}
}

// Fetch returns the next records, at least one and at most a thousand. It
// waits for them until ctx ends.
func (r *PartitionReader) Fetch(ctx context.Context) (Batch, error) {
	quiet := time.Duration(0)
	for {
		from := r.ahead
		b, err := r.Poll(ctx)
		if err != nil || len(b.Records) > 0 {
			return b, err
		}
		if quiet += r.maxWait; r.ahead > from {
			quiet = 0 // past records that readers do not see
		}
		if quiet >= r.stallAfter {
			r.inquire(ctx, quiet)
			quiet = 0
		}
	}
}

// Poll is Fetch for a reader that wants to know where the end is: it waits for
// about half a second and may return no record. Offset may move even then, past
// records that readers do not see.
func (r *PartitionReader) Poll(ctx context.Context) (Batch, error) {
	if len(r.pending) == 0 {
		if err := r.fill(ctx); err != nil {
			return Batch{}, err
		}
	}
	n := min(len(r.pending), r.maxRecords)
	b := Batch{Records: r.pending[:n:n], HighWater: r.highWater}
	r.pending = r.pending[n:]
	if len(r.pending) == 0 {
		r.pending, r.next = nil, r.ahead
	} else {
		r.next = b.Last() + 1
	}
	return b, nil
}

// Offset is the offset after the last record handed out or passed over.
func (r *PartitionReader) Offset() int64 { return r.next }

// SeekTo makes offset the next one to read.
func (r *PartitionReader) SeekTo(offset int64) {
	r.next, r.ahead, r.pending = offset, offset, nil
}

// Close ends the connections.
func (r *PartitionReader) Close() error {
	if r.owned {
		r.cluster.close()
	}
	return nil
}

// fill asks the broker until it has answered.
func (r *PartitionReader) fill(ctx context.Context) error {
	var retry backoff
	for {
		res, err := r.ask(ctx)
		if err == nil {
			return r.take(res)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, kafka.OffsetOutOfRange) {
			return r.outOfRange(ctx)
		}
		if permanent(err) {
			return fmt.Errorf("fetch %s/%d at offset %d: %w", r.topic, r.partition, r.ahead, err)
		}
		if retry.speak() && r.trouble != nil {
			r.trouble(fmt.Errorf("fetch %s/%d at offset %d: %w", r.topic, r.partition, r.ahead, err))
		}
		if r.retried != nil {
			r.retried()
		}
		r.leader.forget()
		r.cluster.refresh()
		if !retry.wait(ctx) {
			return ctx.Err()
		}
	}
}

func (r *PartitionReader) ask(ctx context.Context) (*fetchResponse, error) {
	req := newFetchRequest(r.cluster.cfg.ClientID, r.topic, r.partition, r.ahead, r.maxBytes, r.maxWait)
	ctx, cancel := context.WithTimeout(ctx, r.maxWait+requestTimeout)
	defer cancel()
	res, err := r.leader.exchange(ctx, req)
	if err != nil {
		return nil, err
	}
	f := res.(*fetchResponse)
	if f.code != 0 {
		return nil, f.code
	}
	return f, nil
}

func (r *PartitionReader) take(res *fetchResponse) error {
	var err error
	r.pending, r.ahead, err = r.dec.recordSet(res.records, r.ahead, res.aborted)
	r.highWater = res.highWater
	r.doubt()
	if err != nil {
		return fmt.Errorf("%s/%d: %w", r.topic, r.partition, err)
	}
	return nil
}

// doubt has the leader looked up again when it has had nothing to say for a
// while: a broker that is cut off from the others may not know that it leads no
// more.
func (r *PartitionReader) doubt() {
	if r.empty += r.maxWait; len(r.pending) > 0 {
		r.empty = 0
	}
	if r.empty >= metadataTTL {
		r.leader.forget()
		r.empty = 0
	}
}

// outOfRange asks where the log is, for an error that helps.
func (r *PartitionReader) outOfRange(ctx context.Context) error {
	e := &OutOfRangeError{Topic: r.topic, Partition: r.partition, Offset: r.ahead}
	var err error
	if e.Start, err = r.cluster.offset(ctx, r.topic, r.partition, kafka.FirstOffset); err != nil {
		return err
	}
	if e.End, err = r.cluster.offset(ctx, r.topic, r.partition, kafka.LastOffset); err != nil {
		return err
	}
	return e
}
