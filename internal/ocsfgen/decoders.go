package main

import (
	"fmt"
	"strings"

	"github.com/cordon-iot/cordon/internal/ocsfgen/profile"
)

// decoders writes reset and decode for every struct and the pools they lend
// from.
func decoders(c *code, m *profile.Model) {
	eventDecoder(c, m)
	for _, s := range m.Objects {
		reset(c, s)
		decoder(c, s)
	}
	pools(c, m)
}

// reset empties a struct but keeps the memory of its lists.
func reset(c *code, s *profile.Struct) {
	c.line("func (v *%s) reset() {\n*v = %s{", s.Go, s.Go)
	for _, a := range s.Attributes {
		if a.Array || formOf(a) == formUnmapped {
			c.line("%s: v.%s[:0],", a.Go, a.Go)
		}
	}
	c.line("}\n}\n")
}

func decoder(c *code, s *profile.Struct) {
	c.line("func (v *%s) decode(d *Decoder) {\nv.reset()", s.Go)
	c.line("m, ok := d.enter()\nif !ok {\nreturn\n}")
	c.line("for d.next(&m) {\nswitch d.key {")
	for i, a := range s.Attributes {
		c.line("case %q:\nif d.take(&m, %d) {\n%s\n}", a.Name, i, read(a, ""))
	}
	c.line("default:\nd.drop(&m)\n}\n}")
	var required []string
	for _, a := range s.Attributes {
		if a.Required() {
			required = append(required, a.Name)
		}
	}
	if len(s.AtLeastOne) > 0 {
		c.line("if %s {\nd.lacks(%q)\n}", nonePresent(s, s.AtLeastOne), "one of "+strings.Join(s.AtLeastOne, ", "))
	}
	if len(required) == 0 {
		c.line("d.leave(&m, set{}, nil)\n}\n")
		return
	}
	c.line("d.leave(&m, %s, name%s)\n}\n", setOf(s, required), s.Go)
}

// nonePresent is true if nothing of these names would be written: an empty text
// is as good as none.
func nonePresent(s *profile.Struct, names []string) string {
	var list []string
	for _, n := range names {
		list = append(list, "!("+present(s.Find(n))+")")
	}
	return strings.Join(list, " && ")
}

// eventDecoder differs from decoder in that the class decides which attributes
// there are, which are required and what some enumerations hold.
func eventDecoder(c *code, m *profile.Model) {
	s := m.Event
	reset(c, s)
	c.line("func (v *Event) decode(d *Decoder) {")
	c.line("m, ok := d.enter()\nif !ok {\nreturn\n}")
	c.line("for d.next(&m) {\nswitch d.key {")
	for i, a := range s.Attributes {
		c.line("case %q:\nif d.takeDeclared(&m, %d) {\n%s\n}", a.Name, i, read(a, classEnum(m, a, i)))
	}
	c.line("case \"windows\":\nd.fail(CodeReserved, d.pos, \"may not come from outside\")")
	c.line("default:\nd.drop(&m)\n}\n}")
	c.line("v.demand(d)\nd.leave(&m, demanded(d.class), nameEvent)\n}\n")
	demand(c, m)
}

// demand checks what a set of attributes cannot say: that one of several is
// there, and that required texts are not empty.
func demand(c *code, m *profile.Model) {
	c.line("func (v *Event) demand(d *Decoder) {\nswitch d.class {")
	for _, e := range m.Classes {
		c.line("case %d:", e.UID)
		if len(e.AtLeastOne) > 0 {
			c.line("if %s {\nd.lacks(%q)\n}", nonePresent(m.Event, e.AtLeastOne), "one of "+strings.Join(e.AtLeastOne, ", "))
		}
		for _, a := range e.Attributes {
			if a.Required() && formOf(a) == formString {
				c.line("if v.%s == \"\" {\nd.lacks(%q)\n}", a.Go, a.Name)
			}
		}
	}
	c.line("}\n}\n")
}

// classEnum is the expression for an enumeration that depends on the class, or
// empty.
func classEnum(m *profile.Model, a *profile.Attribute, i int) string {
	if !varies(m, a) {
		return ""
	}
	return fmt.Sprintf("classEnum(d.class, %d)", i)
}

// varies says whether classes give an attribute different enumerations.
func varies(m *profile.Model, a *profile.Attribute) bool {
	for _, e := range m.Classes {
		if b := e.Find(a.Name); b != nil && b.Enum != a.Enum {
			return true
		}
	}
	return false
}

// read is the statement that reads the value of an attribute.
func read(a *profile.Attribute, enum string) string {
	field := "v." + a.Go
	if a.Enum != nil && enum == "" {
		enum = enumConst(a.Enum)
	}
	switch {
	case a.Object != nil && a.Array:
		return fmt.Sprintf("%s = decodeObjects(d, %s)", field, field)
	case a.Object != nil:
		return fmt.Sprintf("%s = d.pools.%s.next()\n%s.decode(d)", field, a.Object.Go, field)
	case formOf(a) == formUnmapped:
		return field + ".decode(d)"
	case a.Enum != nil && a.Array:
		return fmt.Sprintf("%s = d.enums(%s, %s)", field, field, enum)
	case a.Array && a.Type == "ip_t":
		return fmt.Sprintf("%s = d.ips(%s)", field, field)
	case a.Array:
		return fmt.Sprintf("%s = d.strings(%s)", field, field)
	}
	value := "d." + reader(a) + "()"
	switch {
	case a.Name == "class_uid":
		value = "d.exactly(d.class)"
	case a.Name == "category_uid":
		value = "d.exactly(CategoryOf(d.class))"
	case a.Enum != nil:
		value = "d.enum(" + enum + ")"
	}
	if omit(a) == "omitzero" {
		value = "Some(" + value + ")"
	}
	return field + " = " + value
}

// reader is the method of Decoder that reads a type.
func reader(a *profile.Attribute) string {
	switch a.Type {
	case "integer_t":
		return "integer"
	case "long_t":
		return "long"
	case "float_t":
		return "float"
	case "boolean_t":
		return "bool"
	case "timestamp_t":
		return "timestamp"
	case "port_t":
		return "port"
	case "ip_t":
		return "ip"
	case "mac_t":
		return "mac"
	case "subnet_t":
		return "subnet"
	case "hostname_t":
		return "hostname"
	case "uuid_t":
		return "uuid"
	case "json_t":
		return "json"
	}
	return "string"
}

// pools writes one pool for each object.
func pools(c *code, m *profile.Model) {
	c.line("// pools lend the objects of an event.\ntype pools struct {")
	for _, s := range m.Objects {
		c.line("%s pool[%s]", s.Go, s.Go)
	}
	c.line("}\n\nfunc (p *pools) reset() {")
	for _, s := range m.Objects {
		c.line("p.%s.lent = 0", s.Go)
	}
	c.line("}")
}

// setOf is the literal of the set of attributes with these names.
func setOf(s *profile.Struct, names []string) string {
	var bits [2]uint64
	for _, n := range names {
		if i := s.Index(n); i >= 0 {
			bits[i>>6] |= 1 << (i & 63)
		}
	}
	return fmt.Sprintf("set{%#x, %#x}", bits[0], bits[1])
}
