package main

import "github.com/cordon-iot/cordon/internal/ocsfgen/profile"

// columns writes the list of columns with their comments.
func columns(c *code, m *profile.Model) {
	c.line("// Columns lists the columns of all tables in the order of the profile.")
	c.line("func Columns() []Column {\nreturn []Column{")
	for _, t := range m.Tables {
		for _, col := range t.Columns {
			c.line("{Table: %q, Name: %q, Path: %q, DataClass: %q, Comment: %q},", t.Name, col.Name, col.Path, col.Data, col.Text)
		}
	}
	c.line("}\n}")
}
