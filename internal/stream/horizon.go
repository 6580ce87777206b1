package stream

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/cordon-iot/cordon/wkafka"
)

// horizonEvery is how much older than a commit its marks may be. Whoever takes
// the partition over reads as much more of the output topics.
const horizonEvery = 2 * time.Second

// horizon knows how far the output topics reach. A partition of them to which
// this process has appended nothing for long would else keep its old mark, and
// whoever takes over would read all that others have appended there since.
type horizon struct {
	kafka wkafka.Config

	mu   sync.Mutex
	ends map[string][]int64 // by topic; nil: not known yet
}

func newHorizon(k wkafka.Config) *horizon {
	return &horizon{kafka: k, ends: make(map[string][]int64)}
}

// note says that topic is one of outputs, and where it ends now if that is
// known.
func (h *horizon) note(topic string, ends []int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ends[topic] == nil || ends != nil {
		h.ends[topic] = ends
	}
}

// of returns offsets that the partitions of topic have reached; nil if none is
// known.
func (h *horizon) of(topic string) []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ends[topic]
}

func (h *horizon) topics() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]string, 0, len(h.ends))
	for t := range h.ends {
		all = append(all, t)
	}
	slices.Sort(all)
	return all
}

// look asks for the ends. What cannot be learned stays as it was: that costs the
// next owner time and nothing else.
func (h *horizon) look(ctx context.Context) {
	for _, t := range h.topics() {
		h.ask(ctx, t)
	}
}

func (h *horizon) ask(ctx context.Context, topic string) {
	ctx, cancel := context.WithTimeout(ctx, horizonEvery)
	defer cancel()
	if ends, err := wkafka.EndOffsets(ctx, h.kafka, topic); err == nil {
		h.note(topic, ends)
	}
}
