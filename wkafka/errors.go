package wkafka

import (
	"errors"
	"fmt"
	"net"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

var (
	// ErrFenced means that the group has given the partition away, or that this
	// member has been dropped from it: nothing was committed, and the holder of
	// the Claim must stop.
	ErrFenced = errors.New("kafka: fenced: the partition belongs to another generation of the group")

	// ErrUnknownOutcome means that records may or may not have been appended:
	// the answer was lost, and the caller's patience ended before the log could
	// be read back, or before it held them. Read the log before trying again.
	ErrUnknownOutcome = errors.New("kafka: outcome unknown: the records may or may not have been appended")

	// ErrClosed is returned by what has been closed.
	ErrClosed = errors.New("kafka: closed")

	errNotSent     = errors.New("nothing was sent")
	errNoOffset    = errors.New("the broker acknowledged a batch without saying where it is")
	errUnencodable = errors.New("cannot encode the batch")
)

// OutOfRangeError says that the records from Offset on do not exist (any more):
// the log holds Start up to before End. What lies between Offset and Start is
// lost to this reader.
type OutOfRangeError struct {
	Topic     string
	Partition int
	Offset    int64
	Start     int64
	End       int64
}

// Error says what is missing and what to do.
func (e *OutOfRangeError) Error() string {
	if e.Offset > e.End {
		return fmt.Sprintf("%s/%d: offset %d is past the end %d: the topic was truncated or created anew; reset the group's offsets",
			e.Topic, e.Partition, e.Offset, e.End)
	}
	return fmt.Sprintf("%s/%d: offset %d is gone: the log starts at %d, %d records were removed unread; raise the topic's retention or reset the group's offsets",
		e.Topic, e.Partition, e.Offset, e.Start, e.Start-e.Offset)
}

// permanent reports whether trying again without a change from outside cannot
// help: bad credentials, missing rights, malformed or oversized data.
func permanent(err error) bool {
	var code kafka.Error
	if !errors.As(err, &code) {
		return errors.Is(err, errUnencodable)
	}
	switch code {
	case kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed,
		kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.TransactionalIDAuthorizationFailed,
		kafka.MessageSizeTooLarge, kafka.RecordListTooLarge, kafka.InvalidTopic, kafka.InvalidRecord,
		kafka.InvalidTimestamp, kafka.UnsupportedVersion, kafka.UnsupportedForMessageFormat,
		kafka.UnsupportedCompressionType, kafka.InvalidRequiredAcks, kafka.PolicyViolation,
		kafka.OffsetMetadataTooLarge, kafka.InvalidGroupId, kafka.InvalidSessionTimeout:
		return true
	}
	return false
}

// notSent reports whether a produce request failed before anything of it could
// reach a log. A leader that is none any more is not among these: it may have
// appended before it lost the partition, and its followers may have it.
func notSent(err error) bool {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return true
	}
	for _, e := range []error{
		errNotSent, kafka.InvalidMessage, protocol.ErrNoTopic, protocol.ErrNoPartition, protocol.ErrNoLeader, kafka.BrokerNotAvailable,
		kafka.LeaderNotAvailable, kafka.NotEnoughReplicas,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return permanent(err)
}
