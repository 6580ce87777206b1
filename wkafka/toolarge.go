package wkafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/segmentio/kafka-go"
)

// RecordTooLargeError says that a record is larger than its topic takes. The
// records before it in the call and the partition may have been appended; it
// and those behind it were not.
type RecordTooLargeError struct {
	Topic     string
	Partition int
	Index     int // of the record in the call
	Size      int // bytes of a batch with this record alone, compressed
	Limit     int // bytes of a batch that the topic takes; 0: the broker does not tell
}

// Error says what to do.
func (e *RecordTooLargeError) Error() string {
	limit := "the broker takes (it does not tell its limit)"
	if e.Limit > 0 {
		limit = fmt.Sprintf("the %d that the topic takes", e.Limit)
	}
	return fmt.Sprintf("record %d of the call is too large for topic %s: it takes %d bytes, more than %s; raise %s of the topic, or send less in one record",
		e.Index, e.Topic, e.Size, limit, maxMessageBytes)
}

// Unwrap returns the broker's code.
func (e *RecordTooLargeError) Unwrap() error { return kafka.MessageSizeTooLarge }

const maxMessageBytes = "max.message.bytes"

// tooLarge reports whether err refuses a batch for its size, and nothing of it
// was appended.
func tooLarge(err error) bool {
	return (errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)) && !errors.Is(err, ErrUnknownOutcome)
}

// refit appends parts, which were refused together for their size, job by job
// in smaller batches, so that only the jobs fail that hold a record that is too
// large alone. It sets the errors of the jobs.
func (l *lane) refit(parts []part, refused error) {
	size := 0
	for _, x := range parts {
		size += x.bytes()
	}
	l.most = max(size/2, 1)
	if l.limit = l.askLimit(); l.limit > 0 {
		l.most = min(l.p.cfg.MaxBatchBytes, l.limit)
	}
	l.p.cfg.Log.Info("a batch was larger than the topic takes; it is sent in smaller ones from now on",
		"topic", l.topic, "partition", l.partition, "bytes", l.most, "err", refused)
	for _, x := range parts {
		l.fit(x)
	}
}

// fit appends x in batches of at most l.most bytes, and nothing of it if it
// holds a record of which it is known that the topic does not take it. It sets
// the error of x's job, unless that was dismissed.
func (l *lane) fit(x part) {
	if i, _ := l.oversized(x); i >= 0 {
		l.limit = l.askLimit() // it may have been raised
	}
	if i, size := l.oversized(x); i >= 0 {
		x.j.err = &RecordTooLargeError{l.topic, l.partition, x.at(i), size, l.limit}
		return
	}
	for x.n > 0 {
		next := x.first(l.most)
		left, err := l.deliver([]part{next})
		if len(left) == 0 || left[0].j != x.j {
			return
		}
		if tooLarge(err) && next.n > 1 {
			l.most = max(next.bytes()/2, 1)
			continue
		}
		if tooLarge(err) {
			err = &RecordTooLargeError{l.topic, l.partition, next.at(0), l.alone(next), l.limit}
		}
		if x.j.err = err; err != nil {
			return
		}
		x.from += next.n
		x.n -= next.n
	}
}

// first returns the records at the start of x that take at most most bytes, at
// least one.
func (x part) first(most int) part {
	n, size := 0, 0
	for n < x.n {
		if size += x.record(n).size(); size > most && n > 0 {
			break
		}
		n++
	}
	return part{x.j, x.from, n}
}

// oversized returns the first record of x that is larger than l.limit alone,
// and its size; -1 if there is none.
func (l *lane) oversized(x part) (int, int) {
	for i := range x.n {
		if l.limit == 0 || x.record(i).size()+batchHeader <= l.limit {
			continue
		}
		if size := l.alone(part{x.j, x.from + i, 1}); size > l.limit {
			return i, size
		}
	}
	return -1, 0
}

// alone is the size of the batch of x.
func (l *lane) alone(x part) int {
	frame, err := l.enc.batch([]part{x}, l.id)
	if err != nil {
		return 0
	}
	return len(frame) - l.enc.room
}

// askLimit asks the broker how large batches of the topic may be; 0: it does
// not say, for want of rights perhaps.
func (l *lane) askLimit() int {
	ctx, cancel := context.WithTimeout(l.ctx, requestTimeout)
	defer cancel()
	res, err := l.p.cluster.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: l.topic, ConfigNames: []string{maxMessageBytes},
		}},
	})
	if err != nil {
		return 0
	}
	for _, r := range res.Resources {
		for _, e := range r.ConfigEntries {
			if n, err := strconv.Atoi(e.ConfigValue); err == nil && e.ConfigName == maxMessageBytes {
				return n
			}
		}
	}
	return 0
}
