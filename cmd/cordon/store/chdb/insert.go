package chdb

import (
	"errors"
	"fmt"
	"unsafe"
)

// Insert is a running INSERT that takes its data apart from the statement, so
// that no byte of data is ever read as SQL.
type Insert struct {
	lib    *abi
	handle unsafe.Pointer
}

// Insert starts sql, an INSERT without FORMAT, VALUES or data, which takes
// rows in the given format. Close must be called; before Commit it discards.
func (c *Conn) Insert(sql, format string, params ...Param) (*Insert, error) {
	a := newCall(sql, format, params)
	defer a.release()
	h := c.lib.insertWithParams(*c.handle, a.sql, a.sqlLen, a.format, a.formatLen, a.names, a.nameLens, a.values, a.valueLens, a.n)
	if h == nil {
		return nil, errors.New("engine returned no insert stream")
	}
	if msg := c.lib.insertError(h); msg != "" {
		c.lib.insertDestroy(h)
		return nil, newError(msg)
	}
	return &Insert{lib: c.lib, handle: h}, nil
}

// Write passes encoded rows on, in pieces of any size. It blocks while the
// engine is behind.
func (i *Insert) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if i.lib.insertAppend(i.handle, unsafe.SliceData(p), uintptr(len(p))) != 0 { //nolint:gosec // the library copies
		return 0, i.failure()
	}
	return len(p), nil
}

func (i *Insert) failure() error {
	if msg := i.lib.insertError(i.handle); msg != "" {
		return newError(msg)
	}
	return fmt.Errorf("engine ended the insert without a reason")
}

// Commit ends the data and stores it. After an error nothing of the last block
// is stored; blocks of more than max_insert_block_size rows before it may be.
func (i *Insert) Commit() (Stats, error) {
	_, stats, err := i.lib.take(i.lib.insertDone(i.handle))
	return stats, err
}

// Close frees the insert; without Commit it discards what was not stored.
func (i *Insert) Close() {
	if i.handle == nil {
		return
	}
	i.lib.insertDestroy(i.handle)
	i.handle = nil
}
