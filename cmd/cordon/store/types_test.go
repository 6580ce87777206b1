package store_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
	"github.com/shopspring/decimal"
)

// TestTypes sends one value of every type through a batch and reads it back as
// text of the engine and through the driver.
func TestTypes(t *testing.T) {
	conn := admin(t, open(t))
	day := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	big256, _ := new(big.Int).SetString("115792089237316195423570985008687907853269984665640564039457584007913129639935", 10)
	text := "x"
	tests := []struct {
		typ   string
		value any
		text  string // as the engine prints it
		into  any    // pointer to scan into, nil: text only
	}{
		{"LowCardinality(Nullable(String))", &text, "x", new(*string)},
		{"LowCardinality(Nullable(String))", (*string)(nil), "\\N", new(*string)},
		{"Decimal(18, 4)", decimal.RequireFromString("12345.6789"), "12345.6789", new(decimal.Decimal)},
		{"UInt256", big256, big256.String(), new(big.Int)},
		{"Int128", big.NewInt(-5), "-5", new(big.Int)},
		{"Point", orb.Point{1.5, 2.5}, "(1.5,2.5)", new(orb.Point)},
		{"Array(Array(Int32))", [][]int32{{1, 2}, {}}, "[[1,2],[]]", new([][]int32)},
		{"Map(LowCardinality(String), String)", map[string]string{"k": "v"}, "{'k':'v'}", new(map[string]string)},
		{"DateTime64(3, 'UTC')", day.Add(89 * time.Millisecond), "2026-03-04 05:06:07.089", new(time.Time)},
		{"Date32", day.Truncate(24 * time.Hour), "2026-03-04", new(time.Time)},
		{"Enum8('low' = 1, 'high' = 2)", "high", "high", new(string)},
		{"IPv6", "2001:db8::1", "2001:db8::1", nil},
		{"UUID", "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "61f0c404-5cb3-11e7-907b-a6006ad3dba0", nil},
		{"FixedString(3)", "abc", "abc", new(string)},
		{"BFloat16", float32(1.5), "1.5", new(float32)},
		{"Tuple(a Int32, b String)", []any{int32(1), "b"}, "(1,'b')", nil},
		{"Variant(String, UInt64)", clickhouse.NewVariantWithType(uint64(7), "UInt64"), "7", nil},
		{"Dynamic", clickhouse.NewDynamicWithType(uint64(7), "UInt64"), "7", nil},
		{"JSON", `{"a":{"b":1},"c":"d"}`, `{"a":{"b":1},"c":"d"}`, nil},
	}
	for i, tt := range tests {
		t.Run(tt.typ, func(t *testing.T) {
			table := fmt.Sprintf("t%d", i)
			exec(t, conn, "CREATE TABLE "+table+" (v "+tt.typ+") ENGINE=MergeTree ORDER BY tuple()")
			if err := batchOf(timeout(t), conn, "INSERT INTO "+table, tt.value); err != nil {
				t.Fatalf("insert %v: %v", tt.value, err)
			}
			res, err := conn.QueryFormat(timeout(t), "TSV", "SELECT v FROM "+table)
			if err != nil {
				t.Fatalf("QueryFormat: %v", err)
			}
			defer res.Close()
			if got := readAll(t, res); strings.TrimSuffix(got, "\n") != tt.text {
				t.Errorf("stored %q; want %q", got, tt.text)
			}
			if tt.into != nil {
				scanOne(t, conn, "SELECT v FROM "+table, tt.into, tt.value)
			}
		})
	}
}

func scanOne(t *testing.T, conn driver.Conn, sql string, into, want any) {
	t.Helper()
	if err := conn.QueryRow(timeout(t), sql).Scan(into); err != nil {
		t.Fatalf("Scan: %v", err)
	}
	if got, want := fmt.Sprint(deref(into)), fmt.Sprint(deref(want)); got != want {
		t.Errorf("read %s; want %s", got, want)
	}
}

// deref makes values comparable by their print.
func deref(v any) any {
	switch p := v.(type) {
	case **string:
		return deref(*p)
	case *string:
		if p == nil {
			return nil
		}
		return *p
	case *decimal.Decimal:
		return *p
	case *big.Int:
		return p.String()
	case *orb.Point:
		return *p
	case *[][]int32:
		return *p
	case *map[string]string:
		return *p
	case *time.Time:
		return p.UTC()
	case *float32:
		return *p
	}
	return v
}

func TestNested(t *testing.T) {
	conn := admin(t, open(t))
	exec(t, conn, "CREATE TABLE n (id UInt8, e Nested(k String, v UInt32)) ENGINE=Memory")
	if err := batchOf(timeout(t), conn, "INSERT INTO n", uint8(1), []string{"a", "b"}, []uint32{1, 2}); err != nil {
		t.Fatalf("insert: %v", err)
	}
	var keys []string
	var values []uint32
	if err := conn.QueryRow(timeout(t), "SELECT `e.k`, `e.v` FROM n").Scan(&keys, &values); err != nil {
		t.Fatalf("Scan: %v", err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, keys); diff != "" || values[1] != 2 {
		t.Errorf("nested = %v %v (-want +got):\n%s", keys, values, diff)
	}
}

// TestSparseColumns reads columns that the engine stores sparse: blocks of
// revision 0 hold them in full.
func TestSparseColumns(t *testing.T) {
	conn := admin(t, open(t))
	exec(t, conn,
		"CREATE TABLE s (id UInt32, rare UInt64) ENGINE=MergeTree ORDER BY id SETTINGS ratio_of_defaults_for_sparse_serialization=0.5",
		"INSERT INTO s SELECT number, if(number % 1000 = 0, number, 0) FROM numbers(10000)", "OPTIMIZE TABLE s FINAL")
	rows, err := conn.Query(timeout(t), "SELECT id, rare FROM s ORDER BY id")
	if err != nil {
		t.Fatalf("Query: %v", err)
	}
	defer rows.Close()
	var sum uint64
	for rows.Next() {
		var id uint32
		var rare uint64
		if err := rows.Scan(&id, &rare); err != nil {
			t.Fatal(err)
		}
		sum += rare
	}
	if rows.Err() != nil || sum != 45000 {
		t.Errorf("sum of sparse column = %d, %v; want 45000", sum, rows.Err())
	}
}

func TestTypedJSONAndTime(t *testing.T) {
	conn := admin(t, open(t))
	exec(t, conn, "CREATE TABLE j (v JSON(a UInt32)) ENGINE=Memory")
	if err := batchOf(timeout(t), conn, "INSERT INTO j", `{"a":5,"b":"x"}`); err != nil {
		t.Fatalf("insert: %v", err)
	}
	if got := one[uint32](t, conn, "SELECT v.a FROM j"); got != 5 {
		t.Errorf("typed path = %d; want 5", got)
	}
	ctx := clickhouse.Context(timeout(t), clickhouse.WithSettings(clickhouse.Settings{"output_format_native_write_json_as_string": 1}))
	var text string
	if err := conn.QueryRow(ctx, "SELECT v FROM j").Scan(&text); err != nil || text != `{"a":5,"b":"x"}` {
		t.Errorf("JSON as string = %q, %v", text, err)
	}
	ctx = clickhouse.Context(timeout(t), clickhouse.WithSettings(clickhouse.Settings{"enable_time_time64_type": 1}))
	var d time.Duration
	if err := conn.QueryRow(ctx, "SELECT CAST('12:34:56' AS Time)").Scan(&d); err != nil || d != 12*time.Hour+34*time.Minute+56*time.Second {
		t.Errorf("Time = %v, %v; want 12h34m56s", d, err)
	}
}

// TestKnownLimits holds what does not work, so that a change shows.
func TestKnownLimits(t *testing.T) {
	conn := admin(t, open(t))
	// Blocks of revision 0 carry no zone of a DateTime column; the instant is right.
	var at time.Time
	if err := conn.QueryRow(timeout(t), "SELECT toDateTime('2026-01-02 03:04:05', 'Europe/Berlin')").Scan(&at); err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC); !at.Equal(want) || at.Location().String() != "UTC" {
		t.Errorf("DateTime with zone = %v; want %v in UTC", at, want)
	}
	if err := conn.Exec(timeout(t), "SET my_custom_setting = 1"); err == nil {
		t.Error("custom settings work; want an error")
	}
	for _, sql := range []string{
		"CREATE USER u", "CREATE ROW POLICY p ON system.one USING 1 TO default", "CREATE QUOTA q", // one user
		"CREATE TABLE r (a Int8) ENGINE=ReplicatedMergeTree ORDER BY a", "CREATE TABLE d AS system.one ENGINE=Distributed('c', 'system', 'one')", // no cluster
	} {
		if err := conn.Exec(timeout(t), sql); err == nil {
			t.Errorf("Exec(%q) = nil; want an error", sql)
		}
	}
}
