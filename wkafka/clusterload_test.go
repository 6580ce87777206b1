package wkafka_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

const (
	loadPartitions = 3
	loadWriters    = 2 // of each partition, each with a key of its own
	loadMembers    = 2 // of the group that reads
)

// A place is where a record stands.
type place struct {
	partition int
	offset    int64
}

// load writes to and reads from a topic until it is stopped, and keeps what was
// acknowledged and what was read.
type load struct {
	cfg          wkafka.Config
	topic, group string
	pub          *wkafka.Publisher

	stopWriters context.CancelFunc
	writers     sync.WaitGroup
	written     [][]int // by partition and writer: how many records, set when it ends

	acks, reads *pace

	mu        sync.Mutex
	accepted  map[place]string // acknowledged values
	seen      map[place]string // read by the group
	repeats   int              // places that the group read again
	committed [loadPartitions]int64
	backward  []string // claims that begin before what was committed
}

// pace keeps the longest pause between events of a partition.
type pace struct {
	mu      sync.Mutex
	last    [loadPartitions]time.Time
	longest [loadPartitions]time.Duration
	count   [loadPartitions]int
}

func (p *pace) note(partition, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.last[partition].IsZero() {
		p.longest[partition] = max(p.longest[partition], now.Sub(p.last[partition]))
	}
	p.last[partition] = now
	p.count[partition] += n
}

// restart forgets the pauses so far.
func (p *pace) restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.longest = [loadPartitions]time.Duration{}
}

// pause is the longest since restart.
func (p *pace) pause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var d time.Duration
	for _, l := range p.longest {
		d = max(d, l)
	}
	return d.Round(time.Millisecond)
}

func (p *pace) counts() [loadPartitions]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// beyond reports whether every partition has n more than from.
func (p *pace) beyond(from [loadPartitions]int, n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range from {
		if p.count[i] < from[i]+n {
			return false
		}
	}
	return true
}

func startLoad(t testing.TB, cfg wkafka.Config) *load {
	t.Helper()
	l := &load{
		cfg: cfg, topic: newTopic(t, cfg, loadPartitions), group: kafkatest.Name(t), pub: newPublisher(t, cfg),
		acks: &pace{}, reads: &pace{}, accepted: map[place]string{}, seen: map[place]string{},
	}
	for range loadMembers {
		cc := groupConfig(t, cfg, l.group, l.topic)
		start(t, cc, l.read)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	l.stopWriters = cancel
	for part := range loadPartitions {
		l.written = append(l.written, make([]int, loadWriters))
		for w := range loadWriters {
			l.writers.Go(func() { l.written[part][w] = l.write(ctx, t, part, w) })
		}
	}
	return l
}

// write appends one to twenty records at a time to one partition, about fifty
// times a second, and returns how many.
func (l *load) write(ctx context.Context, t testing.TB, partition, writer int) int {
	key := keyFor(partition, writer)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	n := 0
	for ctx.Err() == nil {
		recs := make([]wkafka.Record, 1+n%20)
		for i := range recs {
			recs[i] = wkafka.Record{Key: key, Value: fmt.Appendf(nil, "%d/%d/%d", partition, writer, n+i)}
		}
		// Not ctx: what was begun is finished. An error would be one, as the
		// cluster comes back each time.
		at, err := l.pub.Append(within(t, 2*time.Minute), l.topic, recs)
		if err != nil {
			t.Errorf("Append(%d records to partition %d) = %v", len(recs), partition, err)
			return n
		}
		l.accept(recs, at)
		n += len(recs)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return n
}

// keyFor finds a key of a partition.
func keyFor(partition, writer int) []byte {
	for i := 0; ; i++ {
		k := fmt.Appendf(nil, "writer%d-%d", writer, i)
		if wkafka.PartitionOf(k, loadPartitions) == partition {
			return k
		}
	}
}

func (l *load) accept(recs []wkafka.Record, at []wkafka.Appended) {
	l.mu.Lock()
	for i, a := range at {
		l.accepted[place{a.Partition, a.Offset}] = string(recs[i].Value)
	}
	l.mu.Unlock()
	l.acks.note(at[0].Partition, len(at))
}

// read is what every member does with a claim: it commits every batch.
func (l *load) read(ctx context.Context, c *wkafka.Claim) error {
	l.begin(c)
	for {
		b, err := c.Fetch(ctx)
		if err != nil {
			return err
		}
		l.take(b)
		if err := c.Commit(context.WithoutCancel(ctx), b.Last()+1, ""); err != nil {
			return err
		}
		l.mu.Lock()
		l.committed[c.Partition] = b.Last() + 1
		l.mu.Unlock()
	}
}

func (l *load) begin(c *wkafka.Claim) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.committed[c.Partition]; c.Start < known {
		l.backward = append(l.backward, fmt.Sprintf("partition %d was committed at %d; a claim starts at %d", c.Partition, known, c.Start))
	}
}

func (l *load) take(b wkafka.Batch) {
	l.mu.Lock()
	for _, r := range b.Records {
		at := place{r.Partition, r.Offset}
		if _, again := l.seen[at]; again {
			l.repeats++
		}
		l.seen[at] = string(r.Value)
	}
	l.mu.Unlock()
	l.reads.note(b.Records[0].Partition, len(b.Records))
}

// flows returns when a hundred more records of every partition were
// acknowledged and read.
func (l *load) flows(ctx context.Context, t testing.TB) {
	t.Helper()
	acks, reads := l.acks.counts(), l.reads.counts()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !l.acks.beyond(acks, 100) || !l.reads.beyond(reads, 100) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("acknowledged %v, read %v of %d partitions: they do not go on", l.acks.counts(), l.reads.counts(), loadPartitions)
		}
	}
}
