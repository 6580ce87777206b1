package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
)

// compressions are all that clickhouse-go knows over HTTP.
func compressions() map[string]*clickhouse.Compression {
	return map[string]*clickhouse.Compression{
		"none":    nil,
		"lz4":     {Method: clickhouse.CompressionLZ4},
		"zstd":    {Method: clickhouse.CompressionZSTD, Level: 1},
		"gzip":    {Method: clickhouse.CompressionGZIP, Level: 5},
		"deflate": {Method: clickhouse.CompressionDeflate, Level: 5},
		"brotli":  {Method: clickhouse.CompressionBrotli, Level: 5},
	}
}

// compressed returns options of the DSN that compress both ways.
func compressed(t *testing.T, dsn string, c *clickhouse.Compression) *clickhouse.Options {
	t.Helper()
	o := options(t, dsn)
	o.Compression = c
	o.Settings = clickhouse.Settings{"enable_http_compression": 1}
	return o
}

type reading struct {
	ID   uint64    `ch:"id"`
	Name string    `ch:"name"`
	At   time.Time `ch:"at"`
	Tags []string  `ch:"tags"`
}

func readings(n int) []reading {
	rows := make([]reading, n)
	for i := range rows {
		rows[i] = reading{uint64(i), fmt.Sprintf("sensor-%d", i%7), time.Date(2026, 1, 2, 3, 4, i%60, 0, time.UTC), []string{"a", fmt.Sprint(i)}}
	}
	return rows
}

func TestBatchAndSelectWithEveryCompression(t *testing.T) {
	s := open(t)
	exec(t, admin(t, s), "CREATE DATABASE d ENGINE=Atomic")
	for name, c := range compressions() {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, compressed(t, s.Database("d").Admin, c))
			table := "readings_" + name
			exec(t, conn, "CREATE TABLE "+table+" (id UInt64, name String, at DateTime, tags Array(String)) ENGINE=MergeTree ORDER BY id")
			want := readings(3000)
			batch, err := conn.PrepareBatch(timeout(t), "INSERT INTO "+table)
			if err != nil {
				t.Fatalf("PrepareBatch: %v", err)
			}
			for i := range want {
				if err := batch.AppendStruct(&want[i]); err != nil {
					t.Fatalf("AppendStruct: %v", err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatalf("Send: %v", err)
			}
			var got []reading
			if err := conn.Select(timeout(t), &got, "SELECT * FROM "+table+" ORDER BY id"); err != nil {
				t.Fatalf("Select: %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Select(%s) (-want +got):\n%s", table, diff)
			}
		})
	}
}

func TestMillionRowsStreamWithEveryCompression(t *testing.T) {
	s := open(t)
	for name, c := range compressions() {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, compressed(t, s.Admin, c))
			rows, err := conn.Query(timeout(t), "SELECT number, toString(number) FROM numbers(1000000)")
			if err != nil {
				t.Fatalf("Query: %v", err)
			}
			defer rows.Close()
			var count, sum uint64
			for rows.Next() {
				var n uint64
				var text string
				if err := rows.Scan(&n, &text); err != nil {
					t.Fatalf("Scan: %v", err)
				}
				count++
				sum += n
			}
			if err := rows.Err(); err != nil {
				t.Fatalf("Err: %v", err)
			}
			if count != 1_000_000 || sum != 499_999_500_000 {
				t.Errorf("Query read %d rows with sum %d; want 1000000 and 499999500000", count, sum)
			}
		})
	}
}

func TestPingAndVersion(t *testing.T) {
	conn := admin(t, open(t))
	if err := conn.Ping(timeout(t)); err != nil {
		t.Errorf("Ping() = %v; want nil", err)
	}
	v, err := conn.ServerVersion()
	if err != nil {
		t.Fatalf("ServerVersion: %v", err)
	}
	if v.Version.Major != 26 || v.Version.Minor != 7 || v.DisplayName != "cordon store" || v.Revision != 0 {
		t.Errorf("ServerVersion() = %s %v revision %d; want cordon store 26.7 revision 0", v.DisplayName, v.Version, v.Revision)
	}
	if v.Timezone.String() != "UTC" {
		t.Errorf("ServerVersion().Timezone = %v; want UTC", v.Timezone)
	}
	if zone := one[string](t, conn, "SELECT timezone()"); zone != "UTC" {
		t.Errorf("timezone() = %s; want UTC", zone)
	}
}

func TestBatchColumnar(t *testing.T) {
	conn := admin(t, open(t))
	exec(t, conn, "CREATE TABLE default.c (id UInt64, name String) ENGINE=Memory")
	batch, err := conn.PrepareBatch(timeout(t), "INSERT INTO default.c (id, name)")
	if err != nil {
		t.Fatalf("PrepareBatch: %v", err)
	}
	if err := batch.Column(0).Append([]uint64{1, 2, 3}); err != nil {
		t.Fatalf("Column(0).Append: %v", err)
	}
	if err := batch.Column(1).Append([]string{"x", "y", "z"}); err != nil {
		t.Fatalf("Column(1).Append: %v", err)
	}
	if err := batch.Send(); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if got := one[string](t, conn, "SELECT arrayStringConcat(groupArray(concat(toString(id), name)), ',') FROM c"); got != "1x,2y,3z" {
		t.Errorf("columnar batch stored %s; want 1x,2y,3z", got)
	}
}

func TestBatchWithoutDescribe(t *testing.T) {
	conn := admin(t, open(t))
	exec(t, conn, "CREATE TABLE default.c (id UInt64, name String DEFAULT 'none') ENGINE=Memory")
	ctx := clickhouse.Context(timeout(t), clickhouse.WithColumnNamesAndTypes([]clickhouse.ColumnNameAndType{{Name: "id", Type: "UInt64"}}))
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO default.c (id) SETTINGS max_insert_block_size=10")
	if err != nil {
		t.Fatalf("PrepareBatch: %v", err)
	}
	if err := batch.Append(uint64(5)); err != nil {
		t.Fatalf("Append: %v", err)
	}
	if err := batch.Send(); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if got := one[string](t, conn, "SELECT concat(toString(id), name) FROM c"); got != "5none" {
		t.Errorf("batch stored %s; want 5none", got)
	}
}

func TestResultWithoutRowsHasColumns(t *testing.T) {
	conn := admin(t, open(t))
	rows, err := conn.Query(timeout(t), "SELECT number AS n, 'x' AS `a name` FROM numbers(3) WHERE number > {p:UInt8}", clickhouse.Named("p", "10"))
	if err != nil {
		t.Fatalf("Query: %v", err)
	}
	defer rows.Close()
	if rows.Next() {
		t.Error("Next() = true; want no row")
	}
	if diff := cmp.Diff([]string{"n", "a name"}, rows.Columns()); diff != "" {
		t.Errorf("Columns() (-want +got):\n%s", diff)
	}
}
