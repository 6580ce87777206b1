package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
)

func TestServerSideParameters(t *testing.T) {
	conn := admin(t, open(t))
	at := time.Date(2026, 5, 6, 7, 8, 9, 123_000_000, time.UTC)
	ctx := clickhouse.Context(timeout(t), clickhouse.WithParameters(clickhouse.Parameters{
		"n": "42", "s": `it's\na\t"quote" \\ and ; DROP TABLE x`, "a": "[1,2,3]", "m": "{'k':'v'}", "at": "2026-05-06 07:08:09.123", "db": "system", "tab": "one",
	}))
	var (
		n   uint64
		s   string
		a   []uint8
		m   map[string]string
		got time.Time
	)
	err := conn.QueryRow(ctx, "SELECT {n:UInt64}, {s:String}, {a:Array(UInt8)}, {m:Map(String, String)}, {at:DateTime64(3)} FROM {db:Identifier}.{tab:Identifier}").Scan(&n, &s, &a, &m, &got)
	if err != nil {
		t.Fatalf("QueryRow: %v", err)
	}
	if n != 42 || s != "it's\na\t\"quote\" \\ and ; DROP TABLE x" || string(a) != "\x01\x02\x03" || m["k"] != "v" || !got.Equal(at) {
		t.Errorf("parameters came back as %d %q %v %v %v", n, s, a, m, got)
	}
}

func TestClientBind(t *testing.T) {
	conn := admin(t, open(t))
	if got := one[string](t, conn, "SELECT concat(?, ?)", "a'b", "c\nd"); got != "a'bc\nd" {
		t.Errorf("bind = %q; want a'bc\\nd", got)
	}
	if got := one[uint64](t, conn, "SELECT sum(number) FROM numbers($1)", 5); got != 10 {
		t.Errorf("bind = %d; want 10", got)
	}
	if got := one[string](t, conn, "SELECT @x", clickhouse.Named("x", "named")); got != "named" {
		t.Errorf("bind = %q; want named", got)
	}
}

func TestSettingsAndQueryID(t *testing.T) {
	conn := admin(t, open(t))
	ctx := clickhouse.Context(timeout(t), clickhouse.WithQueryID("my-query"), clickhouse.WithSettings(clickhouse.Settings{"max_threads": 3}))
	var threads uint64
	if err := conn.QueryRow(ctx, "SELECT toUInt64(getSetting('max_threads'))").Scan(&threads); err != nil {
		t.Fatalf("QueryRow: %v", err)
	}
	if threads != 3 {
		t.Errorf("max_threads = %d; want 3", threads)
	}
	if got := one[uint64](t, conn, "SELECT toUInt64(getSetting('max_threads'))"); got == 3 {
		t.Error("a setting of one query reached the next")
	}
}

func TestErrorsHaveCodes(t *testing.T) {
	s := open(t)
	exec(t, admin(t, s), "CREATE TABLE c (a Int32, CONSTRAINT positive CHECK a > 0) ENGINE=Memory")
	for name, c := range compressions() {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, compressed(t, s.Admin, c))
			query := func(sql string) func() error {
				return func() error { return conn.QueryRow(timeout(t), sql).Err() }
			}
			tests := []struct {
				name string
				run  func() error
				code int32
			}{
				{"unknown table", query("SELECT * FROM no_such_table"), 60},
				{"syntax", query("SELEC 1"), 62},
				{"division", query("SELECT intDiv(1, 0)"), 153},
				{"exec", func() error { return conn.Exec(timeout(t), "DROP TABLE no_such_table") }, 60},
				{"constraint through a batch", func() error { return batchOf(timeout(t), conn, "INSERT INTO c", int32(-1)) }, 469},
				{"too many result rows", func() error {
					ctx := clickhouse.Context(timeout(t), clickhouse.WithSettings(clickhouse.Settings{"max_result_rows": 10}))
					return drain(conn.Query(ctx, "SELECT number FROM numbers(100)"))
				}, 396},
				{"unknown setting", func() error {
					ctx := clickhouse.Context(timeout(t), clickhouse.WithSettings(clickhouse.Settings{"no_such_setting": 1}))
					return conn.QueryRow(ctx, "SELECT 1").Err()
				}, 115},
				{"time limit", func() error {
					// Without a deadline: the driver would send it as the limit.
					ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 1}))
					return drain(conn.Query(ctx, "SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number))"))
				}, 159},
				{"memory limit", func() error {
					ctx := clickhouse.Context(timeout(t), clickhouse.WithSettings(clickhouse.Settings{"max_memory_usage": 10_000_000}))
					return drain(conn.Query(ctx, "SELECT groupArray(number) FROM numbers(10000000)"))
				}, 241},
				{"in the middle of a result", func() error {
					return drain(conn.Query(timeout(t), "SELECT number, throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_threads=1, max_block_size=10000"))
				}, 395},
			}
			for _, tt := range tests {
				var e *clickhouse.Exception
				if err := tt.run(); !errors.As(err, &e) || e.Code != tt.code {
					t.Errorf("%s: error = %v; want exception %d", tt.name, err, tt.code)
				}
			}
		})
	}
}

func batchOf(ctx context.Context, conn driver.Conn, insert string, row ...any) error {
	b, err := conn.PrepareBatch(ctx, insert)
	if err != nil {
		return err
	}
	if err := b.Append(row...); err != nil {
		return err
	}
	return b.Send()
}

// drain reads a result to its end.
func drain(rows driver.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		continue
	}
	return rows.Err()
}

func TestMissingDatabase(t *testing.T) {
	s := open(t)
	var e *clickhouse.Exception
	if err := connect(t, options(t, s.Database("no_such").Admin)).Ping(timeout(t)); !errors.As(err, &e) || e.Code != 81 {
		t.Errorf("Ping of a missing database = %v; want exception 81", err)
	}
}

func TestNoRows(t *testing.T) {
	conn := admin(t, open(t))
	var n uint64
	if err := conn.QueryRow(timeout(t), "SELECT number FROM numbers(0)").Scan(&n); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("Scan of no row = %v; want sql.ErrNoRows", err)
	}
}

func TestExternalTables(t *testing.T) {
	s := open(t)
	for _, dsn := range []string{s.Admin, s.Reader} {
		conn := connect(t, options(t, dsn))
		table, err := ext.NewTable("ids", ext.Column("id", "UInt64"), ext.Column("name", "String"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			if err := table.Append(uint64(i), fmt.Sprint("n", i)); err != nil {
				t.Fatal(err)
			}
		}
		ctx := clickhouse.Context(timeout(t), clickhouse.WithExternalTable(table))
		var sum uint64
		if err := conn.QueryRow(ctx, "SELECT sum(id) FROM ids WHERE name != 'n3'").Scan(&sum); err != nil || sum != 42 {
			t.Errorf("sum over external table = %d, %v; want 42", sum, err)
		}
		if err := conn.QueryRow(timeout(t), "SELECT count() FROM ids").Err(); err == nil {
			t.Error("external table outlived its query")
		}
	}
}

func TestSessionKeepsTemporaryTables(t *testing.T) {
	s := open(t)
	o := options(t, s.Admin)
	o.Settings = clickhouse.Settings{"session_id": "s1"}
	conn := connect(t, o)
	exec(t, conn, "CREATE TEMPORARY TABLE tmp (a Int64)", "INSERT INTO tmp VALUES (1), (2)", "SET max_threads = 3")
	if got := one[int64](t, conn, "SELECT sum(a) FROM tmp"); got != 3 {
		t.Errorf("sum = %d; want 3", got)
	}
	if got := one[string](t, conn, "SELECT toString(getSetting('max_threads'))"); got != "3" {
		t.Errorf("max_threads in session = %s; want 3", got)
	}
	if err := admin(t, s).QueryRow(timeout(t), "SELECT sum(a) FROM tmp").Err(); err == nil {
		t.Error("temporary table is seen outside its session")
	}
	if res := post(t, s.Admin, "session_id=none&session_check=1", "SELECT 1"); res.header.Get("X-ClickHouse-Exception-Code") != "372" {
		t.Errorf("missing session = %d %s; want code 372", res.status, res.body)
	}
}

func TestBusySessionIsLocked(t *testing.T) {
	s := open(t)
	done := make(chan response, 1)
	var slow sync.WaitGroup
	slow.Go(func() { done <- post(t, s.Admin, "session_id=busy", "SELECT sleep(3)") })
	defer slow.Wait()
	conn := admin(t, s)
	waitFor(t, func() bool {
		return one[uint64](t, conn, "SELECT count() FROM system.processes WHERE query LIKE '%sleep(3)%' AND query NOT LIKE '%processes%'") == 1
	})
	if res := post(t, s.Admin, "session_id=busy", "SELECT 1"); res.header.Get("X-ClickHouse-Exception-Code") != "373" {
		t.Errorf("statement in a busy session = %d %s; want code 373", res.status, res.body)
	}
	if res := <-done; res.status != 200 {
		t.Errorf("busy session = %d %s; want 200", res.status, res.body)
	}
}

func TestCancelledContextStopsTheQuery(t *testing.T) {
	s := open(t)
	conn := admin(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- drain(conn.Query(ctx, "SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number)) /* endless */"))
	}()
	const running = "SELECT count() FROM system.processes WHERE query LIKE '%endless%' AND query NOT LIKE '%processes%'"
	other := admin(t, s)
	waitFor(t, func() bool { return one[uint64](t, other, running) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Query after cancel = %v; want context.Canceled", err)
	}
	waitFor(t, func() bool { return one[uint64](t, other, running) == 0 })
}

// waitFor polls a condition of another process, for which there is no event.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for ctx := timeout(t); !ok(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("condition never held")
		}
	}
}

func TestAsyncInsertIsVisibleAtOnce(t *testing.T) {
	conn := admin(t, open(t))
	exec(t, conn, "CREATE TABLE a (n UInt64) ENGINE=MergeTree ORDER BY n")
	//lint:ignore SA1019 deprecated, and what older writers use
	if err := conn.AsyncInsert(timeout(t), "INSERT INTO a VALUES (1), (2)", true); err != nil { //nolint:staticcheck // see above
		t.Fatalf("AsyncInsert: %v", err)
	}
	ctx := clickhouse.Context(timeout(t), clickhouse.WithAsync(true))
	if err := batchOf(ctx, conn, "INSERT INTO a", uint64(3)); err != nil {
		t.Fatalf("batch with WithAsync: %v", err)
	}
	if got := one[uint64](t, conn, "SELECT sum(n) FROM a"); got != 6 {
		t.Errorf("sum = %d; want 6", got)
	}
}

func TestDeduplicationToken(t *testing.T) {
	s := open(t)
	conn := admin(t, s)
	exec(t, conn, "CREATE TABLE d (n UInt64) ENGINE=MergeTree ORDER BY n",
		"CREATE TABLE per_n (n UInt64, c SimpleAggregateFunction(sum, UInt64)) ENGINE=AggregatingMergeTree ORDER BY n",
		"CREATE MATERIALIZED VIEW d_mv TO per_n AS SELECT n, count() AS c FROM d GROUP BY n")
	writer := connect(t, options(t, s.Writer))
	for range 3 {
		ctx := clickhouse.Context(timeout(t), clickhouse.WithSettings(clickhouse.Settings{
			"insert_deduplication_token": "events/0/0-0", "async_insert": 0, "insert_deduplicate": 1,
			"deduplicate_blocks_in_dependent_materialized_views": 1, "wait_end_of_query": 1,
		}))
		if err := batchOf(ctx, writer, "INSERT INTO d", uint64(7)); err != nil {
			t.Fatalf("Send: %v", err)
		}
	}
	if err := batchOf(timeout(t), writer, "INSERT INTO d SETTINGS insert_deduplication_token='events/0/1-1'", uint64(7)); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if rows, sums := one[uint64](t, conn, "SELECT count() FROM d"), one[uint64](t, conn, "SELECT sum(c) FROM per_n"); rows != 2 || sums != 2 {
		t.Errorf("after 3 sends of one token and 1 of another: %d rows, %d in the view; want 2 and 2", rows, sums)
	}
}

func TestDatabaseSQL(t *testing.T) {
	s := open(t)
	db, err := sql.Open("clickhouse", s.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := timeout(t)
	if _, err := db.ExecContext(ctx, "CREATE TABLE q (a Int64, s String) ENGINE=MergeTree ORDER BY a"); err != nil {
		t.Fatalf("Exec: %v", err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	stmt, err := tx.PrepareContext(ctx, "INSERT INTO q (a, s)")
	if err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	for i := range 3 {
		if _, err := stmt.ExecContext(ctx, int64(i), fmt.Sprint("s", i)); err != nil {
			t.Fatalf("Exec: %v", err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatalf("Commit: %v", err)
	}
	rows, err := db.QueryContext(ctx, "SELECT s FROM q WHERE a >= ? ORDER BY a", 1)
	if err != nil {
		t.Fatalf("Query: %v", err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	if diff := cmp.Diff([]string{"s1", "s2"}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
