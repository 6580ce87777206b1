package chdb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLocateByEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lib.so")
	t.Setenv(EnvLibrary, file)
	if _, err := Locate(); !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), file) {
		t.Errorf("Locate() with a missing file = %v; want ErrNoLibrary that names it", err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Locate(); got != file || err != nil {
		t.Errorf("Locate() = %q, %v; want %q", got, err, file)
	}
}

func TestLocateUpward(t *testing.T) {
	root := t.TempDir()
	t.Setenv(EnvLibrary, "")
	t.Setenv("XDG_CACHE_HOME", filepath.Join(root, "cache"))
	deep := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	if _, err := Locate(); !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), "make engine") {
		t.Errorf("Locate() without library = %v; want ErrNoLibrary that names make engine", err)
	}
	for _, dir := range []string{filepath.Join(root, "cache", "cordon"), filepath.Join(root, npmPackage)} { // worst first
		want := filepath.Join(dir, libraryName)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(want, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Locate(); got != want || err != nil {
			t.Errorf("Locate() = %q, %v; want %q", got, err, want)
		}
	}
}

func TestVerifyRefusesAnotherFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), libraryName)
	if err := os.WriteFile(file, []byte("not the engine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Verify(file); !errors.Is(err, ErrChecksum) {
		t.Errorf("Verify() = %v; want ErrChecksum", err)
	}
	if err := Verify(file + ".missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Verify(missing) = %v; want ErrNotExist", err)
	}
}

// TestVerdictIsBoundToTheFile vouches for a file by hand and then changes it in
// every way that a changed library could show.
func TestVerdictIsBoundToTheFile(t *testing.T) {
	changes := map[string]func(t *testing.T, file string){
		"content, same size and time": func(t *testing.T, file string) {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, file, "EVIL")
			if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		},
		"replaced by another file": func(t *testing.T, file string) {
			overwrite(t, file+".x", "good")
			if err := os.Rename(file+".x", file); err != nil {
				t.Fatal(err)
			}
		},
		"time": func(t *testing.T, file string) {
			if err := os.Chtimes(file, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		},
		"result that others may write": func(t *testing.T, file string) {
			if err := os.Chmod(file+".verified", 0o666); err != nil {
				t.Fatal(err)
			}
		},
		"result of another file": func(t *testing.T, file string) { overwrite(t, file+".verified", "something else") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			file := filepath.Join(t.TempDir(), libraryName)
			overwrite(t, file, "good")
			vouch(t, file)
			if err := Verify(file); err != nil {
				t.Fatalf("Verify() of a file vouched for = %v; want nil", err)
			}
			change(t, file)
			if err := Verify(file); !errors.Is(err, ErrChecksum) {
				t.Errorf("Verify() after the change = %v; want ErrChecksum", err)
			}
		})
	}
}

func vouch(t *testing.T, file string) {
	t.Helper()
	print, err := fingerprint(file)
	if err != nil {
		t.Fatal(err)
	}
	remember(file, print)
}

func overwrite(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVerdictGoesToTheCacheWhereTheLibraryIsReadOnly(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	remember(filepath.Join("/proc", libraryName), "x")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(cache, "cordon", libraryName+".verified")); err != nil || string(text) != "x" {
		t.Errorf("result in the cache = %q, %v; want x", text, err)
	}
}

func TestErrorsCarryTheCode(t *testing.T) {
	tests := []struct {
		msg     string
		code    int
		message string
	}{
		{"Code: 60. DB::Exception: no table", 60, "Code: 60. DB::Exception: no table"},
		{"Error: Code: 60. DB::Exception: no table\n", 60, "Code: 60. DB::Exception: no table"},
		{"something else", codeUnknown, "Code: 1002. DB::Exception: something else"},
	}
	for _, tt := range tests {
		if got := newError(tt.msg); got.Code != tt.code || got.Message != tt.message {
			t.Errorf("newError(%q) = %d %q; want %d %q", tt.msg, got.Code, got.Message, tt.code, tt.message)
		}
	}
	if got := Errorf(497, "ACCESS_DENIED", "user %s", "x").Error(); got != "Code: 497. DB::Exception: user x. (ACCESS_DENIED)" {
		t.Errorf("Errorf = %q", got)
	}
}
