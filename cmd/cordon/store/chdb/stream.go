package chdb

import (
	"errors"
	"io"
	"unsafe"
)

// Rows is a running SELECT whose result comes in chunks.
type Rows struct {
	conn  *Conn
	res   unsafe.Pointer
	stats Stats
	done  bool
}

// Stream starts a SELECT. The engine accepts nothing else here. Close must be
// called.
func (c *Conn) Stream(sql, format string, params ...Param) (*Rows, error) {
	a := newCall(sql, format, params)
	defer a.release()
	res := c.lib.streamWithParams(*c.handle, a.sql, a.sqlLen, a.format, a.formatLen, a.names, a.nameLens, a.values, a.valueLens, a.n)
	if res == nil {
		return nil, errors.New("engine returned no stream")
	}
	if msg := c.lib.resultError(res); msg != "" {
		c.lib.resultDestroy(res)
		return nil, newError(msg)
	}
	return &Rows{conn: c, res: res}, nil
}

// Next returns the next chunk of encoded result, or io.EOF after the last.
func (r *Rows) Next() ([]byte, error) {
	if r.done {
		return nil, io.EOF
	}
	data, stats, err := r.conn.lib.take(r.conn.lib.streamFetch(*r.conn.handle, r.res))
	if err != nil {
		r.done = true
		return nil, err
	}
	r.stats = r.stats.add(stats)
	if len(data) == 0 {
		r.done = true
		return nil, io.EOF
	}
	return data, nil
}

// Stats returns what was read so far.
func (r *Rows) Stats() Stats { return r.stats }

// Close stops the statement if it still runs.
func (r *Rows) Close() {
	if r.res == nil {
		return
	}
	if !r.done {
		r.conn.lib.streamCancel(*r.conn.handle, r.res)
	}
	r.conn.lib.resultDestroy(r.res)
	r.res = nil
}

func (s Stats) add(t Stats) Stats {
	s.ReadRows += t.ReadRows
	s.ReadBytes += t.ReadBytes
	s.WrittenRows += t.WrittenRows
	s.WrittenBytes += t.WrittenBytes
	s.ResultRows += t.ResultRows
	s.ResultBytes += t.ResultBytes
	return s
}
