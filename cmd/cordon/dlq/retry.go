package dlq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

// Headers of a record that was appended once more.
const (
	HeaderRetry   = stream.HeaderRetry
	HeaderRetryID = stream.HeaderRetryID
)

// clocks of brokers differ by less. A retry is looked for from so long before
// its record was parked.
const clocks = 10 * time.Minute

// Outcome says what became of one parked record.
type Outcome struct {
	Entry  Entry
	To     cordon.Position // where it was appended; its offset is -1 in a rehearsal
	Before []cordon.Position
	Lost   bool  // headers are lost: the record is gone from where it stood
	Err    error // why it was not retried
}

// ErrRetried says that a record was retried before.
var ErrRetried = errors.New("it was retried before; --force does it again")

// RetryOptions say how to retry.
type RetryOptions struct {
	Force  bool // also what was retried before
	DryRun bool // append nothing
}

// Retry appends the records of entries once more to the topics where they
// stood, with their keys, headers and bytes, and calls tell for each. What was
// retried is found by the header HeaderRetry in the log itself, so that
// stopping in between and starting again retries nothing twice.
func (q *Queue) Retry(ctx context.Context, entries []Entry, o RetryOptions, tell func(Outcome)) error {
	before, err := q.Retries(ctx, entries)
	if err != nil {
		return err
	}
	p, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: q.kafka, Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }()
	for _, e := range entries {
		out := Outcome{Entry: e, Before: before[e.At]}
		if err := q.retry(ctx, p, &out, o); err != nil {
			return fmt.Errorf("retry %s: %w", e.At, err)
		}
		tell(out)
	}
	return nil
}

// retry does one. It returns errors after which the next one would fail too.
func (q *Queue) retry(ctx context.Context, p *wkafka.Publisher, out *Outcome, o RetryOptions) error {
	if len(out.Before) > 0 && !o.Force {
		out.Err = ErrRetried
		return nil
	}
	rec, err := q.record(ctx, out)
	if err != nil || out.Err != nil {
		return err
	}
	rec.Headers = marked(rec.Headers, out.Entry.At, len(out.Before))
	out.To = cordon.Position{Topic: out.Entry.Origin.Topic, Offset: -1}
	if o.DryRun {
		return nil
	}
	at, err := p.Append(ctx, out.To.Topic, []wkafka.Record{rec})
	if err != nil {
		return err
	}
	out.To.Partition, out.To.Offset = at[0].Partition, at[0].Offset
	return nil
}

// record is what to append: the record as it stood, or what is parked of it.
func (q *Queue) record(ctx context.Context, out *Outcome) (wkafka.Record, error) {
	e := out.Entry
	if e.Reason == unreadable {
		out.Err = fmt.Errorf("it is no parked record: %s", e.Detail)
		return wkafka.Record{}, nil
	}
	if e.Letter {
		return wkafka.Record{Key: e.Record.Key, Value: e.Record.Value, Headers: e.Record.Headers}, nil
	}
	rec, there, err := q.original(ctx, e)
	switch {
	case err != nil:
		return rec, err
	case there:
		return wkafka.Record{Key: rec.Key, Value: rec.Value, Headers: rec.Headers}, nil
	case e.Size > 0:
		out.Err = fmt.Errorf("%s is gone from the log, and no more than %d of its %d bytes are parked", e.Origin, len(e.Record.Value), e.Size)
		return rec, nil
	}
	out.Lost = true
	return wkafka.Record{Key: e.Record.Key, Value: e.Record.Value}, nil
}

// marked are headers with those of the n-th retry of the record parked at at.
func marked(headers []wkafka.Header, at cordon.Position, n int) []wkafka.Header {
	out := slices.DeleteFunc(slices.Clone(headers), func(h wkafka.Header) bool { return h.Key == HeaderRetry || h.Key == HeaderRetryID })
	return append(out,
		wkafka.Header{Key: HeaderRetry, Value: []byte(at.String())},
		wkafka.Header{Key: HeaderRetryID, Value: []byte(cordon.DeriveID("retry", at.String(), strconv.Itoa(n)))})
}

// Retries finds where entries were appended once more. It reads the topics
// where they stood from the time on at which the first of them was parked.
func (q *Queue) Retries(ctx context.Context, entries []Entry) (map[cordon.Position][]cordon.Position, error) {
	since := map[string]time.Time{}
	wanted := map[string]bool{}
	for _, e := range entries {
		t := e.Origin.Topic
		if first, ok := since[t]; t != "" && (!ok || e.Parked.Before(first)) {
			since[t] = e.Parked
		}
		wanted[e.At.String()] = true
	}
	out := map[cordon.Position][]cordon.Position{}
	for topic, first := range since {
		n, err := wkafka.Partitions(ctx, q.kafka, topic)
		if err != nil {
			return nil, err
		}
		from, err := q.admin.OffsetsAt(ctx, topic, n, first.Add(-clocks))
		if err != nil {
			return nil, err
		}
		err = q.scan(ctx, topic, from, func(r wkafka.Record) {
			for _, h := range r.Headers {
				if h.Key == HeaderRetry && wanted[string(h.Value)] {
					if at, err := cordon.ParsePosition(string(h.Value)); err == nil {
						out[at] = append(out[at], cordon.Position{Topic: topic, Partition: r.Partition, Offset: r.Offset})
					}
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
