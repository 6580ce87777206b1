package profile

// Model is a profile with every name resolved and every list sorted.
type Model struct {
	Version  string
	OCSF     string
	Enums    []*Enum
	Objects  []*Struct
	Event    *Struct  // the union of all classes
	Classes  []*Event // by uid
	Unmapped []*Attribute
	Tables   []Table
}

// Struct is an object, or the union of all events.
type Struct struct {
	Name       string // OCSF's
	Go         string
	Text       string
	AtLeastOne []string
	Attributes []*Attribute // by name
}

// Event is an event class.
type Event struct {
	Name       string
	UID        int
	Category   Category
	Caption    string
	Text       string
	AtLeastOne []string
	Attributes []*Attribute // by name
}

// Attribute is a name in an object or class.
type Attribute struct {
	Name    string
	Go      string
	Type    string  // OCSF's, e.g. ip_t; the object's name for an object
	Object  *Struct // nil for a scalar
	Array   bool
	Enum    *Enum // nil if any value is allowed
	Data    string
	Text    string
	Require string

	Reserved bool // only cordon may set it
}

// Required says whether OCSF wants the attribute in every object or event.
func (a *Attribute) Required() bool { return a.Require == "required" }

// Table lists the columns of a ClickHouse table.
type Table struct {
	Name    string
	Columns []Column
}

// Find returns the attribute of that name, or nil.
func (s *Struct) Find(name string) *Attribute { return find(s.Attributes, name) }

// Find returns the attribute of that name, or nil.
func (e *Event) Find(name string) *Attribute { return find(e.Attributes, name) }

func find(list []*Attribute, name string) *Attribute {
	for _, a := range list {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Index is the place of a name in the sorted list of attributes, or -1.
func (s *Struct) Index(name string) int {
	for i, a := range s.Attributes {
		if a.Name == name {
			return i
		}
	}
	return -1
}
