package ocsf

// Column is a column of a ClickHouse table.
type Column struct {
	Table     string
	Name      string
	Path      string // of the attribute it holds, e.g. device.uid; empty if it is made of something else
	DataClass string // public, operational, personal or secret
	Comment   string // what it means
}
