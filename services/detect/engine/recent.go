package engine

import (
	"crypto/sha256"
	"fmt"

	"github.com/cordon-iot/cordon"
)

// DefaultRecent is how many events back one that is delivered again is
// recognised.
const DefaultRecent = 65_536

// recent knows the events of a partition that came last, by their ids. Sources
// deliver at least once: what is delivered twice counts once.
type recent struct {
	ids  []shortID // ring
	next int
	has  map[shortID]struct{}
	last cordon.Position
}

// shortID stands for an id: the 16 bytes of a UUID, as ids of events are, or of
// a hash of anything else. It keeps no memory of the record that the id is part
// of.
type shortID [16]byte

func shortened(id string) shortID {
	if b, ok := packUUID(id); ok {
		return b
	}
	h := sha256.Sum256([]byte(id))
	return shortID(h[:16])
}

func newRecent(n int) *recent {
	return &recent{ids: make([]shortID, n), has: make(map[shortID]struct{})}
}

// OrderError says that events were not given in the order of the log, each
// once. The state is worthless then: begin with a new engine.
type OrderError struct{ At, After cordon.Position }

// Error names both places.
func (e *OrderError) Error() string {
	return fmt.Sprintf("event at %s after the one at %s: a partition is evaluated in its order, each event once", e.At, e.After)
}

// order checks that ev comes after what came before it in the log.
func (r *recent) order(ev cordon.Event) error {
	at := ev.Position
	if at.Topic == "" {
		return nil
	}
	if r.last.Topic == at.Topic && r.last.Partition == at.Partition && at.Offset <= r.last.Offset {
		return &OrderError{At: at, After: r.last}
	}
	r.last = at
	return nil
}

// add remembers the event id, and reports whether it is new or, if retry is not
// empty, whether that is.
func (r *recent) add(id cordon.EventID, retry string) bool {
	if retry == "" {
		return r.note(shortened(string(id)))
	}
	fresh := r.note(shortened(retry))
	r.note(shortened(string(id))) // that it may come without retry as well is no reason to count it
	return fresh
}

// note remembers id and reports whether it is new.
func (r *recent) note(id shortID) bool {
	if _, ok := r.has[id]; ok {
		return false
	}
	delete(r.has, r.ids[r.next])
	r.ids[r.next] = id
	r.has[id] = struct{}{}
	r.next = (r.next + 1) % len(r.ids)
	return true
}
