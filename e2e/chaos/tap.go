package main

import (
	"sync"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/e2e/chaos/check"
	"github.com/cordon-iot/cordon/e2e/chaos/plan"
	"github.com/cordon-iot/cordon/e2e/chaos/wire"
)

// tap tells the director of requests to the broker, and the ledger of commits.
type tap struct {
	director *director
	ledger   *ledger
	names    map[string]string // of groups, in the words of the plan
	topics   cordon.Topics
	clients  map[string]*instance // by client id
	trace    *trace
}

// Arrived implements wire.Tap.
func (t *tap) Arrived(r *wire.Request) wire.Verdict {
	r.Arrived = time.Now()
	return t.at(r, plan.Before)
}

// Answered implements wire.Tap.
func (t *tap) Answered(r *wire.Request, made []wire.Commit) wire.Verdict {
	for _, c := range made {
		t.ledger.commit(r.Client, c)
	}
	t.trace.answered(r)
	return t.at(r, plan.After)
}

func (t *tap) at(r *wire.Request, w plan.When) wire.Verdict {
	inst := t.clients[r.Client]
	if inst == nil {
		return wire.Verdict{}
	}
	switch o := t.director.at(point{inst, t.op(r), w}); o.act {
	case plan.Cut:
		return wire.Verdict{Cut: true}
	case plan.Late:
		t.ledger.late(r.Commits)
		return wire.Verdict{Late: o.wait}
	}
	return wire.Verdict{}
}

// op is the request in the words of the plan.
func (t *tap) op(r *wire.Request) string {
	switch r.API {
	case "Produce":
		return "Produce " + t.topics.Word(r.About)
	case "OffsetCommit":
		return "OffsetCommit " + t.names[r.About]
	}
	return r.API
}

// ledger remembers who committed what, when.
type ledger struct {
	mu      sync.Mutex
	commits []check.Commit
	asked   []check.Commit // as the broker says from time to time
	owners  map[ledgerKey]owner
	paces   map[ledgerKey]*pace
	closed  bool // paces count no more
}

type ledgerKey struct {
	group, topic string
	partition    int32
}

// owner is who was last seen to work on a partition.
type owner struct {
	client string
	at     time.Time
}

func newLedger() *ledger {
	return &ledger{owners: map[ledgerKey]owner{}, paces: map[ledgerKey]*pace{}}
}

func (l *ledger) commit(client string, c wire.Commit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits = append(l.commits, made(c))
	k, now := ledgerKey{c.Group, c.Topic, c.Partition}, time.Now()
	l.owners[k] = owner{client, now}
	if l.paces[k] == nil {
		l.paces[k] = &pace{}
	}
	if !l.closed {
		l.paces[k].commits(now)
	}
}

func made(c wire.Commit) check.Commit {
	return check.Commit{Group: c.Group, Place: check.Place{Topic: c.Topic, Partition: c.Partition, Offset: c.Offset}}
}

// late notes commits that will be sent when their sender has given them up.
func (l *ledger) late(all []wire.Commit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range all {
		m := made(c)
		m.Late = true
		l.commits = append(l.commits, m)
	}
}

// ask notes what the broker said to an asker, who asks one question at a time.
func (l *ledger) ask(asker string, c check.Commit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.Asker = asker
	l.asked = append(l.asked, c)
}

// all are the commits, those that were seen on the wire and those asked for.
func (l *ledger) all() []check.Commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append([]check.Commit(nil), l.commits...), l.asked...)
}

// held are the partitions that client was last seen to work on, not before
// since.
func (l *ledger) held(client string, since time.Time) []ledgerKey {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []ledgerKey
	for k, o := range l.owners {
		if o.client == client && o.at.After(since) {
			out = append(out, k)
		}
	}
	return out
}

// insert notes that rows of a partition were sent to ClickHouse.
func (l *ledger) insert(client string, k ledgerKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owners[k] = owner{client, time.Now()}
}

// worked is who committed for k, or inserted its rows, the last time.
func (l *ledger) worked(k ledgerKey) owner {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owners[k]
}
