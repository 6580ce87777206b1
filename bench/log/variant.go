package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"time"

	"github.com/cordon-iot/cordon/wkafka"
)

// A variant is one way to read or to write.
type variant struct {
	name string
	base string // name of the variant that it is compared with
	lz4  bool
	part int // it handles the records of a round divided by part, because it is slow

	// One of both is set. read hands every record of topic to t, in a group of
	// its own, until ctx ends. open returns what writes n records.
	read func(ctx context.Context, t target, tl *tally) error
	open func(t target) (writer, error)
}

// A target is where a variant reads from or writes to.
type target struct {
	kafka wkafka.Config
	topic string
	group string
	lz4   bool
}

// compression is that of a variant.
func compression(lz4 bool) wkafka.Compression {
	if lz4 {
		return wkafka.LZ4
	}
	return wkafka.None
}

// A writer writes the first n records of the set repeated without end.
type writer struct {
	write func(ctx context.Context, n int) error
	close func() error
}

const roundTimeout = time.Minute // of one variant

// warm is how many records are written before n are measured: connections are
// open then, and leaders known.
func warm(n int) int { return max(n/100, 100) }

// unique returns a name for a topic or a group.
func unique(what string) string { return "bench." + what + "." + strconv.FormatUint(rand.Uint64(), 36) } //nolint:gosec // no secret

// measureRead has v read a topic: from before it joins its group to the last
// record. From the first record would leave out what was fetched before it was
// handed out, which for some is all.
func measureRead(ctx context.Context, v variant, cfg wkafka.Config, topic string) (figure, error) {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	ends, err := wkafka.EndOffsets(ctx, cfg, topic)
	if err != nil {
		return figure{}, err
	}
	tl := newTally(ends)
	runtime.GC()
	before := take()
	failed := make(chan error, 1)
	reading, stop := context.WithCancel(ctx)
	go func() { failed <- v.read(reading, target{cfg, topic, unique("group"), v.lz4}, tl) }()
	select {
	case <-tl.done:
		stop()
		err = <-failed
	case err = <-failed:
		stop()
		err = fmt.Errorf("ended after %d of %d records: %w", tl.n.Load(), tl.want, err)
	}
	if err != nil {
		return figure{}, err
	}
	return tl.last.since(before, tl.want), tl.check()
}

// measureWrite has v write n records to a new topic and looks whether they are
// there.
func measureWrite(ctx context.Context, v variant, cfg wkafka.Config, n int) (f figure, err error) {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	topic := unique("write")
	if err := wkafka.CreateTopics(ctx, cfg, wkafka.TopicSpec{Name: topic, Partitions: partitions}); err != nil {
		return f, err
	}
	w, err := v.open(target{kafka: cfg, topic: topic, lz4: v.lz4})
	if err != nil {
		return f, err
	}
	if err := w.write(ctx, warm(n)); err != nil {
		return f, err
	}
	runtime.GC()
	before := take()
	err = w.write(ctx, n)
	f = take().since(before, int64(n))
	if err != nil {
		return f, err
	}
	if err := w.close(); err != nil {
		return f, err
	}
	if err := checkLog(ctx, cfg, topic, n); err != nil {
		return f, err
	}
	return f, drop(ctx, cfg, topic)
}

// checkLog wants the warm-up and n records in topic, and no other.
func checkLog(ctx context.Context, cfg wkafka.Config, topic string, n int) error {
	set := recordSet()
	want, more := expected(set, warm(n)), expected(set, n)
	want.n, want.crc = want.n+more.n, want.crc+more.crc
	got, err := logSum(ctx, cfg, topic)
	if err == nil && got != want {
		err = fmt.Errorf("the log holds %d records with checksum %d; written were %d with %d", got.n, got.crc, want.n, want.crc)
	}
	return err
}
