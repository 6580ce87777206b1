package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/cordon-iot/cordon/internal/testdata"
)

// upstream is the schema that OCSF publishes, with inheritance, includes and
// profiles applied as its own compiler does.
type upstream struct {
	files      map[string][]byte
	dictionary map[string]upstreamAttribute
	types      map[string]bool
	events     map[string]upstreamItem
	objects    map[string]upstreamItem
}

// upstreamItem is an event class, object or profile as written.
type upstreamItem struct {
	Name        string                     `json:"name"`
	UID         int                        `json:"uid"`
	Caption     string                     `json:"caption"`
	Category    string                     `json:"category"`
	Extends     string                     `json:"extends"`
	Attributes  map[string]json.RawMessage `json:"attributes"`
	Constraints *struct {
		AtLeastOne []string `json:"at_least_one"`
	} `json:"constraints"`
}

type upstreamAttribute struct {
	Type        string `json:"type"`
	Array       bool   `json:"is_array"`
	Requirement string `json:"requirement"`
	Deprecated  struct {
		Since string `json:"since"`
	} `json:"@deprecated"`
	Enum map[string]struct {
		Caption string `json:"caption"`
	} `json:"enum"`
}

// fixedProfiles are the ones cordon applies to every class.
func fixedProfiles() []string {
	return []string{"profiles/host.json", "profiles/osint.json", "profiles/security_control.json"}
}

func loadUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{files: untar(t, testdata.Shared(t, "schemas", "ocsf-schema.tar.zst"))}
	var dictionary struct {
		Attributes map[string]upstreamAttribute `json:"attributes"`
		Types      struct {
			Attributes map[string]json.RawMessage `json:"attributes"`
		} `json:"types"`
	}
	decode(t, u.files["dictionary.json"], &dictionary)
	u.dictionary, u.types = dictionary.Attributes, map[string]bool{}
	for name := range dictionary.Types.Attributes {
		u.types[name] = true
	}
	u.events, u.objects = map[string]upstreamItem{}, map[string]upstreamItem{}
	for name, content := range u.files {
		var item upstreamItem
		switch {
		case strings.HasPrefix(name, "events/"):
			decode(t, content, &item)
			u.events[item.Name] = item
		case strings.HasPrefix(name, "objects/"):
			decode(t, content, &item)
			u.objects[item.Name] = item
		}
	}
	return u
}

// untar reads the JSON files of a compressed archive.
func untar(t *testing.T, name string) map[string][]byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || path.Ext(h.Name) != ".json" {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[path.Clean(h.Name)] = content
	}
}

func decode(t *testing.T, content []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(content, v); err != nil {
		t.Fatal(err)
	}
}

// attributes resolves an item: what it inherits, includes and says itself, on
// top of the dictionary.
func (u *upstream) attributes(t *testing.T, items map[string]upstreamItem, name string) map[string]upstreamAttribute {
	t.Helper()
	list := map[string]upstreamAttribute{}
	for attribute, own := range u.inherited(t, items, name) {
		a := u.dictionary[attribute]
		a.Enum = maps.Clone(a.Enum)
		for _, raw := range own {
			overlay(t, &a, raw)
		}
		list[attribute] = a
	}
	return list
}

// inherited lists what is said of each attribute, the most general first.
func (u *upstream) inherited(t *testing.T, items map[string]upstreamItem, name string) map[string][]json.RawMessage {
	t.Helper()
	item, ok := items[name]
	if !ok {
		t.Fatalf("OCSF has no %s", name)
	}
	said := map[string][]json.RawMessage{}
	if item.Extends != "" {
		said = u.inherited(t, items, item.Extends)
	}
	u.include(t, said, item.Attributes)
	return said
}

func (u *upstream) include(t *testing.T, said map[string][]json.RawMessage, attributes map[string]json.RawMessage) {
	t.Helper()
	if raw, ok := attributes["$include"]; ok {
		var names []string
		if json.Unmarshal(raw, &names) != nil {
			names = make([]string, 1)
			decode(t, raw, &names[0])
		}
		for _, name := range names {
			if strings.HasPrefix(name, "profiles/") && !contains(fixedProfiles(), name) {
				continue
			}
			var included upstreamItem
			decode(t, u.files[name], &included)
			u.include(t, said, included.Attributes)
		}
	}
	for name, raw := range attributes {
		if name != "$include" {
			said[name] = append(said[name], raw)
		}
	}
}

// overlay puts what raw says over a; values of an enumeration add up.
func overlay(t *testing.T, a *upstreamAttribute, raw json.RawMessage) {
	t.Helper()
	enum := a.Enum
	a.Enum = nil
	decode(t, raw, a)
	for value, caption := range enum {
		if _, ok := a.Enum[value]; !ok {
			if a.Enum == nil {
				a.Enum = enum
				break
			}
			a.Enum[value] = caption
		}
	}
}

// atLeastOne is the constraint of an item, or the nearest one it inherits.
func (u *upstream) atLeastOne(items map[string]upstreamItem, name string) []string {
	for name != "" {
		if c := items[name].Constraints; c != nil {
			return c.AtLeastOne // an empty one lifts what would be inherited
		}
		name = items[name].Extends
	}
	return nil
}

// category is the uid of the category of a class.
func (u *upstream) category(t *testing.T, name string) (uid int) {
	t.Helper()
	var categories struct {
		Attributes map[string]struct {
			UID int `json:"uid"`
		} `json:"attributes"`
	}
	decode(t, u.files["categories.json"], &categories)
	for item := u.events[name]; ; item = u.events[item.Extends] {
		if item.Category != "" {
			return categories.Attributes[item.Category].UID
		}
		if item.Extends == "" {
			t.Fatalf("class %s has no category", name)
		}
	}
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
