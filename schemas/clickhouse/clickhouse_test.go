package clickhouse_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cordon-iot/cordon/schemas/clickhouse"
)

func migrations(t *testing.T) []clickhouse.Migration {
	t.Helper()
	all, err := clickhouse.Migrations()
	if err != nil || len(all) == 0 {
		t.Fatalf("Migrations() = %d files, %v; want some", len(all), err)
	}
	return all
}

func TestNumbersFollowEachOther(t *testing.T) {
	name := regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)
	for i, m := range migrations(t) {
		p := name.FindStringSubmatch(m.Name)
		if p == nil {
			t.Errorf("%s: want a name such as 0001_events.sql", m.Name)
			continue
		}
		if got, err := strconv.Atoi(p[1]); err != nil || got != i {
			t.Errorf("%s is file %d in order; want its number to say so", m.Name, i)
		}
	}
}

// TestStatementsCanRunTwice: two processes may migrate at once, and a crash may
// leave a file half applied.
func TestStatementsCanRunTwice(t *testing.T) {
	repeatable := []string{
		"CREATE TABLE IF NOT EXISTS ", "CREATE MATERIALIZED VIEW IF NOT EXISTS ", "CREATE OR REPLACE VIEW ",
		"ALTER TABLE ", "DROP VIEW IF EXISTS ", "DROP TABLE IF EXISTS ",
	}
	for _, m := range migrations(t) {
		stmts, err := m.Statements(clickhouse.Target{})
		if err != nil {
			t.Fatal(err)
		}
		if len(stmts) == 0 {
			t.Errorf("%s has no statement", m.Name)
		}
		for _, s := range stmts {
			if !hasAnyPrefix(s, repeatable) {
				t.Errorf("%s: %.60q cannot run twice; want it to begin with one of %q", m.Name, s, repeatable)
			}
			if strings.HasPrefix(s, "ALTER TABLE ") && !strings.Contains(s, "IF NOT EXISTS") && !strings.Contains(s, "IF EXISTS") && !strings.Contains(s, "MODIFY") {
				t.Errorf("%s: %.60q cannot run twice", m.Name, s)
			}
		}
	}
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// TestTargets: on a cluster every statement is one of the whole cluster and
// every table is replicated; on one server nothing is.
func TestTargets(t *testing.T) {
	for _, m := range migrations(t) {
		for _, to := range []clickhouse.Target{{}, {Cluster: "c1"}} {
			stmts, err := m.Statements(to)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range stmts {
				checkTarget(t, m.Name, s, to.Cluster != "")
			}
		}
	}
}

func checkTarget(t *testing.T, name, stmt string, cluster bool) {
	t.Helper()
	if got := strings.Contains(stmt, "ON CLUSTER `c1`"); got != cluster {
		t.Errorf("%s: %.60q: ON CLUSTER = %v; want %v", name, stmt, got, cluster)
	}
	if !strings.HasPrefix(stmt, "CREATE TABLE") {
		return
	}
	if got := strings.Contains(stmt, "ENGINE = Replicated"); got != cluster {
		t.Errorf("%s: %.60q: replicated = %v; want %v", name, stmt, got, cluster)
	}
	window := "non_replicated_deduplication_window = 10000"
	if cluster {
		window = " replicated_deduplication_window = 10000"
	}
	if !strings.Contains(stmt, window) {
		t.Errorf("%s: %.60q does not set %q; want every table to remember tokens", name, stmt, window)
	}
}

func TestEngine(t *testing.T) {
	for _, c := range []struct {
		to   clickhouse.Target
		args []string
		want string
	}{
		{clickhouse.Target{}, []string{"MergeTree"}, "MergeTree"},
		{clickhouse.Target{}, []string{"ReplacingMergeTree", "v"}, "ReplacingMergeTree(v)"},
		{clickhouse.Target{Cluster: "c"}, []string{"MergeTree"}, "ReplicatedMergeTree"},
		{clickhouse.Target{Cluster: "c"}, []string{"ReplacingMergeTree", "v"}, "ReplicatedReplacingMergeTree(v)"},
	} {
		if got := c.to.Engine(c.args[0], c.args[1:]...); got != c.want {
			t.Errorf("%+v.Engine(%q) = %s; want %s", c.to, c.args, got, c.want)
		}
	}
}
