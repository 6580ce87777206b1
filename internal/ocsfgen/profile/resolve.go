package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// resolver turns a profile into a model; the first fault is kept in err.
type resolver struct {
	profile Profile
	src     []byte
	objects map[string]*Struct
	err     error
}

// fail notes a fault of the entry at path, e.g. $.objects.device.
func (r *resolver) fail(path, format string, args ...any) {
	if r.err != nil {
		return
	}
	r.err = fmt.Errorf("profile: %s: %s%s", path, fmt.Sprintf(format, args...), r.excerpt(path))
}

// excerpt shows the lines round path, as far as it exists.
func (r *resolver) excerpt(path string) string {
	p, err := yaml.PathString(path)
	if err != nil {
		return ""
	}
	text, err := p.AnnotateSource(r.src, false)
	if err != nil {
		return ""
	}
	return "\n" + string(text)
}

func (r *resolver) model() *Model {
	r.enums()
	m := &Model{
		Version: r.profile.Version,
		OCSF:    r.profile.OCSF,
		Objects: r.structs(),
		Classes: r.classes(),
	}
	for _, name := range slices.Sorted(maps.Keys(r.profile.Enumerations)) {
		m.Enums = append(m.Enums, r.profile.Enumerations[name])
	}
	m.Unmapped = r.attributes("$.unmapped", r.profile.Unmapped)
	m.Event = r.union(m.Classes)
	m.Tables = r.tables(m)
	return m
}

func (r *resolver) enums() {
	for name, e := range r.profile.Enumerations {
		e.Name = name
		if e.Go == "" || len(e.Values) == 0 {
			r.fail("$.enumerations."+name, "needs go (prefix of the constants) and values")
		}
	}
}

// structs resolves the objects in two rounds, because they refer to each other.
func (r *resolver) structs() []*Struct {
	r.objects = map[string]*Struct{}
	names := slices.Sorted(maps.Keys(r.profile.Objects))
	for _, name := range names {
		o := r.profile.Objects[name]
		s := &Struct{Name: name, Go: o.Go, Text: o.Text, AtLeastOne: o.AtLeastOne}
		if s.Go == "" {
			s.Go = GoName(name)
		}
		r.objects[name] = s
	}
	var list []*Struct
	for _, name := range names {
		path := "$.objects." + name
		s := r.objects[name]
		s.Attributes = r.attributes(path+".attributes", r.profile.Objects[name].Attributes)
		r.described(path, s.Text, s.AtLeastOne, s.Attributes)
		list = append(list, s)
	}
	return list
}

func (r *resolver) classes() []*Event {
	var list []*Event
	for _, name := range slices.Sorted(maps.Keys(r.profile.Classes)) {
		list = append(list, r.class(name, r.profile.Classes[name]))
	}
	slices.SortFunc(list, func(a, b *Event) int { return a.UID - b.UID })
	return list
}

func (r *resolver) class(name string, c Class) *Event {
	path := "$.classes." + name
	category, ok := r.profile.Categories[c.Category]
	if !ok || c.UID/1000 != category.UID {
		r.fail(path+".category", "uid %d is not in category %q", c.UID, c.Category)
	}
	entries := maps.Clone(r.profile.Base)
	maps.Copy(entries, c.Attributes)
	e := &Event{Name: name, UID: c.UID, Category: category, Caption: c.Caption, Text: c.Text, AtLeastOne: c.AtLeastOne}
	e.Attributes = r.attributes(path+".attributes", entries)
	r.described(path, e.Text, e.AtLeastOne, e.Attributes)
	return e
}

func (r *resolver) described(path, text string, atLeastOne []string, list []*Attribute) {
	if text == "" {
		r.fail(path, "needs a text")
	}
	for _, name := range atLeastOne {
		if find(list, name) == nil {
			r.fail(path+".at_least_one", "%s is not one of its attributes", name)
		}
	}
}

func (r *resolver) attributes(path string, entries map[string]Entry) []*Attribute {
	var list []*Attribute
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		list = append(list, r.attribute(path, name, entries[name]))
	}
	return list
}

func (r *resolver) attribute(path, name string, over Entry) *Attribute {
	e := over.on(r.profile.Attributes[name])
	path += "." + name
	a := &Attribute{
		Name: name, Go: GoName(name), Type: e.Type, Object: r.objects[e.Type],
		Array: e.Array, Data: e.Data, Text: e.Text, Require: e.Require, Reserved: over.Reserved,
	}
	if e.Enum != "" {
		a.Enum = r.profile.Enumerations[e.Enum]
		if a.Enum == nil {
			r.fail(path, "there is no enumeration %q", e.Enum)
		}
	}
	r.check(path, a)
	return a
}

// on fills what over leaves open from what is said of the name in general.
func (over Entry) on(e Entry) Entry {
	if over.Type != "" {
		e.Type, e.Array, e.Enum = over.Type, over.Array, over.Enum
	}
	for _, f := range []struct{ to, from *string }{
		{&e.Enum, &over.Enum}, {&e.Data, &over.Data}, {&e.Text, &over.Text}, {&e.Require, &over.Require},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	return e
}

func (r *resolver) check(path string, a *Attribute) {
	if a.Type == "" {
		r.fail(path, "is not in $.attributes: describe it there")
		return
	}
	if a.Object == nil && a.Type != "object" && !slices.Contains(Scalars(), a.Type) {
		r.fail(path, "there is no type or object %q", a.Type)
	}
	if a.Object == nil && a.Type != "object" && !slices.Contains(DataClasses(), a.Data) {
		r.fail(path, "data is %q; want one of %s", a.Data, strings.Join(DataClasses(), ", "))
	}
	if a.Text == "" {
		r.fail(path, "needs a text")
	}
	if !strings.HasPrefix(path, "$.unmapped") && !slices.Contains([]string{"required", "recommended", "optional"}, a.Require) {
		r.fail(path, "require is %q; want required, recommended or optional", a.Require)
	}
}

// Scalars are the types that are not objects, as OCSF names them.
func Scalars() []string {
	return []string{
		"boolean_t", "email_t", "file_hash_t", "file_name_t", "file_path_t", "float_t", "hostname_t", "integer_t", "ip_t",
		"json_t", "long_t", "mac_t", "port_t", "process_name_t", "string_t", "subnet_t", "timestamp_t", "url_t", "username_t", "uuid_t",
	}
}

// DataClasses rank what a field may tell, the harmless first.
func DataClasses() []string { return []string{"public", "operational", "personal", "secret"} }

// union merges the classes: one name has one type in all of them.
func (r *resolver) union(classes []*Event) *Struct {
	s := &Struct{Name: "event", Go: "Event", Text: "An event of any class: the union of their attributes."}
	seen := map[string]*Attribute{}
	for _, c := range classes {
		for _, a := range c.Attributes {
			if first := seen[a.Name]; first != nil {
				r.same("$.classes."+c.Name, first, a)
				continue
			}
			copied := *a
			copied.Require = "optional"
			if general := r.profile.Attributes[a.Name]; general.Text != "" {
				copied.Text = general.Text
			}
			seen[a.Name] = &copied
			s.Attributes = append(s.Attributes, &copied)
		}
	}
	for _, a := range s.Attributes {
		if b, ok := r.profile.Base[a.Name]; ok && b.Require == "required" {
			a.Require = "required"
		}
	}
	slices.SortFunc(s.Attributes, func(a, b *Attribute) int { return strings.Compare(a.Name, b.Name) })
	return s
}

func (r *resolver) same(path string, a, b *Attribute) {
	if a.Type != b.Type || a.Array != b.Array || (a.Enum == nil) != (b.Enum == nil) {
		r.fail(path, "%s has another type than in another class", b.Name)
	}
}

func (r *resolver) tables(m *Model) []Table {
	var list []Table
	for _, name := range slices.Sorted(maps.Keys(r.profile.Columns)) {
		t := Table{Name: name}
		for i, c := range r.profile.Columns[name] {
			t.Columns = append(t.Columns, r.column(fmt.Sprintf("$.columns.%s[%d]", name, i), m, c))
		}
		list = append(list, t)
	}
	return list
}

// column takes meaning and data class of a column from the attribute it holds.
func (r *resolver) column(path string, m *Model, c Column) Column {
	if c.Path != "" {
		a := m.At(c.Path)
		if a == nil {
			r.fail(path, "there is no attribute %s", c.Path)
			return c
		}
		c.Text, c.Data = a.Text, a.Data
	}
	if c.Name == "" || c.Text == "" || !slices.Contains(DataClasses(), c.Data) {
		r.fail(path, "needs a name and either a path or a text and a data class")
	}
	return c
}

// At returns the attribute at a path such as device.os.version, or nil.
func (m *Model) At(path string) *Attribute {
	list, rest := m.Event.Attributes, path
	for {
		name, tail, more := strings.Cut(rest, ".")
		a := find(list, name)
		if a == nil || !more {
			return a
		}
		switch {
		case a.Object != nil:
			list = a.Object.Attributes
		case a.Name == "unmapped":
			list = m.Unmapped
		default:
			return nil
		}
		rest = tail
	}
}
