package schemas

import (
	"regexp"
	"slices"
	"testing"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/schemas/clickhouse"
)

// TestColumnsAreInTheProfile: every column of every table has a meaning and a
// data class in the profile.
func TestColumnsAreInTheProfile(t *testing.T) {
	migrations, err := clickhouse.Migrations()
	if err != nil {
		t.Fatal(err)
	}
	described := map[string][]string{}
	for _, c := range ocsf.Columns() {
		described[c.Table] = append(described[c.Table], c.Name)
	}
	seen := 0
	for _, m := range migrations {
		for _, table := range tables(m.Text) {
			if described[table.name] == nil {
				continue // rollups and the like, made from these
			}
			seen++
			for _, column := range table.columns {
				if !slices.Contains(described[table.name], column) {
					t.Errorf("column %s.%s of %s is not under columns in profile.yaml: say there what it holds", table.name, column, m.Name)
				}
			}
		}
	}
	if seen != len(described) {
		t.Errorf("%d of the %d tables of the profile are in the SQL files", seen, len(described))
	}
}

type table struct {
	name    string
	columns []string
}

// tables reads the tables that a migration creates, as far as their columns
// have comments.
func tables(sql string) []table {
	create := regexp.MustCompile(`(?s)CREATE TABLE IF NOT EXISTS (\w+)(.*?)\nENGINE`)
	column := regexp.MustCompile(`(?m)^ +([a-z_]+) +[A-Z][^\n]*\n +COMMENT '`)
	var list []table
	for _, m := range create.FindAllStringSubmatch(sql, -1) {
		t := table{name: m[1]}
		for _, c := range column.FindAllStringSubmatch(m[2], -1) {
			t.columns = append(t.columns, c[1])
		}
		list = append(list, t)
	}
	return list
}
