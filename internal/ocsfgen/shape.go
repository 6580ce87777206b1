package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cordon-iot/cordon/internal/ocsfgen/profile"
)

// shape is what producers and readers of events rely on, each fact under a name:
// "device.ip" -> "ip_t", "severity=4" -> "High", "class network_activity" -> 4001.
type shape map[string]string

// shapePath is where the shape of a major version is recorded.
func shapePath(m *profile.Model) string {
	major, _, _ := strings.Cut(m.Version, ".")
	return "schemas/compat/v" + major + ".json"
}

func shapeOf(m *profile.Model) shape {
	s := shape{}
	for _, e := range m.Classes {
		s["class "+e.Name] = strconv.Itoa(e.UID)
		s.attributes(e.Name, e.Attributes)
		s.oneOf(e.Name, e.AtLeastOne)
	}
	for _, o := range m.Objects {
		s.attributes(o.Name, o.Attributes)
		s.oneOf(o.Name, o.AtLeastOne)
	}
	s.attributes("unmapped", m.Unmapped)
	for _, e := range m.Enums {
		for v, caption := range e.Values {
			s[e.Name+"="+strconv.Itoa(v)] = caption
		}
	}
	return s
}

func (s shape) attributes(owner string, list []*profile.Attribute) {
	for _, a := range list {
		kind := a.Type
		if a.Array {
			kind = "list of " + kind
		}
		if a.Enum != nil {
			kind += " of " + a.Enum.Name
		}
		s[owner+"."+a.Name] = kind
		if a.Required() {
			s[owner+"."+a.Name+" required"] = "yes"
		}
	}
}

func (s shape) oneOf(owner string, names []string) {
	if len(names) > 0 {
		s[owner+" one of"] = strings.Join(names, " ")
	}
}

// breaks lists what of old does not hold in s any more, and what s demands that
// old did not.
func (s shape) breaks(old shape) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(old)) {
		switch now, ok := s[name]; {
		case !ok && !strings.HasSuffix(name, " required") && !strings.HasSuffix(name, " one of"):
			list = append(list, name+" is gone; it was "+old[name])
		case ok && now != old[name]:
			list = append(list, name+" is "+now+"; it was "+old[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if _, ok := old[name]; !ok && demands(name, old) {
			list = append(list, name+" is new")
		}
	}
	return list
}

// demands says whether a new fact refuses events that were good before: a
// requirement, unless the class or object it belongs to is new as well.
func demands(name string, old shape) bool {
	owner, isRequired := strings.CutSuffix(name, " required")
	owner, isOneOf := strings.CutSuffix(owner, " one of")
	if !isRequired && !isOneOf {
		return false
	}
	owner, _, _ = strings.Cut(owner, ".")
	for known := range old {
		if strings.HasPrefix(known, owner+".") {
			return true
		}
	}
	return false
}

// shapeFile checks the shape against the recorded one of the same major version
// and returns the new record.
func shapeFile(root *os.Root, m *profile.Model) (file, error) {
	path, now := shapePath(m), shapeOf(m)
	old := shape{}
	b, err := root.ReadFile(path)
	switch {
	case err == nil:
		if err := json.Unmarshal(b, &old); err != nil {
			return file{}, fmt.Errorf("%s: %w", path, err)
		}
	case !errors.Is(err, os.ErrNotExist):
		return file{}, err
	}
	if broken := now.breaks(old); len(old) > 0 && len(broken) > 0 {
		return file{}, fmt.Errorf("%s %s breaks what %s promises: raise the major version, or take back\n  %s",
			source, m.Version, path, strings.Join(broken, "\n  "))
	}
	content, err := json.MarshalIndent(now, "", " ")
	return file{path, append(content, '\n')}, err
}
