package column

import (
	"fmt"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

// Data is what a column holds.
type Data interface {
	Rows() int
	// Pad appends default values until there are n rows.
	Pad(n int)
	// Reset removes all rows and keeps the memory.
	Reset()
	encode(b *proto.Buffer)
}

// stateful is Data with a prefix before the rows of a block.
type stateful interface{ encodeState(b *proto.Buffer) }

// Column is one column of a table: its name, its type as ClickHouse spells it,
// and where its values go.
type Column struct {
	Name, Type string
	Data       Data
}

// Block is a number of rows for one table. One goroutine owns it.
type Block struct {
	cols []Column
	rows int
	buf  proto.Buffer
}

// NewBlock returns an empty block of the given columns.
func NewBlock(cols ...Column) *Block { return &Block{cols: cols} }

// Rows is the number of rows ended so far.
func (b *Block) Rows() int { return b.rows }

// End ends a row. Columns that got no value since the last End get their
// default.
func (b *Block) End() {
	b.rows++
	for i := range b.cols {
		b.cols[i].Data.Pad(b.rows)
	}
}

// Reset empties b.
func (b *Block) Reset() {
	b.rows = 0
	for i := range b.cols {
		b.cols[i].Data.Reset()
	}
}

// Names lists the columns as an INSERT does.
func (b *Block) Names() string {
	names := make([]string, len(b.cols))
	for i, c := range b.cols {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// Encode returns b in the Native format of revision 0, the one of HTTP. The
// bytes are valid until the next call.
func (b *Block) Encode() ([]byte, error) {
	b.buf.Reset()
	b.buf.PutUVarInt(uint64(len(b.cols)))
	b.buf.PutUVarInt(uint64(b.rows))
	for i := range b.cols {
		if err := b.encode(&b.cols[i]); err != nil {
			return nil, err
		}
	}
	return b.buf.Buf, nil
}

func (b *Block) encode(c *Column) error {
	if n := c.Data.Rows(); n != b.rows {
		return fmt.Errorf("column %s has %d values in %d rows", c.Name, n, b.rows)
	}
	b.buf.PutString(c.Name)
	b.buf.PutString(c.Type)
	if b.rows == 0 {
		return nil
	}
	if s, ok := c.Data.(stateful); ok {
		s.encodeState(&b.buf)
	}
	c.Data.encode(&b.buf)
	return nil
}
