package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/pace"
)

// Appender is where records go. Append returns when they are durable, in the
// order in which they were given.
type Appender interface {
	Append(ctx context.Context, topic string, recs ...cordon.Record) ([]cordon.Position, error)
}

const (
	maxBatch      = 1000
	maxBatchBytes = 512 << 10
	alone         = 512 << 10 // a longer record is sent alone, so that a refusal is about it
	inFlight      = 2         // batches that wait for the one being sent
)

// Feeder sends one file.
type Feeder struct {
	To    Appender
	Topic string
	Speed pace.Speed
	Now   func() time.Time
	Log   *slog.Logger

	count Counter
}

// Counter says how far a feed has come. It is safe for concurrent use.
type Counter struct{ records, bytes, blank, refused atomic.Int64 }

// Totals are the figures of a Counter at one time.
type Totals struct{ Records, Bytes, Blank, Refused int64 }

// Totals returns the figures now.
func (c *Counter) Totals() Totals {
	return Totals{c.records.Load(), c.bytes.Load(), c.blank.Load(), c.refused.Load()}
}

// Err says that lines were not sent.
func (t Totals) Err() error {
	if t.Refused == 0 {
		return nil
	}
	return fmt.Errorf("%d lines were not sent: the log above says which and why", t.Refused)
}

// Count is how far the feed has come.
func (f *Feeder) Count() *Counter { return &f.count }

// Send sends what f makes of r, and returns where it stands in the log.
// Records are read while those before them are sent.
func (f *Feeder) Send(ctx context.Context, r io.Reader, form format) (Ranges, error) {
	g, ctx := errgroup.WithContext(ctx)
	batches := make(chan []Item, inFlight) // full: reading waits
	g.Go(func() error {
		defer close(batches)
		return f.read(ctx, newLineReader(r), form, batches)
	})
	sent := Ranges{}
	g.Go(func() error {
		for b := range batches {
			if err := f.send(ctx, b, sent); err != nil {
				return err
			}
		}
		return nil
	})
	return sent, g.Wait()
}

// read makes batches of lines. A batch ends when it is full or when the next
// record is not due yet.
func (f *Feeder) read(ctx context.Context, lines *lineReader, form format, to chan<- []Item) error {
	b := &batcher{to: to}
	player := pace.NewPlayer(f.Speed, f.Now)
	for {
		l, err := lines.next()
		if errors.Is(err, io.EOF) {
			return b.flush(ctx)
		}
		if err != nil {
			return errors.Join(err, b.flush(ctx))
		}
		it, ok := f.item(l, form)
		if !ok {
			continue
		}
		if wait := player.Until(it.At); wait > 0 {
			if err := b.flush(ctx); err != nil {
				return err
			}
			if err := pace.Sleep(ctx, wait); err != nil {
				return err
			}
		}
		if err := b.add(ctx, it); err != nil {
			return err
		}
	}
}

func (f *Feeder) item(l Line, form format) (Item, bool) {
	switch {
	case l.Cut:
		f.refuse(l.Number, fmt.Errorf("longer than %d MiB", maxLine>>20))
		return Item{}, false
	case len(l.Text) == 0:
		f.count.blank.Add(1)
		return Item{}, false
	}
	it, ok := form.item(l)
	if !ok {
		f.count.blank.Add(1)
	}
	return it, ok
}

func (f *Feeder) refuse(line int, err error) {
	f.count.refused.Add(1)
	f.Log.Error("line not sent", "line", line, "error", err)
}

// send appends a batch. Records that the broker holds for too large are
// counted and told by line; any other error ends the feed.
func (f *Feeder) send(ctx context.Context, batch []Item, sent Ranges) error {
	recs := make([]cordon.Record, len(batch))
	bytes := 0
	for i, it := range batch {
		recs[i] = it.Record
		bytes += len(it.Record.Value)
	}
	at, err := f.To.Append(ctx, f.Topic, recs...)
	switch {
	case err != nil && len(batch) == 1 && tooLarge(err):
		f.refuse(batch[0].Line, fmt.Errorf("%d bytes are more than the broker takes: %w", bytes, err))
		return nil
	case err != nil:
		return fmt.Errorf("lines %d to %d: %w", batch[0].Line, batch[len(batch)-1].Line, err)
	}
	sent.add(at)
	f.count.records.Add(int64(len(batch)))
	f.count.bytes.Add(int64(bytes))
	return nil
}

func tooLarge(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
}

// batcher collects records and hands them on.
type batcher struct {
	to    chan<- []Item
	items []Item
	bytes int
}

func (b *batcher) add(ctx context.Context, it Item) error {
	size := len(it.Record.Value)
	if size > alone || b.bytes+size > maxBatchBytes || len(b.items) == maxBatch {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	b.items = append(b.items, it)
	b.bytes += size
	if size > alone {
		return b.flush(ctx)
	}
	return nil
}

func (b *batcher) flush(ctx context.Context) error {
	if len(b.items) == 0 {
		return nil
	}
	select {
	case b.to <- b.items:
		b.items, b.bytes = nil, 0
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
