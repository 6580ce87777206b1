package ocsf

import (
	"fmt"
	"strconv"
	"strings"
)

// Code says for machines why an event was refused. Codes are part of the
// contract: they are the reasons of rejected records.
type Code string

// The reasons an event is refused for.
const (
	CodeSize         Code = "size"               // more than MaxEvent bytes
	CodeSyntax       Code = "json.syntax"        // no JSON, or something behind it
	CodeUTF8         Code = "json.utf8"          // text that is no UTF-8, or half a surrogate pair
	CodeDuplicateKey Code = "json.duplicate_key" // a key twice in one object
	CodeDepth        Code = "json.depth"         // nested deeper than MaxDepth
	CodeFields       Code = "json.fields"        // more than MaxFields keys
	CodeString       Code = "json.string"        // a text longer than MaxString
	CodeNumber       Code = "json.number"        // a number that is too large to hold
	CodeClass        Code = "class.unknown"      // a class_uid the profile does not have
	CodeType         Code = "field.type"         // another type than the profile says
	CodeFormat       Code = "field.format"       // right type, but e.g. no IP address
	CodeEnum         Code = "field.enum"         // a number the enumeration does not have
	CodeMissing      Code = "field.missing"      // a required field is absent
	CodeReserved     Code = "reserved"           // a name that only cordon may set
)

// Limits of an event from outside.
const (
	MaxEvent  = 64 << 10 // bytes
	MaxDepth  = 32       // objects and arrays in each other
	MaxFields = 256      // keys of all objects together
	MaxString = 8 << 10  // bytes of one text or key
)

// Error says why an event was refused and where.
type Error struct {
	Code   Code
	Path   string // of the field, e.g. answers[0].ttl; empty for the event as a whole
	Detail string
	Offset int // bytes before the place in the event
}

// Error is code, place and detail in one line.
func (e *Error) Error() string {
	at := ""
	if e.Path != "" {
		at = " at " + e.Path
	}
	return fmt.Sprintf("%s%s (byte %d): %s", e.Code, at, e.Offset, e.Detail)
}

// step is one part of the way to a value: a key or a place in an array.
type step struct {
	key   string
	index int
}

// pathOf joins steps to a path. Long keys come from hostile input and are cut.
func pathOf(steps []step, indexes bool) string {
	var b strings.Builder
	for _, s := range steps {
		switch {
		case s.index >= 0 && indexes:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case s.index >= 0:
		case b.Len() > 0:
			b.WriteString("." + cut(s.key))
		default:
			b.WriteString(cut(s.key))
		}
	}
	return b.String()
}

// maxPathKey bounds how much of a foreign key a path repeats.
const maxPathKey = 64

func cut(key string) string {
	if len(key) <= maxPathKey {
		return key
	}
	return strings.ToValidUTF8(key[:maxPathKey], "") + "…"
}
