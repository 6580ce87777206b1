package wkafka

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Appender appends records to a topic; it returns when they are durable. A
// Publisher is one. It is called concurrently, and once more with the same
// records after an error.
type Appender interface {
	Append(ctx context.Context, topic string, recs []Record) ([]Appended, error)
}

// deadLetters is where a Subscriber writes the records that it gives up.
type deadLetters struct {
	to    Appender // nil: there is none, records are tried for ever
	topic func(topic string) string
	group string
	after int // attempts
	now   func() time.Time
	hooks Hooks
	log   *slog.Logger
}

// trials is what is known about the failures of one message.
type trials struct {
	attempts int
	first    time.Time // the first failure; zero: unknown
}

// failed notes a failure.
func (p *deadLetters) failed(t *trials, r *Record, attempt int, reason string) {
	t.attempts = attempt
	if t.first.IsZero() && p.now != nil {
		t.first = p.now()
	}
	p.hooks.failed(r.Topic, r.Partition, reason)
	if reason == ReasonDeadline {
		p.log.Warn("a message was not acknowledged in time; its context is ended and it will be delivered again or parked",
			"topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "attempt", attempt)
	}
}

// spent reports whether the record is to be given up after so many attempts.
// Without dead letters it never is, which is said now and then.
func (p *deadLetters) spent(t *trials, r *Record, cause string) bool {
	if t.attempts < p.after {
		return false
	}
	if p.to != nil {
		return true
	}
	p.hooks.exhausted(r.Topic, r.Partition)
	if t.attempts%p.after == 0 {
		p.log.Error("a message fails again and again and holds its partition up; there are no dead letters to park it in: mend the handler or set DeadLetters",
			"topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "attempts", t.attempts, "err", cause)
	}
	return false
}

// letter is r as a dead letter.
func (p *deadLetters) letter(r Record, t trials, reason, text string) DeadLetter {
	return DeadLetter{Record: r, Group: p.group, Attempts: t.attempts, Reason: reason, Error: text, FirstFailure: t.first}
}

// chosen are the letters that the handler of d has asked for.
func (p *deadLetters) chosen(d *Delivery, t trials) []DeadLetter {
	if len(d.parked) == 0 {
		return nil
	}
	t.attempts = d.Attempt
	if t.first.IsZero() && p.now != nil {
		t.first = p.now()
	}
	letters := make([]DeadLetter, len(d.parked))
	for i, k := range d.parked {
		letters[i] = p.letter(d.Batch.Records[k.index], t, k.reason, k.text)
	}
	return letters
}

// write returns when the letters, which are of one partition, are durable.
func (p *deadLetters) write(ctx context.Context, letters []DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	from := letters[0].Record
	topic := p.topic(from.Topic)
	recs := make([]Record, len(letters))
	for i, l := range letters {
		recs[i] = l.Letter()
	}
	if _, err := p.to.Append(ctx, topic, recs); err != nil {
		if ctx.Err() == nil {
			p.hooks.exhausted(from.Topic, from.Partition)
			p.log.Error("records could not be parked; they will be delivered again", "topic", from.Topic,
				"partition", from.Partition, "offset", from.Offset, "records", len(recs), "dead letters", topic, "err", err)
		}
		return fmt.Errorf("park %s at offset %d: %w", name(from.Topic, from.Partition), from.Offset, err)
	}
	for _, l := range letters {
		p.hooks.parked(from.Topic, from.Partition, l.Reason)
		p.log.Warn("record parked", "topic", from.Topic, "partition", from.Partition, "offset", l.Record.Offset,
			"attempts", l.Attempts, "reason", l.Reason, "err", l.Error, "dead letters", topic)
	}
	return nil
}

// failureText is what a dead letter says about the last failure of d.
func failureText(d *Delivery, reason string) string {
	if reason == ReasonDeadline {
		return ErrAckDeadline.Error() // its handler may still be writing to d
	}
	return errorText(d.failure)
}

// nackDelays grow from the first to the last.
type nackDelays struct{ first, last time.Duration }

// after is the pause after so many failed attempts.
func (n nackDelays) after(attempts int) time.Duration {
	d := n.first
	for range attempts - 1 {
		if d >= n.last/2 {
			return n.last
		}
		d *= 2
	}
	return min(d, n.last)
}
