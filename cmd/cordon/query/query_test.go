package query

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// server answers as ClickHouse does.
func server(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http://", "http://reader:secret@", 1) + "/cordon"
}

func TestRunAsks(t *testing.T) {
	dsn := server(t, func(w http.ResponseWriter, r *http.Request) {
		sql, _ := io.ReadAll(r.Body)
		q := r.URL.Query()
		fmt.Fprintln(w, string(sql), q.Get("database"), q.Get("default_format"), q.Get("readonly"),
			r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key"), q.Has("password"))
	})
	var out bytes.Buffer
	if err := Run(t.Context(), dsn, "SELECT 1", "json", &out); err != nil {
		t.Fatal(err)
	}
	if want := "SELECT 1 cordon JSONEachRow 1 reader secret false\n"; out.String() != want {
		t.Errorf("request = %q; want %q", out.String(), want)
	}
}

func TestRunErrors(t *testing.T) {
	answer := func(status int, tag, body string) string {
		return server(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-ClickHouse-Exception-Tag", tag)
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}
	const late = "1\n2\n\r\n__exception__\r\nabcd\r\nCode: 395. DB::Exception: thrown\n37 abcd\r\n__exception__\r\n"
	for _, c := range []struct{ name, dsn, output, want string }{
		{"refused", answer(403, "", "Code: 497. DB::Exception: may only read\n"), "table", "Code: 497. DB::Exception: may only read"},
		{"no such table", answer(404, "", "Code: 60. (UNKNOWN_TABLE)"), "table", "SHOW TABLES"},
		{"in the middle of the answer", answer(200, "abcd", late), "csv", "breaks off: Code: 395. DB::Exception: thrown"},
		{"unknown output", answer(200, "", ""), "xml", `output "xml": want table`},
		{"no address", "nowhere", "table", "want http://user@host:8123/database"},
		{"nobody answers", "http://reader:secret@127.0.0.1:1/cordon", "table", "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Run(t.Context(), c.dsn, "SELECT 1", c.output, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("Run = %v; want %q and no password", err, c.want)
			}
		})
	}
}

func TestDataThatLooksLikeAnException(t *testing.T) {
	dsn := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-ClickHouse-Exception-Tag", "abcd")
		io.WriteString(w, "__exception__\r\nefgh\r\n")
	})
	if err := Run(t.Context(), dsn, "SELECT 1", "tsv", io.Discard); err != nil {
		t.Errorf("Run = %v; want none: the tag is another", err)
	}
}
