package store

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// The engine's configuration, written anew at each start: a file edited by
// hand would be a second place where limits come from.
var (
	//go:embed config/config.xml
	configXML string
	//go:embed config/users.xml
	usersXML string
)

// serverMemory caps the whole engine; merges and inserts fail above it instead
// of taking the machine down.
const serverMemory = 4 << 30

// configure writes the engine's configuration and returns its arguments.
func (d *dataDir) configure() ([]string, error) {
	config := filepath.Join(d.path, "config")
	backups := filepath.Join(d.path, "backups")
	for _, dir := range []string{config, backups, filepath.Join(d.engine(), "metadata")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("data directory: %w", err)
		}
	}
	users := filepath.Join(config, "users.xml")
	values := map[string]any{"ServerMemory": serverMemory, "Backups": backups + "/", "Users": users}
	if err := render(filepath.Join(config, "config.xml"), configXML, values); err != nil {
		return nil, err
	}
	if err := render(users, usersXML, values); err != nil {
		return nil, err
	}
	if err := d.defaultDatabase(); err != nil {
		return nil, err
	}
	return []string{
		"--path=" + d.engine(),
		"--config-file=" + filepath.Join(config, "config.xml"),
		"--database=default",
	}, nil
}

func render(file, text string, values map[string]any) error {
	t, err := template.New(filepath.Base(file)).Parse(text)
	if err != nil {
		return fmt.Errorf("engine configuration: %w", err)
	}
	var out strings.Builder
	if err := t.Execute(&out, values); err != nil {
		return fmt.Errorf("engine configuration: %w", err)
	}
	if err := writeFile(file, []byte(out.String())); err != nil {
		return fmt.Errorf("engine configuration: %w", err)
	}
	return nil
}

// defaultDatabase makes "default" an ordinary database on the first start. The
// engine's own default is an overlay in which every file of the machine is a
// table: SELECT * FROM `/etc/passwd` would read it.
func (d *dataDir) defaultDatabase() error {
	file := filepath.Join(d.engine(), "metadata", "default.sql")
	_, err := os.Stat(file)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("default database: %w", err)
	}
	if err := writeFile(file, []byte("ATTACH DATABASE _ UUID '"+newID()+"'\nENGINE = Atomic\n")); err != nil {
		return fmt.Errorf("default database: %w", err)
	}
	return nil
}
