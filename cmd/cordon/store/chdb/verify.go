package chdb

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Version is the library version that this package is written against.
const Version = "26.7.3-stable.1"

// known reports whether a library with this checksum may be loaded. The code
// in a shared library runs with all rights of this process before any of ours
// can look at it, so nothing else is ever opened.
func known(sum string) bool {
	return slices.Contains([]string{
		"36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5", // linux-x64-gnu, 26.7.3-stable.1
	}, sum)
}

// ErrChecksum says that a library file is not one of the known ones.
var ErrChecksum = errors.New("unknown checksum")

// Verify checks the library's sha256 against the known ones. Reading 566 MB
// takes a second, so the result is kept in a file beside the library (or in
// the user's cache when that is not writable), bound to the library's path,
// size, modification and change times and inode: a file that was written to
// or replaced is read again.
func Verify(path string) error {
	print, err := fingerprint(path)
	if err != nil {
		return err
	}
	if cached(path, print) {
		return nil
	}
	sum, err := fileSum(path)
	if err != nil {
		return err
	}
	if !known(sum) {
		return fmt.Errorf("engine library %s: %w sha256 %s, want that of version %s: delete it and run `make engine`", path, ErrChecksum, sum, Version)
	}
	remember(path, print)
	return nil
}

// fingerprint describes a file so that any ordinary change shows. The change
// time is the kernel's own and cannot be set back like the modification time.
func fingerprint(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("engine library %s: %w", path, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", fmt.Errorf("engine library: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", fmt.Errorf("engine library %s: no inode information on this platform", path)
	}
	text := fmt.Sprintf("%s %s size=%d mtime=%d.%d ctime=%d.%d dev=%d inode=%d", Version, abs, st.Size,
		st.Mtim.Sec, st.Mtim.Nsec, st.Ctim.Sec, st.Ctim.Nsec, st.Dev, st.Ino)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}

// checks returns where the result of the check of a library may be kept, best first.
func checks(path string) []string {
	names := []string{path + ".verified"}
	if cache, err := os.UserCacheDir(); err == nil {
		names = append(names, filepath.Join(cache, "cordon", libraryName+".verified"))
	}
	return names
}

// cached believes a result only if nobody but this user or root could have
// written it: whoever can write it could otherwise vouch for a library.
func cached(path, print string) bool {
	for _, name := range checks(path) {
		info, err := os.Lstat(name)
		if err != nil || !trusted(info) {
			continue
		}
		text, err := os.ReadFile(name) //nolint:gosec // trusted was asked
		if err == nil && string(text) == print {
			return true
		}
	}
	return false
}

func trusted(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	mine := ok && (int(st.Uid) == os.Getuid() || st.Uid == 0)
	return mine && info.Mode().IsRegular() && info.Mode().Perm()&0o022 == 0
}

// remember keeps the result where it can. Without it the next start reads
// the library again, which is slow but right, so an error changes nothing.
func remember(path, print string) {
	for _, name := range checks(path) {
		if os.MkdirAll(filepath.Dir(name), 0o700) != nil {
			continue
		}
		_ = os.Remove(name)
		if os.WriteFile(name, []byte(print), 0o600) == nil {
			return
		}
	}
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the user names the library; its checksum decides
	if err != nil {
		return "", fmt.Errorf("engine library: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("engine library %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
