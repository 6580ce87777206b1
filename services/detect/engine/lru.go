package engine

// lru is a map that forgets the entry used longest ago when it is full. Which
// one that is depends on the order of the calls alone.
type lru[V any] struct {
	most    int
	entries map[string]*entry[V]
	head    entry[V] // ring: head.next is the newest, head.prev the oldest
}

type entry[V any] struct {
	key        string
	value      V
	prev, next *entry[V]
}

func newLRU[V any](most int) *lru[V] {
	l := &lru[V]{most: most, entries: map[string]*entry[V]{}}
	l.head.prev, l.head.next = &l.head, &l.head
	return l
}

// get returns the value of key without making it newer.
func (l *lru[V]) get(key []byte) (V, bool) {
	e, ok := l.entries[string(key)]
	if !ok {
		var none V
		return none, false
	}
	return e.value, true
}

// use returns the value of key, made by fresh if there is none, as the newest;
// evicted says that another one was forgotten for it.
func (l *lru[V]) use(key []byte, fresh func() V) (e *entry[V], evicted bool) {
	e, ok := l.entries[string(key)]
	if ok {
		l.unlink(e)
	} else {
		if len(l.entries) >= l.most {
			oldest := l.head.prev
			l.unlink(oldest)
			delete(l.entries, oldest.key)
			evicted = true
		}
		e = &entry[V]{key: string(key), value: fresh()}
		l.entries[e.key] = e
	}
	e.prev, e.next = &l.head, l.head.next
	e.prev.next, e.next.prev = e, e
	return e, evicted
}

func (l *lru[V]) unlink(e *entry[V]) {
	e.prev.next, e.next.prev = e.next, e.prev
}

func (l *lru[V]) len() int { return len(l.entries) }
