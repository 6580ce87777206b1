package history

import (
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
)

const benchBatch = 10_000

// batches are full batches of real events.
func batches(b *testing.B) [][]cordon.Record {
	b.Helper()
	var out [][]cordon.Record
	for _, recs := range fleet(b) {
		for ; len(recs) >= benchBatch; recs = recs[benchBatch:] {
			out = append(out, recs[:benchBatch:benchBatch])
		}
	}
	return out
}

// BenchmarkDecode is the work of history itself: from records to the bytes of
// an insert.
func BenchmarkDecode(b *testing.B) {
	in := batches(b)
	e := newEvents()
	b.ReportAllocs()
	measure(b, func(n int) {
		fill(b, e, in[n%len(in)])
		if _, err := e.block().Encode(); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkInsert is what a partition goes through: decode, send, acknowledged.
func BenchmarkInsert(b *testing.B) {
	in := batches(b)
	s := into(b, schema(b).Writer, "events")
	measure(b, func(n int) { insert(b, s, "t"+strconv.Itoa(n), in[n%len(in)]) })
}

// BenchmarkInsertPlain is BenchmarkInsert without rollups.
func BenchmarkInsertPlain(b *testing.B) {
	in := batches(b)
	dsn := schema(b)
	c := dial(b, dsn.Admin)
	for _, v := range []string{"events_1m_mv", "edges_mv"} {
		if err := c.Exec(b.Context(), "DROP VIEW "+v); err != nil {
			b.Fatal(err)
		}
	}
	s := into(b, dsn.Writer, "events")
	measure(b, func(n int) { insert(b, s, "t"+strconv.Itoa(n), in[n%len(in)]) })
}

// BenchmarkInsertBare sends the same rows, already encoded: what nobody can be
// faster than.
func BenchmarkInsertBare(b *testing.B) {
	in := batches(b)
	s := into(b, schema(b).Writer, "events")
	var ready []rows
	for _, recs := range in {
		e := newEvents()
		fill(b, e, recs)
		ready = append(ready, e)
	}
	measure(b, func(n int) {
		if err := s.send(b.Context(), "events", "t"+strconv.Itoa(n), ready[n%len(in)].block()); err != nil {
			b.Fatal(err)
		}
	})
}

func fill(b *testing.B, r rows, recs []cordon.Record) {
	b.Helper()
	r.block().Reset()
	r.begin(recs)
	for _, rec := range recs {
		if err := r.add(rec); err != nil {
			b.Fatal(err)
		}
	}
}

// measure runs f for b and reports rows per second and this process's CPU time
// per row.
func measure(b *testing.B, f func(n int)) {
	b.Helper()
	before := cpu(b)
	n := 0
	for b.Loop() {
		f(n)
		n++
	}
	rows := float64(n) * benchBatch
	b.ReportMetric(rows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(cpu(b)-before)/float64(time.Microsecond)/rows, "cpu-us/row")
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
