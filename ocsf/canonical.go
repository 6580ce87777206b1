package ocsf

import (
	"bytes"
	"encoding/json"
)

// appendCanonical re-encodes any JSON value canonically; what is no JSON
// becomes null.
func appendCanonical(dst []byte, raw json.RawMessage) []byte {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return append(dst, "null"...)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return append(dst, "null"...)
	}
	return append(dst, b...)
}
