package history

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
)

// TestMonitor takes rows out of the history and puts one in again: the service
// finds both by itself, names them, and counts nothing while all is well.
func TestMonitor(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 1)
	dsn := schema(t)
	publish(t, k, topics.Events(), append(manyEvents(300), cordon.Record{Key: "d-1", Value: []byte("what is this?")})...)
	reg := prometheus.NewRegistry()
	said := make(chan string, 1)
	start(t, Options{
		Kafka: k, Topics: topics, DSN: dsn.Writer, MaxWait: 50 * time.Millisecond, CheckEvery: 100 * time.Millisecond,
		Registry: reg, Now: time.Now, Log: slog.New(errorsTo{said}),
	})
	eventually(t, "a check of all topics", func() bool { return testutil.CollectAndCount(reg, "cordon_history_missing_rows") == 4 })
	eventually(t, "300 rows", func() bool { return one[uint64](t, dial(t, dsn.Reader), "SELECT count() FROM events") == 300 })
	expect := func(twice, missing int) func() bool {
		text := fmt.Sprintf(`
# HELP cordon_history_duplicate_rows Rows of today and yesterday beyond one for each record; must be 0.
# TYPE cordon_history_duplicate_rows gauge
cordon_history_duplicate_rows{table="actions"} 0
cordon_history_duplicate_rows{table="devices"} 0
cordon_history_duplicate_rows{table="events"} %d
cordon_history_duplicate_rows{table="findings"} 0
cordon_history_duplicate_rows{table="rejected"} 0
# HELP cordon_history_missing_rows Records of today and yesterday without a row; must be 0. Replicated tables are not looked at.
# TYPE cordon_history_missing_rows gauge
cordon_history_missing_rows{partition="0",topic="%s"} 0
cordon_history_missing_rows{partition="0",topic="%s"} %d
cordon_history_missing_rows{partition="0",topic="%s"} 0
cordon_history_missing_rows{partition="0",topic="%s"} 0
`, twice, topics.Actions(), topics.Events(), missing, topics.Findings(), topics.Rejected())
		return func() bool {
			return testutil.GatherAndCompare(reg, strings.NewReader(text), "cordon_history_duplicate_rows", "cordon_history_missing_rows") == nil
		}
	}
	eventually(t, "nothing found", expect(0, 0))

	admin := dial(t, dsn.Admin)
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 1}))
	if err := admin.Exec(ctx, "ALTER TABLE events DELETE WHERE kafka_offset < 2 OR kafka_offset BETWEEN 100 AND 104"); err != nil {
		t.Fatal(err)
	}
	again := at(topics.Events(), 7, manyEvents(1)...)
	again[0].Position.Partition = 0
	insert(t, into(t, dsn.Writer, "events"), "another", again)
	eventually(t, "7 missing and 1 too many", expect(1, 7))
	want := []string{topics.Events() + "/0/7-7 (1)", "records=7 first=0 last=104"}
	for i := 0; i < len(want); {
		select {
		case text := <-said:
			if strings.Contains(text, want[i]) {
				i++
			}
		case <-time.After(time.Minute):
			t.Fatalf("nothing in the log names %q", want[i])
		}
	}
}

// TestGapsGoOn: a check that may read little goes on where the one before has
// stopped, and what was found counts until a whole pass finds less. Replicated
// tables are left alone.
func TestGapsGoOn(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 1)
	dsn := schema(t)
	publish(t, k, topics.Events(), manyEvents(300)...)
	o := Options{Kafka: k, Topics: topics, DSN: dsn.Writer, MaxWait: 50 * time.Millisecond, Now: time.Now}.withDefaults()
	start(t, o)
	eventually(t, "300 rows committed", func() bool {
		at, meta, err := kafkatest.Committed(t.Context(), k, o.Group, topics.Events(), 0)
		return err == nil && at == 300 && meta == ""
	})
	admin := dial(t, dsn.Admin)
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 1}))
	if err := admin.Exec(ctx, "ALTER TABLE events DELETE WHERE kafka_offset IN (3, 200, 299)"); err != nil {
		t.Fatal(err)
	}
	metrics := newMetrics(prometheus.NewRegistry())
	m := newMonitor(o, newPlaces(dial(t, dsn.Writer), slog.New(slog.NewTextHandler(t.Output(), nil))), metrics)
	defer m.admin.Close()
	m.atOnce, m.mostReads = 10, 1
	var got []float64
	for range 5 {
		if err := m.gaps(t.Context(), m.tables[0]); err != nil {
			t.Fatal(err)
		}
		got = append(got, testutil.ToFloat64(metrics.absent))
		if len(got) == 3 {
			row := at(topics.Events(), 200, manyEvents(1)...)
			row[0].Position.Partition = 0
			insert(t, into(t, dsn.Writer, "events"), "repair", row)
		}
	}
	if diff := cmp.Diff([]float64{1, 2, 3, 3, 2}, got); diff != "" {
		t.Errorf("missing rows at each check, the second of three repaired after the first pass (-want +got):\n%s", diff)
	}
	m.metrics = newMetrics(prometheus.NewRegistry())
	m.places.engine["events"] = "ReplicatedMergeTree"
	if err := m.gaps(t.Context(), m.tables[0]); err != nil {
		t.Fatal(err)
	}
	if n := testutil.CollectAndCount(m.metrics.absent); n != 0 {
		t.Errorf("%d partitions of a replicated table were looked at; want none", n)
	}
}

// TestUnchecked: a user without the grant is told once what to grant, and
// tokens are believed.
func TestUnchecked(t *testing.T) {
	var told int
	p := newPlaces(nil, slog.New(counter{&told}))
	for range 3 {
		if err := p.unless(&clickhouse.Exception{Code: codeAccessDenied}); err != stream.ErrUnchecked { //nolint:errorlint // itself
			t.Errorf("unless(access denied) = %v; want ErrUnchecked", err)
		}
	}
	if err := p.unless(&clickhouse.Exception{Code: 60}); err == nil || err == stream.ErrUnchecked { //nolint:errorlint // itself
		t.Errorf("unless(no such table) = %v; want the error", err)
	}
	if told != 1 {
		t.Errorf("told %d times; want once", told)
	}
}

// counter is a slog.Handler that counts.
type counter struct{ n *int }

// Enabled implements slog.Handler.
func (counter) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (c counter) Handle(context.Context, slog.Record) error { *c.n++; return nil }

// WithAttrs implements slog.Handler.
func (c counter) WithAttrs([]slog.Attr) slog.Handler { return c }

// WithGroup implements slog.Handler.
func (c counter) WithGroup(string) slog.Handler { return c }
