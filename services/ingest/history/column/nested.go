package column

import "github.com/ClickHouse/ch-go/proto"

// Map is a column of type Map(LowCardinality(String), String).
type Map struct {
	ends   proto.ColUInt64
	Keys   Words
	Values String
}

// End ends a row: the keys and values appended since the last End are its
// entries.
func (c *Map) End() { c.ends = append(c.ends, uint64(c.Keys.Rows())) }

// Rows is the number of maps.
func (c *Map) Rows() int { return len(c.ends) }

// Pad ends rows until there are n.
func (c *Map) Pad(n int) {
	for len(c.ends) < n {
		c.End()
	}
}

// Reset removes all maps.
func (c *Map) Reset() {
	c.ends = c.ends[:0]
	c.Keys.Reset()
	c.Values.Reset()
}

func (c *Map) encodeState(b *proto.Buffer) { c.Keys.encodeState(b) }

func (c *Map) encode(b *proto.Buffer) {
	c.ends.EncodeColumn(b)
	if c.Keys.Rows() > 0 {
		c.Keys.encode(b)
		c.Values.encode(b)
	}
}

// Strings is a column of type Array(String).
type Strings struct {
	ends   proto.ColUInt64
	values String
}

// Append adds an array.
func (c *Strings) Append(vs []string) {
	for _, v := range vs {
		c.values.Append(v)
	}
	c.ends = append(c.ends, uint64(c.values.Rows()))
}

// Rows is the number of arrays.
func (c *Strings) Rows() int { return len(c.ends) }

// Pad appends empty arrays until there are n.
func (c *Strings) Pad(n int) {
	for len(c.ends) < n {
		c.Append(nil)
	}
}

// Reset removes all arrays.
func (c *Strings) Reset() {
	c.ends = c.ends[:0]
	c.values.Reset()
}

func (c *Strings) encode(b *proto.Buffer) {
	c.ends.EncodeColumn(b)
	c.values.encode(b)
}
