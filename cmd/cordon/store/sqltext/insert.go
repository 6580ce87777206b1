package sqltext

import (
	"errors"
	"fmt"
)

// Insert is an INSERT statement taken apart.
type Insert struct {
	Head   string // up to where FORMAT or VALUES stood
	Format string // "Values" for VALUES, "" if the statement names none
	Data   int    // offset of the first byte of inline data in the text
	Select bool   // rows come from a query: there is no data
}

// Errors of SplitInsert.
var (
	ErrInfile     = errors.New("FROM INFILE reads a file of the client and has no meaning over HTTP: send the data in the body")
	ErrInput      = errors.New("INSERT ... SELECT takes no FORMAT and no data here: insert into a table of type Null with a materialized view, or send the rows as they are")
	ErrIncomplete = errors.New("INSERT without FORMAT or VALUES in the first part of the body: name the format, or send the statement in the URL parameter query")
)

// SplitInsert takes an INSERT apart. ok is false if text is no INSERT.
// Only the part before the data is looked at.
func SplitInsert(text string) (ins Insert, ok bool, err error) {
	l := NewLexer(text)
	if t := l.Next(); !t.Is("INSERT") {
		return Insert{}, false, nil
	}
	ins, err = splitRest(l, text)
	return ins, true, err
}

func splitRest(l *Lexer, text string) (Insert, error) {
	depth, rows := 0, false
	for t := skipTarget(l); ; t = l.Next() {
		switch {
		case t.Kind == Broken:
			return Insert{}, fmt.Errorf("INSERT with a quote or comment that is not closed")
		case t.Kind == End:
			return Insert{Head: text, Data: len(text), Select: rows}, nil
		case t.Punct(';') && depth == 0:
			return atSemicolon(l, text, t, rows)
		case t.Punct('('):
			depth++
		case t.Punct(')'):
			depth--
		case depth == 0 && t.Is("INFILE"):
			return Insert{}, ErrInfile
		case t.Is("SELECT") || depth == 0 && (t.Is("WITH") || t.Is("WATCH")):
			rows = true
		case depth == 0 && t.Is("FORMAT"):
			return atFormat(l, text, t, rows)
		case depth == 0 && !rows && t.Is("VALUES"):
			return Insert{Head: text[:t.Start], Format: "Values", Data: t.End}, nil
		}
	}
}

// skipTarget moves over INTO, TABLE, FUNCTION and the name, so that a table
// named format or values is not taken for the keyword.
func skipTarget(l *Lexer) Token {
	t := l.Next()
	if t.Is("INTO") {
		t = l.Next()
	}
	if t.Is("TABLE") {
		t = l.Next()
	}
	if t.Is("FUNCTION") {
		t = l.Next()
	}
	if t.Kind != Word && t.Kind != Quoted {
		return t
	}
	if t = l.Next(); t.Punct('.') {
		l.Next()
		return l.Next()
	}
	return t
}

func atSemicolon(l *Lexer, text string, semicolon Token, rows bool) (Insert, error) {
	if l.Next().Kind != End {
		return Insert{}, ErrSeveral
	}
	return Insert{Head: text[:semicolon.Start], Data: len(text), Select: rows}, nil
}

func atFormat(l *Lexer, text string, format Token, rows bool) (Insert, error) {
	if rows {
		return Insert{}, ErrInput
	}
	name := l.Next()
	if name.Kind != Word {
		return Insert{}, errors.New("INSERT ... FORMAT without the name of a format")
	}
	return Insert{Head: text[:format.Start], Format: name.Text, Data: dataStart(text, name.End)}, nil
}

// dataStart is where the engine lets inline data begin: after blanks and one
// line end behind the format's name.
func dataStart(text string, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\f') {
		i++
	}
	if i < len(text) && text[i] == '\r' {
		i++
	}
	if i < len(text) && text[i] == '\n' {
		i++
	}
	return i
}
