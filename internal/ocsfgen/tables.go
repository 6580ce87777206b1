package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cordon-iot/cordon/internal/ocsfgen/profile"
)

// tables writes what the decoder looks up: which attributes a class has and
// demands, what enumerations hold, and names for error texts. They are switches
// rather than variables: nothing can change them and nothing has to be built at
// start.
func tables(c *code, m *profile.Model) {
	classSets(c, m)
	classEnums(c, m)
	enumTypes(c, m)
	unmappedTypes(c, m)
	names(c, m.Event)
	for _, s := range m.Objects {
		if slices.ContainsFunc(s.Attributes, (*profile.Attribute).Required) {
			names(c, s)
		}
	}
}

func classSets(c *code, m *profile.Model) {
	var uids []string
	for _, e := range m.Classes {
		uids = append(uids, strconv.Itoa(e.UID))
	}
	c.line("const classList = %q\n", strings.Join(uids, ", "))
	c.line("// declared returns the attributes of a class; none if there is no such class.")
	c.line("func declared(class int) set {\nswitch class {")
	for _, e := range m.Classes {
		var all []string
		for _, a := range e.Attributes {
			all = append(all, a.Name)
		}
		c.line("case %d:\nreturn %s", e.UID, setOf(m.Event, all))
	}
	c.line("}\nreturn set{}\n}\n")
	c.line("// demanded returns the attributes a class must have.")
	c.line("func demanded(class int) set {\nswitch class {")
	for _, e := range m.Classes {
		var required []string
		for _, a := range e.Attributes {
			if a.Required() {
				required = append(required, a.Name)
			}
		}
		c.line("case %d:\nreturn %s", e.UID, setOf(m.Event, required))
	}
	c.line("}\nreturn set{}\n}\n")
}

// classEnums writes the enumerations that depend on the class.
func classEnums(c *code, m *profile.Model) {
	c.line("// classEnum returns the enumeration of attribute i in a class.")
	c.line("func classEnum(class, i int) enum {\nswitch i {")
	for i, a := range m.Event.Attributes {
		if !varies(m, a) {
			continue
		}
		c.line("case %d: // %s\nswitch class {", i, a.Name)
		for _, e := range m.Classes {
			if b := e.Find(a.Name); b != nil && b.Enum != nil {
				c.line("case %d:\nreturn %s", e.UID, enumConst(b.Enum))
			}
		}
		c.line("}")
	}
	c.line("}\nreturn enumNone\n}\n")
}

func enumConst(e *profile.Enum) string { return "enum" + e.Go }

func enumTypes(c *code, m *profile.Model) {
	c.line("// enum is an enumeration of the profile.\ntype enum uint8\n\nconst (\nenumNone enum = iota")
	for _, e := range m.Enums {
		c.line("%s", enumConst(e))
	}
	c.line(")\n\n// has says whether v is a value of e.")
	c.line("func (e enum) has(v int) bool {\nswitch e {")
	for _, e := range m.Enums {
		c.line("case %s:\nswitch v {\ncase %s:\nreturn true\n}", enumConst(e), numbers(e))
	}
	c.line("}\nreturn false\n}\n")
	c.line("// name is what the profile calls e.\nfunc (e enum) name() string {\nswitch e {")
	for _, e := range m.Enums {
		c.line("case %s:\nreturn %q", enumConst(e), e.Name)
	}
	c.line("}\nreturn \"no enumeration\"\n}\n")
}

func numbers(e *profile.Enum) string {
	var list []string
	for _, v := range slices.Sorted(maps.Keys(e.Values)) {
		list = append(list, strconv.Itoa(v))
	}
	return strings.Join(list, ", ")
}

func unmappedTypes(c *code, m *profile.Model) {
	kinds := map[string]string{
		"string_t": "unmappedString", "ip_t": "unmappedIP", "integer_t": "unmappedInt", "long_t": "unmappedInt",
		"timestamp_t": "unmappedTime", "float_t": "unmappedFloat", "boolean_t": "unmappedBool",
	}
	c.line("// unmappedType returns the type of a key of unmapped.")
	c.line("func unmappedType(key string) unmappedKind {\nswitch key {")
	for _, kind := range slices.Compact(slices.Sorted(maps.Values(kinds))) {
		var keys []string
		for _, a := range m.Unmapped {
			if kinds[a.Type] == kind {
				keys = append(keys, strconv.Quote(a.Name))
			}
		}
		if len(keys) > 0 {
			c.line("case %s:\nreturn %s", strings.Join(keys, ",\n"), kind)
		}
	}
	c.line("}\nreturn undeclared\n}\n")
	var own []string
	for _, a := range m.Unmapped {
		if a.Reserved {
			own = append(own, strconv.Quote(a.Name))
		}
	}
	c.line("// reserved says whether only cordon may set a key of unmapped.")
	c.line("func reserved(key string) bool {\nswitch key {\ncase %s:\nreturn true\n}\nreturn false\n}\n", strings.Join(own, ",\n"))
}

// names writes the names of a struct's attributes, for error texts.
func names(c *code, s *profile.Struct) {
	c.line("func name%s(i int) string {\nswitch i {", s.Go)
	for i, a := range s.Attributes {
		c.line("case %d:\nreturn %q", i, a.Name)
	}
	c.line("}\nreturn \"\"\n}\n")
}
