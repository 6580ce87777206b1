package respond

import (
	"context"
	"errors"
	"time"

	"github.com/cordon-iot/cordon"
)

// Enforcer carries operations out. Both methods make one attempt, may be
// called again with the same operation (a.Op) without further effect, and are
// called concurrently for different devices but never for one. They return nil
// when the operation is acknowledged to be in effect, a *Failure when it is
// known more than that the attempt failed, and any other error when nothing is
// known: the operation may or may not have had its effect.
type Enforcer interface {
	Name() string
	// Apply contains the device of a, an apply_intended step read from the log.
	Apply(ctx context.Context, a cordon.Action) error
	// Release lets the device of a go, a release_intended step read from the log.
	Release(ctx context.Context, a cordon.Action) error
}

// Failure is an attempt that failed in a known way.
type Failure struct {
	Err       error
	Untouched bool          // it is certain that the attempt had no effect
	Permanent bool          // trying again is of no use
	After     time.Duration // the enforcer asked not to be tried again before; 0 = as scheduled
}

// Error says what failed.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// failureOf returns what is known of err.
func failureOf(err error) Failure {
	var f *Failure
	if errors.As(err, &f) {
		return *f
	}
	return Failure{Err: err}
}
