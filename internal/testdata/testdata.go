// Package testdata finds the third-party data that tests measure against.
// Nothing of it is part of this repository.
package testdata

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Shared returns the path of name below the folder of shared data: the folder
// named by CORDON_SHARED, or ../shared/data beside the repository. Where CI is
// set a missing folder fails the test; elsewhere the test is skipped with a
// line that says so.
func Shared(t testing.TB, name ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{dir()}, name...)...)
	_, err := os.Stat(path)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") != "":
		t.Fatalf("shared data: %v; CI must have it: set CORDON_SHARED", err)
	default:
		t.Skipf("SKIPPED: needs %s; set CORDON_SHARED to the folder of shared data", path)
	}
	return ""
}

func dir() string {
	if d := os.Getenv("CORDON_SHARED"); d != "" {
		return d
	}
	return filepath.Join(Root(), "..", "shared", "data")
}

// Root is the root folder of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}
