package column

import "github.com/ClickHouse/ch-go/proto"

// String is a column of type String.
type String struct{ col proto.ColStr }

// Append adds a copy of v.
func (c *String) Append(v string) { c.col.Append(v) }

// AppendBytes adds a copy of v.
func (c *String) AppendBytes(v []byte) { c.col.AppendBytes(v) }

// At is value number i.
func (c *String) At(i int) string { return c.col.Row(i) }

// Rows is the number of values.
func (c *String) Rows() int { return c.col.Rows() }

// Pad appends empty strings until there are n values.
func (c *String) Pad(n int) {
	for c.col.Rows() < n {
		c.col.Append("")
	}
}

// Reset removes all values.
func (c *String) Reset() { c.col.Reset() }

func (c *String) encode(b *proto.Buffer) { c.col.EncodeColumn(b) }

// Words is a column of type LowCardinality(String): each distinct string is
// kept once per block.
type Words struct {
	keys map[string]uint32
	col  proto.ColLowCardinalityRaw
	dict proto.ColStr
	rows []uint32
	// last is the key of the newest value: in an ordered log the next one is
	// often the same.
	last uint32
}

// Append adds a copy of v.
func (c *Words) Append(v string) {
	if len(c.rows) > 0 && string(c.Last()) == v {
		c.rows = append(c.rows, c.last)
		return
	}
	key, ok := c.keys[v]
	if !ok {
		key = c.learn(v)
	}
	c.last = key
	c.rows = append(c.rows, key)
}

// Last is the newest value; there must be one. It is a view.
func (c *Words) Last() []byte { return c.dict.RowBytes(int(c.last)) }

func (c *Words) learn(v string) uint32 {
	if c.keys == nil {
		c.keys = map[string]uint32{}
	}
	key := uint32(c.dict.Rows())
	c.keys[string([]byte(v))] = key // v may be a view of memory that changes
	c.dict.Append(v)
	return key
}

// At is value number i.
func (c *Words) At(i int) string { return c.dict.Row(int(c.rows[i])) }

// Rows is the number of values.
func (c *Words) Rows() int { return len(c.rows) }

// Pad appends empty strings until there are n values.
func (c *Words) Pad(n int) {
	for len(c.rows) < n {
		c.Append("")
	}
}

// Reset removes all values and forgets the dictionary.
func (c *Words) Reset() {
	clear(c.keys)
	c.dict.Reset()
	c.rows = c.rows[:0]
}

func (c *Words) encodeState(b *proto.Buffer) { c.col.EncodeState(b) }

func (c *Words) encode(b *proto.Buffer) {
	c.col.Index = &c.dict
	c.col.Key = width(c.dict.Rows())
	c.col.Keys().Reset()
	for _, key := range c.rows {
		c.col.AppendKey(int(key))
	}
	c.col.EncodeColumn(b)
}

// width is the size of the keys of a dictionary of n strings.
func width(n int) proto.CardinalityKey {
	switch {
	case n <= 1<<8:
		return proto.KeyUInt8
	case n <= 1<<16:
		return proto.KeyUInt16
	}
	return proto.KeyUInt32
}
