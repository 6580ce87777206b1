// Package stream runs the services' steps over the log: records in, records
// out, exactly once in effect.
//
// Run appends what a Step makes of a batch of records and then commits the
// batch's offset; the commit carries how far the output topics had grown. After
// a crash between the two it reads the output topics from there and leaves out
// what is already in them. Drain hands batches to a Sink with boundaries that a
// crash does not move. Replay and Follow read a partition to fold state from
// it.
package stream

import (
	"context"
	"fmt"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Step is one service's function over one partition. One goroutine calls it,
// in the order of the log.
type Step interface {
	// Apply returns the records that follow from in. The same state and the
	// same input give the same outputs, byte for byte. A *RejectError sends in
	// to the rejected topic; any other error stops the service with it.
	Apply(ctx context.Context, in cordon.Record) ([]Output, error)
}

// Folder is a Step with state.
type Folder interface {
	Step
	// Fold brings the state up to date with in, whose outputs are already in
	// the log.
	Fold(ctx context.Context, in cordon.Record) error
}

// Output is a record to append to Topic. Its Position is ignored. A record
// without Time gets that of its input. It must have the header ce_id, unique
// among the outputs of one input to one topic.
type Output struct {
	Topic  string
	Record cordon.Record
}

// RejectError is Step's answer to a record that it cannot accept.
type RejectError struct {
	Reason string // machine-readable, such as "json.syntax"
	Err    error  // for people
	Mapper string // mapping and its version, if one was chosen
}

// Error gives the reason and the cause.
func (e *RejectError) Error() string {
	if e.Err == nil {
		return "rejected: " + e.Reason
	}
	return fmt.Sprintf("rejected: %s: %v", e.Reason, e.Err)
}

// Unwrap returns the cause.
func (e *RejectError) Unwrap() error { return e.Err }

// fromKafka copies a record out of the fetch buffer it shares, except for its
// value: the buffer lives as long as the value does.
func fromKafka(r *wkafka.Record) cordon.Record {
	out := cordon.Record{
		Position: cordon.Position{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset},
		Time:     r.Time,
		Key:      string(r.Key),
		Value:    r.Value,
	}
	if len(r.Headers) > 0 {
		out.Headers = make([]cordon.Header, len(r.Headers))
		for i, h := range r.Headers {
			out.Headers[i] = cordon.Header{Key: h.Key, Value: string(h.Value)}
		}
	}
	return out
}

// toKafka prepares r for Append. A record without a key has an empty one, so
// that it always goes to the same partition.
func toKafka(r *cordon.Record) wkafka.Record {
	out := wkafka.Record{Time: r.Time, Key: []byte(r.Key), Value: r.Value, Headers: make([]wkafka.Header, len(r.Headers))}
	for i, h := range r.Headers {
		out.Headers[i] = wkafka.Header{Key: h.Key, Value: []byte(h.Value)}
	}
	return out
}
