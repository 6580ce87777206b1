// Package ocsf holds the events of cordon: a profile of OCSF 1.8 as Go structs,
// a canonical encoder and a strict decoder.
//
// An event has exactly one encoding: keys sorted bytewise, no white space, no
// needless escape, valid UTF-8, numbers in their shortest form, addresses in
// theirs, nothing for what is absent. Equal events are equal bytes.
//
// What an event may carry stands in schemas/profile.yaml; all files that end in
// _gen.go come from there by go run ./internal/ocsfgen.
package ocsf

//go:generate go run ../internal/ocsfgen -root ..
