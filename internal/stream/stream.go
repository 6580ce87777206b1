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

// Headers of a record that `cordon dlq retry` has appended once more.
const (
	HeaderRetry   = "cordon-retry"    // position of the parked record that it was made of
	HeaderRetryID = "cordon-retry-id" // follows from that position and from how often it was retried
)

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
