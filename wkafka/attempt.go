package wkafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// refusal is a request that was not sent because the call of a job in it is
// not allowed to append any more.
type refusal struct {
	call *call
	err  error
}

func (r *refusal) Error() string { return r.err.Error() }

// attempt sends parts as one batch, once, and returns its first offset.
func (l *lane) attempt(parts []part) (int64, error) {
	since := l.p.links.Load()
	// Not bound to the callers: an answer that is on its way says what happened.
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	base, err := l.exchange(ctx, parts)
	if err != nil {
		l.leader.forget()
		l.p.relink(since, err)
	}
	return base, err
}

func (l *lane) exchange(ctx context.Context, parts []part) (int64, error) {
	if !l.valid {
		if err := l.identify(ctx); err != nil {
			return 0, fmt.Errorf("%w: %w", errNotSent, err)
		}
	}
	frame, err := l.enc.batch(parts, l.id)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errUnencodable, err)
	}
	began := l.p.now()
	req := &produceRequest{head: l.head, frame: frame, allowed: guard(parts)}
	res, err := l.leader.exchange(ctx, req)
	if err != nil {
		var no *refusal
		if !req.sent && !errors.As(err, &no) {
			err = fmt.Errorf("%w: %w", errNotSent, err)
		}
		return 0, err
	}
	answer := res.(*produceResponse)
	if err := answer.err(); err != nil {
		return 0, err
	}
	l.p.cfg.Hooks.produced(l.p.now().Sub(began), count(parts), len(frame))
	return answer.base, nil
}

// guard returns what is to be asked before parts are sent, or nil.
func guard(parts []part) func() error {
	if parts[0].j.call.allowed == nil {
		return nil
	}
	return func() error {
		for i, x := range parts {
			if c := x.j.call; i == 0 || c != parts[i-1].j.call {
				if err := c.allowed(); err != nil {
					return &refusal{c, err}
				}
			}
		}
		return nil
	}
}

// identify asks for a new producer identity, and where the log ends before
// anything is sent under it.
func (l *lane) identify(ctx context.Context) error {
	end, err := l.logEnd(ctx)
	if err != nil {
		return err
	}
	res, err := l.p.cluster.client.InitProducerID(ctx, &kafka.InitProducerIDRequest{ProducerID: -1, ProducerEpoch: -1})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return fmt.Errorf("producer id: %w", err)
	}
	l.id = producer{id: int64(res.Producer.ProducerID), epoch: int16(res.Producer.ProducerEpoch)}
	l.floor, l.valid = end, true
	return nil
}

// idleLong is after how many ticks without a batch a lane asks where the log
// ends: a minute.
const idleLong = int32(time.Minute / partitionWatch)

// catchUp asks where the log ends if the lane has been idle for long. Other
// producers may have filled the log since; there is no need to look for the
// next batch in that. Nothing of it has been sent yet.
func (l *lane) catchUp() {
	if l.idle.Swap(0) < idleLong || !l.valid {
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, requestTimeout)
	defer cancel()
	if end, err := l.logEnd(ctx); err == nil {
		l.floor = end
	}
}

// logEnd asks for the offset after the last record that readers may see.
func (l *lane) logEnd(ctx context.Context) (int64, error) {
	end, err := l.p.cluster.listOffsets(ctx, l.topic, []kafka.OffsetRequest{kafka.LastOffsetOf(l.partition)})
	if err != nil {
		return 0, fmt.Errorf("end of the log: %w", err)
	}
	return end[0].LastOffset, nil
}
