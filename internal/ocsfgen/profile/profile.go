// Package profile reads schemas/profile.yaml, the one description of what an
// event may carry, and resolves it to a model that generators walk.
package profile

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Profile is the file as written.
type Profile struct {
	Version      string              `yaml:"version"`
	OCSF         string              `yaml:"ocsf"`
	Categories   map[string]Category `yaml:"categories"`
	Enumerations map[string]*Enum    `yaml:"enumerations"`
	Attributes   map[string]Entry    `yaml:"attributes"`
	Objects      map[string]Object   `yaml:"objects"`
	Base         map[string]Entry    `yaml:"base"`
	Classes      map[string]Class    `yaml:"classes"`
	Unmapped     map[string]Entry    `yaml:"unmapped"`
	Columns      map[string][]Column `yaml:"columns"`
}

// Category is a group of classes.
type Category struct {
	UID     int    `yaml:"uid"`
	Caption string `yaml:"caption"`
}

// Enum is a set of numbers with OCSF's captions.
type Enum struct {
	Name   string         `yaml:"-"`
	Go     string         `yaml:"go"` // prefix of the constants
	Values map[int]string `yaml:"values"`
	Names  map[int]string `yaml:"names"` // where the caption is no good Go name
}

// Object is a group of attributes with a meaning of its own.
type Object struct {
	Go         string           `yaml:"go"` // name of the struct if not the usual one
	Text       string           `yaml:"text"`
	AtLeastOne []string         `yaml:"at_least_one"`
	Attributes map[string]Entry `yaml:"attributes"`
}

// Class is an event class.
type Class struct {
	UID        int              `yaml:"uid"`
	Category   string           `yaml:"category"`
	Caption    string           `yaml:"caption"`
	Text       string           `yaml:"text"`
	AtLeastOne []string         `yaml:"at_least_one"`
	Attributes map[string]Entry `yaml:"attributes"`
}

// Entry describes a name, or overrides what is said of it elsewhere.
type Entry struct {
	Type    string `yaml:"type"`
	Array   bool   `yaml:"array"`
	Enum    string `yaml:"enum"`
	Data    string `yaml:"data"`
	Text    string `yaml:"text"`
	Require string `yaml:"require"`

	Reserved bool `yaml:"reserved"` // only cordon may set it
}

// UnmarshalYAML takes a requirement alone as well as a mapping.
func (e *Entry) UnmarshalYAML(unmarshal func(any) error) error {
	var require string
	if unmarshal(&require) == nil {
		e.Require = require
		return nil
	}
	type plain Entry
	return unmarshal((*plain)(e))
}

// Column is a column of a ClickHouse table.
type Column struct {
	Name string `yaml:"name"`
	Path string `yaml:"path"`
	Data string `yaml:"data"`
	Text string `yaml:"text"`
}

// Parse reads a profile. Errors show the line they are about.
func Parse(src []byte) (*Model, error) {
	var p Profile
	if err := yaml.UnmarshalWithOptions(src, &p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("profile: %s", yaml.FormatError(err, false, true))
	}
	r := resolver{profile: p, src: src}
	m := r.model()
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}
