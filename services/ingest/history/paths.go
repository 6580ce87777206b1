package history

import (
	"net/netip"
	"strings"
	"unsafe"

	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// A setter appends v to a column, or says no and appends nothing.
type setter func(v *fastjson.Value) bool

// node is an attribute of OCSF: an object with members, or a value.
type node struct {
	members map[string]*node
	set     setter     // nil: the value goes to attrs
	rows    func() int // of the column that set appends to
	drop    bool       // says nothing that the row does not say already
}

// at is the node of a path such as "src_endpoint.ip", made if need be.
func (n *node) at(path string) *node {
	for name := range strings.SplitSeq(path, ".") {
		child := n.members[name]
		if child == nil {
			child = &node{}
			if n.members == nil {
				n.members = map[string]*node{}
			}
			n.members[name] = child
		}
		n = child
	}
	return n
}

// body walks the attributes of one event into columns; those without a column
// go to attrs under their path.
type body struct {
	root  *node
	attrs *column.Map
	row   int

	// The attribute being visited.
	node    *node
	path    []byte
	scratch []byte
	visit   func(key []byte, v *fastjson.Value)
}

func newBody(root *node, attrs *column.Map) *body {
	b := &body{root: root, attrs: attrs}
	b.visit = b.member
	return b
}

// walk takes apart o, the body of the event that becomes row number row.
func (b *body) walk(o *fastjson.Object, row int) {
	b.row, b.node, b.path = row, b.root, b.path[:0]
	o.Visit(b.visit)
}

func (b *body) member(key []byte, v *fastjson.Value) {
	parent, length := b.node, len(b.path)
	b.node = nil
	if parent != nil {
		b.node = parent.members[string(key)]
	}
	if length > 0 {
		b.path = append(b.path, '.')
	}
	b.path = append(b.path, key...)
	b.value(v)
	b.node, b.path = parent, b.path[:length]
}

func (b *body) value(v *fastjson.Value) {
	n := b.node
	switch {
	case n != nil && n.drop:
	case v.Type() == fastjson.TypeObject:
		v.GetObject().Visit(b.visit)
	case n != nil && n.set != nil && n.rows() == b.row && n.set(v):
	case v.Type() != fastjson.TypeNull:
		b.attrs.Keys.Append(view(b.path))
		b.attrs.Values.AppendBytes(b.plain(v))
	}
}

// plain is v as text: strings as they are, the rest as JSON.
func (b *body) plain(v *fastjson.Value) []byte {
	if v.Type() == fastjson.TypeString {
		return v.GetStringBytes()
	}
	b.scratch = v.MarshalTo(b.scratch[:0])
	return b.scratch
}

// view is b as a string without a copy; it changes when b does.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func setWord(c *column.Words) setter {
	return func(v *fastjson.Value) bool {
		if v.Type() != fastjson.TypeString {
			return false
		}
		c.Append(view(v.GetStringBytes()))
		return true
	}
}

func setText(c *column.String) setter {
	return func(v *fastjson.Value) bool {
		if v.Type() != fastjson.TypeString {
			return false
		}
		c.AppendBytes(v.GetStringBytes())
		return true
	}
}

func setInt(c interface{ AppendInt(n int64) bool }) setter {
	return func(v *fastjson.Value) bool {
		n, err := v.Int64()
		return err == nil && c.AppendInt(n)
	}
}

// setMilli takes milliseconds since 1970 that DateTime64(3) can hold.
func setMilli(c *column.Int64) setter {
	return func(v *fastjson.Value) bool {
		n, err := v.Int64()
		return err == nil && n >= minMilli && n <= maxMilli && c.AppendInt(n)
	}
}

func setSeverity(c *column.Int8) setter {
	return func(v *fastjson.Value) bool {
		n, err := v.Int()
		if err != nil {
			return false
		}
		c.Append(severityOf(n))
		return true
	}
}

func setAddr(c *column.Addrs) setter {
	return func(v *fastjson.Value) bool {
		if v.Type() != fastjson.TypeString {
			return false
		}
		a, err := netip.ParseAddr(view(v.GetStringBytes()))
		if err != nil || a.Zone() != "" {
			return false
		}
		c.Append(a)
		return true
	}
}
