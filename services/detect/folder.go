package detect

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Parts of names in a folder of policies, see engine.Load.
const (
	testSuffix     = "_test.rego"
	siteFolder     = "site"
	responseFolder = "response" // policies of respond; not read here
)

// policyFolderFiles are the files of a folder of policies, by name.
type policyFolderFiles struct {
	rules map[string]string // what policies are compiled from
	tests map[string]string // Rego that tests them
}

// mostBytes bounds what a set of policies may be, so that it fits into a record
// as JSON.
const mostBytes = 6 << 20

// readFolder reads all files of fsys that policies or their tests are made of.
func readFolder(fsys fs.FS) (policyFolderFiles, error) {
	files := policyFolderFiles{rules: map[string]string{}, tests: map[string]string{}}
	size := 0
	err := eachPolicyFile(fsys, func(name string) error {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, testSuffix) {
			files.tests[name] = string(text)
			return nil
		}
		size += len(name) + len(text)
		files.rules[name] = string(text)
		return nil
	})
	if err != nil {
		return files, fmt.Errorf("read policies: %w", err)
	}
	if size > mostBytes {
		return files, fmt.Errorf("policies of %d bytes; at most %d go into one set: shorten long lists in %s/", size, mostBytes, siteFolder)
	}
	return files, nil
}

// eachPolicyFile calls f for every file of fsys that policies or their tests
// are made of, in the order of their names.
func eachPolicyFile(fsys fs.FS, f func(name string) error) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == responseFolder || strings.HasPrefix(d.Name(), ".") && name != "."):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		ext, folder := path.Ext(name), path.Dir(name)
		if ext == ".rego" || folder == siteFolder && (ext == ".yaml" || ext == ".json") {
			return f(name)
		}
		return nil
	})
}

// signature changes when somebody has written to the files of fsys. It costs
// no reading, and says nothing about what they hold.
func signature(fsys fs.FS) (string, error) {
	h := sha256.New()
	err := eachPolicyFile(fsys, func(name string) error {
		info, err := fs.Stat(fsys, name) // of what a link leads to: links are how a whole folder is changed at once
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s\x00%d\x00%d\n", name, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// inMemory returns files as a file system that nobody changes.
func inMemory(files ...map[string]string) (fs.FS, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, some := range files {
		for _, name := range slices.Sorted(maps.Keys(some)) {
			f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
			if err != nil {
				return nil, err
			}
			if _, err := f.Write([]byte(some[name])); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
}
