package chdb

import (
	"runtime"
	"unsafe"
)

// call holds the arguments of a statement in the form that C takes, kept in
// place until release.
type call struct {
	sql, format         *byte
	sqlLen, formatLen   uintptr
	names, values       **byte
	nameLens, valueLens *uintptr
	n                   uintptr
	pin                 runtime.Pinner
}

func newCall(sql, format string, params []Param) *call {
	c := &call{n: uintptr(len(params))}
	c.sql, c.sqlLen = c.pinned(sql)
	c.format, c.formatLen = c.pinned(format)
	if len(params) == 0 {
		return c
	}
	names, nameLens := make([]*byte, len(params)), make([]uintptr, len(params))
	values, valueLens := make([]*byte, len(params)), make([]uintptr, len(params))
	for i, p := range params {
		names[i], nameLens[i] = c.pinned(p.Name)
		values[i], valueLens[i] = c.pinned(p.Value)
	}
	c.names, c.nameLens, c.values, c.valueLens = &names[0], &nameLens[0], &values[0], &valueLens[0]
	c.pin.Pin(c.names)
	c.pin.Pin(c.values)
	return c
}

// pinned returns s as C takes it. An empty string is a pointer to a zero byte,
// since a null pointer is an error there.
func (c *call) pinned(s string) (*byte, uintptr) {
	p, n := bytesOf(s)
	c.pin.Pin(p)
	return p, n
}

func (c *call) release() { c.pin.Unpin() }

func bytesOf(s string) (*byte, uintptr) {
	b := append([]byte(s), 0)
	return unsafe.SliceData(b), uintptr(len(s)) //nolint:gosec // of a slice that is never empty
}
