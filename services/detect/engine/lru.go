package engine

import "sync/atomic"

// lru is a map that forgets the entry used longest ago when there are too many,
// or when its budget says so. Which one that is depends on the order of the
// calls alone.
type lru[V any] struct {
	most    int
	entries map[string]*entry[V]
	head    entry[V]      // ring: head.next is the newest, head.prev the oldest
	used    int64         // bytes, about
	budget  *budget       // what they are taken from; nil: from nothing
	evicted *atomic.Int64 // entries that were forgotten; nil: nobody counts them
}

type entry[V any] struct {
	key        string
	value      V
	prev, next *entry[V]
}

// entryBytes is about what an entry takes besides the text of its key and what
// its value refers to: the entry, its place in the map, and what is lost
// between allocations.
const entryBytes = 128

func newLRU[V any](most int) *lru[V] {
	l := &lru[V]{most: most, entries: map[string]*entry[V]{}}
	l.head.prev, l.head.next = &l.head, &l.head
	return l
}

// get returns the value of key without making it newer.
func (l *lru[V]) get(key []byte) (V, bool) {
	e, ok := l.find(key)
	if !ok {
		var none V
		return none, false
	}
	return e.value, true
}

// find looks at the newest entry first: most often an event that was counted is
// asked about next.
func (l *lru[V]) find(key []byte) (*entry[V], bool) {
	if e := l.head.next; e != &l.head && e.key == string(key) {
		return e, true
	}
	e, ok := l.entries[string(key)]
	return e, ok
}

// use returns the value of key, made by fresh if there is none, as the newest.
// Others may be forgotten for it.
func (l *lru[V]) use(key []byte, fresh func() V) *entry[V] {
	e, ok := l.find(key)
	switch {
	case !ok:
		return l.insert(string(key), fresh())
	case l.head.next != e:
		l.unlink(e)
		l.link(e)
	}
	return e
}

func (l *lru[V]) insert(key string, value V) *entry[V] {
	if len(l.entries) >= l.most {
		l.drop(l.head.prev)
	}
	e := &entry[V]{key: key, value: value}
	l.entries[key] = e
	l.link(e)
	l.resize(int(l.bytesOf(e)))
	return e
}

// sized is a value that takes memory of its own.
type sized interface{ bytes() int }

func (l *lru[V]) bytesOf(e *entry[V]) int64 {
	n := entryBytes + len(e.key)
	if v, ok := any(e.value).(sized); ok {
		n += v.bytes()
	}
	return int64(n)
}

// resize notes that the newest entry takes so many bytes more, or fewer.
func (l *lru[V]) resize(by int) {
	l.used += int64(by)
	if l.budget != nil {
		l.budget.take(int64(by), l)
	}
}

// forgetOldest makes room; false if there is nothing but the newest entry.
func (l *lru[V]) forgetOldest() bool {
	if l.head.prev == l.head.next {
		return false
	}
	l.drop(l.head.prev)
	return true
}

func (l *lru[V]) drop(e *entry[V]) {
	l.unlink(e)
	delete(l.entries, e.key)
	if l.evicted != nil {
		l.evicted.Add(1)
	}
	gone := l.bytesOf(e)
	l.used -= gone
	if l.budget != nil {
		l.budget.used -= gone
	}
}

func (l *lru[V]) link(e *entry[V]) {
	e.prev, e.next = &l.head, l.head.next
	e.prev.next, e.next.prev = e, e
}

func (l *lru[V]) unlink(e *entry[V]) {
	e.prev.next, e.next.prev = e.next, e.prev
}

func (l *lru[V]) len() int { return len(l.entries) }

func (l *lru[V]) bytes() int64 { return l.used }

// join makes l take its bytes from b.
func (l *lru[V]) join(b *budget) {
	l.budget = b
	b.parts = append(b.parts, l)
	b.used += l.used
}
