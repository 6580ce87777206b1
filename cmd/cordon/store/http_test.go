package store_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return string(b)
}

func TestHealthChecksNeedNoPassword(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/ping", "/"} {
		r, err := http.NewRequestWithContext(timeout(t), http.MethodGet, "http://"+s.Addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res := do(t, r); res.status != http.StatusOK || res.body != "Ok.\n" {
			t.Errorf("GET %s = %d %q; want 200 Ok.", path, res.status, res.body)
		}
	}
}

func TestFormats(t *testing.T) {
	s := open(t)
	const rows = "SELECT number AS n, 'a' AS s FROM numbers(2)"
	tests := []struct{ sql, body, contentType, format string }{
		{rows, "0\ta\n1\ta\n", "text/tab-separated-values; charset=UTF-8", "TabSeparated"},
		{rows + " FORMAT CSVWithNames", "\"n\",\"s\"\n0,\"a\"\n1,\"a\"\n", "text/csv; charset=UTF-8; header=present", "CSVWithNames"},
		{rows + " FORMAT JSONEachRow", "{\"n\":0,\"s\":\"a\"}\n{\"n\":1,\"s\":\"a\"}\n", "application/x-ndjson; charset=UTF-8", "JSONEachRow"},
		{rows + " LIMIT 0 FORMAT CSVWithNames", "\"n\",\"s\"\n", "text/csv; charset=UTF-8; header=present", "CSVWithNames"},
		{"SELECT 1 WHERE 0", "", "text/tab-separated-values; charset=UTF-8", "TabSeparated"},
		{"EXISTS TABLE system.one FORMAT TSV", "1\n", "text/tab-separated-values; charset=UTF-8", "TSV"},
	}
	for _, tt := range tests {
		t.Run(tt.sql, func(t *testing.T) {
			res := post(t, s.Reader, "", tt.sql)
			if res.body != tt.body || res.header.Get("Content-Type") != tt.contentType || res.header.Get("X-ClickHouse-Format") != tt.format {
				t.Errorf("got %d %q %v; want %q as %s", res.status, res.body, res.header, tt.body, tt.format)
			}
		})
	}
}

// TestDocumentFormatsAreOneDocument sends a result of several blocks in a
// format with head and tail, which the engine's stream would repeat per block.
func TestDocumentFormatsAreOneDocument(t *testing.T) {
	s := open(t)
	for _, format := range []string{"JSON", "JSONCompact"} {
		res := post(t, s.Reader, "", "SELECT number FROM numbers(200000) FORMAT "+format)
		var doc struct {
			Rows int
			Data []any
		}
		if err := json.Unmarshal([]byte(res.body), &doc); err != nil || doc.Rows != 200000 || len(doc.Data) != 200000 {
			t.Errorf("%s = %d rows, %d data, %v; want 200000", format, doc.Rows, len(doc.Data), err)
		}
	}
	if res := post(t, s.Reader, "", "SELECT number FROM numbers(200000) FORMAT CSVWithNames"); strings.Count(res.body, "number") != 1 {
		t.Errorf("CSVWithNames names its columns %d times; want 1", strings.Count(res.body, "number"))
	}
	if res := post(t, s.Reader, "", "SELECT 1 AS n FORMAT PrettyCompact"); !strings.Contains(res.body, "│ 1 │") {
		t.Errorf("PrettyCompact = %q", res.body)
	}
}

func TestSummaryCountsRows(t *testing.T) {
	s := open(t)
	exec(t, admin(t, s), "CREATE TABLE c (a Int32) ENGINE=Memory")
	tests := []struct {
		sql           string
		read, written string
	}{
		{"INSERT INTO c VALUES (1), (2), (3)", "0", "3"},
		{"INSERT INTO c FORMAT JSONEachRow {\"a\":1}", "0", "1"},
		{"SELECT * FROM c FORMAT JSONEachRow", "4", "0"},
	}
	for _, tt := range tests {
		res := post(t, s.Admin, "", tt.sql)
		var sum map[string]string
		if err := json.Unmarshal([]byte(res.header.Get("X-ClickHouse-Summary")), &sum); err != nil {
			t.Fatalf("%q: summary %q: %v", tt.sql, res.header.Get("X-ClickHouse-Summary"), err)
		}
		if sum["read_rows"] != tt.read || sum["written_rows"] != tt.written || sum["elapsed_ns"] == "" || sum["elapsed_ns"] == "0" {
			t.Errorf("%q: summary %v; want read %s, written %s and a time", tt.sql, sum, tt.read, tt.written)
		}
	}
}

func TestParametersAndGet(t *testing.T) {
	s := open(t)
	q := url.Values{"query": {"SELECT {a:UInt8} + {b:UInt8}, {s:String}"}, "param_a": {"1"}, "param_b": {"2"}, "param_s": {"x'; DROP"}}
	if res := do(t, request(t, s.Reader, http.MethodGet, q.Encode(), nil)); res.body != "3\tx\\'; DROP\n" {
		t.Errorf("GET with parameters = %d %q; want 3 and the text", res.status, res.body)
	}
	if res := post(t, s.Reader, "query="+url.QueryEscape("SELECT"), "2 + 3"); res.body != "5\n" {
		t.Errorf("statement in URL and body = %d %q; want 5", res.status, res.body)
	}
	q = url.Values{"query": {"SELECT 7"}, "user": {"reader"}, "password": {password(t, s.Reader)}}
	r, err := http.NewRequestWithContext(timeout(t), http.MethodGet, "http://"+s.Addr+"/?"+q.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res := do(t, r); res.body != "7\n" {
		t.Errorf("password in the URL = %d %q; want 7", res.status, res.body)
	}
}

func password(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := u.User.Password()
	return p
}

func TestGzipBothWays(t *testing.T) {
	s := open(t)
	exec(t, admin(t, s), "CREATE TABLE g (a Int32) ENGINE=Memory")
	var body bytes.Buffer
	zw := gzip.NewWriter(&body)
	_, _ = zw.Write([]byte("INSERT INTO g FORMAT CSV\n1\n2\n"))
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	r := request(t, s.Admin, http.MethodPost, "", &body)
	r.Header.Set("Content-Encoding", "gzip")
	if res := do(t, r); res.status != http.StatusOK {
		t.Fatalf("gzip insert = %d %s", res.status, res.body)
	}
	r = request(t, s.Admin, http.MethodPost, "enable_http_compression=1", strings.NewReader("SELECT sum(a) FROM g"))
	r.Header.Set("Accept-Encoding", "gzip")
	res := do(t, r)
	zr, err := gzip.NewReader(strings.NewReader(res.body))
	if err != nil || res.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("response %v %q: %v", res.header, res.body, err)
	}
	if got := readAll(t, zr); got != "3\n" {
		t.Errorf("gzip result = %q; want 3", got)
	}
	r = request(t, s.Admin, http.MethodPost, "", strings.NewReader("SELECT sum(a) FROM g"))
	r.Header.Set("Accept-Encoding", "gzip")
	if res := do(t, r); res.body != "3\n" {
		t.Errorf("without enable_http_compression = %q; want plain 3", res.body)
	}
	r = request(t, s.Admin, http.MethodPost, "", strings.NewReader("SELECT 1"))
	r.Header.Set("Content-Encoding", "xz")
	if res := do(t, r); res.status != http.StatusBadRequest {
		t.Errorf("unknown encoding = %d; want 400", res.status)
	}
}

// cutBody yields some data and then an error, as a client that dies.
type cutBody struct {
	data io.Reader
}

func (c cutBody) Read(p []byte) (int, error) {
	n, err := c.data.Read(p)
	if errors.Is(err, io.EOF) {
		return n, errors.New("client died")
	}
	return n, err
}

func TestAbortedUploadStoresNothing(t *testing.T) {
	s := open(t)
	conn := admin(t, s)
	exec(t, conn, "CREATE TABLE u (a Int32) ENGINE=MergeTree ORDER BY a")
	rows := strings.Repeat("{\"a\":1}\n", 200_000)
	for name, body := range map[string]io.Reader{
		"data in the body":          cutBody{strings.NewReader(rows)},
		"statement and data":        cutBody{strings.NewReader("INSERT INTO u FORMAT JSONEachRow\n" + rows)},
		"cut before any data":       cutBody{strings.NewReader("")},
		"cut in the statement":      cutBody{strings.NewReader("INSERT INTO u FORM")},
		"cut inside the first line": cutBody{strings.NewReader("{\"a\":")},
	} {
		t.Run(name, func(t *testing.T) {
			query := "query=" + url.QueryEscape("INSERT INTO u FORMAT JSONEachRow")
			if strings.Contains(name, "statement") {
				query = ""
			}
			r := request(t, s.Admin, http.MethodPost, query, body)
			if res, err := http.DefaultClient.Do(r); err == nil {
				t.Errorf("aborted upload answered %d; want an error", res.StatusCode)
				_ = res.Body.Close()
			}
			if got := one[uint64](t, conn, "SELECT count() FROM u"); got != 0 {
				t.Errorf("aborted upload stored %d rows; want 0", got)
			}
		})
	}
	waitFor(t, func() bool {
		return one[uint64](t, conn, "SELECT count() FROM system.processes WHERE query LIKE 'INSERT%'") == 0
	})
	if got := one[uint64](t, conn, "SELECT count() FROM u"); got != 0 {
		t.Errorf("aborted uploads stored %d rows in the end; want 0", got)
	}
}

func TestTruncatedFramesStoreNothing(t *testing.T) {
	s := open(t)
	conn := admin(t, s)
	exec(t, conn, "CREATE TABLE u (a Int32) ENGINE=MergeTree ORDER BY a")
	res := post(t, s.Admin, "compress=1&default_format=Native", "SELECT toInt32(number) AS a FROM numbers(1000)")
	for _, keep := range []int{1, 16, 25, 26, len(res.body) - 1} {
		got := post(t, s.Admin, "decompress=1&query="+url.QueryEscape("INSERT INTO u FORMAT Native"), res.body[:keep])
		if got.status == http.StatusOK {
			t.Errorf("frames cut at %d of %d = 200; want an error", keep, len(res.body))
		}
	}
	flipped := []byte(res.body)
	flipped[30] ^= 1
	if got := post(t, s.Admin, "decompress=1&query="+url.QueryEscape("INSERT INTO u FORMAT Native"), string(flipped)); got.status == http.StatusOK {
		t.Error("a flipped bit = 200; want an error")
	}
	if got := one[uint64](t, conn, "SELECT count() FROM u"); got != 0 {
		t.Errorf("stored %d rows; want 0", got)
	}
	if got := post(t, s.Admin, "decompress=1&query="+url.QueryEscape("INSERT INTO u FORMAT Native"), res.body); got.status != http.StatusOK {
		t.Errorf("whole frames = %d %s; want 200", got.status, got.body)
	}
	if got := one[uint64](t, conn, "SELECT count() FROM u"); got != 1000 {
		t.Errorf("stored %d rows; want 1000", got)
	}
}

func TestWaitEndOfQueryGivesAStatus(t *testing.T) {
	s := open(t)
	const sql = "SELECT number, throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_threads=1, max_block_size=10000 FORMAT TSV"
	if res := post(t, s.Admin, "wait_end_of_query=1", sql); res.status == http.StatusOK || strings.Contains(res.body, "899999") {
		t.Errorf("wait_end_of_query = %d with %d bytes; want an error status alone", res.status, len(res.body))
	}
	res := post(t, s.Admin, "", sql)
	tag := res.header.Get("X-ClickHouse-Exception-Tag")
	if res.status != http.StatusOK || len(tag) != 16 || !strings.Contains(res.body, "\r\n__exception__\r\n"+tag+"\r\nCode: 395.") {
		t.Errorf("error in mid-stream: status %d, tag %q, tail %q", res.status, tag, res.body[max(0, len(res.body)-400):])
	}
}

func TestPlayPage(t *testing.T) {
	s := open(t)
	for path, want := range map[string]string{"/play": "<textarea", "/play/play.js": "X-ClickHouse-User': 'reader'", "/play/play.css": "--accent"} {
		r, err := http.NewRequestWithContext(timeout(t), http.MethodGet, "http://"+s.Addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res := do(t, r); res.status != http.StatusOK || !strings.Contains(res.body, want) || res.header.Get("Content-Security-Policy") == "" {
			t.Errorf("GET %s = %d, has %q: %v", path, res.status, want, strings.Contains(res.body, want))
		}
	}
	for _, path := range []string{"/play/", "/play/../users.json", "/nothing"} {
		r, err := http.NewRequestWithContext(timeout(t), http.MethodGet, "http://"+s.Addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res := do(t, r); res.status != http.StatusNotFound {
			t.Errorf("GET %s = %d; want 404", path, res.status)
		}
	}
}
