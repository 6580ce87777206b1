package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/cordon-iot/cordon/internal/testdata"
)

// A panel of a dashboard, as far as its SQL goes.
type panel struct {
	Title   string
	Targets []struct{ RawSQL string }
}

func panels(t *testing.T) []panel {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata.Root(), "deploy/grafana/dashboards/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("dashboards: %v, %v; want at least one", files, err)
	}
	var all []panel
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var d struct{ Panels []panel }
		if err := json.Unmarshal(b, &d); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all = append(all, d.Panels...)
	}
	return all
}

// expand replaces the macros of Grafana's ClickHouse plugin as it does.
func expand(sql string) string {
	for macro, with := range map[string]string{
		`\$__timeFilter\((\w+)\)`: "($1 >= toDateTime64('2020-01-01 00:00:00', 3) AND $1 <= toDateTime64('2100-01-01 00:00:00', 3))",
		`\$__fromTime`:            "toDateTime64('2020-01-01 00:00:00', 3)",
		`\$__toTime`:              "toDateTime64('2100-01-01 00:00:00', 3)",
	} {
		sql = regexp.MustCompile(macro).ReplaceAllString(sql, with)
	}
	return sql
}

// TestDashboardQueries runs the SQL of every panel, as the user that Grafana
// has, over the fleet's records.
func TestDashboardQueries(t *testing.T) {
	s := newStack(t)
	s.feed(testdata.Shared(t, fleetFile), "zeek")
	s.settled(fleetRecords)
	n := 0
	for _, p := range panels(t) {
		for _, q := range p.Targets {
			n++
			rows, err := s.reader.Query(t.Context(), expand(q.RawSQL))
			if err != nil {
				t.Errorf("panel %q: %v\n%s", p.Title, err, q.RawSQL)
				continue
			}
			got := 0
			for rows.Next() {
				got++
			}
			if err := rows.Err(); err != nil {
				t.Errorf("panel %q: %v", p.Title, err)
			}
			if got == 0 && p.Title != "Why records are refused" {
				t.Errorf("panel %q shows nothing", p.Title)
			}
			t.Logf("panel %q: %d rows", p.Title, got)
		}
	}
	if n < 10 {
		t.Errorf("%d queries ran; want every panel's", n)
	}
}
