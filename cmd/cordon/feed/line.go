package feed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds what is read as one line. It is well above what any broker
// takes, so that what is too long is told by line and the rest goes on.
const maxLine = 16 << 20

// Line is one line of a file, without its end.
type Line struct {
	Number int
	Text   []byte // its own memory
	Cut    bool   // it was longer than maxLine; Text is its beginning
}

// lineReader reads lines. The last one may lack its end.
type lineReader struct {
	r      *bufio.Reader
	number int
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, 1<<16)} }

// next returns the next line, or io.EOF.
func (l *lineReader) next() (Line, error) {
	l.number++
	line := Line{Number: l.number}
	for {
		part, err := l.r.ReadSlice('\n')
		if room := maxLine - len(line.Text); len(part) > room {
			part, line.Cut = part[:room], true
		}
		line.Text = append(line.Text, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return Line{}, fmt.Errorf("line %d: %w", l.number, err)
		}
		if err != nil && len(line.Text) == 0 {
			return Line{}, io.EOF
		}
		line.Text = bytes.TrimRight(line.Text, "\r\n")
		return line, nil
	}
}
