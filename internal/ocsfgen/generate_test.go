package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/cordon-iot/cordon/internal/testdata"
)

// open is the folder at path, closed at the end of the test.
func open(t *testing.T, path string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// TestGeneratedFilesAreFresh fails when the profile or a generator was changed
// without running it.
func TestGeneratedFilesAreFresh(t *testing.T) {
	root := testdata.Root()
	files, err := generate(open(t, root))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, f := range files {
		want[filepath.Base(f.path)] = true
		got, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil || !bytes.Equal(got, f.content) {
			t.Errorf("%s is stale (%v); run go run ./internal/ocsfgen", f.path, err)
		}
	}
	for _, pattern := range []string{"ocsf/*_gen.go", "schemas/json/*"} {
		there, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range there {
			if !want[filepath.Base(path)] {
				t.Errorf("%s is not generated any more; delete it", path)
			}
		}
	}
}

// TestGenerateIsDeterministic guards against map order in the output.
func TestGenerateIsDeterministic(t *testing.T) {
	contents := func() map[string]string {
		files, err := generate(open(t, testdata.Root()))
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for _, f := range files {
			m[f.path] = string(f.content)
		}
		return m
	}
	first, second := contents(), contents()
	for path := range first {
		if first[path] != second[path] {
			t.Errorf("%s differs between two runs", path)
		}
	}
}

// TestRunWritesEverything starts from the profile alone.
func TestRunWritesEverything(t *testing.T) {
	root := t.TempDir()
	src, err := os.ReadFile(filepath.Join(testdata.Root(), source))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "schemas"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, source), src, 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(root, &out); err != nil {
		t.Fatal(err)
	}
	files, err := generate(open(t, root))
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(out.Bytes(), []byte("\n")); got != len(files) {
		t.Errorf("run names %d files; want %d", got, len(files))
	}
	for _, f := range files {
		got, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil || !bytes.Equal(got, f.content) {
			t.Errorf("run wrote %s otherwise than generate made it (%v)", f.path, err)
		}
	}
}
