package chdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// EnvLibrary names the environment variable that overrides the search for the
// library.
const EnvLibrary = "CORDON_CHDB_LIB"

const (
	libraryName = "libchdb.so"
	npmPackage  = "engine/node_modules/@chdb/lib-linux-x64-gnu"
)

// ErrNoLibrary says that the engine library is not on this machine.
var ErrNoLibrary = errors.New("the ClickHouse engine library is missing")

// Locate returns the path of the library: the file named by CORDON_CHDB_LIB,
// else beside the running binary, else the engine directory found upward from
// the binary or from the working directory, else the user's cache.
func Locate() (string, error) {
	if path := os.Getenv(EnvLibrary); path != "" {
		return found(path)
	}
	candidates := candidates()
	for _, path := range candidates {
		if isFile(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: run `make engine` in the source tree (it runs `npm ci` in engine/), or set %s to the path of %s; looked for %s",
		ErrNoLibrary, EnvLibrary, libraryName, strings.Join(candidates, ", "))
}

func found(path string) (string, error) {
	if !isFile(path) {
		return "", fmt.Errorf("%w: %s points to %s, which is not a file", ErrNoLibrary, EnvLibrary, path)
	}
	return path, nil
}

func candidates() []string {
	var paths []string
	if exe, err := os.Executable(); err == nil {
		paths = append(paths, filepath.Join(filepath.Dir(exe), libraryName))
		paths = append(paths, upward(filepath.Dir(exe))...)
	}
	if wd, err := os.Getwd(); err == nil {
		paths = append(paths, upward(wd)...)
	}
	if cache, err := os.UserCacheDir(); err == nil {
		paths = append(paths, filepath.Join(cache, "cordon", libraryName))
	}
	return paths
}

// upward returns the engine directory's library for dir and each of its
// parents, so that a test in any package of the tree finds it.
func upward(dir string) []string {
	var paths []string
	for {
		paths = append(paths, filepath.Join(dir, npmPackage, libraryName))
		parent := filepath.Dir(dir)
		if parent == dir {
			return paths
		}
		dir = parent
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path) //nolint:gosec // the user names the library; its checksum decides
	return err == nil && info.Mode()&fs.ModeType == 0
}
