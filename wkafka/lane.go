package wkafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// queueLength is how many calls of Append may wait for a partition; more wait
// for a place in the queue.
const queueLength = 1024

// lane writes one partition: one batch at a time, made of all that waits.
type lane struct {
	p         *Publisher
	topic     string
	partition int
	in        chan *job
	end       atomic.Int64  // offset after the last record known to be appended, or -1
	stopped   chan struct{} // closed when run has returned

	// Owned by run.
	enc   *encoder
	id    producer
	valid bool  // id has been given by a broker
	floor int64 // no batch of id that is not known to be appended is below it
	held  *job  // taken from in, but did not fit
}

func newLane(p *Publisher, topic string, partition int) *lane {
	l := &lane{p: p, topic: topic, partition: partition, in: make(chan *job, queueLength), stopped: make(chan struct{}), enc: newEncoder(p.cfg.Compression)}
	l.end.Store(-1)
	return l
}

// enqueue hands j to the lane, or finishes it.
func (l *lane) enqueue(j *job) {
	select {
	case l.in <- j:
	case <-j.ctx.Done():
		j.finish(j.ctx.Err())
	case <-l.p.ctx.Done():
		j.finish(ErrClosed)
	}
}

func (l *lane) run() {
	defer close(l.stopped)
	for {
		jobs := l.gather()
		if jobs == nil {
			return
		}
		l.write(jobs)
	}
}

// gather waits for a job and takes what else fits in its batch. Jobs whose
// caller has gone are not written. It returns nil when the publisher is closed.
func (l *lane) gather() []*job {
	for {
		j := l.held
		l.held = nil
		if j == nil {
			select {
			case j = <-l.in:
			case <-l.p.ctx.Done():
				return nil
			}
		}
		if err := j.ctx.Err(); err != nil {
			j.finish(err)
			continue
		}
		return l.more([]*job{j}, j.bytes)
	}
}

func (l *lane) more(jobs []*job, size int) []*job {
	for {
		select {
		case j := <-l.in:
			if err := j.ctx.Err(); err != nil {
				j.finish(err)
				continue
			}
			if size+j.bytes > l.p.cfg.MaxBatchBytes {
				l.held = j
				return jobs
			}
			jobs, size = append(jobs, j), size+j.bytes
		default:
			return jobs
		}
	}
}

// write appends the records of jobs as one batch and tells the callers.
func (l *lane) write(jobs []*job) {
	recs := jobs[0].recs
	if len(jobs) > 1 {
		recs = nil
		for _, j := range jobs {
			recs = append(recs, j.recs...)
		}
	}
	base, err := l.append(recs, jobs)
	if err != nil {
		err = fmt.Errorf("%s: %w", name(l.topic, l.partition), err)
	}
	for _, j := range jobs {
		for _, w := range j.where {
			*w = Appended{Partition: l.partition, Offset: base}
			base++
		}
		j.finish(err)
	}
}

// wanted reports whether anybody still waits for jobs.
func (l *lane) wanted(jobs []*job) bool {
	for _, j := range jobs {
		if j.ctx.Err() == nil {
			return l.p.ctx.Err() == nil
		}
	}
	return false
}

// append writes one batch and returns its first offset. It repeats the batch,
// with the same sequence, until it is acknowledged, found in the log, refused
// for good, or nobody waits for it any more. Before it repeats what may have
// been appended it reads the log back: brokers forget sequences, by retention,
// or in a crash if they keep them in memory alone, and append a second copy.
func (l *lane) append(recs []*Record, jobs []*job) (int64, error) {
	base, err := l.attempt(recs)
	if err == nil {
		return l.appended(base, len(recs)), nil
	}
	ctx, cancel := waitingFor(l.p.ctx, jobs)
	defer cancel()
	var retry backoff
	unsure := false // an attempt may have been appended
	for {
		lost := sequenceLost(err)
		unsure = unsure || !lost && !notSent(err)
		if lost || unsure {
			base, found, back := l.readBack(ctx, len(recs))
			if found {
				return l.appended(base, len(recs)), nil
			}
			if back != nil {
				l.valid = false
				return 0, outcome(errors.Join(err, back), true)
			}
		}
		// A sequence that the broker does not take, or that may yet arrive
		// after it was given up, is not gone on with.
		stop := permanent(err) || !l.wanted(jobs)
		if l.valid = l.valid && !lost && (!unsure || !stop); stop {
			return 0, outcome(err, unsure)
		}
		if retry.speak() {
			l.p.cfg.Log.Warn("cannot append; trying again: is the broker up?", "topic", l.topic, "partition", l.partition, "err", err)
		}
		l.p.cfg.Hooks.retry("produce")
		l.p.cluster.refresh()
		retry.wait(ctx)
		if base, err = l.attempt(recs); err == nil {
			return l.appended(base, len(recs)), nil
		}
	}
}

// appended notes that n records stand at base.
func (l *lane) appended(base int64, n int) int64 {
	l.id.advance(n)
	l.floor = base + int64(n)
	l.end.Store(l.floor)
	return base
}

func outcome(err error, unsure bool) error {
	if unsure {
		return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
	}
	return err
}

// sequenceLost reports whether the broker does not know this producer, or not
// at this sequence, or knows the batch but no longer where it put it.
func sequenceLost(err error) bool {
	for _, code := range []kafka.Error{
		kafka.OutOfOrderSequenceNumber, kafka.DuplicateSequenceNumber, kafka.InvalidProducerEpoch,
		kafka.UnknownProducerId, kafka.InvalidProducerIDMapping, kafka.ProducerFenced,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// attempt sends the batch once and returns its first offset.
func (l *lane) attempt(recs []*Record) (int64, error) {
	// Not bound to the callers: an answer that is on its way says what happened.
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	if !l.valid {
		if err := l.identify(ctx); err != nil {
			return 0, fmt.Errorf("%w: %w", errNotSent, err)
		}
	}
	b, err := l.enc.batch(recs, l.id)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errUnencodable, err)
	}
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(b)))
	began := l.now()
	res, err := l.p.cluster.client.RawProduce(ctx, &kafka.RawProduceRequest{
		Topic: l.topic, Partition: l.partition, RequiredAcks: kafka.RequireAll,
		// kafka-go writes a record set with its length in front.
		RawRecords: protocol.RawRecordSet{Reader: io.MultiReader(bytes.NewReader(length[:]), bytes.NewReader(b))},
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return 0, err
	}
	if res.BaseOffset < 0 {
		return 0, errNoOffset
	}
	if l.p.cfg.Hooks.Produced != nil {
		l.p.cfg.Hooks.Produced(l.now().Sub(began))
	}
	return res.BaseOffset, nil
}

func (l *lane) now() time.Time {
	if l.p.cfg.Now == nil {
		return time.Time{}
	}
	return l.p.cfg.Now()
}

// identify asks for a new producer identity, and where the log ends before
// anything is sent under it.
func (l *lane) identify(ctx context.Context) error {
	end, err := l.p.cluster.listOffsets(ctx, l.topic, []kafka.OffsetRequest{kafka.LastOffsetOf(l.partition)})
	if err != nil {
		return fmt.Errorf("end of the log: %w", err)
	}
	res, err := l.p.cluster.client.InitProducerID(ctx, &kafka.InitProducerIDRequest{ProducerID: -1, ProducerEpoch: -1})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return fmt.Errorf("producer id: %w", err)
	}
	l.id = producer{id: int64(res.Producer.ProducerID), epoch: int16(res.Producer.ProducerEpoch)}
	l.floor = end[0].LastOffset
	l.valid = true
	return nil
}
