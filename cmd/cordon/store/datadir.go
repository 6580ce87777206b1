package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
)

// dataDir is an open data directory, held against other processes.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes and locks a data directory. The engine has a lock of its
// own, but says nothing to its caller when it is taken.
func openDataDir(path string) (*dataDir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(abs, "engine"), 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(abs, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := hold(f, abs); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &dataDir{path: abs, lock: f}, nil
}

func hold(f *os.File, path string) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(f.Name())
		return fmt.Errorf("data directory %s is in use by process %s: stop it or choose another directory with --data: %w",
			path, strings.TrimSpace(string(owner)), err)
	}
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

func (d *dataDir) close() error { return d.lock.Close() }

func (d *dataDir) engine() string { return filepath.Join(d.path, "engine") }

// configText is the engine's configuration. What it sets: memory that suits a
// machine it shares with the services; deduplication of repeated inserts for
// every table, also one whose schema does not ask for it; where BACKUP may
// write. Time zone and users are not read from here by the embedded engine.
const configText = `<clickhouse>
  <max_server_memory_usage>{{.ServerMemory}}</max_server_memory_usage>
  <mark_cache_size>134217728</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <max_concurrent_queries>100</max_concurrent_queries>
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>16</background_schedule_pool_size>
  <logger><level>none</level></logger>
  <merge_tree>
    <non_replicated_deduplication_window>10000</non_replicated_deduplication_window>
  </merge_tree>
  <backups><allowed_path>{{html .Backups}}</allowed_path></backups>
</clickhouse>
`

// serverMemory caps the whole engine; merges and inserts fail above it instead
// of taking the machine down.
const serverMemory = 4 << 30

// configure writes the engine's configuration and returns its arguments.
func (d *dataDir) configure() ([]string, error) {
	backups := filepath.Join(d.path, "backups")
	if err := os.MkdirAll(backups, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	var text strings.Builder
	err := template.Must(template.New("config").Parse(configText)).
		Execute(&text, map[string]any{"ServerMemory": serverMemory, "Backups": backups + "/"})
	if err != nil {
		return nil, fmt.Errorf("engine configuration: %w", err)
	}
	file := filepath.Join(d.path, "config.xml")
	if err := writeFile(file, []byte(text.String())); err != nil {
		return nil, fmt.Errorf("engine configuration: %w", err)
	}
	return []string{
		"--path=" + d.engine(),
		"--config-file=" + file,
		// One insert is one block with one token: see the package comment.
		"--async_insert=0", "--insert_deduplicate=1", "--deduplicate_blocks_in_dependent_materialized_views=1",
	}, nil
}
