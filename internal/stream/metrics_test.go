package stream

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cordon-iot/cordon/wkafka"
)

func TestLogMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	now := time.Unix(1_000, 0)
	m := NewMetrics(reg, func() time.Time { return now })
	if again := NewMetrics(reg, time.Now); again.log.commits != m.log.commits {
		t.Error("a second NewMetrics on the same registry counts apart")
	}
	g := m.hooks("g")
	g.Revoked(2)
	g.Expelled(3)
	g.Lost(7)
	g.Stalled(wkafka.Stall{})
	g.Parked("t", 0, "nack")
	a, b := m.hooks(""), m.hooks("") // two publishers of a process
	a.Queued(10, 100)
	b.Queued(5, 50)
	a.Queued(0, 0)
	a.ReadBack(true)
	m.drained("g", "t", 0, 1, 4, now.Add(-2*time.Second))
	m.drained("g", "t", 1, 1, 0, now)
	m.drained("g", "t", 2, 1, 4, now)
	m.released("g", "t", 2)
	now = now.Add(30 * time.Second)
	want := `
# HELP cordon_stream_append_queue_records Records that wait to be appended.
# TYPE cordon_stream_append_queue_records gauge
cordon_stream_append_queue_records 5
# HELP cordon_stream_append_read_backs_total Batches looked for in the log because the answer to an append was lost, by whether they were there.
# TYPE cordon_stream_append_read_backs_total counter
cordon_stream_append_read_backs_total{found="true"} 1
# HELP cordon_stream_commit_age_seconds Time since records of a partition were last done with; 0 when there were none left then.
# TYPE cordon_stream_commit_age_seconds gauge
cordon_stream_commit_age_seconds{group="g",partition="0",topic="t"} 30
cordon_stream_commit_age_seconds{group="g",partition="1",topic="t"} 0
# HELP cordon_stream_dead_letters_total Records put among the dead letters, by reason.
# TYPE cordon_stream_dead_letters_total counter
cordon_stream_dead_letters_total{group="g",reason="nack",topic="t"} 1
# HELP cordon_stream_partitions_lost_total Partitions lost with the session: the group heard nothing from this process.
# TYPE cordon_stream_partitions_lost_total counter
cordon_stream_partitions_lost_total{group="g"} 3
# HELP cordon_stream_records_lost_total Records that were removed from the log before they were read, and passed over.
# TYPE cordon_stream_records_lost_total counter
cordon_stream_records_lost_total{group="g"} 7
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "cordon_stream_append_queue_records", "cordon_stream_append_read_backs_total",
		"cordon_stream_commit_age_seconds", "cordon_stream_dead_letters_total", "cordon_stream_partitions_lost_total", "cordon_stream_records_lost_total"); err != nil {
		t.Error(err)
	}
}
