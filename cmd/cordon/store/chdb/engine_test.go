package chdb

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// library returns the engine's library, without which there is nothing to
// test.
func library(t *testing.T) string {
	t.Helper()
	path, err := Locate()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED, the engine is not tested: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEngine holds all tests of the engine: a process can have one, once.
func TestEngine(t *testing.T) {
	e, err := Open(library(t), "--path="+t.TempDir())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if got := e.Version(); got != "26.7.3" && got != Version {
		t.Errorf("Version() = %s; want %s", got, Version)
	}
	for name, test := range map[string]func(*testing.T, *Engine){
		"query": testQuery, "stream": testStream, "insert": testInsert, "classify": testClassify, "isolation": testIsolation,
		"nil dereferences": testNilDereferences,
	} {
		t.Run(name, func(t *testing.T) { test(t, e) })
	}
	if err := e.Shutdown(); err != nil {
		t.Logf("Shutdown: %v", err) // threads may stay behind after a failed insert
	}
	if _, err := e.Connect(); !errors.Is(err, ErrConnect) {
		t.Errorf("Connect after Shutdown = %v; want ErrConnect", err)
	}
}

func conn(t *testing.T, e *Engine) *Conn {
	t.Helper()
	c, err := e.Connect()
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

func testQuery(t *testing.T, e *Engine) {
	c := conn(t, e)
	out, stats, err := c.Query("SELECT {s:String}, {n:UInt8}, timezone()", "TSVRaw", Param{"s", "a'b"}, Param{"n", "7"})
	if err != nil || string(out) != "a'b\t7\tUTC\n" || stats.ResultRows != 1 {
		t.Errorf("Query = %q, %+v, %v", out, stats, err)
	}
	if out, _, err := c.Query("SELECT unhex('00'), {s:String}", "TSVRaw", Param{"s", ""}); err != nil || string(out) != "\x00\t\n" {
		t.Errorf("Query with zero byte and empty parameter = %q, %v", out, err)
	}
	var e1 *Error
	if _, _, err := c.Query("SELECT * FROM nothing", "TSV"); !errors.As(err, &e1) || e1.Code != 60 {
		t.Errorf("Query of a missing table = %v; want code 60", err)
	}
	if _, _, err := c.Query("", "TSV"); err == nil {
		t.Log("the engine takes an empty statement")
	}
}

func testStream(t *testing.T, e *Engine) {
	c := conn(t, e)
	rows, err := c.Stream("SELECT number FROM numbers(300000)", "RowBinary")
	if err != nil {
		t.Fatalf("Stream: %v", err)
	}
	total, chunks := 0, 0
	for {
		b, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		total += len(b)
		chunks++
	}
	if _, err := rows.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("Next after the end = %v; want EOF", err)
	}
	rows.Close()
	rows.Close()
	if total != 300000*8 || chunks < 2 || rows.Stats().ReadRows != 300000 {
		t.Errorf("stream gave %d bytes in %d chunks, %+v", total, chunks, rows.Stats())
	}
	abandoned, err := c.Stream("SELECT number FROM system.numbers", "RowBinary")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := abandoned.Next(); err != nil {
		t.Fatal(err)
	}
	abandoned.Close()
	if err := c.Exec("SELECT 1"); err != nil {
		t.Errorf("statement after an abandoned stream: %v", err)
	}
	if _, err := c.Stream("SHOW TABLES", "TSV"); err == nil {
		t.Error("Stream(SHOW) = nil error; want one")
	}
}

func testInsert(t *testing.T, e *Engine) {
	c := conn(t, e)
	if err := c.Exec("CREATE TABLE ins (a Int32) ENGINE=Memory"); err != nil {
		t.Fatal(err)
	}
	send := func(data string, commit bool) error {
		ins, err := c.Insert("INSERT INTO ins", "CSV")
		if err != nil {
			return err
		}
		defer ins.Close()
		for _, piece := range strings.SplitAfter(data, "") {
			if _, err := ins.Write([]byte(piece)); err != nil {
				return err
			}
		}
		if commit {
			_, err = ins.Commit()
		}
		return err
	}
	count := func() string {
		out, _, err := c.Query("SELECT count() FROM ins", "TSVRaw")
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if err := send("12\n3\n", true); err != nil || count() != "2" {
		t.Errorf("insert = %v, %s rows; want 2", err, count())
	}
	if err := send("4\n5\n", false); err != nil || count() != "2" {
		t.Errorf("insert without commit = %v, %s rows; want still 2", err, count())
	}
	if err := send("4\nx\n", true); err == nil || count() != "2" {
		t.Errorf("insert of garbage = %v, %s rows; want an error and still 2", err, count())
	}
	if _, err := c.Insert("INSERT INTO nothing", "CSV"); err == nil {
		t.Error("insert into a missing table = nil; want an error")
	}
	if err := c.Exec("SELECT 1"); err != nil {
		t.Errorf("statement after failed inserts: %v", err)
	}
}

func testClassify(t *testing.T, e *Engine) {
	c := conn(t, e)
	for sql, want := range map[string]Analysis{
		"SELECT 1": {1, Read}, "SELECT 1; SELECT 2": {2, Read}, "DROP TABLE x": {1, Write}, "CREATE FUNCTION f AS (x) -> x": {1, Global},
		"SELECT 1 INTO OUTFILE 'x'": {1, Control}, "KILL QUERY WHERE 1": {1, Control}, "SELECT FROM WHERE": {0, Unknown}, "": {0, Unknown},
	} {
		if got, err := c.Classify(sql); err != nil || got != want {
			t.Errorf("Classify(%q) = %+v, %v; want %+v", sql, got, err, want)
		}
	}
}

func testIsolation(t *testing.T, e *Engine) {
	a, b := conn(t, e), conn(t, e)
	if err := a.Exec("SET max_threads = 3"); err != nil {
		t.Fatal(err)
	}
	if err := a.Exec("CREATE TEMPORARY TABLE only_a (x Int8)"); err != nil {
		t.Fatal(err)
	}
	if out, _, err := b.Query("SELECT getSetting('max_threads')", "TSVRaw"); err != nil || string(out) == "3\n" {
		t.Errorf("setting of another connection: %q, %v", out, err)
	}
	if err := b.Exec("SELECT * FROM only_a"); err == nil {
		t.Error("temporary table is seen by another connection")
	}
}

// testNilDereferences holds that the engine leaves Go's signal handlers alone,
// while connections come and go and the collector is busy.
func testNilDereferences(t *testing.T, e *Engine) {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	var workers sync.WaitGroup
	for w := range 4 {
		workers.Go(func() {
			for i := range 25 {
				if err := connectAndCrash(e); err != nil {
					t.Errorf("worker %d, round %d: %v", w, i, err)
				}
			}
		})
	}
	workers.Wait()
}

func connectAndCrash(e *Engine) error {
	c, err := e.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if !recovers() {
		return errors.New("a nil dereference did not panic")
	}
	out, _, err := c.Query("SELECT sum(number) FROM numbers(1000)", "TSVRaw")
	if err != nil || string(out) != "499500\n" {
		return fmt.Errorf("query = %q, %w", out, err)
	}
	return nil
}

// recovers dereferences nil and reports whether that was a panic.
func recovers() (ok bool) {
	defer func() { ok = recover() != nil }()
	var nothing *Analysis
	return nothing.Statements == 0
}
