package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestFromEnv(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		env  map[string]string
		want string
		err  string
	}{
		{"default", nil, nil, "10s", ""},
		{"environment", nil, map[string]string{"CORDON_MAX_WAIT": "2s"}, "2s", ""},
		{"flag wins", []string{"--max-wait=3s"}, map[string]string{"CORDON_MAX_WAIT": "2s"}, "3s", ""},
		{"bad value", nil, map[string]string{"CORDON_MAX_WAIT": "soon"}, "0s", "CORDON_MAX_WAIT"},
	} {
		fs := pflag.NewFlagSet("t", pflag.ContinueOnError)
		wait := fs.Duration("max-wait", 10*time.Second, "")
		if err := fs.Parse(tc.args); err != nil {
			t.Fatal(err)
		}
		err := fromEnv(fs, func(k string) (string, bool) { v, ok := tc.env[k]; return v, ok })
		if wait.String() != tc.want || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: fromEnv = %s, %v; want %s, %q", tc.name, wait, err, tc.want, tc.err)
		}
	}
}

func TestSettingsHideSecrets(t *testing.T) {
	c := &cobra.Command{Use: "x", Run: func(*cobra.Command, []string) {}}
	c.Flags().String("dsn", "clickhouse://u:hunter2@h", "where")
	MarkSecret(c.Flags(), "dsn")
	Bindable(c)
	got := Settings(c)
	if len(got) != 1 || got[0].Value != "***" || got[0].Env != "CORDON_DSN" || got[0].Usage != "where" {
		t.Errorf("Settings = %+v; want dsn as *** with CORDON_DSN and its usage", got)
	}
}

func TestSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, file, env, want string
		ok                    bool
	}{
		{"file", file, "", "from-file", true},
		{"environment", "", "from-env", "from-env", true},
		{"neither", "", "", "", false},
		{"no such file", file + "x", "", "", false},
	} {
		s := &Secret{name: "k", file: tc.file, lookup: func(string) (string, bool) { return tc.env, true }}
		got, err := s.Value()
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%s: Value = %q, %v; want %q, ok %v", tc.name, got, err, tc.want, tc.ok)
		}
	}
}

func TestReadyz(t *testing.T) {
	sh := NewShell(slog.New(slog.NewTextHandler(io.Discard, nil)))
	now := time.Unix(100, 0)
	sh.Health.now = func() time.Time { return now }
	sh.Health.Set("broker", nil)
	sh.Health.Set("store", errors.New("connection refused"))
	now = now.Add(time.Minute)
	sh.Health.Set("store", errors.New("still refused"))

	w := httptest.NewRecorder()
	sh.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	var got struct {
		Ready bool
		Parts map[string]PartState
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	store := got.Parts["store"]
	if w.Code != http.StatusServiceUnavailable || got.Ready || store.Cause != "still refused" || store.Since.Unix() != 100 {
		t.Errorf("GET /readyz = %d %s; want 503, store not ready since 100 s", w.Code, w.Body)
	}
	sh.Health.Set("store", nil)
	w = httptest.NewRecorder()
	sh.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	if w.Code != http.StatusOK {
		t.Errorf("GET /readyz = %d; want 200 when all parts are ready", w.Code)
	}
}

func TestServeStops(t *testing.T) {
	sh := NewShell(slog.New(slog.NewTextHandler(io.Discard, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	err := serve(ctx, sh, "127.0.0.1:0", func(ctx context.Context, _ *Shell) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if err != nil {
		t.Errorf("serve = %v; want nil when it was asked to stop", err)
	}
	boom := errors.New("boom")
	if err := serve(t.Context(), sh, "", func(context.Context, *Shell) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("serve = %v; want what run returned", err)
	}
}

func TestNewLog(t *testing.T) {
	var b bytes.Buffer
	l, err := NewLog(&b, "auto", "info")
	if err != nil {
		t.Fatal(err)
	}
	l.Info("hello", "n", 1)
	if !json.Valid(b.Bytes()) {
		t.Errorf("log without a terminal = %q; want JSON", b.String())
	}
	if _, err := NewLog(&b, "xml", "info"); err == nil {
		t.Error("NewLog(xml) = nil; want an error that names the formats")
	}
	if _, err := NewLog(&b, "json", "loud"); err == nil {
		t.Error("NewLog(level loud) = nil; want an error that names the levels")
	}
}

func TestExitCode(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want int
	}{{nil, 0}, {errors.New("x"), 1}, {&ExitError{3, errors.New("x")}, 3}} {
		if got := ExitCode(tc.err); got != tc.want {
			t.Errorf("ExitCode(%v) = %d; want %d", tc.err, got, tc.want)
		}
	}
}

func TestCommandHealthAndConfig(t *testing.T) {
	sh := NewShell(slog.New(slog.NewTextHandler(io.Discard, nil)))
	srv := httptest.NewServer(sh.Handler())
	defer srv.Close()
	var out bytes.Buffer
	run := func(args ...string) error {
		c := Command("x", "a service", "127.0.0.1:0", func(fs *pflag.FlagSet) { fs.Int("workers", 2, "how many") },
			func(context.Context, *Shell) error { return nil })
		out.Reset()
		c.SetOut(&out)
		c.SetArgs(append(args, "--listen", strings.TrimPrefix(srv.URL, "http://")))
		return c.ExecuteContext(t.Context())
	}
	if err := run("health"); err != nil {
		t.Errorf("health = %v; want nil", err)
	}
	sh.Health.Set("store", errors.New("down"))
	if err := run("health"); err == nil || !strings.Contains(err.Error(), "down") {
		t.Errorf("health = %v; want what is down", err)
	}
	t.Setenv("CORDON_WORKERS", "7")
	if err := run("config", "print", "-o", "json"); err != nil {
		t.Fatal(err)
	}
	var got []Setting
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, s := range got {
		if s.Name == "workers" && (s.Value != "7" || s.Source != "environment") {
			t.Errorf("workers = %+v; want 7 from the environment", s)
		}
	}
	if err := run("config", "print"); err != nil || !strings.Contains(out.String(), "CORDON_WORKERS") {
		t.Errorf("config print = %v\n%s\nwant a table with CORDON_WORKERS", err, &out)
	}
}
