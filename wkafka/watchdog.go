package wkafka

import (
	"context"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

// watch notices that nothing moves in one partition. It is used by one
// goroutine and counts the time between its looks, so that it needs no clock.
type watch struct {
	claim *Claim
	after time.Duration
	log   *slog.Logger
	quiet time.Duration // since something moved
	moved bool          // since the last look
}

// look is called after each interval. where is what the oldest record waits
// for, "" when there is none.
func (w *watch) look(interval time.Duration, where string, next, end int64) {
	if w.moved || where == "" {
		w.moved, w.quiet = false, 0
		return
	}
	if w.quiet += interval; w.quiet < w.after {
		return
	}
	s := Stall{Topic: w.claim.Topic, Partition: w.claim.Partition, Where: where, Next: next, End: end, For: w.quiet}
	w.quiet = 0
	report(w.claim.hooks, w.log, s)
}

func report(h Hooks, log *slog.Logger, s Stall) {
	h.stalled(s)
	log.Warn("no progress although there are records", "topic", s.Topic, "partition", s.Partition,
		"waiting for", s.Where, "next", s.Next, "end", s.End, "for", s.For)
}

// inquire asks where the log ends after a broker has long answered that there
// is nothing to read. If there is, it drops the connections and what is known
// of leaders, so that the next fetch takes new ones.
func (r *PartitionReader) inquire(ctx context.Context, quiet time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := r.cluster.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics:         map[string][]kafka.OffsetRequest{r.topic: {kafka.LastOffsetOf(r.partition)}},
		IsolationLevel: kafka.ReadCommitted,
	})
	if err != nil || len(res.Topics[r.topic]) != 1 {
		return // the next fetch meets the same trouble and says so
	}
	end := res.Topics[r.topic][0].LastOffset
	if end <= r.ahead {
		return
	}
	r.leader.forget()
	r.cluster.refresh()
	if r.stalled != nil {
		r.stalled(Stall{Topic: r.topic, Partition: r.partition, Where: StallFetch, Next: r.next, End: end, For: quiet})
	}
}
