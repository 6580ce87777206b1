package schemas

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/schemas/clickhouse"
)

// TestColumnsAreInTheProfile: every column of every table has a meaning and a
// data class in the profile, and the profile names no other.
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
			if diff := cmp.Diff(table.columns, described[table.name]); diff != "" {
				t.Errorf("columns of %s in %s and in profile.yaml (-SQL +profile):\n%s", table.name, m.Name, diff)
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
