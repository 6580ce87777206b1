package column

import "github.com/ClickHouse/ch-go/proto"

type integer interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int8 | ~int16 | ~int64
}

// values are the slices of ch-go, which know how to write themselves.
type values[T integer] interface {
	~[]T
	EncodeColumn(b *proto.Buffer)
}

// Numbers is a column of integers, or of any type that is stored as one.
type Numbers[S values[T], T integer] struct{ rows S }

type (
	// UInt8 is a column of type UInt8 or Bool.
	UInt8 = Numbers[proto.ColUInt8, uint8]
	// UInt16 is a column of type UInt16 or, as days since 1970, Date.
	UInt16 = Numbers[proto.ColUInt16, uint16]
	// UInt32 is a column of type UInt32.
	UInt32 = Numbers[proto.ColUInt32, uint32]
	// UInt64 is a column of type UInt64.
	UInt64 = Numbers[proto.ColUInt64, uint64]
	// Int8 is a column of an Enum8 as its numbers.
	Int8 = Numbers[proto.ColInt8, int8]
	// Int16 is a column of an Enum16 as its numbers.
	Int16 = Numbers[proto.ColInt16, int16]
	// Int64 is a column of type Int64 or, as milliseconds since 1970,
	// DateTime64(3).
	Int64 = Numbers[proto.ColInt64, int64]
)

// Append adds a value.
func (c *Numbers[S, T]) Append(v T) { c.rows = append(c.rows, v) }

// AppendInt adds v if the type can hold it, else it says no.
func (c *Numbers[S, T]) AppendInt(v int64) bool {
	n := T(v)
	if int64(n) != v || (n < 0) != (v < 0) {
		return false
	}
	c.rows = append(c.rows, n)
	return true
}

// Last is the newest value; there must be one.
func (c *Numbers[S, T]) Last() T { return c.rows[len(c.rows)-1] }

// Rows is the number of values.
func (c *Numbers[S, T]) Rows() int { return len(c.rows) }

// Pad appends zeros until there are n values.
func (c *Numbers[S, T]) Pad(n int) {
	for len(c.rows) < n {
		c.rows = append(c.rows, 0)
	}
}

// Reset removes all values.
func (c *Numbers[S, T]) Reset() { c.rows = c.rows[:0] }

func (c *Numbers[S, T]) encode(b *proto.Buffer) { c.rows.EncodeColumn(b) }
