// Package clickhouse holds the schema of the history as SQL files that are
// applied in order and never changed afterwards.
//
// Every statement may run twice: CREATE ... IF NOT EXISTS, CREATE OR REPLACE,
// ALTER TABLE ... ADD COLUMN IF NOT EXISTS. That is what makes it safe to
// migrate from two processes at once, and again after a crash.
package clickhouse

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"text/template"
)

//go:embed *.sql
var files embed.FS

// Migration is one file.
type Migration struct {
	Name string // such as "0001_events.sql"
	Text string // a template, see Target
}

// Migrations are all files in the order of their numbers. The first makes the
// table that records which were applied, and is not recorded itself.
func Migrations() ([]Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]Migration, len(names))
	for i, name := range names { // Glob sorts
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all[i] = Migration{Name: name, Text: string(text)}
	}
	return all, nil
}

// SHA256 identifies the content of m, in hex.
func (m Migration) SHA256() string {
	sum := sha256.Sum256([]byte(m.Text))
	return hex.EncodeToString(sum[:])
}

// Target is where a schema is to live: one server, or the replicas of a
// cluster. The files are the same; these are their variables.
type Target struct {
	// Cluster is the name of a cluster of replicas; "" is one server. It needs
	// ClickHouse Keeper and the macros {shard} and {replica}.
	Cluster string
}

// window is how many inserts each table remembers by their token. It has to
// outlast the longest pause after which a writer may repeat an insert: at one
// insert a second and table, 2 hours and 46 minutes.
const window = 10_000

// OnCluster makes a statement one of the whole cluster.
func (t Target) OnCluster() string {
	if t.Cluster == "" {
		return ""
	}
	return "ON CLUSTER `" + t.Cluster + "`"
}

// Engine is a table engine of the MergeTree family.
func (t Target) Engine(family string, args ...string) string {
	if t.Cluster != "" {
		family = "Replicated" + family
	}
	if len(args) == 0 {
		return family
	}
	return family + "(" + strings.Join(args, ", ") + ")"
}

// Window is the setting that makes a table remember the tokens of inserts.
func (t Target) Window() string {
	if t.Cluster == "" {
		return fmt.Sprintf("non_replicated_deduplication_window = %d", window)
	}
	return fmt.Sprintf("replicated_deduplication_window = %d", window)
}

// Statements are the statements of m for a target. A statement ends with a
// semicolon at the end of a line.
func (m Migration) Statements(to Target) ([]string, error) {
	tmpl, err := template.New(m.Name).Option("missingkey=error").Parse(m.Text)
	if err != nil {
		return nil, fmt.Errorf("migration %w", err)
	}
	var b strings.Builder
	if err := tmpl.Execute(&b, to); err != nil {
		return nil, fmt.Errorf("migration %w", err)
	}
	var out []string
	for s := range strings.SplitSeq(uncommented(b.String()), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out, nil
}

// uncommented is sql without the lines that are comments.
func uncommented(sql string) string {
	var b strings.Builder
	for line := range strings.Lines(sql) {
		if !strings.HasPrefix(line, "--") {
			b.WriteString(line)
		}
	}
	return b.String()
}
