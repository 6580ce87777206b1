package wkafka

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Headers that a dead letter has after the headers of the record it was made
// of. Numbers are decimal, times RFC 3339 in UTC.
const (
	DeadLetterTopicHeader     = "dlq_topic"         // where the record stood
	DeadLetterPartitionHeader = "dlq_partition"     // where the record stood
	DeadLetterOffsetHeader    = "dlq_offset"        // where the record stood
	DeadLetterTimeHeader      = "dlq_time"          // of the record; left out when it had none
	DeadLetterGroupHeader     = "dlq_group"         // consumer group that gave up on it
	DeadLetterAttemptsHeader  = "dlq_attempts"      // how often it was delivered
	DeadLetterReasonHeader    = "dlq_reason"        // machine-readable, such as ReasonNack
	DeadLetterErrorHeader     = "dlq_error"         // for people; left out when there is none
	DeadLetterFirstHeader     = "dlq_first_failure" // when the first delivery failed; left out when unknown

	deadLetterPrefix = "dlq_"
)

// Reasons for which a Subscriber parks a record of its own accord.
const (
	ReasonNack     = "nack"     // the last delivery allowed ended with a Nack
	ReasonDeadline = "deadline" // the last delivery allowed was neither acknowledged nor refused in time
)

// DeadLetterSuffix makes a topic's name that of its dead letters.
const DeadLetterSuffix = ".dlq"

// maxErrorText bounds the error in a dead letter: its headers must not be what
// makes it too large for the broker.
const maxErrorText = 2 << 10

// DeadLetter is a record that a consumer has given up on, and why.
type DeadLetter struct {
	Record       Record // as it was read, with its topic, partition, offset and time
	Group        string // consumer group that gave up
	Attempts     int    // deliveries
	Reason       string // machine-readable
	Error        string // for people; may be empty
	FirstFailure time.Time
}

// Letter is what is written to the topic of dead letters: key, value and
// headers of the record, then headers that say where it stood and what
// happened. Its time is left for the publisher to set, so that retention counts
// from when the record was parked.
func (d DeadLetter) Letter() Record {
	hs := slices.Clip(d.Record.Headers)
	set := func(key, value string) { hs = append(hs, Header{key, []byte(value)}) }
	set(DeadLetterTopicHeader, d.Record.Topic)
	set(DeadLetterPartitionHeader, strconv.Itoa(d.Record.Partition))
	set(DeadLetterOffsetHeader, strconv.FormatInt(d.Record.Offset, 10))
	if !d.Record.Time.IsZero() {
		set(DeadLetterTimeHeader, timeText(d.Record.Time))
	}
	set(DeadLetterGroupHeader, d.Group)
	set(DeadLetterAttemptsHeader, strconv.Itoa(d.Attempts))
	set(DeadLetterReasonHeader, d.Reason)
	if d.Error != "" {
		set(DeadLetterErrorHeader, shorten(d.Error, maxErrorText))
	}
	if !d.FirstFailure.IsZero() {
		set(DeadLetterFirstHeader, timeText(d.FirstFailure))
	}
	return Record{Key: d.Record.Key, Value: d.Record.Value, Headers: hs}
}

// Retry is the record to append to d.Record.Topic to have it handled once more:
// without the headers of the dead letter, with its own time.
func (d DeadLetter) Retry() Record {
	return Record{Time: d.Record.Time, Key: d.Record.Key, Value: d.Record.Value, Headers: d.Record.Headers}
}

// DeadLetterFrom reads what Letter has written. Where r itself stands (topic,
// partition, offset, time) is not part of it. A record that was parked twice
// gives the later parking.
func DeadLetterFrom(r Record) (DeadLetter, error) {
	at := -1
	for i, h := range r.Headers {
		if h.Key == DeadLetterTopicHeader {
			at = i
		}
	}
	if at < 0 {
		return DeadLetter{}, fmt.Errorf("%s at offset %d: not a dead letter: it has no header %s",
			name(r.Topic, r.Partition), r.Offset, DeadLetterTopicHeader)
	}
	d := DeadLetter{Record: Record{Key: r.Key, Value: r.Value, Headers: slices.Clone(r.Headers[:at])}}
	var errs []error
	for _, h := range r.Headers[at:] {
		if strings.HasPrefix(h.Key, deadLetterPrefix) {
			errs = append(errs, d.read(h.Key, string(h.Value)))
			continue
		}
		d.Record.Headers = append(d.Record.Headers, h) // of whoever has copied the letter
	}
	if err := errors.Join(errs...); err != nil {
		return DeadLetter{}, fmt.Errorf("dead letter %s at offset %d: %w", name(r.Topic, r.Partition), r.Offset, err)
	}
	return d, nil
}

// read takes one header of a dead letter. One it does not know is passed over.
func (d *DeadLetter) read(key, value string) (err error) {
	switch key {
	case DeadLetterTopicHeader:
		d.Record.Topic = value
	case DeadLetterPartitionHeader:
		d.Record.Partition, err = strconv.Atoi(value)
	case DeadLetterOffsetHeader:
		d.Record.Offset, err = strconv.ParseInt(value, 10, 64)
	case DeadLetterTimeHeader:
		d.Record.Time, err = time.Parse(time.RFC3339Nano, value)
	case DeadLetterGroupHeader:
		d.Group = value
	case DeadLetterAttemptsHeader:
		d.Attempts, err = strconv.Atoi(value)
	case DeadLetterReasonHeader:
		d.Reason = value
	case DeadLetterErrorHeader:
		d.Error = value
	case DeadLetterFirstHeader:
		d.FirstFailure, err = time.Parse(time.RFC3339Nano, value)
	}
	if err != nil {
		return fmt.Errorf("header %s: %w", key, err)
	}
	return nil
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// shorten cuts s to at most n bytes, between runes.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
