package wkafka

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Delivery is what a message of a Subscriber stands for. Its methods are for
// the handler of the message, before Ack or Nack.
type Delivery struct {
	Claim   *Claim
	Batch   Batch // one record, or in batch mode all of a fetch
	Attempt int   // 1 the first time

	parks    bool // whether there is somewhere to park
	metadata string
	failure  error
	parked   []parking
}

// parking is a record of a Delivery that is to leave its partition.
type parking struct {
	index  int
	reason string
	text   string
}

// ErrNoDeadLetters is Park's answer when nothing is configured to take the
// record.
var ErrNoDeadLetters = errors.New("kafka: no dead letters: set SubscriberConfig.DeadLetters")

// SetMetadata sets what is committed beside the offset when the message is
// acknowledged. Only batch mode commits it.
func (d *Delivery) SetMetadata(s string) { d.metadata = s }

// Fail notes why the message cannot be handled, for the dead letter that may
// come of it. It does not end the delivery: call Nack.
func (d *Delivery) Fail(err error) { d.failure = err }

// Park has record i of the batch written to the dead letters when the message
// is acknowledged: the acknowledgement counts once they are durable. The other
// records of the batch are handled as always. reason is machine-readable, err
// may be nil. A Nack forgets what was parked.
func (d *Delivery) Park(i int, reason string, err error) error {
	if i < 0 || i >= len(d.Batch.Records) {
		return fmt.Errorf("kafka: park record %d of a batch of %d", i, len(d.Batch.Records))
	}
	if !d.parks {
		return ErrNoDeadLetters
	}
	d.parked = append(d.parked, parking{i, reason, errorText(err)})
	return nil
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Why a message's context ends: its Cause.
var (
	errSettled = errors.New("kafka: the message was acknowledged or refused")
	errTaken   = errors.New("kafka: the partition was taken away or the subscriber closed")
	// ErrAckDeadline means that a delivery took too long: the message will be
	// delivered again, and what becomes of this delivery is of no account.
	ErrAckDeadline = errors.New("kafka: not acknowledged within the deadline")
)

type deliveryKey struct{}

// DeliveryFrom returns the Delivery of the message whose context ctx is, or
// nil.
func DeliveryFrom(ctx context.Context) *Delivery {
	d, _ := ctx.Value(deliveryKey{}).(*Delivery)
	return d
}

// RecordFrom returns the record of the message whose context ctx is: where it
// stands, its key and all its headers. In batch mode it is the first of the
// batch. nil: ctx is not of a message of a Subscriber.
func RecordFrom(ctx context.Context) *Record {
	d := DeliveryFrom(ctx)
	if d == nil || len(d.Batch.Records) == 0 {
		return nil
	}
	return &d.Batch.Records[0]
}

// NoteError is a middleware for watermill's Router that notes the error of the
// handler, for the dead letter that may come of the message. Put it next to the
// handler, below middleware that swallows errors.
func NoteError(h message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		out, err := h(msg)
		if d := DeliveryFrom(msg.Context()); d != nil && err != nil {
			d.Fail(err)
		}
		return out, err
	}
}

// delivery is the context of a message, and the Delivery that it carries. What
// a handler that never looks at Done would pay for is made when it is asked
// for.
type delivery struct {
	Delivery
	context.Context // values of Subscribe's context; never ends

	mu    sync.Mutex
	std   context.Context // made when somebody asks
	end   context.CancelCauseFunc
	cause error // why it has ended; nil: it has not
}

// Done implements context.Context.
func (d *delivery) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.standard().Done()
}

// standard returns a context of package context that ends as d does. It needs
// mu.
func (d *delivery) standard() context.Context {
	if d.std == nil {
		d.std, d.end = context.WithCancelCause(d.Context)
		if d.cause != nil {
			d.end(d.cause)
		}
	}
	return d.std
}

// Err implements context.Context.
func (d *delivery) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause != nil {
		return context.Canceled
	}
	return nil
}

// Value implements context.Context. Once Done was called it shows package
// context its own type, so that contexts made of this one need no goroutine to
// end with it; and once d has ended, since context.Cause asks that type.
func (d *delivery) Value(key any) any {
	if key == (deliveryKey{}) {
		return &d.Delivery
	}
	d.mu.Lock()
	if d.cause != nil {
		d.standard()
	}
	std := d.std
	d.mu.Unlock()
	if std != nil {
		return std.Value(key)
	}
	return d.Context.Value(key)
}

// cancel ends the context.
func (d *delivery) cancel(cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause != nil {
		return
	}
	d.cause = cause
	if d.end != nil {
		d.end(cause)
	}
}
