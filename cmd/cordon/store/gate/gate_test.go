package gate

import (
	"errors"
	"strings"
	"testing"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/google/go-cmp/cmp"
)

// parser is the engine's parser with answers by text; what it does not know is
// one reading statement without functions.
type parser struct {
	class map[string]chdb.Analysis
	trees map[string]string // by the text behind EXPLAIN AST
	asked []string
}

func (p *parser) Classify(sql string) (chdb.Analysis, error) {
	if a, ok := p.class[sql]; ok {
		return a, nil
	}
	return chdb.Analysis{Statements: 1, Class: chdb.Read}, nil
}

func (p *parser) Query(sql, _ string, _ ...chdb.Param) ([]byte, chdb.Stats, error) {
	p.asked = append(p.asked, sql)
	if text, ok := strings.CutPrefix(sql, "EXPLAIN AST "); ok {
		return []byte(p.trees[text]), chdb.Stats{}, nil
	}
	return []byte("file\nurl\nnumbers\nmerge\nreplacingmergetree\n"), chdb.Stats{}, nil
}

func code(err error) int {
	var e *chdb.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func TestQuery(t *testing.T) {
	tests := []struct {
		name, sql string
		role      Role
		analysis  chdb.Analysis
		tree      string
		want      int // code, 0 allowed
	}{
		{name: "read", sql: "SELECT 1", role: Reader, analysis: chdb.Analysis{Statements: 1, Class: chdb.Read}},
		{name: "write", sql: "DROP TABLE t", role: Reader, analysis: chdb.Analysis{Statements: 1, Class: chdb.Write}, want: codeDenied},
		{name: "class and keyword disagree", sql: "DROP TABLE t", role: Reader, analysis: chdb.Analysis{Statements: 1, Class: chdb.Read}, want: codeDenied},
		{name: "two", sql: "SELECT 1", role: Admin, analysis: chdb.Analysis{Statements: 2, Class: chdb.Read}, want: codeSyntax},
		{name: "none", sql: "SELECT 1", role: Admin, analysis: chdb.Analysis{Class: chdb.Unknown}, want: codeSyntax},
		{name: "unknown class", sql: "SELECT 1", role: Admin, analysis: chdb.Analysis{Statements: 1, Class: chdb.Unknown}, want: codeSyntax},
		{name: "table function", sql: "SELECT 1", role: Reader, analysis: chdb.Analysis{Statements: 1}, tree: "S\n  Function url (children 1)\n", want: codeDenied},
		{name: "allowed table function", sql: "SELECT 1", role: Reader, analysis: chdb.Analysis{Statements: 1}, tree: " Function numbers (children 1)\n"},
		{name: "function with alias, other case", sql: "SELECT 1", role: Reader, analysis: chdb.Analysis{Statements: 1}, tree: " Function FILE (alias x) (children 1)\n", want: codeDenied},
		{name: "network function", sql: "SELECT 1", role: Reader, analysis: chdb.Analysis{Statements: 1}, tree: " Function aiGenerate (children 1)\n", want: codeDenied},
		{name: "plain function", sql: "SELECT 1", role: Reader, analysis: chdb.Analysis{Statements: 1}, tree: " Function plus (children 1)\n"},
		{name: "admin calls file", sql: "SELECT 1", role: Admin, analysis: chdb.Analysis{Statements: 1}, tree: " Function file (children 1)\n", want: codeDenied},
		{name: "admin changes", sql: "ALTER TABLE t ADD COLUMN a Int8", role: Admin, analysis: chdb.Analysis{Statements: 1, Class: chdb.Write}},
		{name: "foreign engine", sql: "CREATE TABLE t (engine Int8) ENGINE = `URL`('x')", role: Admin, analysis: chdb.Analysis{Statements: 1, Class: chdb.Write}, want: codeDenied},
		{name: "local engine", sql: "CREATE TABLE t (engine Int8) ENGINE ReplacingMergeTree ORDER BY engine", role: Admin, analysis: chdb.Analysis{Statements: 1, Class: chdb.Write}},
		{name: "column called engine", sql: "CREATE VIEW v AS SELECT name, engine FROM system.tables", role: Admin, analysis: chdb.Analysis{Statements: 1, Class: chdb.Write}},
		{name: "unknown role", sql: "SELECT 1", role: "root", analysis: chdb.Analysis{Statements: 1}, want: codeDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &parser{class: map[string]chdb.Analysis{tt.sql: tt.analysis}, trees: map[string]string{tt.sql: tt.tree}}
			g, err := New(p)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.Query(p, tt.role, tt.sql, nil); code(err) != tt.want {
				t.Errorf("Query(%s, %q) = %v; want code %d", tt.role, tt.sql, err, tt.want)
			}
		})
	}
}

func TestKillIsAsync(t *testing.T) {
	p := &parser{class: map[string]chdb.Analysis{"KILL QUERY WHERE 1 SYNC": {Statements: 1, Class: chdb.Control}}}
	st, err := (&Gate{}).Query(p, Admin, "KILL QUERY WHERE 1 SYNC", nil)
	if err != nil || st.SQL != "KILL QUERY WHERE 1 ASYNC" {
		t.Errorf("Query(KILL SYNC) = %q, %v; want ASYNC", st.SQL, err)
	}
}

func TestTreeIsOfTheWholeStatement(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1 FORMAT JSON":               "EXPLAIN AST SELECT 1 ",
		"SELECT 1, format y, f(x)":           "EXPLAIN AST SELECT 1, format y, f(x)",
		"EXPLAIN PLAN header = 1 SELECT f()": "EXPLAIN AST SELECT f()",
		"DESCRIBE (SELECT f())":              "EXPLAIN AST DESCRIBE (SELECT f())",
	} {
		p := &parser{}
		if _, err := (&Gate{}).Query(p, Reader, sql, nil); err != nil {
			t.Fatalf("Query(%q): %v", sql, err)
		}
		if diff := cmp.Diff([]string{want}, p.asked); diff != "" {
			t.Errorf("Query(%q) asked (-want +got):\n%s", sql, diff)
		}
	}
}

func TestPlainInsert(t *testing.T) {
	for head, want := range map[string]bool{
		"INSERT INTO t": true, "INSERT INTO TABLE d.t (a, `b`, c.d)": true, "INSERT INTO t SETTINGS async_insert = 0, insert_deduplication_token = 'a'": true,
		"INSERT INTO FUNCTION f()": false, "INSERT INTO TABLE FUNCTION f()": false, "INSERT INTO t (a) SELECT 1": false, "INSERT INTO t (f(a))": false,
		"INSERT INTO t SETTINGS format_schema = 'x'": false, "INSERT INTO t SETTINGS a = f()": false, "INSERT t": false, "INSERT INTO t (a": false, "INSERT INTO": false,
	} {
		if got := plainInsert(head); got != want {
			t.Errorf("plainInsert(%q) = %v; want %v", head, got, want)
		}
	}
}

func TestLockComesBehindTheClient(t *testing.T) {
	client := []Setting{{"max_execution_time", "5"}, {"max_memory_usage", "0"}, {"max_result_rows", "nonsense"}}
	got := map[string]string{}
	for _, s := range Reader.Lock(client) {
		got[s.Name] = s.Value
	}
	want := map[string]string{
		"max_execution_time": "5", "max_memory_usage": "1073741824", "max_result_rows": "1000000", "max_result_bytes": "268435456",
		"allow_introspection_functions": "0", "readonly": "1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Reader.Lock (-want +got):\n%s", diff)
	}
	if got := Admin.Lock(client); got != nil {
		t.Errorf("Admin.Lock = %v; want none", got)
	}
}

func TestAllowedSettings(t *testing.T) {
	tests := []struct {
		role Role
		name string
		want bool
	}{
		{Reader, "max_threads", true}, {Reader, "output_format_json_quote_64bit_integers", true}, {Reader, "output_format_schema", false},
		{Reader, "format_schema", false}, {Reader, "allow_introspection_functions", false}, {Reader, "readonly", false}, {Reader, "async_insert", false},
		{Writer, "insert_deduplication_token", true}, {Writer, "async_insert_busy_timeout_ms", true}, {Writer, "input_format_values_interpret_expressions", false},
		{Writer, "format_template_row", false}, {Writer, "allow_ddl", false}, {Admin, "format_schema", true},
	}
	for _, tt := range tests {
		if err := tt.role.Allowed(tt.name); (err == nil) != tt.want {
			t.Errorf("%s.Allowed(%s) = %v; want allowed %v", tt.role, tt.name, err, tt.want)
		}
	}
}
