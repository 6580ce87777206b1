package ocsf

import "unsafe"

// alias is b as a string without a copy: b must not change while it is used.
func alias(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // the point of this function
}

// bytesOf is s as bytes without a copy: they must not be changed.
func bytesOf(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s)) //nolint:gosec // the point of this function
}
