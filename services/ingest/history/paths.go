package history

import (
	"net/netip"
	"slices"
	"strings"
	"unsafe"

	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// A setter appends v to a column, or says no and appends nothing.
type setter func(v *fastjson.Value) bool

// node is an attribute of OCSF: an object with members, or a value.
type node struct {
	name    string
	members []*node    // by name, ascending
	set     setter     // appends the value to its column; nil: it has none
	rows    func() int // of that column
	same    setter     // reports whether the row says v already; nil: it does not
}

// at is the node of a path such as "src_endpoint.ip", made if need be.
func (n *node) at(path string) *node {
	for name := range strings.SplitSeq(path, ".") {
		i, ok := slices.BinarySearchFunc(n.members, name, func(m *node, name string) int { return strings.Compare(m.name, name) })
		if !ok {
			n.members = slices.Insert(n.members, i, &node{name: name})
		}
		n = n.members[i]
	}
	return n
}

// cursor finds members by name. The keys of a body ascend, so that each is
// found right behind the one before; in any other order all are found as well.
type cursor struct {
	members []*node
	next    int
}

func (c *cursor) find(key string) *node {
	if c.next > 0 && c.members[c.next-1].name >= key {
		c.next = 0
	}
	for ; c.next < len(c.members); c.next++ {
		n := c.members[c.next]
		if n.name == key {
			c.next++
			return n
		}
		if n.name > key {
			return nil
		}
	}
	return nil
}

// body walks the attributes of one event into columns; those without a column
// go to attrs under their path.
type body struct {
	root  *node
	attrs *column.Map
	row   int

	// The object being visited.
	members cursor
	path    []byte // of it, with a dot at the end; empty at the top
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
	b.row, b.members, b.path = row, cursor{members: b.root.members}, b.path[:0]
	o.Visit(b.visit)
}

func (b *body) member(key []byte, v *fastjson.Value) {
	n := b.members.find(view(key))
	switch {
	case v.Type() == fastjson.TypeObject:
		b.object(key, n, v.GetObject())
	case n != nil && n.set != nil && n.rows() == b.row && n.set(v):
	case n != nil && n.same != nil && n.same(v):
	case !empty(v):
		length := len(b.path)
		b.path = append(b.path, key...)
		b.attrs.Keys.Append(view(b.path))
		b.attrs.Values.AppendBytes(b.plain(v))
		b.path = b.path[:length]
	}
}

func (b *body) object(key []byte, n *node, o *fastjson.Object) {
	outer, length := b.members, len(b.path)
	b.members = cursor{}
	if n != nil {
		b.members.members = n.members
	}
	b.path = append(append(b.path, key...), '.')
	o.Visit(b.visit)
	b.members, b.path = outer, b.path[:length]
}

// empty reports whether v says nothing.
func empty(v *fastjson.Value) bool {
	return v.Type() == fastjson.TypeNull || v.Type() == fastjson.TypeString && len(v.GetStringBytes()) == 0
}

// plain is v as text: strings as they are, the rest as JSON.
func (b *body) plain(v *fastjson.Value) []byte {
	if v.Type() == fastjson.TypeString {
		return v.GetStringBytes()
	}
	b.scratch = v.MarshalTo(b.scratch[:0])
	return b.scratch
}

// view is b as a string without a copy. It changes when b does, so that nothing
// may keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) } //nolint:gosec // see above

func setWord(c *column.Words) setter {
	return func(v *fastjson.Value) bool {
		if v.Type() != fastjson.TypeString {
			return false
		}
		c.Append(view(v.GetStringBytes()))
		return true
	}
}

// sameWord reports whether v is the newest value of c.
func sameWord(c *column.Words) setter {
	return func(v *fastjson.Value) bool {
		return v.Type() == fastjson.TypeString && c.Rows() > 0 && string(c.Last()) == view(v.GetStringBytes())
	}
}

// sameInt reports whether v is the newest value of c.
func sameInt(c *column.Int64) setter {
	return func(v *fastjson.Value) bool {
		n, err := v.Int64()
		return err == nil && c.Rows() > 0 && c.Last() == n
	}
}

// always is for attributes that follow from others.
func always(*fastjson.Value) bool { return true }

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

func setBool(c *column.UInt8) setter {
	return func(v *fastjson.Value) bool {
		b, err := v.Bool()
		if err != nil {
			return false
		}
		c.Append(bit(b))
		return true
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
