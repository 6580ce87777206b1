package wkafka_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadme compares the program in README.md with the one that Example runs.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```go\n")
	code, _, found := strings.Cut(rest, "```")
	if !found || len(code) < 500 || !strings.Contains(string(example), code) {
		t.Errorf("README.md's program is not the function orders of example_test.go; copy it from there")
	}
}
