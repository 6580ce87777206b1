package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/cordon-iot/cordon/internal/ocsfgen/profile"
)

// types writes one struct for each object and one for all events.
func types(c *code, m *profile.Model) {
	c.line("import \"encoding/json\"\n")
	structType(c, m.Event)
	for _, s := range m.Objects {
		structType(c, s)
	}
}

func structType(c *code, s *profile.Struct) {
	c.line("// %s is OCSF's %s. %s", s.Go, s.Name, s.Text)
	c.line("type %s struct {", s.Go)
	for _, a := range s.Attributes {
		c.line("%s %s `json:\"%s,%s\"` // %s", a.Go, goType(a), a.Name, omit(a), a.Text)
	}
	c.line("}\n")
}

// form is how an attribute is held in Go.
type form int

const (
	formString form = iota
	formInt         // zero means unknown, or the value is always there
	formInt64
	formOptInt // zero is a value of its own
	formOptInt64
	formOptFloat
	formOptBool
	formJSON
	formObject
	formUnmapped
)

// formOf follows one rule: a number or truth value is an Opt unless OCSF wants
// it always, or its zero is the epoch or an enumeration's Unknown.
func formOf(a *profile.Attribute) form {
	always := a.Required()
	switch {
	case a.Object != nil:
		return formObject
	case a.Type == "object":
		return formUnmapped
	case a.Type == "json_t":
		return formJSON
	case a.Type == "boolean_t":
		return formOptBool
	case a.Type == "float_t":
		return formOptFloat
	case a.Type == "timestamp_t", a.Type == "long_t" && always:
		return formInt64
	case a.Type == "long_t":
		return formOptInt64
	case a.Type == "integer_t" && (always || a.Array || a.Enum != nil && a.Enum.Values[0] == "Unknown"):
		return formInt
	case a.Type == "integer_t", a.Type == "port_t":
		return formOptInt
	default:
		return formString
	}
}

func goType(a *profile.Attribute) string {
	t := map[form]string{
		formString: "string", formInt: "int", formInt64: "int64", formOptInt: "Opt[int]", formOptInt64: "Opt[int64]",
		formOptFloat: "Opt[float64]", formOptBool: "Opt[bool]", formJSON: "json.RawMessage", formUnmapped: "Unmapped",
	}[formOf(a)]
	switch {
	case a.Object != nil && a.Array:
		return "[]" + a.Object.Go
	case a.Object != nil:
		return "*" + a.Object.Go
	case a.Array:
		return "[]" + t
	}
	return t
}

// omit is how encoding/json learns what is absent.
func omit(a *profile.Attribute) string {
	if strings.HasPrefix(goType(a), "Opt") {
		return "omitzero"
	}
	return "omitempty"
}

// enums writes the constants of classes, categories and enumerations.
func enums(c *code, m *profile.Model) {
	c.line("// Version is the version of OCSF that events follow: metadata.version.")
	c.line("const Version = %q\n", m.OCSF)
	c.line("// ProfileVersion is the version of cordon's profile of OCSF.")
	c.line("const ProfileVersion = %q\n", m.Version)
	c.line("// Classes of events: class_uid.\nconst (")
	for _, e := range m.Classes {
		c.line("Class%s = %d // %s", profile.GoName(e.Name), e.UID, e.Text)
	}
	c.line(")\n")
	categories(c, m)
	for _, e := range m.Enums {
		c.line("// Values of %s.\nconst (", e.Name)
		for _, v := range slices.Sorted(maps.Keys(e.Values)) {
			c.line("%s = %d", e.Constant(v), v)
		}
		c.line(")\n")
	}
}

func categories(c *code, m *profile.Model) {
	c.line("// CategoryOf is the category of a class: category_uid.")
	c.line("func CategoryOf(class int) int { return class / 1000 }\n")
	c.line("// TypeOf is the type_uid of a class and activity.")
	c.line("func TypeOf(class, activity int) int64 { return int64(class)*100 + int64(activity) }\n")
	c.line("// ClassName is the class_name of a class; empty if the profile does not have it.")
	c.line("func ClassName(class int) string {\nswitch class {")
	for _, e := range m.Classes {
		c.line("case %d:\nreturn %q", e.UID, e.Caption)
	}
	c.line("}\nreturn \"\"\n}\n")
	c.line("// CategoryName is the category_name of a class; empty if the profile does not have it.")
	c.line("func CategoryName(class int) string {\nswitch CategoryOf(class) {")
	seen := map[int]bool{}
	for _, e := range m.Classes {
		if !seen[e.Category.UID] {
			c.line("case %d:\nreturn %q", e.Category.UID, e.Category.Caption)
			seen[e.Category.UID] = true
		}
	}
	c.line("}\nreturn \"\"\n}\n")
}
