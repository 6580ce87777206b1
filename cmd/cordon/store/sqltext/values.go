package sqltext

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Errors of ValuesReader.
var (
	ErrComment  = errors.New("comment or quoted name in VALUES: data holds values alone, strings in single quotes")
	ErrFunction = errors.New("function in VALUES that reads files")
)

// ValuesReader passes on the data of an INSERT ... VALUES. The engine takes
// values for expressions, and reads no further than a semicolon; so this
// refuses, outside strings, a second statement behind one, which would
// silently be left out, and the functions that read files. Comments and quoted
// names are refused since either could hide those.
type ValuesReader struct {
	in     io.Reader
	quoted bool // inside a string
	escape bool // the next byte is escaped
	ended  bool // a semicolon was seen
	last   byte // the byte before, outside strings
	word   []byte
}

// longestWord is that of the functions refused, and one more.
const longestWord = len("catboostevaluate") + 1

// NewValuesReader reads data from in.
func NewValuesReader(in io.Reader) *ValuesReader { return &ValuesReader{in: in} }

// Read reads data.
func (v *ValuesReader) Read(p []byte) (int, error) {
	n, err := v.in.Read(p)
	for _, c := range p[:n] {
		if err := v.step(c); err != nil {
			return 0, err
		}
	}
	return n, err
}

func (v *ValuesReader) step(c byte) error {
	switch {
	case v.ended:
		if !strings.ContainsRune(" \t\r\n;", rune(c)) {
			return fmt.Errorf("text behind the semicolon of VALUES: %w", ErrSeveral)
		}
	case v.escape:
		v.escape = false
	case v.quoted && c == '\\':
		v.escape = true
	case v.quoted:
		v.quoted = c != '\''
	default:
		return v.outside(c)
	}
	return nil
}

// outside looks at a byte that belongs to no string.
func (v *ValuesReader) outside(c byte) error {
	before := v.last
	v.last = c
	if isWord(c) {
		if len(v.word) < longestWord {
			v.word = append(v.word, c|0x20) // lower case
		}
		return nil
	}
	word := string(v.word)
	v.word = v.word[:0]
	switch {
	case word == "file" || word == "catboostevaluate":
		return fmt.Errorf("%s: %w", word, ErrFunction)
	case c == '`' || c == '"' || c == '#' || before == '/' && c == '*' || before == '-' && c == '-':
		return ErrComment
	}
	v.quoted = c == '\''
	v.ended = c == ';'
	return nil
}
