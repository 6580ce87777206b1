package wkafka_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/wkafka"
)

// ledger notes who holds which partition and what is delivered to whom, and
// complains when two members hold one, or when one is read out of order.
type ledger struct {
	t testing.TB

	mu      sync.Mutex
	held    map[string]*tenure // by partition: who holds it now
	past    []*tenure
	seen    map[string]int  // values
	stopped map[string]bool // members whose session may be lost without their knowing
	late    map[string]bool // what they may still write, a batch of a partition: it was allowed before they were stopped
	changed chan struct{}   // closed and made anew when anything changes
}

// tenure is one Claim in one member's hands.
type tenure struct {
	member, partition string
	from, until       time.Time
	next              int64 // offset
	last              time.Time
	pause             time.Duration // longest time between two batches
}

func newLedger(t testing.TB) *ledger {
	return &ledger{t: t, held: map[string]*tenure{}, seen: map[string]int{}, stopped: map[string]bool{}, late: map[string]bool{}, changed: make(chan struct{})}
}

func at(topic string, partition int) string { return topic + "/" + strconv.Itoa(partition) }

// notify needs mu.
func (l *ledger) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *ledger) begin(member, partition string, start int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.held[partition]; h != nil && !l.stopped[h.member] {
		l.t.Errorf("%s was given to %s while %s held it", partition, member, h.member)
	}
	now := time.Now()
	if h := l.held[partition]; h != nil {
		l.late[h.member+partition] = true
	}
	l.held[partition] = &tenure{member: member, partition: partition, from: now, last: now, next: start}
	l.notify()
}

// got notes one batch of values from offset first to last.
func (l *ledger) got(member, partition string, first, last int64, values []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held[partition]
	if (h == nil || h.member != member) && l.late[member+partition] {
		delete(l.late, member+partition)
		return
	}
	if h == nil || h.member != member {
		l.t.Errorf("%s read %s without holding it", member, partition)
		return
	}
	if first != h.next {
		l.t.Errorf("%s read %s at %d; want %d", member, partition, first, h.next)
	}
	now := time.Now()
	h.next, h.pause, h.last = last+1, max(h.pause, now.Sub(h.last)), now
	for _, v := range values {
		l.seen[v]++
	}
	l.notify()
}

func (l *ledger) end(member, partition string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.held[partition]; h != nil && h.member == member {
		h.until = time.Now()
		l.past = append(l.past, h)
		delete(l.held, partition)
	}
	l.notify()
}

// endAll ends what member holds, as its death does.
func (l *ledger) endAll(member string) {
	for partition := range l.holdings(member) {
		l.end(member, partition)
	}
}

// stop says that the process of member stands still: others may take what it
// holds.
func (l *ledger) stop(member string, stopped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped[member] = stopped
}

// holdings is what member holds.
func (l *ledger) holdings(member string) map[string]*tenure {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := map[string]*tenure{}
	for p, h := range l.held {
		if h.member == member {
			held[p] = h
		}
	}
	return held
}

// await waits until ok, which is called with mu held, and returns how long that
// took.
func (l *ledger) await(what string, ok func() bool) time.Duration {
	l.t.Helper()
	began := time.Now()
	limit := within(l.t, 60*time.Second)
	for {
		l.mu.Lock()
		if ok() {
			l.mu.Unlock()
			return time.Since(began)
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-limit.Done():
			l.t.Fatalf("timed out waiting for %s", what)
		}
	}
}

// awaitShares waits until the members hold so many partitions each.
func (l *ledger) awaitShares(want map[string]int) time.Duration {
	l.t.Helper()
	return l.await(fmt.Sprintf("shares of %v", want), func() bool {
		shares := map[string]int{}
		for _, h := range l.held {
			shares[h.member]++
		}
		for m, n := range want {
			if shares[m] != n {
				return false
			}
		}
		return true
	})
}

// serve is the function of a consumer that is called member.
func (l *ledger) serve(member string) func(context.Context, *wkafka.Claim) error {
	return func(ctx context.Context, c *wkafka.Claim) error {
		partition := at(c.Topic, c.Partition)
		l.begin(member, partition, c.Start)
		defer l.end(member, partition)
		for {
			b, err := c.Fetch(ctx)
			if err != nil {
				return err
			}
			l.got(member, partition, b.Records[0].Offset, b.Last(), values(b))
			if err := c.Commit(context.WithoutCancel(ctx), b.Last()+1, ""); err != nil {
				return err
			}
		}
	}
}

func values(b wkafka.Batch) []string {
	vs := make([]string, len(b.Records))
	for i, r := range b.Records {
		vs[i] = r.Topic + ":" + string(r.Value)
	}
	return vs
}

// keepLoading appends records to topics until stop is called, which returns how many
// it appended to each.
func keepLoading(t testing.TB, cfg wkafka.Config, topics ...string) (stop func() int) {
	t.Helper()
	p := newPublisher(t, cfg)
	quit, done := make(chan struct{}), make(chan struct{})
	n := 0
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			for _, topic := range topics {
				appendAll(t, p, topic, spread(n, 24))
			}
			n += 24
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	}()
	var once sync.Once
	stop = func() int {
		once.Do(func() { close(quit) })
		<-done
		return n
	}
	t.Cleanup(func() { stop() })
	return stop
}

// spread returns records with as many keys, for all partitions.
func spread(from, n int) []wkafka.Record {
	recs := numbered(from, n)
	for i := range recs {
		recs[i].Key = fmt.Appendf(nil, "%d", i)
	}
	return recs
}

// awaitAll waits until total records of each topic were delivered, and reports
// those that were delivered more than once, by topic and value.
func (l *ledger) awaitAll(total int, topics ...string) (again int) {
	l.t.Helper()
	l.await(fmt.Sprintf("%d records", total*len(topics)), func() bool { return len(l.seen) == total*len(topics) })
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.seen {
		again += n - 1
	}
	return again
}
