package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/cordon-iot/cordon/internal/ocsfgen/profile"
)

// node is a JSON Schema; encoding/json sorts its keys.
type node map[string]any

// Limits of package ocsf; its tests compare them.
const (
	maxString = 8 << 10
	lastTime  = 253402300799999
)

// jsonSchemas makes one schema for each class.
func jsonSchemas(m *profile.Model) ([]file, error) {
	var files []file
	for _, e := range m.Classes {
		var b bytes.Buffer
		if err := classSchema(m, e).write(&b, ""); err != nil {
			return nil, err
		}
		b.WriteByte('\n')
		files = append(files, file{"schemas/json/" + e.Name + ".schema.json", b.Bytes()})
	}
	return files, nil
}

// write lays a schema out with one property on a line: what changes is one line
// of a diff.
func (n node) write(b *bytes.Buffer, indent string) error {
	b.WriteByte('{')
	for i, key := range slices.Sorted(maps.Keys(n)) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "\n%s  %q: ", indent, key)
		inner, ok := n[key].(node)
		if ok && key != "not" && (key == "properties" || key == "$defs" || inner["properties"] != nil) {
			if err := inner.write(b, indent+"  "); err != nil {
				return err
			}
			continue
		}
		text, err := compact(n[key])
		if err != nil {
			return err
		}
		b.Write(text)
	}
	b.WriteString("\n" + indent + "}")
	return nil
}

func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// classSchema describes an event of a class as cordon stores it.
func classSchema(m *profile.Model, e *profile.Event) node {
	s := objectSchema(e.Text, e.AtLeastOne, e.Attributes)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = e.Caption
	s["$comment"] = "Generated from " + source + " " + m.Version + ", OCSF " + m.OCSF + "; do not edit."
	properties := s["properties"].(node)
	properties["class_uid"].(node)["enum"] = []int{e.UID}
	properties["category_uid"].(node)["enum"] = []int{e.Category.UID}
	properties["type_uid"].(node)["enum"] = typeUIDs(e)
	properties["unmapped"] = objectSchema(e.Find("unmapped").Text, nil, m.Unmapped)
	for _, a := range e.Attributes {
		if a.Required() && formOf(a) == formString {
			properties[a.Name].(node)["minLength"] = 1 // empty is as good as absent
		}
	}
	defs := node{}
	collect(defs, e.Attributes)
	s["$defs"] = defs
	return s
}

func typeUIDs(e *profile.Event) []int {
	var list []int
	for _, v := range slices.Sorted(maps.Keys(e.Find("activity_id").Enum.Values)) {
		list = append(list, e.UID*100+v)
	}
	return list
}

// collect adds the objects that are reached from a list of attributes.
func collect(defs node, list []*profile.Attribute) {
	for _, a := range list {
		if a.Object == nil || defs[a.Object.Name] != nil {
			continue
		}
		defs[a.Object.Name] = objectSchema(a.Object.Text, a.Object.AtLeastOne, a.Object.Attributes)
		collect(defs, a.Object.Attributes)
	}
}

func objectSchema(text string, atLeastOne []string, list []*profile.Attribute) node {
	properties := node{}
	var required []string
	for _, a := range list {
		properties[a.Name] = attributeSchema(a)
		if a.Required() {
			required = append(required, a.Name)
		}
	}
	s := node{"type": "object", "description": text, "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	if len(atLeastOne) > 0 {
		s["not"] = noneOf(atLeastOne)
	}
	return s
}

// noneOf holds where none of the names is present. Its negation says "at least
// one"; the usual anyOf would make OPA give up on the type of the object.
func noneOf(names []string) node {
	absent := node{}
	for _, n := range names {
		absent[n] = false
	}
	return node{"properties": absent}
}

func attributeSchema(a *profile.Attribute) node {
	s := valueSchema(a)
	if a.Array {
		s = node{"type": "array", "items": s}
	}
	s["description"] = a.Text
	if a.Data != "" {
		s["x-data-class"] = a.Data
	}
	if a.Enum != nil {
		s["x-captions"] = captions(a.Enum)
	}
	return s
}

func captions(e *profile.Enum) map[string]string {
	list := map[string]string{}
	for v, caption := range e.Values {
		list[strconv.Itoa(v)] = caption
	}
	return list
}

func valueSchema(a *profile.Attribute) node {
	switch {
	case a.Object != nil:
		return node{"$ref": "#/$defs/" + a.Object.Name}
	case a.Enum != nil:
		return node{"type": "integer", "enum": slices.Sorted(maps.Keys(a.Enum.Values))}
	}
	switch a.Type {
	case "boolean_t":
		return node{"type": "boolean"}
	case "float_t":
		return node{"type": "number"}
	case "integer_t", "long_t":
		return node{"type": "integer", "minimum": math.MinInt64, "maximum": math.MaxInt64}
	case "timestamp_t":
		return node{"type": "integer", "minimum": 0, "maximum": lastTime}
	case "port_t":
		return node{"type": "integer", "minimum": 0, "maximum": math.MaxUint16}
	case "json_t":
		return node{}
	case "object":
		return node{"type": "object"}
	}
	return textSchema(a)
}

func textSchema(a *profile.Attribute) node {
	s := node{"type": "string", "maxLength": maxString}
	switch a.Type {
	case "ip_t":
		s["pattern"] = ipPattern
	case "mac_t":
		s["pattern"] = "^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$"
	case "uuid_t":
		s["pattern"] = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
	case "subnet_t":
		s["pattern"] = "^[0-9A-Fa-f.:]+/[0-9]{1,3}$"
	case "hostname_t":
		s["pattern"] = `^[^\x00-\x1f\x7f]*$`
	}
	return s
}

// ipPattern takes every address that package ocsf takes. Of IPv6 it checks the
// characters and that there are two colons; the decoder checks the rest.
const ipPattern = `^(((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])` +
	`|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(%.+)?)$`
