package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	opa "github.com/open-policy-agent/opa/v1/version"
)

// stateVersion changes whenever the same events would lead to another state, or
// a state is written in another form. TestStateIsPinned says when.
const stateVersion = 3

// Digest names all that the state depends on besides the events: policies,
// their order, limits, and the versions of this engine and of OPA. A state that
// was written under another digest is of no use.
func (e *Engine) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "engine %d opa %s recent %d bytes %d audit %d\n", stateVersion, opa.Version, len(e.recent.ids), e.mostBytes(), e.audit1in)
	for _, r := range e.runs {
		fmt.Fprintf(h, "%s %s %s %d\n", r.Package, r.ID, r.Digest, r.emitted.most)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Snapshot writes what e remembers. The same memory gives the same bytes.
func (e *Engine) Snapshot(to io.Writer) error {
	w := &stateWriter{to: to, buf: make([]byte, 0, flushAt+4<<10)}
	w.count(stateVersion)
	e.recent.save(w)
	w.count(len(e.runs))
	for _, r := range e.runs {
		for _, s := range r.windows {
			saveLRU(w, s.cells, func(c cell) { c.save(w) })
		}
		saveLRU(w, r.emitted, func(m *emissions) { m.save(w) })
		r.health.save(w)
	}
	w.flush()
	return w.err
}

// Restore makes e remember what Snapshot wrote, in place of what it remembers.
// The Digest of the engine that wrote it must be that of e. After an error e
// remembers what it did before.
func (e *Engine) Restore(from io.Reader) error {
	r := newStateReader(from)
	if v := r.unsigned(); r.err == nil && v != stateVersion {
		return fmt.Errorf("%w: version %d, want %d", errState, v, stateVersion)
	}
	seen := newRecent(len(e.recent.ids))
	seen.load(r)
	if n := r.unsigned(); r.err == nil && n != uint64(len(e.runs)) {
		return fmt.Errorf("%w: of %d policies, want %d", errState, n, len(e.runs))
	}
	most := e.mostBytes()
	apply := []func(){func() { e.recent = seen }}
	for _, q := range e.runs {
		apply = append(apply, q.load(r))
	}
	if _, err := r.from.ReadByte(); r.err == nil && !errors.Is(err, io.EOF) {
		r.fail(fmt.Errorf("%w: something follows it", errState))
	}
	if r.err != nil {
		return r.err
	}
	for _, f := range apply {
		f()
	}
	e.recount()
	e.bound(most)
	return nil
}

// load reads the state of r and returns what puts it in force.
func (r *run) load(from *stateReader) func() {
	var cells []*lru[cell]
	for _, s := range r.windows {
		cells = append(cells, loadLRU(from, s.cells.most, func() cell {
			c := s.frame.newCell()
			c.load(from, s.frame)
			return c
		}))
	}
	emitted := loadLRU(from, r.emitted.most, func() *emissions {
		m := &emissions{}
		m.load(from)
		return m
	})
	health := loadHealth(from)
	return func() {
		r.count(-1)
		r.health = health
		r.count(1)
		for i, s := range r.windows {
			s.remember(cells[i])
		}
		r.suppressWith(emitted)
	}
}

// saveLRU writes l from the entry used longest ago to the newest.
func saveLRU[V any](w *stateWriter, l *lru[V], save func(V)) {
	w.count(l.len())
	for e := l.head.prev; e != &l.head; e = e.prev {
		w.text(e.key)
		save(e.value)
	}
}

func loadLRU[V any](r *stateReader, most int, load func() V) *lru[V] {
	l := newLRU[V](most)
	n := r.count(most)
	for i := 0; i < n && r.err == nil; i++ {
		key := r.text()
		l.use([]byte(key), load)
		if r.err == nil && l.len() != i+1 {
			r.fail(fmt.Errorf("%w: a key occurs twice", errState))
		}
	}
	return l
}

func (r *recent) save(w *stateWriter) {
	w.text(r.last.Topic)
	w.count(r.last.Partition)
	w.number(r.last.Offset)
	w.count(r.next)
	w.count(len(r.has))
	for i := range len(r.has) { // from the newest back: what is empty comes last
		w.short(r.ids[floorMod(int64(r.next-1-i), int64(len(r.ids)))])
	}
}

func (r *recent) load(from *stateReader) {
	r.last.Topic = from.text()
	r.last.Partition = from.count(1 << 30)
	r.last.Offset = from.number()
	r.next = from.count(len(r.ids) - 1)
	n := from.count(len(r.ids))
	for i := 0; i < n && from.err == nil; i++ {
		id := from.short()
		r.ids[floorMod(int64(r.next-1-i), int64(len(r.ids)))] = id
		r.has[id] = struct{}{}
	}
}

func (e *emissions) save(w *stateWriter) {
	w.count(e.n)
	for _, at := range e.at[:min(e.n, rememberedFindings)] {
		w.number(at)
	}
}

func (e *emissions) load(r *stateReader) {
	e.n = r.count(1 << 62)
	for i := range min(e.n, rememberedFindings) {
		e.at[i] = r.number()
	}
}
