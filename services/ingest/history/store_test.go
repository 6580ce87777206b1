package history

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/cordon-iot/cordon/internal/storetest"
)

var databases atomic.Int64

// schema starts a store and returns its addresses for a database of this test
// alone, migrated.
func schema(t testing.TB) storetest.DSNs {
	t.Helper()
	return schemaIn(t, storetest.Start(t))
}

// schemaIn is schema in a store that runs already.
func schemaIn(t testing.TB, store storetest.DSNs) storetest.DSNs {
	t.Helper()
	dsn := databaseIn(t, store)
	if _, err := Migrate(t.Context(), MigrateOptions{DSN: dsn.Admin}); err != nil {
		t.Fatal(err)
	}
	return dsn
}

// database starts a store and returns its addresses for a database that is not
// there yet.
func database(t testing.TB) storetest.DSNs {
	t.Helper()
	return databaseIn(t, storetest.Start(t))
}

func databaseIn(t testing.TB, store storetest.DSNs) storetest.DSNs {
	name := strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' {
			return '_'
		}
		return r
	}, t.Name())
	return store.Database(fmt.Sprintf("%s_%d_%d", name, time.Now().UnixNano(), databases.Add(1)))
}

func dial(t testing.TB, dsn string) driver.Conn {
	t.Helper()
	c, err := open(dsn, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// one returns the only value of a query.
func one[T any](t testing.TB, c driver.Conn, sql string) T {
	t.Helper()
	var v T
	if err := c.QueryRow(context.Background(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// all returns the values of a query with one column.
func all[T any](t testing.TB, c driver.Conn, sql string) []T {
	t.Helper()
	r, err := c.Query(context.Background(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer func() { _ = r.Close() }()
	var vs []T
	for r.Next() {
		var v T
		if err := r.Scan(&v); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		vs = append(vs, v)
	}
	if err := r.Err(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return vs
}

// decodeRow returns the only row of a query, each value as ClickHouse writes
// it in TSV.
func decodeRow(t testing.TB, c driver.Conn, sql string) map[string]string {
	t.Helper()
	r, err := c.QueryFormat(context.Background(), "TSVRawWithNames", sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer func() { _ = r.Close() }()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%s: %d rows; want 1", sql, len(lines)-1)
	}
	values := map[string]string{}
	cells := strings.Split(lines[1], "\t")
	for i, name := range strings.Split(lines[0], "\t") {
		values[name] = cells[i]
	}
	return values
}
