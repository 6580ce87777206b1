package store_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/cordon-iot/cordon/internal/storetest"
)

func benchConn(b *testing.B) (context.Context, driver.Conn, *storetest.Server) {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	s := storetest.OpenBinary(b, exe, b.TempDir(), envChild+"=1")
	o, err := clickhouse.ParseDSN(s.Admin)
	if err != nil {
		b.Fatal(err)
	}
	o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	conn, err := clickhouse.Open(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return b.Context(), conn, s
}

// BenchmarkSelectOne is the least a statement costs.
func BenchmarkSelectOne(b *testing.B) {
	ctx, admin, s := benchConn(b)
	o, err := clickhouse.ParseDSN(s.Reader)
	if err != nil {
		b.Fatal(err)
	}
	reader, err := clickhouse.Open(o)
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()
	for name, conn := range map[string]driver.Conn{"admin": admin, "reader": reader} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var n uint8
				if err := conn.QueryRow(ctx, "SELECT 1").Scan(&n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkInsert(b *testing.B) {
	ctx, conn, _ := benchConn(b)
	if err := conn.Exec(ctx, "CREATE TABLE i (a UInt64, s LowCardinality(String), t String) ENGINE=MergeTree ORDER BY a"); err != nil {
		b.Fatal(err)
	}
	for _, rows := range []int{1000, 10_000, 100_000} {
		ids, names, texts := make([]uint64, rows), make([]string, rows), make([]string, rows)
		for i := range rows {
			ids[i], names[i], texts[i] = uint64(i), fmt.Sprint("device-", i%500), fmt.Sprint("text of row ", i)
		}
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			for b.Loop() {
				batch, err := conn.PrepareBatch(ctx, "INSERT INTO i")
				if err != nil {
					b.Fatal(err)
				}
				for i, column := range []any{ids, names, texts} {
					if err := batch.Column(i).Append(column); err != nil {
						b.Fatal(err)
					}
				}
				if err := batch.Send(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
