package history

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/storetest"
)

// maxBytesPerEvent is what an event of real traffic may take on disk.
const maxBytesPerEvent = 25

// TestBytesPerEvent stores a day of real traffic, as it comes from sensors and
// as it is fed from a file.
func TestBytesPerEvent(t *testing.T) {
	start := time.Now().UTC()
	store, parts := storetest.Start(t), fleet(t)
	for _, c := range []struct {
		name     string
		recorded func(n int, written time.Time) time.Time
	}{
		{"live", func(n int, written time.Time) time.Time {
			return written.Add(time.Duration(50+n%97) * time.Millisecond)
		}},
		{"fed", func(n int, _ time.Time) time.Time { return start.Add(time.Duration(n/5) * time.Millisecond) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dsn := schemaIn(t, store)
			s := into(t, dsn.Writer, "events")
			want := 0
			for p, recs := range parts {
				want += len(recs)
				record(t, recs, c.recorded)
				insertAll(t, s, p, recs)
			}
			conn := dial(t, dsn.Admin)
			if err := conn.Exec(t.Context(), "OPTIMIZE TABLE events FINAL"); err != nil {
				t.Fatal(err)
			}
			if n := one[uint64](t, conn, "SELECT count() FROM events"); n != uint64(want) {
				t.Errorf("rows = %d; want %d", n, want)
			}
			got := one[float64](t, conn, "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE database = currentDatabase() AND table = 'events' AND active")
			t.Logf("%s: %.1f bytes per event; by column: %s", c.name, got, byColumn(t, conn))
			if got > maxBytesPerEvent {
				t.Errorf("bytes per event = %.1f; want at most %d", got, maxBytesPerEvent)
			}
		})
	}
}

func insertAll(t testing.TB, s *sink, partition int, recs []cordon.Record) {
	t.Helper()
	const size = 10_000
	for i := 0; i < len(recs); i += size {
		insert(t, s, fmt.Sprintf("events/%d/%d", partition, i), recs[i:min(i+size, len(recs))])
	}
}

func byColumn(t testing.TB, conn driver.Conn) string {
	t.Helper()
	cols := all[string](t, conn, `
		SELECT concat(column, ' ', toString(round(sum(column_data_compressed_bytes) / sum(rows), 2))) FROM system.parts_columns
		WHERE database = currentDatabase() AND table = 'events' AND active
		GROUP BY column ORDER BY sum(column_data_compressed_bytes) / sum(rows) DESC`)
	return strings.Join(cols, ", ")
}
