package chdb

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// Param is a value for a {name:Type} placeholder. The engine parses Value by
// the placeholder's type; it never becomes part of the statement.
type Param struct{ Name, Value string }

// Stats counts what a statement read and wrote. Written rows include those of
// dependent materialized views.
type Stats struct {
	ReadRows, ReadBytes       uint64
	WrittenRows, WrittenBytes uint64
	ResultRows, ResultBytes   uint64
}

// Class says what a statement does, as decided by the engine's own parser.
type Class uint32

// The classes, ascending by how restricted a statement is.
const (
	Read    Class = 0 // leaves no trace
	Write   Class = 1 // changes a database
	Global  Class = 2 // changes something beside the databases: functions, users, collections
	Control Class = 3 // session, SYSTEM, KILL, BACKUP, or writes outside the engine
	Unknown Class = 4 // did not parse
)

// Analysis is the engine's reading of a text before it runs.
type Analysis struct {
	Statements int
	Class      Class
}

// Conn is one connection. It runs one statement at a time; one goroutine owns
// it.
type Conn struct {
	lib    *abi
	handle *unsafe.Pointer
}

// Close ends the connection and drops its temporary tables.
func (c *Conn) Close() {
	if c.handle == nil {
		return
	}
	c.lib.closeConn(c.handle)
	c.handle = nil
}

// Query runs one statement and returns its whole result in the given format.
// It must never be given insert data: the engine takes what follows an empty
// line in the data for further statements.
func (c *Conn) Query(sql, format string, params ...Param) ([]byte, Stats, error) {
	a := newCall(sql, format, params)
	defer a.release()
	result := c.lib.queryWithParams(*c.handle, a.sql, a.sqlLen, a.format, a.formatLen, a.names, a.nameLens, a.values, a.valueLens, a.n)
	return c.lib.take(result)
}

// Exec runs one statement without a result.
func (c *Conn) Exec(sql string) error {
	_, _, err := c.Query(sql, "Null")
	return err
}

// Classify reports what sql would do, without running it. A text that does
// not parse is of class Unknown.
func (c *Conn) Classify(sql string) (Analysis, error) {
	p, n := bytesOf(sql)
	out := analysis{structSize: uint32(unsafe.Sizeof(analysis{}))}
	if c.lib.classify(*c.handle, p, n, nil, 0, &out) != 0 {
		return Analysis{}, errors.New("engine cannot classify the statement: connection closed")
	}
	return Analysis{Statements: int(out.statements), Class: Class(out.class)}, nil
}

// take copies a result out of the library and frees it there.
func (a *abi) take(result unsafe.Pointer) ([]byte, Stats, error) {
	if result == nil {
		return nil, Stats{}, errors.New("engine returned no result")
	}
	defer a.resultDestroy(result)
	if msg := a.resultError(result); msg != "" {
		return nil, Stats{}, newError(msg)
	}
	var data []byte
	if n := a.resultLength(result); n > 0 {
		data = append(data, unsafe.Slice(a.resultBuffer(result), n)...) //nolint:gosec // copied before the library frees it
	}
	return data, a.stats(result), nil
}

func (a *abi) stats(result unsafe.Pointer) Stats {
	return Stats{
		ReadRows: a.storageRows(result), ReadBytes: a.storageBytes(result),
		WrittenRows: a.rowsWritten(result), WrittenBytes: a.bytesWritten(result),
		ResultRows: a.rowsRead(result), ResultBytes: a.bytesRead(result),
	}
}

// Error is an exception of the engine, with its numeric code.
type Error struct {
	Code    int
	Message string // begins with "Code: N. DB::Exception: "
}

// Error returns the engine's message.
func (e *Error) Error() string { return e.Message }

// Errorf returns an error in the engine's form, for what is refused before the
// engine sees it. Name is the symbolic name of the code, as ACCESS_DENIED.
func Errorf(code int, name, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf("Code: %d. DB::Exception: %s. (%s)", code, fmt.Sprintf(format, args...), name)}
}

// newError reads the code out of a message "Code: N. DB::Exception: ...",
// which the library sometimes wraps in a prefix of its own.
func newError(msg string) *Error {
	msg = strings.TrimSpace(msg)
	if i := strings.Index(msg, "Code: "); i > 0 {
		msg = msg[i:]
	}
	e := &Error{Message: msg}
	if _, err := fmt.Sscanf(msg, "Code: %d.", &e.Code); err != nil {
		e.Code = codeUnknown
		e.Message = fmt.Sprintf("Code: %d. DB::Exception: %s", codeUnknown, msg)
	}
	return e
}

// codeUnknown is UNKNOWN_EXCEPTION of the engine's table.
const codeUnknown = 1002
