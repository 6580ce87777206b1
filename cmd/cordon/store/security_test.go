package store_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
	"github.com/cordon-iot/cordon/internal/storetest"
)

// victim is a server with a table that must survive every attack on it.
func victim(t *testing.T) *storetest.Server {
	t.Helper()
	s := open(t)
	exec(t, admin(t, s),
		"CREATE DATABASE d ENGINE=Atomic",
		"CREATE TABLE d.victim (s String) ENGINE=MergeTree ORDER BY s",
		"INSERT INTO d.victim VALUES ('kept')",
		"CREATE TABLE d.t (a Int64, s String) ENGINE=MergeTree ORDER BY a",
		"CREATE VIEW d.v AS SELECT s FROM d.victim WHERE s = {x:String}")
	return s
}

func alive(t *testing.T, s *storetest.Server) {
	t.Helper()
	if got := one[string](t, admin(t, s), "SELECT arrayStringConcat(groupArray(s)) FROM d.victim"); got != "kept" {
		t.Errorf("table holds %q; want kept", got)
	}
}

func TestInsertDataIsNeverSQL(t *testing.T) {
	s := victim(t)
	tests := []struct {
		name, query, body string
		rows              uint64
		refused           bool
	}{
		{name: "empty line and DROP in JSONEachRow", query: "INSERT INTO d.t FORMAT JSONEachRow", body: "{\"a\":1}\n\nDROP TABLE d.victim", refused: true},
		{name: "the same all in the body", body: "INSERT INTO d.t FORMAT JSONEachRow {\"a\":1}\n\nDROP TABLE d.victim", refused: true},
		{name: "empty line between rows", query: "INSERT INTO d.t FORMAT JSONEachRow", body: "{\"a\":1}\n\n{\"a\":2}\n", rows: 2},
		{name: "SQL as a value in CSV", query: "INSERT INTO d.t FORMAT CSV", body: "1,\"x\n\n; DROP TABLE d.victim\"\n", rows: 1},
		{name: "SQL as a row in CSV", query: "INSERT INTO d.t FORMAT CSV", body: "1,x\n\nDROP TABLE d.victim\n", refused: true},
		{name: "SQL as a row in TSV", query: "INSERT INTO d.t FORMAT TSV", body: "1\tx\n\nDROP TABLE d.victim\n", refused: true},
		{name: "VALUES with semicolons and quotes", body: "INSERT INTO d.t VALUES (1, 'a;b'), (2, 'it''s; DROP TABLE d.victim'), (3, 'x\\'; DROP TABLE d.victim; --');", rows: 3},
		{name: "VALUES and another statement", body: "INSERT INTO d.t VALUES (1, 'a'); DROP TABLE d.victim", refused: true},
		{name: "VALUES, an empty line and another statement", body: "INSERT INTO d.t VALUES (1, 'a')\n\nDROP TABLE d.victim", refused: true},
		{name: "VALUES in the URL and another statement", query: "INSERT INTO d.t VALUES (1, 'a');\n\nDROP TABLE d.victim", refused: true},
		{name: "VALUES split between URL and body", query: "INSERT INTO d.t VALUES", body: "(1, 'a'); DROP TABLE d.victim", refused: true},
		{name: "a table named values", body: "INSERT INTO d.values FORMAT CSV\n1,x\n\nDROP TABLE d.victim", refused: true},
		{name: "a comment before FORMAT", body: "INSERT INTO d.t -- FORMAT CSV\n/* VALUES */ FORMAT CSV\n1,x\n", rows: 1},
		{name: "an unclosed comment", body: "INSERT INTO d.t /* FORMAT CSV\n\nDROP TABLE d.victim", refused: true},
		{name: "EXPLAIN INSERT with data", body: "EXPLAIN AST INSERT INTO d.t FORMAT JSONEachRow {\"a\":1}\n\nDROP TABLE d.victim", refused: true},
		{name: "EXPLAIN SYNTAX INSERT with data", body: "EXPLAIN SYNTAX INSERT INTO d.t VALUES (1,'x')\n\nDROP TABLE d.victim", refused: true},
		{name: "INSERT in parentheses", body: "(INSERT INTO d.t FORMAT CSV 1,x\n\nDROP TABLE d.victim", refused: true},
		{name: "WITH before INSERT", body: "WITH 1 AS x INSERT INTO d.t FORMAT CSV 1,x\n\nDROP TABLE d.victim", refused: true},
		{name: "INSERT SELECT with data", body: "INSERT INTO d.t SELECT * FROM input('a Int64, s String') FORMAT CSV 1,x\n\nDROP TABLE d.victim", refused: true},
		{name: "FROM INFILE", body: "INSERT INTO d.t FROM INFILE '/etc/hostname' FORMAT LineAsString", refused: true},
		{name: "two statements", body: "SELECT 1; DROP TABLE d.victim", refused: true},
		{name: "two statements behind a comment", body: "SELECT 1 -- ;\n; DROP TABLE d.victim", refused: true},
		{name: "PARALLEL WITH", body: "DROP TABLE d.t PARALLEL WITH DROP TABLE d.victim", refused: true},
		{name: "one statement in the URL, one in the body", query: "SELECT 1", body: "; DROP TABLE d.victim", refused: true},
		{name: "head of INSERT with SQL in the table's name", query: "INSERT INTO d.t (a) VALUES (1)\n\nDROP TABLE d.victim -- FORMAT CSV", refused: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exec(t, admin(t, s), "TRUNCATE TABLE d.t")
			res := post(t, s.Admin, "query="+url.QueryEscape(tt.query), tt.body)
			if (res.status != http.StatusOK) != tt.refused {
				t.Errorf("status = %d %s; want refused = %v", res.status, res.body, tt.refused)
			}
			if got := one[uint64](t, admin(t, s), "SELECT count() FROM d.t"); got != tt.rows {
				t.Errorf("stored %d rows; want %d", got, tt.rows)
			}
			alive(t, s)
		})
	}
}

func TestReaderIsConfined(t *testing.T) {
	s := victim(t)
	target := filepath.Join(t.TempDir(), "written")
	tests := []struct {
		sql  string
		code int
	}{
		{"SELECT file('/etc/hostname')", 497},
		{"SELECT FILE('/etc/hostname')", 497},
		{"SELECT * FROM `/etc/passwd`", 60},
		{"SELECT * FROM '/etc/passwd'", 60},
		{"DESCRIBE TABLE default.`/etc/passwd`", 60},
		{"SELECT `file`('/etc/hostname')", 497},
		{"SELECT 1, format y, file('/etc/hostname')", 497},
		{"SELECT file('/etc/hostname') AS x, format y", 62},
		{"SELECT * FROM (SELECT file('/etc/hostname') AS x) WHERE x != ''", 497},
		{"WITH file('/etc/hostname') AS x SELECT x", 497},
		{"SELECT arrayMap(x -> file(x), ['/etc/hostname'])", 497},
		{"SELECT 1 FROM d.victim ORDER BY file('/etc/hostname')", 497},
		{"SELECT 1 WHERE (SELECT file('/etc/hostname')) = 'x' FORMAT JSON", 497},
		{"SELECT 1 UNION ALL SELECT length(file('/etc/hostname'))", 497},
		{"EXPLAIN SELECT file('/etc/hostname')", 497},
		{"EXPLAIN AST SELECT file('/etc/hostname')", 497},
		{"EXPLAIN PIPELINE graph = 1 SELECT file('/etc/hostname')", 497},
		{"DESCRIBE (SELECT file('/etc/hostname'))", 497},
		{"SELECT * FROM file('/etc/hostname', 'LineAsString', 'l String')", 497},
		{"DESCRIBE TABLE file('/etc/hostname', 'LineAsString')", 497},
		{"DESCRIBE TABLE url('http://127.0.0.1:1/', 'LineAsString')", 497},
		{"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'l String')", 497},
		{"SELECT * FROM remote('127.0.0.1:1', 'system', 'one')", 497},
		{"SELECT * FROM s3('http://127.0.0.1:1/a', 'CSV', 'l String')", 497},
		{"SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')", 497},
		{"SELECT * FROM executable('x.sh', 'CSV', 'l String')", 497},
		{"SELECT * FROM merge('d', '.*')", 497},
		{"SELECT * FROM cluster('default', 'system', 'one')", 497},
		{"SELECT catboostEvaluate('/x', 1)", 497},
		{"SELECT sleep(1)", 497},
		{"SELECT sleepEachRow(1) FROM numbers(3)", 497},
		{"SELECT addressToLine(1)", 497},
		{"SELECT 1 INTO OUTFILE '" + target + "'", 48},
		{"SELECT 1 INTO OUTFILE '" + target + "' FORMAT CSV", 48},
		{"SELECT 1 SETTINGS readonly=0", 164},
		{"SELECT 1 FORMAT Template SETTINGS format_template_resultset='/etc/hostname'", 164},
		{"SELECT 1 SETTINGS max_execution_time=0", 164},
		{"SET readonly=0", 497},
		{"SHOW TABLES FROM d WHERE length(file('/etc/hostname')) > 0", 497},
		{"INSERT INTO d.t VALUES (1, 'x')", 497},
		{"INSERT INTO d.t SELECT 1, 'x'", 497},
		{"INSERT INTO FUNCTION file('" + target + "', 'CSV', 'a Int32') VALUES (1)", 497},
		{"CREATE TABLE d.x (a Int32) ENGINE=Memory", 497},
		{"CREATE TEMPORARY TABLE x (a Int32)", 497},
		{"CREATE TEMPORARY TABLE x AS SELECT file('/etc/hostname')", 497},
		{"DROP TABLE d.victim", 497},
		{"TRUNCATE TABLE d.victim", 497},
		{"ALTER TABLE d.victim DELETE WHERE 1", 497},
		{"DELETE FROM d.victim WHERE 1", 497},
		{"OPTIMIZE TABLE d.victim", 497},
		{"KILL QUERY WHERE 1", 497},
		{"KILL QUERY WHERE 1 SYNC", 497},
		{"SYSTEM STOP MERGES", 497},
		{"SYSTEM SHUTDOWN", 48},
		{"BACKUP TABLE d.victim TO File('x')", 497},
		{"ATTACH TABLE x FROM '/etc' (a Int32) ENGINE=Memory", 497},
		{"CHECK TABLE d.victim", 497},
		{"USE d", 497},
		{"SELECT 1; SELECT 2", 62},
		{"SELEC 1", 62},
	}
	for _, tt := range tests {
		t.Run(tt.sql, func(t *testing.T) {
			res := post(t, s.Reader, "", tt.sql)
			if got := res.header.Get("X-ClickHouse-Exception-Code"); got != fmt.Sprint(tt.code) || res.status == http.StatusOK {
				t.Errorf("reader got status %d, code %q, body %q; want code %d", res.status, got, res.body, tt.code)
			}
		})
	}
	alive(t, s)
	if _, err := os.Stat(target); err == nil {
		t.Error("a file was written outside the store")
	}
}

func TestReaderCanRead(t *testing.T) {
	s := victim(t)
	for _, sql := range []string{
		"SELECT s FROM d.victim", "SELECT s FROM d.victim FORMAT JSON", "SELECT 1;", "WITH 1 AS x SELECT x", "(SELECT 1)", "FROM d.victim SELECT s",
		"SELECT count() FROM numbers(10)", "SELECT format('{}-{}', 'a', 'b')", "SELECT * FROM d.v(x='kept')", "SELECT * FROM values('a Int8', 1, 2)",
		"SHOW TABLES FROM d", "SHOW CREATE TABLE d.victim", "DESCRIBE TABLE d.victim", "DESC d.victim FORMAT JSON", "EXISTS TABLE d.victim",
		"EXPLAIN SELECT s FROM d.victim", "EXPLAIN PLAN indexes = 1 SELECT s FROM d.victim", "SELECT name FROM system.tables WHERE database = 'd'",
	} {
		if res := post(t, s.Reader, "", sql); res.status != http.StatusOK {
			t.Errorf("reader got status %d for %q: %s; want 200", res.status, sql, res.body)
		}
	}
}

func TestReaderSettings(t *testing.T) {
	s := victim(t)
	tests := []struct {
		settings, sql string
		code          string
		body          string
	}{
		{settings: "max_threads=1", sql: "SELECT getSetting('max_threads')", body: "1\n"},
		{settings: "max_execution_time=5", sql: "SELECT getSetting('max_execution_time')", body: "5\n"},
		{settings: "max_execution_time=0", sql: "SELECT getSetting('max_execution_time')", body: "60\n"},
		{settings: "max_execution_time=1000000", sql: "SELECT getSetting('max_execution_time')", body: "60\n"},
		{settings: "max_memory_usage=99999999999999", sql: "SELECT getSetting('max_memory_usage')", body: "1073741824\n"},
		{settings: "readonly=0", sql: "SELECT getSetting('readonly')", body: "1\n"},
		{settings: "session_id=x", sql: "SELECT getSetting('readonly')", body: "1\n"},
		{settings: "max_result_rows=2", sql: "SELECT number FROM numbers(10)", code: "396"},
		{settings: "", sql: "SELECT number FROM numbers(2000000)", code: "396"},
		{settings: "format_template_resultset=/etc/hostname&format_template_row=/etc/hostname", sql: "SELECT 1 FORMAT Template", code: "164"},
		{settings: "format_schema=/etc/hostname:x", sql: "SELECT 1 FORMAT Protobuf", code: "164"},
		{settings: "output_format_schema=/tmp/x", sql: "SELECT 1", code: "164"},
		{settings: "allow_introspection_functions=1", sql: "SELECT 1", code: "164"},
		{settings: "no_such_setting=1", sql: "SELECT 1", code: "115"},
	}
	for _, tt := range tests {
		t.Run(tt.settings+" "+tt.sql, func(t *testing.T) {
			res := post(t, s.Reader, tt.settings, tt.sql)
			if got := res.header.Get("X-ClickHouse-Exception-Code"); got != tt.code && !strings.Contains(res.body, "Code: "+tt.code+".") {
				t.Errorf("code = %q, body %.200q; want code %q", got, res.body, tt.code)
			}
			if tt.code == "" && res.body != tt.body {
				t.Errorf("body = %q; want %q", res.body, tt.body)
			}
		})
	}
}

func TestWriterOnlyInserts(t *testing.T) {
	s := victim(t)
	allowed := []string{
		"SELECT 1", "SELECT version()", "DESCRIBE TABLE d.t", "DESC d.t", "EXISTS TABLE d.t", "SELECT * FROM d.t LIMIT 0", "SELECT a, s FROM d.t LIMIT 0",
		"INSERT INTO d.t VALUES (1, 'x')", "INSERT INTO d.t (a, s) SETTINGS async_insert=0 FORMAT CSV 1,x", "INSERT INTO TABLE d.t (`a`) FORMAT JSONEachRow {\"a\":1}",
		"INSERT INTO d.t SETTINGS insert_deduplication_token='k/1', async_insert=0 FORMAT CSV 1,x",
		"SELECT DISTINCT kafka_offset FROM d.placed WHERE topic = 'x' AND kafka_partition = 3 AND kafka_offset >= 17 AND kafka_offset <= 20",
		"SELECT topic, count() - groupBitmap(kafka_offset), min(kafka_offset) FROM d.placed WHERE logged >= today() - 1 GROUP BY topic, kafka_partition",
		"SELECT kafka_offset FROM (SELECT kafka_offset FROM d.placed UNION ALL SELECT kafka_offset FROM d.placed) ORDER BY kafka_offset LIMIT 10",
		"SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 't'",
	}
	exec(t, admin(t, s), "CREATE TABLE d.placed (topic String, kafka_partition UInt16, kafka_offset UInt64, logged DateTime, body String) ENGINE=MergeTree ORDER BY topic")
	for _, sql := range allowed {
		if res := post(t, s.Writer, "", sql); res.status != http.StatusOK {
			t.Errorf("writer got status %d for %q: %s; want 200", res.status, sql, res.body)
		}
	}
	refused := []string{
		"SELECT s FROM d.victim", "SELECT * FROM d.t LIMIT 1", "SELECT * FROM d.t", "SELECT file('/etc/hostname')", "SELECT * FROM url('http://127.0.0.1:1') LIMIT 0",
		"SELECT (SELECT file('/etc/hostname')) FROM d.t LIMIT 0", "DESCRIBE TABLE file('/etc/hostname')", "DESCRIBE (SELECT 1)",
		"INSERT INTO d.t SELECT 1, s FROM d.victim", "INSERT INTO FUNCTION file('/tmp/x', 'CSV', 'a Int32') VALUES (1)", "INSERT INTO d.t (a, s) WITH 1 AS x SELECT 1, 's'",
		"INSERT INTO d.t SETTINGS input_format_values_interpret_expressions=1 VALUES (1, file('/etc/hostname'))",
		"INSERT INTO d.t SETTINGS format_schema='/etc/x' FORMAT CSV 1,x", "INSERT INTO d.t (* EXCEPT(s)) VALUES (1)",
		"INSERT INTO d.t VALUES (1, file('/etc/hostname'))", "INSERT INTO d.t VALUES (1, (SELECT s FROM d.victim))", "INSERT INTO d.t VALUES (1+1, 'x')",
		"CREATE TABLE d.x (a Int32) ENGINE=Memory", "DROP TABLE d.victim", "TRUNCATE TABLE d.victim", "ALTER TABLE d.t ADD COLUMN b Int8", "OPTIMIZE TABLE d.t",
		"SELECT * FROM `/etc/passwd` LIMIT 0", "DESCRIBE TABLE `/etc/passwd`", "INSERT INTO `/tmp/x.csv` VALUES (1)",
		"SELECT body FROM d.placed", "SELECT kafka_offset FROM d.placed WHERE body = 'x'", "SELECT count(body) FROM d.placed", "SELECT topic FROM d.placed ORDER BY `body`",
		"SELECT kafka_offset FROM file('/etc/passwd', 'CSV', 'kafka_offset String')", "SELECT count() FROM d.placed WHERE sleep(3)", "SELECT topic FROM d.placed SETTINGS max_threads=1",
		"SELECT count() FROM system.tables, url('http://127.0.0.1:1')", "SELECT kafka_offset FROM d.placed WHERE topic IN (SELECT s FROM d.victim)",
		"SHOW TABLES", "KILL QUERY WHERE 1", "SET max_threads=1", "SYSTEM STOP MERGES", "DELETE FROM d.victim WHERE 1", "SELECT 1; DROP TABLE d.victim",
	}
	for _, sql := range refused {
		if res := post(t, s.Writer, "", sql); res.status == http.StatusOK {
			t.Errorf("writer got status 200 for %q: %s; want a refusal", sql, res.body)
		}
	}
	if res := post(t, s.Writer, "input_format_values_interpret_expressions=1", "INSERT INTO d.t VALUES (1, 'x')"); res.status == http.StatusOK {
		t.Error("writer may switch on expressions in VALUES; want a refusal")
	}
	if got := one[uint64](t, admin(t, s), "SELECT count() FROM d.t WHERE a > 1"); got != 0 {
		t.Errorf("refused inserts stored %d rows; want 0", got)
	}
	alive(t, s)
}

func TestWriterWorksWithTheDriver(t *testing.T) {
	s := victim(t)
	conn := connect(t, options(t, s.Database("d").Writer))
	batch, err := conn.PrepareBatch(timeout(t), "INSERT INTO t (a, s)")
	if err != nil {
		t.Fatalf("PrepareBatch: %v", err)
	}
	if err := batch.Append(int64(7), "seven"); err != nil {
		t.Fatal(err)
	}
	if err := batch.Send(); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if got := one[string](t, admin(t, s), "SELECT s FROM d.t WHERE a = 7"); got != "seven" {
		t.Errorf("stored %q; want seven", got)
	}
}

func TestUnknownUserAndWrongPassword(t *testing.T) {
	s := open(t)
	for name, change := range map[string]func(*clickhouse.Options){
		"wrong password": func(o *clickhouse.Options) { o.Auth.Password = "wrong" },
		"no password":    func(o *clickhouse.Options) { o.Auth.Password = "" },
		"unknown user":   func(o *clickhouse.Options) { o.Auth.Username = "root" },
		"default user":   func(o *clickhouse.Options) { o.Auth.Username, o.Auth.Password = "default", "" },
		"no user":        func(o *clickhouse.Options) { o.Auth.Username, o.Auth.Password = "", "" },
		"another's":      func(o *clickhouse.Options) { o.Auth.Username = "writer" },
		"case of a role": func(o *clickhouse.Options) { o.Auth.Username = "Admin" },
		"both in headers": func(o *clickhouse.Options) {
			o.Auth.Username, o.HttpHeaders = "", map[string]string{"X-ClickHouse-User": "admin"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, s.Admin)
			change(o)
			err := connect(t, o).Ping(timeout(t))
			var e *proto.Exception
			if !errors.As(err, &e) || e.Code != 516 {
				t.Errorf("Ping() = %v; want exception 516", err)
			}
		})
	}
}

func TestExternalTableStructureIsNoWayIn(t *testing.T) {
	s := victim(t)
	for _, structure := range []string{
		"a String DEFAULT file('/etc/hostname')", "a String) ENGINE=File('CSV') --", "a String ALIAS file('/etc/hostname')", "a String MATERIALIZED 1",
		"a String CODEC(NONE)", "", "a String; DROP TABLE d.victim", "a String /*",
	} {
		body := "--b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"x\"\r\n\r\n1\n\r\n--b\r\n" +
			"Content-Disposition: form-data; name=\"query\"\r\n\r\nSELECT * FROM x\r\n--b--\r\n"
		r := request(t, s.Reader, http.MethodPost, "x_format=CSV&x_structure="+url.QueryEscape(structure), strings.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		if res := do(t, r); res.status == http.StatusOK {
			t.Errorf("structure %q was accepted: %s; want a refusal", structure, res.body)
		}
	}
	alive(t, s)
}

func TestGetOnlyReads(t *testing.T) {
	s := victim(t)
	for sql, want := range map[string]int{
		"SELECT 1":                        http.StatusOK,
		"DROP TABLE d.victim":             http.StatusForbidden,
		"INSERT INTO d.t VALUES (1, 'x')": http.StatusForbidden,
		"SET max_threads = 1":             http.StatusForbidden,
	} {
		if res := do(t, request(t, s.Admin, http.MethodGet, "query="+url.QueryEscape(sql), nil)); res.status != want {
			t.Errorf("GET %q = %d %s; want %d", sql, res.status, res.body, want)
		}
	}
	alive(t, s)
}

func TestFilesAreNoTables(t *testing.T) {
	s := open(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "x.csv")
	if err := os.WriteFile(file, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	exec(t, admin(t, s), "CREATE TABLE t (s String) ENGINE=MergeTree ORDER BY s")
	for _, dsn := range []string{s.Admin, s.Writer, s.Reader} {
		for _, sql := range []string{
			"SELECT * FROM `" + file + "`", "DESCRIBE TABLE `" + file + "`", "SELECT * FROM `" + file + "` LIMIT 0",
			"SELECT * FROM file('" + file + "')", "CREATE TABLE f (a Int32) ENGINE=File('CSV', '" + file + "')",
			"CREATE TABLE u (a Int32) ENGINE=URL('http://127.0.0.1:1/', 'CSV')", "CREATE DATABASE f ENGINE=Filesystem('" + dir + "')", "CREATE DATABASE f ENGINE `Filesystem`('" + dir + "')", "CREATE TABLE m (a Int8) ENGINE=MySQL('127.0.0.1:1', 'd', 't', 'u', 'p')",
			"SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int32')", "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')",
			"INSERT INTO FUNCTION file('" + dir + "/y', 'CSV', 'a Int32') VALUES (1)", "SELECT 1 FORMAT Template SETTINGS format_template_resultset='" + file + "'",
			"SELECT file('" + file + "')", "file('" + file + "')", "INSERT INTO t VALUES (file('" + file + "'))", "INSERT INTO t VALUES (1 /* ' */ + file(/* ' */'" + file + "'))",
			"INSERT INTO t VALUES (`\\x66ile`('" + file + "'))", "INSERT INTO t FORMAT Values (concat('a', File('" + file + "')))", "SELECT `\\x66ile`('" + file + "')", "INSERT INTO t SELECT file('" + file + "')", "CREATE FUNCTION f AS (x) -> file(x)",
			"CREATE VIEW fv AS SELECT file('" + file + "') AS x", "CREATE TABLE g (a String DEFAULT file('" + file + "')) ENGINE=Memory",
			"ALTER TABLE t ADD COLUMN c String DEFAULT file('" + file + "')", "ALTER TABLE t UPDATE s = file('" + file + "') WHERE 1",
			"CREATE TABLE h ENGINE=Memory AS SELECT file('" + file + "') AS x", "CREATE MATERIALIZED VIEW mv ENGINE=Memory AS SELECT file('" + file + "') AS x FROM t",
			"DELETE FROM t WHERE s = file('" + file + "')", "CREATE TEMPORARY TABLE tt AS SELECT file('" + file + "')",
			"CREATE USER x", "GRANT ALL ON *.* TO default", "CREATE NAMED COLLECTION x AS a = 1",
		} {
			if res := post(t, dsn, "", sql); res.status == http.StatusOK {
				t.Errorf("%q by %.20s = 200 %s; want a refusal", sql, dsn, res.body)
			}
		}
		if res := post(t, dsn, "", "EXISTS TABLE `"+file+"`"); res.body != "0\n" {
			t.Errorf("EXISTS TABLE of a file by %.20s = %q; want 0", dsn, res.body)
		}
	}
}

func TestAdminKillSyncDoesNotHang(t *testing.T) {
	conn := admin(t, open(t))
	exec(t, conn, "KILL QUERY WHERE query LIKE '%no such query%' SYNC", "SYSTEM FLUSH LOGS")
	for _, sql := range []string{"SYSTEM SHUTDOWN", "SYSTEM KILL", "SYSTEM RELOAD CONFIG", "SELECT 1 INTO OUTFILE '/tmp/x'"} {
		if err := conn.Exec(timeout(t), sql); err == nil {
			t.Errorf("Exec(%q) = nil; want an error", sql)
		}
	}
}
