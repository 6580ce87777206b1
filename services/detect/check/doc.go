// Package check tests a folder of policies: that it is formatted, compiles
// strictly, passes its own Rego tests, and that each policy finds something in
// the events of its hit/ folder and nothing in those of its miss/ folder.
package check
