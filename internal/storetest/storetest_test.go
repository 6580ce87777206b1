package storetest

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
)

// ask runs a statement with the user of a DSN.
func ask(t *testing.T, dsn, sql string) (int, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = url.Values{"database": {strings.TrimPrefix(u.Path, "/")}}.Encode()
	u.Path = "/"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u.String(), strings.NewReader(sql))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return res.StatusCode, string(text)
}

func TestStart(t *testing.T) {
	if os.Getenv(EnvDSN) != "" {
		t.Skipf("SKIPPED: %s names a server that is not this package's", EnvDSN)
	}
	d := Start(t)
	for _, sql := range []string{"CREATE DATABASE own ENGINE=Atomic", "CREATE TABLE own.t (a UInt8) ENGINE=MergeTree ORDER BY a"} {
		if status, text := ask(t, d.Admin, sql); status != http.StatusOK {
			t.Fatalf("admin %q = %d %s", sql, status, text)
		}
	}
	own := d.Database("own")
	if status, text := ask(t, own.Writer, "INSERT INTO t VALUES (3)"); status != http.StatusOK {
		t.Errorf("writer INSERT = %d %s", status, text)
	}
	if status, text := ask(t, own.Reader, "SELECT a FROM t"); text != "3\n" {
		t.Errorf("reader SELECT = %d %s; want 3", status, text)
	}
}

func TestOpenAgain(t *testing.T) {
	dir := t.TempDir()
	s := Open(t, dir)
	ask(t, s.Admin, "CREATE TABLE t (a UInt8) ENGINE=MergeTree ORDER BY a")
	ask(t, s.Writer, "INSERT INTO t VALUES (4)")
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("Signal(TERM) = %v; want a clean exit", err)
	}
	s = Open(t, dir)
	if status, text := ask(t, s.Reader, "SELECT a FROM t"); text != "4\n" {
		t.Errorf("after a restart = %d %s; want 4", status, text)
	}
	s.Kill()
	s.Kill() // may be called again
}

func TestEnvironmentNamesTheServer(t *testing.T) {
	t.Setenv(EnvDSN, "clickhouse://u:p@h:9000/d")
	if got := Start(t); got.Admin != "clickhouse://u:p@h:9000/d" || got.Reader != got.Admin || got.Writer != got.Admin {
		t.Errorf("Start() = %+v; want the DSN of the environment", got)
	}
}
