package store_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/cordon-iot/cordon/cmd/cordon/store"
	"github.com/cordon-iot/cordon/internal/storetest"
)

// envChild turns this test binary into `cordon store`, so that the server
// under test is built with the tests' flags: -race, -cover.
const envChild = "CORDON_STORE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(envChild) == "" {
		os.Exit(m.Run())
	}
	slog.SetLogLoggerLevel(slog.LevelDebug)
	if err := store.Command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "cordon store:", err)
		os.Exit(1)
	}
}

// open starts a server on a fresh directory.
func open(t *testing.T) *storetest.Server {
	t.Helper()
	return openDir(t, t.TempDir())
}

func openDir(t *testing.T, dir string) *storetest.Server {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return storetest.OpenBinary(t, exe, dir, envChild+"=1", "GORACE=halt_on_error=1") // a race ends the server, which the test sees
}

// options are those of a DSN, for a test to change.
func options(t *testing.T, dsn string) *clickhouse.Options {
	t.Helper()
	o, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatalf("ParseDSN(%q): %v", dsn, err)
	}
	return o
}

func connect(t *testing.T, o *clickhouse.Options) driver.Conn {
	t.Helper()
	conn, err := clickhouse.Open(o)
	if err != nil {
		t.Fatalf("clickhouse.Open: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func admin(t *testing.T, s *storetest.Server) driver.Conn {
	t.Helper()
	return connect(t, options(t, s.Admin))
}

func timeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func exec(t *testing.T, conn driver.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if err := conn.Exec(timeout(t), sql); err != nil {
			t.Fatalf("Exec(%q): %v", sql, err)
		}
	}
}

// one returns the single value of a query.
func one[T any](t *testing.T, conn driver.Conn, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(timeout(t), sql, args...).Scan(&v); err != nil {
		t.Fatalf("QueryRow(%q): %v", sql, err)
	}
	return v
}

// response is what a plain HTTP client gets.
type response struct {
	status int
	header http.Header
	body   string
}

// post sends a body to a DSN's server as its user. extra is put behind the
// URL's "?".
func post(t *testing.T, dsn, extra, body string) response {
	t.Helper()
	return do(t, request(t, dsn, http.MethodPost, extra, strings.NewReader(body)))
}

func request(t *testing.T, dsn, method, extra string, body io.Reader) *http.Request {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path, u.RawQuery = "/", extra
	r, err := http.NewRequestWithContext(timeout(t), method, u.String(), body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func do(t *testing.T, r *http.Request) response {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Redacted(), err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Redacted(), err)
	}
	return response{res.StatusCode, res.Header, string(text)}
}
