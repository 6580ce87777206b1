package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/cordon-iot/cordon/internal/storetest"
)

const (
	crashes   = 15
	crashRows = 1200 // per batch
	crashCut  = 8    // partitions that a batch is cut into
	writers   = 3
)

// producer writes numbered batches, as the history service does: the same
// batch with the same token again until it is acknowledged. One goroutine owns
// it.
type producer struct {
	id    int
	acked uint64 // batches acknowledged; the next has this number
}

// run sends batches until one fails, which is when the server was killed, and
// tells acks of each that does not.
func (p *producer) run(ctx context.Context, conn driver.Conn, acks chan<- struct{}) {
	for p.send(ctx, conn) == nil {
		p.acked++
		select {
		case acks <- struct{}{}:
		default: // enough have been told
		}
	}
}

func (p *producer) send(ctx context.Context, conn driver.Conn) error {
	ctx = clickhouse.Context(ctx,
		clickhouse.WithSettings(clickhouse.Settings{"insert_deduplication_token": fmt.Sprintf("t/%d/%d", p.id, p.acked), "async_insert": 0}),
		clickhouse.WithColumnNamesAndTypes([]clickhouse.ColumnNameAndType{{Name: "writer", Type: "UInt8"}, {Name: "batch", Type: "UInt64"}, {Name: "n", Type: "UInt32"}}))
	b, err := conn.PrepareBatch(ctx, "INSERT INTO crash (writer, batch, n)")
	if err != nil {
		return err
	}
	for n := range crashRows {
		if err := b.Append(uint8(p.id), p.acked, uint32(n)); err != nil {
			return err
		}
	}
	return b.Send()
}

// TestKillLosesAndTearsNothing kills the server during inserts, again and
// again. Every acknowledged batch must be there whole and once; the batch that
// was under way is sent again with its token and must not double.
func TestKillLosesAndTearsNothing(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	conn := admin(t, s)
	exec(t, conn,
		"CREATE TABLE crash (writer UInt8, batch UInt64, n UInt32) ENGINE=MergeTree PARTITION BY n % 8 ORDER BY (writer, batch, n)",
		"CREATE TABLE crash_sums (writer UInt8, rows SimpleAggregateFunction(sum, UInt64)) ENGINE=AggregatingMergeTree ORDER BY writer",
		"CREATE MATERIALIZED VIEW crash_mv TO crash_sums AS SELECT writer, count() AS rows FROM crash GROUP BY writer")
	producers := make([]*producer, writers)
	for i := range producers {
		producers[i] = &producer{id: i}
	}
	random := rand.New(rand.NewPCG(1, 2))
	var slowest time.Duration
	for range crashes {
		produceUntilKilled(t, s, producers, 3+random.IntN(10), time.Duration(random.IntN(30))*time.Millisecond)
		begun := time.Now()
		s = openDir(t, dir)
		slowest = max(slowest, time.Since(begun))
		checkAcked(t, admin(t, s), producers)
	}
	finish(t, s, producers)
	if slowest > 20*time.Second {
		t.Errorf("slowest restart took %v; want seconds", slowest)
	}
	t.Logf("%d kills, %d batches of %d rows, slowest restart %v", crashes, producers[0].acked+producers[1].acked+producers[2].acked, crashRows, slowest)
}

// produceUntilKilled kills the server a moment after the given number of
// batches was acknowledged.
func produceUntilKilled(t *testing.T, s *storetest.Server, producers []*producer, batches int, moment time.Duration) {
	t.Helper()
	acks := make(chan struct{}, batches)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var running sync.WaitGroup
	for _, p := range producers {
		conn := connect(t, options(t, s.Writer))
		running.Go(func() { p.run(ctx, conn, acks) })
	}
	for range batches {
		select {
		case <-acks:
		case <-ctx.Done():
			t.Fatal("producers got no further")
		}
	}
	<-time.After(moment)
	s.Kill()
	running.Wait()
}

// checkAcked compares what is stored with what was acknowledged: all of every
// acknowledged batch, and no part of any batch torn or doubled.
func checkAcked(t *testing.T, conn driver.Conn, producers []*producer) {
	t.Helper()
	for _, p := range producers {
		where := fmt.Sprintf(" FROM crash WHERE writer = %d", p.id)
		if got := one[uint64](t, conn, "SELECT count()"+where+fmt.Sprintf(" AND batch < %d", p.acked)); got != p.acked*crashRows {
			t.Errorf("writer %d: %d rows of %d acknowledged batches; want %d", p.id, got, p.acked, p.acked*crashRows)
		}
		torn := "SELECT count() FROM (SELECT batch, n % 8 AS part, count() AS c, uniqExact(n) AS u" + where +
			fmt.Sprintf(" GROUP BY batch, part HAVING c != u OR c != %d)", crashRows/crashCut)
		if got := one[uint64](t, conn, torn); got != 0 {
			t.Errorf("writer %d: %d torn or doubled parts of batches; want 0", p.id, got)
		}
	}
}

// finish sends what was under way once more and checks table and view.
func finish(t *testing.T, s *storetest.Server, producers []*producer) {
	t.Helper()
	conn, writer := admin(t, s), connect(t, options(t, s.Writer))
	var batches uint64
	for _, p := range producers {
		if err := p.send(timeout(t), writer); err != nil {
			t.Fatalf("send after the last restart: %v", err)
		}
		p.acked++
		batches += p.acked
	}
	checkAcked(t, conn, producers)
	if got := one[uint64](t, conn, "SELECT count() FROM crash"); got != batches*crashRows {
		t.Errorf("table has %d rows; want %d", got, batches*crashRows)
	}
	if got := one[uint64](t, conn, "SELECT sum(rows) FROM crash_sums"); got != batches*crashRows {
		t.Errorf("materialized view counts %d rows; want %d", got, batches*crashRows)
	}
	if res := post(t, s.Admin, "", "CHECK TABLE crash SETTINGS check_query_single_value_result=1"); res.body != "1\n" {
		t.Errorf("CHECK TABLE = %d %q; want 1", res.status, res.body)
	}
}

// TestRecordWithoutPartIsTakenBack makes what a kill between the engine's two
// steps of a commit leaves behind: the token is known, the part is not there.
// Sending the batch again must bring the rows back.
func TestRecordWithoutPartIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	const insert = "INSERT INTO half SETTINGS insert_deduplication_token='t1' FORMAT CSV\n1\n2\n3\n"
	exec(t, admin(t, s), "CREATE TABLE half (n UInt32) ENGINE=MergeTree PARTITION BY n ORDER BY n")
	if res := post(t, s.Writer, "", insert); res.status != 200 {
		t.Fatalf("insert = %d %s", res.status, res.body)
	}
	s.Kill()
	parts, err := filepath.Glob(filepath.Join(dir, "engine", "store", "*", "*", "2_*_0"))
	if err != nil || len(parts) != 1 {
		t.Fatalf("parts of partition 2 = %v, %v; want one", parts, err)
	}
	if err := os.RemoveAll(parts[0]); err != nil {
		t.Fatal(err)
	}
	s = openDir(t, dir)
	conn := admin(t, s)
	if got := one[uint64](t, conn, "SELECT count() FROM half"); got != 2 {
		t.Fatalf("after the loss %d rows; want 2", got)
	}
	if res := post(t, s.Writer, "", insert); res.status != 200 {
		t.Fatalf("insert again = %d %s", res.status, res.body)
	}
	if got := one[string](t, conn, "SELECT toString(groupArray(n)) FROM (SELECT n FROM half ORDER BY n)"); got != "[1,2,3]" {
		t.Errorf("after the same insert again %s; want [1,2,3]", got)
	}
}
