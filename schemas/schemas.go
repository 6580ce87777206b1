// Package schemas carries the JSON Schemas of the event classes. They describe
// events as they stand in the log, and are what rules are type-checked against.
package schemas

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed json/*.schema.json
var files embed.FS

// JSON returns the schema (JSON Schema 2020-12) of a class by OCSF's name, e.g.
// dns_activity.
func JSON(class string) ([]byte, error) {
	b, err := files.ReadFile("json/" + class + suffix)
	if err != nil {
		return nil, fmt.Errorf("no schema of class %q; there are %s", class, strings.Join(Classes(), ", "))
	}
	return b, nil
}

const suffix = ".schema.json"

// Classes lists the names of the classes there are schemas of, sorted.
func Classes() []string {
	entries, err := fs.ReadDir(files, "json")
	if err != nil {
		return nil // not with an embedded folder
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), suffix))
	}
	return names
}
