// Package field reads the fields of a record into the variables of a mapper.
//
// A mapper declares a table once: which name has which type and where its value
// goes. What is not in the table is not kept. Variables are set anew for every
// record, so that mapping allocates little.
package field
