package dedup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRepair(t *testing.T) {
	tests := []struct {
		name  string
		logs  []string
		parts []string
		want  string // what the last log holds afterwards
		n     int
	}{
		{
			name: "all there", logs: []string{"1\t0_1_1_0\ta\n1\t0_2_2_0\tb\n"}, parts: []string{"0_1_1_0", "0_2_2_0"},
			want: "1\t0_1_1_0\ta\n1\t0_2_2_0\tb\n",
		},
		{
			name: "merged and mutated", logs: []string{"1\t0_1_1_0\ta\n1\t0_2_2_0\tb\n1\t1_3_3_0\tc\n"}, parts: []string{"0_1_2_1", "1_3_3_0_7"},
			want: "1\t0_1_1_0\ta\n1\t0_2_2_0\tb\n1\t1_3_3_0\tc\n",
		},
		{
			name: "record without part", logs: []string{"1\t0_1_1_0\ta\n1\t0_2_2_0\tb\n"}, parts: []string{"0_1_1_0", "tmp_insert_0_2_2_0", "detached"},
			want: "1\t0_1_1_0\ta\n1\t0_2_2_0\tb\n2\t0_2_2_0\tb\n", n: 1,
		},
		{
			name: "block number of another partition", logs: []string{"1\t0_1_1_0\ta\n"}, parts: []string{"1_1_1_0"},
			want: "1\t0_1_1_0\ta\n2\t0_1_1_0\ta\n", n: 1,
		},
		{
			name: "undone already", logs: []string{"1\t0_1_1_0\ta\n", "2\t0_1_1_0\ta\n"}, want: "2\t0_1_1_0\ta\n",
		},
		{
			name: "in an older log", logs: []string{"1\t0_1_1_0\ta\n", "1\t0_2_2_0\tb\n"}, parts: []string{"0_2_2_0"},
			want: "1\t0_2_2_0\tb\n2\t0_1_1_0\ta\n", n: 1,
		},
		{
			name: "added again later", logs: []string{"1\t0_1_1_0\ta\n2\t0_1_1_0\ta\n1\t0_3_3_0\ta\n"}, parts: []string{"0_3_3_0"},
			want: "1\t0_1_1_0\ta\n2\t0_1_1_0\ta\n1\t0_3_3_0\ta\n",
		},
		{
			name: "torn record", logs: []string{"1\t0_1_1_0\ta\n1\t0_2_"}, parts: []string{"0_1_1_0"}, want: "1\t0_1_1_0\ta\n",
		},
		{name: "empty", logs: []string{""}, want: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			engine := t.TempDir()
			table := filepath.Join(engine, "store", "abc", "abcdef")
			last := write(t, table, tt.logs, tt.parts)
			for range 2 { // the second finds nothing to do
				n, err := Repair(engine)
				if err != nil || n != tt.n {
					t.Errorf("Repair() = %d, %v; want %d", n, err, tt.n)
				}
				got, err := os.ReadFile(last)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, string(got)); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
				tt.n = 0
			}
		})
	}
}

// write makes a table's directory and returns the path of its last log. The
// logs' numbers are 9, 10, ...: their order is not that of their names.
func write(t *testing.T, table string, logs, parts []string) string {
	t.Helper()
	var last string
	for i, text := range logs {
		last = filepath.Join(table, logDir, logName+[]string{"9", "10"}[i]+".txt")
		if err := os.MkdirAll(filepath.Dir(last), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(last, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range parts {
		if err := os.MkdirAll(filepath.Join(table, p), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

func TestRepairWithoutTables(t *testing.T) {
	if n, err := Repair(t.TempDir()); n != 0 || err != nil {
		t.Errorf("Repair(empty) = %d, %v; want 0, nil", n, err)
	}
}

func TestRepairSaysWhichTable(t *testing.T) {
	engine := t.TempDir()
	dir := filepath.Join(engine, "store", "abc", "broken", logDir, logName+"1.txt")
	if err := os.MkdirAll(dir, 0o700); err != nil { // a directory where a log should be
		t.Fatal(err)
	}
	if _, err := Repair(engine); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("Repair() = %v; want an error that names the table", err)
	}
}
