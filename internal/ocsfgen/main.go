// Command ocsfgen writes all that follows from schemas/profile.yaml: the structs,
// encoder, decoder and tables of package ocsf, the JSON Schemas, the field page
// and the record of the profile's shape.
//
//	go run ./internal/ocsfgen
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
)

func main() {
	root := flag.String("root", ".", "root folder of the repository")
	flag.Parse()
	if err := run(*root, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ocsfgen:", err)
		os.Exit(1)
	}
}

// run writes the files that differ from what is there and says which on out.
func run(root string, out io.Writer) error {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer dir.Close()
	files, err := generate(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if old, err := dir.ReadFile(f.path); err == nil && bytes.Equal(old, f.content) {
			continue
		}
		if err := dir.MkdirAll(path.Dir(f.path), 0o755); err != nil {
			return err
		}
		if err := dir.WriteFile(f.path, f.content, 0o644); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "wrote", f.path); err != nil {
			return err
		}
	}
	return nil
}
