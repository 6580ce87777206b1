package history

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/testdata"
	"github.com/cordon-iot/cordon/schemas/clickhouse"
)

// element is an element of a configuration file.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

func (e element) child(name string) element {
	for _, c := range e.Children {
		if c.XMLName.Local == name {
			return c
		}
	}
	return element{}
}

// configuration reads the files for ClickHouse; the link to the passwords leads
// out of the repository.
func configuration(t *testing.T) map[string]element {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata.Root(), "deploy", "clickhouse", "*.d", "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]element{}
	for _, p := range paths {
		if info, err := os.Lstat(p); err != nil || info.Mode()&os.ModeSymlink != 0 {
			continue
		}
		files[filepath.Base(filepath.Dir(p))+"/"+filepath.Base(p)] = parse(t, p)
	}
	if len(files) != 3 {
		t.Fatalf("configuration files = %d; want 3", len(files))
	}
	return files
}

func parse(t *testing.T, path string) element {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var root element
	if err := xml.Unmarshal(text, &root); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for d := xml.NewDecoder(bytes.NewReader(text)); ; { // to the end, which Unmarshal does not see
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if root.XMLName.Local != "clickhouse" {
		t.Errorf("%s: root element %s; want clickhouse", path, root.XMLName.Local)
	}
	return root
}

func TestNoPasswordInConfiguration(t *testing.T) {
	var walk func(file string, e element)
	walk = func(file string, e element) {
		name := e.XMLName.Local
		if strings.Contains(name, "password") || strings.Contains(name, "secret") || strings.Contains(name, "key") {
			t.Errorf("%s has an element %s; want secrets in no file of the repository", file, name)
		}
		if regexp.MustCompile(`[0-9a-fA-F]{32,}`).MatchString(e.Text) {
			t.Errorf("%s: %s looks like a hash: %q", file, name, e.Text)
		}
		for _, c := range e.Children {
			walk(file, c)
		}
	}
	for file, root := range configuration(t) {
		walk(file, root)
	}
}

// TestUsersHaveLimits: every user names a profile and a quota that exist, and
// the one for dashboards is read-only.
func TestUsersHaveLimits(t *testing.T) {
	files := configuration(t)
	limits := files["users.d/limits.xml"]
	for _, u := range []string{"cordon_admin", "cordon_writer", "cordon_reader"} {
		user := files["users.d/cordon.xml"].child("users").child(u)
		profile, quota := user.child("profile").Text, user.child("quota").Text
		if profile != "default" && limits.child("profiles").child(profile).XMLName.Local == "" {
			t.Errorf("%s has profile %q, which is not in limits.xml", u, profile)
		}
		if limits.child("quotas").child(quota).XMLName.Local == "" {
			t.Errorf("%s has quota %q, which is not in limits.xml", u, quota)
		}
	}
	reader := limits.child("profiles").child("cordon_reader")
	for _, name := range []string{"max_execution_time", "max_memory_usage", "max_result_rows", "max_rows_to_read", "max_concurrent_queries_for_user"} {
		if v := reader.child(name).Text; v == "" || v == "0" {
			t.Errorf("cordon_reader has no limit %s", name)
		}
	}
	if v := reader.child("readonly").Text; v != "1" {
		t.Errorf("readonly of cordon_reader = %q; want 1", v)
	}
}

// TestGrantsFitTheSchema: the writer may insert into what history writes and
// see where rows come from, nothing else; the reader may read every view and what it is made of, except
// for what nobody has checked.
func TestGrantsFitTheSchema(t *testing.T) {
	tables, views := objects(t)
	grants := func(user string) []string {
		var out []string
		for _, g := range configuration(t)["users.d/cordon.xml"].child("users").child(user).child("grants").Children {
			out = append(out, g.Text)
		}
		slices.Sort(out)
		return out
	}
	var writer, reader []string
	for _, x := range tablesWritten() {
		day := "logged"
		if x == "events" {
			day = "day"
		}
		writer = append(writer, "GRANT INSERT ON cordon."+x, "GRANT SELECT("+day+", topic, kafka_partition, kafka_offset) ON cordon."+x)
	}
	for _, x := range append(tables, views...) {
		switch x {
		case "schema_migrations":
		case "rejected":
			reader = append(reader, "GRANT SELECT("+checked()+") ON cordon.rejected")
		default:
			reader = append(reader, "GRANT SELECT ON cordon."+x)
		}
	}
	slices.Sort(writer)
	slices.Sort(reader)
	if diff := cmp.Diff(writer, grants("cordon_writer")); diff != "" {
		t.Errorf("grants of cordon_writer (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(reader, grants("cordon_reader")); diff != "" {
		t.Errorf("grants of cordon_reader (-want +got):\n%s", diff)
	}
}

func tablesWritten() []string {
	var out []string
	for _, x := range tables(cordon.Topics{}) {
		out = append(out, x.name)
	}
	return out
}

// checked are the columns of rejected whose content cordon wrote itself.
func checked() string {
	cols := strings.Split(newRejected().blk.Names(), ", ")
	return strings.Join(slices.DeleteFunc(cols, func(c string) bool { return c == "key" || c == "bytes" }), ", ")
}

// objects are the tables and views that the migrations make.
func objects(t *testing.T) (tables, views []string) {
	t.Helper()
	files, err := clickhouse.Migrations()
	if err != nil {
		t.Fatal(err)
	}
	create := regexp.MustCompile(`^CREATE (?:OR REPLACE )?(TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)`)
	for _, m := range files {
		stmts, err := m.Statements(clickhouse.Target{})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stmts {
			switch p := create.FindStringSubmatch(s); {
			case p == nil:
			case p[1] == "TABLE":
				tables = append(tables, p[2])
			default:
				views = append(views, p[2])
			}
		}
	}
	return tables, views
}
