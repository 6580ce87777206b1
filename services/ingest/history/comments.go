package history

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/schemas/clickhouse"
)

// describe gives the columns that hold an attribute of OCSF the profile's
// words and data class as their comment. It changes only what differs, so that
// it may run after every migration.
func describe(ctx context.Context, conn driver.Conn, to clickhouse.Target) error {
	have, err := comments(ctx, conn)
	if err != nil {
		return err
	}
	want := eventComments(ocsf.Columns())
	var changes []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got, ok := have[name]; ok && got != want[name] {
			changes = append(changes, "COMMENT COLUMN "+quote(name)+" "+literal(want[name]))
		}
	}
	if len(changes) == 0 {
		return nil
	}
	// One statement, because each rewrites the table's definition.
	stmt := strings.Join([]string{"ALTER TABLE events", to.OnCluster(), strings.Join(changes, ", ")}, " ")
	if err := conn.Exec(ctx, stmt); err != nil {
		return fmt.Errorf("describe the columns of events: %w", explain(err))
	}
	return nil
}

// comments are those of the columns of events, by name.
func comments(ctx context.Context, conn driver.Conn) (map[string]string, error) {
	var rows []struct {
		Name    string `ch:"name"`
		Comment string `ch:"comment"`
	}
	const q = "SELECT name, comment FROM system.columns WHERE database = currentDatabase() AND table = 'events'"
	if err := conn.Select(ctx, &rows, q); err != nil {
		return nil, fmt.Errorf("read comments of columns: %w", explain(err))
	}
	m := map[string]string{}
	for _, r := range rows {
		m[r.Name] = r.Comment
	}
	return m, nil
}

// eventComments are the comments of the columns of events that are taken from
// one attribute alone, as the profile describes it.
func eventComments(profile []ocsf.Column) map[string]string {
	said := map[string]ocsf.Column{}
	for _, c := range profile {
		if c.Path != "" {
			said[c.Path] = c
		}
	}
	m := map[string]string{}
	for _, a := range attributes() {
		if c, ok := said[a.paths[0]]; ok && len(a.paths) == 1 {
			m[a.name] = fmt.Sprintf("%s OCSF %s, data class %s.", c.Comment, c.Path, c.DataClass)
		}
	}
	return m
}

// literal makes a string literal of s.
func literal(s string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(s) + "'"
}
