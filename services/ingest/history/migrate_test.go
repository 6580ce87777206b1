package history

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/schemas/clickhouse"
)

func TestMigrateTwice(t *testing.T) {
	dsn := database(t)
	files, err := clickhouse.Migrations()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{len(files) - 1, 0} {
		if n, err := Migrate(t.Context(), MigrateOptions{DSN: dsn.Admin}); n != want || err != nil {
			t.Errorf("Migrate() number %d = %d, %v; want %d, nil", i+1, n, err, want)
		}
	}
}

// TestMigrateAgain: a crash may leave a file half applied, or applied and not
// recorded. Both look as if nothing was recorded.
func TestMigrateAgain(t *testing.T) {
	dsn := schema(t)
	c := dial(t, dsn.Admin)
	if err := c.Exec(t.Context(), "TRUNCATE TABLE schema_migrations"); err != nil {
		t.Fatal(err)
	}
	if _, err := Migrate(t.Context(), MigrateOptions{DSN: dsn.Admin}); err != nil {
		t.Errorf("Migrate() on unrecorded files = %v; want nil", err)
	}
}

func TestMigrateAtOnce(t *testing.T) {
	dsn := database(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := Migrate(t.Context(), MigrateOptions{DSN: dsn.Admin}); err != nil {
				t.Errorf("Migrate() beside others = %v; want nil", err)
			}
		})
	}
	wg.Wait()
	if n, err := Migrate(t.Context(), MigrateOptions{DSN: dsn.Admin}); n != 0 || err != nil {
		t.Errorf("Migrate() after others = %d, %v; want 0, nil", n, err)
	}
}

func TestMigrateRefusesDrift(t *testing.T) {
	dsn := schema(t)
	c := dial(t, dsn.Admin)
	const changed = "INSERT INTO schema_migrations (name, sha256) VALUES ('0003_findings.sql', 'aa')"
	if err := c.Exec(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	_, err := Migrate(t.Context(), MigrateOptions{DSN: dsn.Admin})
	if err == nil || !strings.Contains(err.Error(), "0003_findings.sql was changed after it was applied") {
		t.Errorf("Migrate() over a changed file = %v; want an error that names it", err)
	}
}

func TestPending(t *testing.T) {
	files := []clickhouse.Migration{{Name: "0001_a.sql", Text: "a"}, {Name: "0002_b.sql", Text: "b"}, {Name: "0003_c.sql", Text: "c"}}
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	row := func(i int) appliedFile { return appliedFile{files[i].Name, files[i].SHA256(), at} }
	for _, c := range []struct {
		name string
		have []appliedFile
		want int // files left
		err  string
	}{
		{"none", nil, 3, ""},
		{"some", []appliedFile{row(0)}, 2, ""},
		{"some, recorded twice", []appliedFile{row(0), row(0)}, 2, ""},
		{"all", []appliedFile{row(0), row(1), row(2)}, 0, ""},
		{"changed", []appliedFile{row(0), {files[1].Name, strings.Repeat("0", 64), at}}, 0,
			"migration 0002_b.sql was changed after it was applied on 2026-03-02 (sha256 000000000000 then, 3e23e8160039 now): restore it"},
		{"newer", []appliedFile{row(0), {"0009_x.sql", "", at}}, 0, "migration 0009_x.sql of 2026-03-02, which this program does not know: run the version"},
		{"gap", []appliedFile{row(0), row(2)}, 0, "migration 0003_c.sql was applied before files that come first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := pending(files, c.have)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("pending() = %v; want an error with %q", err, c.err)
				}
				return
			}
			if err != nil || len(got) != c.want {
				t.Errorf("pending() = %d files, %v; want %d, nil", len(got), err, c.want)
			}
		})
	}
}

func TestMigrateSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, dsn, want string }{
		{"no address", "", "want http://user@host:8123/database"},
		{"native protocol", "clickhouse://admin:secret@127.0.0.1:9000/cordon", "only the HTTP interface"},
		{"no database", "http://admin:secret@127.0.0.1:8123", "the database is missing"},
		{"nobody there", "http://admin:secret@127.0.0.1:1/cordon", "ClickHouse at 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused: is it up"},
		{"no address at all", "http://admin:secret@%zz/cordon", "want http://user@host:8123/database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Migrate(t.Context(), MigrateOptions{DSN: c.dsn})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Migrate(%q) = %v; want an error with %q", c.dsn, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("Migrate(%q) = %v; want no password in it", c.dsn, err)
			}
		})
	}
}
