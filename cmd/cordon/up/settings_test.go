package up

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/cordon-iot/cordon/services/respond"
)

func settings(t *testing.T, args ...string) (*Settings, error) {
	t.Helper()
	var s Settings
	fs := pflag.NewFlagSet("up", pflag.ContinueOnError)
	s.Bind(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &s, s.complete()
}

func TestLeases(t *testing.T) {
	for _, c := range []struct {
		name                  string
		args                  []string
		least, usual, longest time.Duration
	}{
		{"production", nil, respond.MinLease, respond.DefaultLease, respond.MaxLease},
		{"development is short", []string{"--dev"}, DevLease, DevLease, DevLease},
		{"unless asked", []string{"--dev", "--max-lease", "30m"}, respond.MinLease, 30 * time.Minute, 30 * time.Minute},
		{"one limit bounds all", []string{"--max-lease", "5s"}, 5 * time.Second, 5 * time.Second, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := settings(t, c.args...)
			if r := s.Rules; err != nil || r.MinLease != c.least || r.Lease != c.usual || r.MaxLease != c.longest {
				t.Errorf("leases = %s, %s, %s, %v; want %s, %s, %s", r.MinLease, r.Lease, r.MaxLease, err, c.least, c.usual, c.longest)
			}
		})
	}
}

func TestDevBringsItsOwn(t *testing.T) {
	for _, args := range [][]string{{"--kafka-brokers", "h:1"}, {"--clickhouse", "http://h:1/cordon"}} {
		if _, err := settings(t, append(args, "--dev")...); err == nil || !strings.Contains(err.Error(), "leave out --dev") {
			t.Errorf("complete(%v --dev) = %v; want a conflict", args, err)
		}
	}
}

func TestTakenPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	used := l.Addr().String()
	var s Settings
	fs := pflag.NewFlagSet("up", pflag.ContinueOnError)
	s.Bind(fs)
	if got := s.free("listen", used); got == used || !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("free(default that is taken) = %q; want another port", got)
	}
	if got := s.free("listen", ""); got != "" {
		t.Errorf("free(none) = %q; want none", got)
	}
	if err := fs.Set("listen", used); err != nil {
		t.Fatal(err)
	}
	if got := s.free("listen", used); got != used {
		t.Errorf("free(asked for) = %q; want %q, so that the error is seen", got, used)
	}
}

func TestPolicyFiles(t *testing.T) {
	root := t.TempDir()
	rule := filepath.Join(root, "policies", "network", "scan", "policy.rego")
	deep := filepath.Join(root, "a", "policies") // no rule pack
	for _, dir := range []string{filepath.Dir(rule), deep} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(rule, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, cwd, dir, want string }{
		{"found upwards", filepath.Dir(deep), "", filepath.Join(root, "policies")},
		{"none: those that came along", t.TempDir(), "", "built in"},
		{"asked for", root, deep, deep},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(c.cwd)
			if _, from, err := policyFiles(c.dir); err != nil || from != c.want {
				t.Errorf("policyFiles(%q) from %q, %v; want %q", c.dir, from, err, c.want)
			}
		})
	}
	if _, _, err := policyFiles(filepath.Join(root, "nowhere")); err == nil {
		t.Error("policyFiles(missing) = nil; want an error")
	}
}
