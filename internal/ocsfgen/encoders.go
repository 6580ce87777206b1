package main

import "github.com/cordon-iot/cordon/internal/ocsfgen/profile"

// encoders writes AppendJSON for every struct. Attributes are sorted, so keys
// come out sorted without any work at run time.
func encoders(c *code, m *profile.Model) {
	encoder(c, m.Event)
	for _, s := range m.Objects {
		encoder(c, s)
	}
}

func encoder(c *code, s *profile.Struct) {
	c.line("// AppendJSON appends the canonical encoding of v to dst.")
	c.line("func (v *%s) AppendJSON(dst []byte) []byte {\nn := len(dst)", s.Go)
	for _, a := range s.Attributes {
		member(c, a)
	}
	c.line("return closeObject(dst, n)\n}\n")
}

// member writes the lines that append one attribute, with the comma before it.
func member(c *code, a *profile.Attribute) {
	key := "append(dst, `,\"" + a.Name + "\":`...)"
	if !a.Required() || a.Object != nil && !a.Array {
		c.line("if %s {", present(a))
		defer c.line("}")
	}
	switch {
	case a.Object != nil && a.Array:
		c.line("dst = appendObjects(%s, v.%s)", key, a.Go)
	case a.Object != nil, formOf(a) == formUnmapped:
		c.line("dst = v.%s.AppendJSON(%s)", a.Go, key)
	case a.Array && formOf(a) == formString:
		c.line("dst = appendStrings(%s, v.%s)", key, a.Go)
	case a.Array:
		c.line("dst = appendInts(%s, v.%s)", key, a.Go)
	default:
		c.line("dst = %s", scalar(a, key))
	}
}

func present(a *profile.Attribute) string {
	switch formOf(a) {
	case formInt, formInt64:
		if !a.Array {
			return "v." + a.Go + " != 0"
		}
	case formString:
		if !a.Array {
			return "v." + a.Go + ` != ""`
		}
	case formOptInt, formOptInt64, formOptFloat, formOptBool:
		return "v." + a.Go + ".Set"
	case formUnmapped:
		return "!v." + a.Go + ".empty()"
	case formObject:
		if !a.Array {
			return "v." + a.Go + " != nil"
		}
	}
	return "len(v." + a.Go + ") > 0"
}

func scalar(a *profile.Attribute, key string) string {
	field := "v." + a.Go
	switch formOf(a) {
	case formInt, formInt64:
		return "appendInt(" + key + ", " + field + ")"
	case formOptInt, formOptInt64:
		return "appendInt(" + key + ", " + field + ".Value)"
	case formOptFloat:
		return "appendFloat(" + key + ", " + field + ".Value)"
	case formOptBool:
		return "appendBool(" + key + ", " + field + ".Value)"
	case formJSON:
		return "appendCanonical(" + key + ", " + field + ")"
	default:
		return "appendString(" + key + ", " + field + ")"
	}
}
