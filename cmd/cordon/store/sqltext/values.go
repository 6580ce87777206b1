package sqltext

import (
	"fmt"
	"io"
)

// ValuesReader passes on the data of an INSERT ... VALUES and refuses a second
// statement behind a semicolon, which the engine would silently leave out.
type ValuesReader struct {
	in     io.Reader
	quoted byte // quote that is open, or 0
	escape bool // the next byte is escaped
	ended  bool // a semicolon was seen
}

// NewValuesReader reads data from in.
func NewValuesReader(in io.Reader) *ValuesReader { return &ValuesReader{in: in} }

// Read reads data.
func (v *ValuesReader) Read(p []byte) (int, error) {
	n, err := v.in.Read(p)
	for _, c := range p[:n] {
		if !v.step(c) {
			return 0, fmt.Errorf("text behind the semicolon of VALUES: %w", ErrSeveral)
		}
	}
	return n, err
}

// step reports whether the data may go on with c.
func (v *ValuesReader) step(c byte) bool {
	switch {
	case v.ended:
		return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';'
	case v.escape:
		v.escape = false
	case v.quoted != 0 && c == '\\':
		v.escape = true
	case v.quoted != 0:
		if c == v.quoted {
			v.quoted = 0
		}
	case c == '\'' || c == '"' || c == '`':
		v.quoted = c
	case c == ';':
		v.ended = true
	}
	return true
}
