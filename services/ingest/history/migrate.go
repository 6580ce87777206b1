package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/cordon-iot/cordon/schemas/clickhouse"
)

// MigrateOptions say where the schema is to be.
type MigrateOptions struct {
	// DSN is the address of ClickHouse with the database, which is made if need
	// be, and a user who may change it.
	DSN      string
	Password string // of that user, where it is not in DSN
	Cluster  string // name of the cluster of replicas; "" is one server
	Log      *slog.Logger
}

// Migrate brings the schema up to what this program writes and returns how
// many files it applied. It may run from several processes at once and again
// after a crash. A file that was changed after it was applied is an error, and
// so is a database that is newer than this program; neither touches anything.
func Migrate(ctx context.Context, o MigrateOptions) (applied int, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	to := clickhouse.Target{Cluster: o.Cluster}
	if err := createDatabase(ctx, o, to); err != nil {
		return 0, err
	}
	conn, err := open(o.DSN, o.Password)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	files, err := clickhouse.Migrations()
	if err != nil {
		return 0, err
	}
	// The first file makes the table that says which others were applied.
	if err := apply(ctx, conn, files[0], to); err != nil {
		return 0, err
	}
	if applied, err = migrate(ctx, conn, files[1:], to, o.Log); err != nil {
		return applied, err
	}
	return applied, describe(ctx, conn, to)
}

func migrate(ctx context.Context, conn driver.Conn, files []clickhouse.Migration, to clickhouse.Target, log *slog.Logger) (int, error) {
	have, err := appliedFiles(ctx, conn)
	if err != nil {
		return 0, err
	}
	open, err := pending(files, have)
	if err != nil {
		return 0, err
	}
	for i, m := range open {
		if err := apply(ctx, conn, m, to); err != nil {
			return i, err
		}
		if err := conn.Exec(ctx, "INSERT INTO schema_migrations (name, sha256) VALUES (?, ?)", m.Name, m.SHA256()); err != nil {
			return i, fmt.Errorf("migration %s: record it: %w", m.Name, explain(err))
		}
		log.Info("schema migrated", "file", m.Name)
	}
	return len(open), nil
}

// createDatabase makes the database of the DSN. A connection to a database that
// is not there fails, so it is made from the one that always is.
func createDatabase(ctx context.Context, o MigrateOptions, to clickhouse.Target) error {
	opts, err := options(o.DSN, o.Password)
	if err != nil {
		return err
	}
	name := opts.Auth.Database
	conn, err := openDatabase(opts, "default")
	if err != nil {
		return err
	}
	stmt := strings.TrimSpace("CREATE DATABASE IF NOT EXISTS " + quote(name) + " " + to.OnCluster())
	if err := conn.Exec(ctx, stmt+" ENGINE = Atomic"); err != nil {
		return errors.Join(fmt.Errorf("create database %s: %w", name, explain(err)), conn.Close())
	}
	return conn.Close()
}

func apply(ctx context.Context, conn driver.Conn, m clickhouse.Migration, to clickhouse.Target) error {
	stmts, err := m.Statements(to)
	if err != nil {
		return err
	}
	for i, s := range stmts {
		if err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("migration %s, statement %d: %w", m.Name, i+1, explain(err))
		}
	}
	return nil
}

// appliedFile is a row of schema_migrations.
type appliedFile struct {
	Name    string    `ch:"name"`
	SHA256  string    `ch:"sha256"`
	Applied time.Time `ch:"applied"`
}

func appliedFiles(ctx context.Context, conn driver.Conn) ([]appliedFile, error) {
	var rows []appliedFile
	err := conn.Select(ctx, &rows, "SELECT name, sha256, applied FROM schema_migrations ORDER BY name, applied LIMIT 1 BY name, sha256")
	if err != nil {
		return nil, fmt.Errorf("read schema_migrations: %w", explain(err))
	}
	return rows, nil
}

// pending are the files that were not applied yet, if those that were are an
// unchanged beginning of files.
func pending(files []clickhouse.Migration, have []appliedFile) ([]clickhouse.Migration, error) {
	known := map[string]clickhouse.Migration{}
	for _, m := range files {
		known[m.Name] = m
	}
	done := map[string]bool{}
	for _, h := range have {
		m, ok := known[h.Name]
		if !ok {
			return nil, fmt.Errorf("the database has migration %s of %s, which this program does not know: run the version of cordon that applied it, or a later one",
				h.Name, h.Applied.Format(time.DateOnly))
		}
		if h.SHA256 != m.SHA256() {
			return nil, fmt.Errorf("migration %s was changed after it was applied on %s (sha256 %.12s then, %.12s now): restore it and put the change into a new file",
				h.Name, h.Applied.Format(time.DateOnly), h.SHA256, m.SHA256())
		}
		done[h.Name] = true
	}
	for i, m := range files {
		if done[m.Name] && i >= len(done) {
			return nil, fmt.Errorf("migration %s was applied before files that come first: give those higher numbers", m.Name)
		}
	}
	return files[len(done):], nil
}

// quote makes an identifier of name.
func quote(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}
