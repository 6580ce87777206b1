package history

import (
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon/internal/canon"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// A setter appends v to a column, or says no and appends nothing.
type setter func(v canon.Value) bool

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
	doc   canon.Document
	loose loose
	tree  *fastjson.Object // of a body that is not canonical, else nil
	row   int

	// The object being walked.
	members cursor
	path    []byte // of it, with a dot at the end; empty at the top
}

func newBody(root *node, attrs *column.Map) *body {
	b := &body{root: root, attrs: attrs}
	b.loose.visit = b.visit
	return b
}

// read reads the body of an event for walk.
func (b *body) read(body []byte) error {
	b.tree = nil
	if b.doc.Read(body) {
		return nil
	}
	var err error
	b.tree, err = b.loose.read(body)
	return err
}

// walk takes apart the body that was read, of the event that becomes row number
// row.
func (b *body) walk(row int) {
	b.row, b.members, b.path = row, cursor{members: b.root.members}, b.path[:0]
	if b.tree != nil {
		b.tree.Visit(b.loose.visit)
		return
	}
	b.between(0, b.doc.Len())
}

// between walks the members of the canonical body from one to before another.
func (b *body) between(from, to int) {
	for i := from; i < to; i = b.doc.Next(i) {
		key := b.doc.Key(i)
		n := b.members.find(view(key))
		if b.doc.Kind(i) != canon.Object {
			b.value(key, n, b.doc.Value(i))
			continue
		}
		outer := b.enter(key, n)
		b.between(i+1, b.doc.Next(i))
		b.leave(outer)
	}
}

// value puts the value v of node n, which may be nil, where it belongs.
func (b *body) value(key []byte, n *node, v canon.Value) {
	switch {
	case n != nil && n.set != nil && n.rows() == b.row && n.set(v):
	case n != nil && n.same != nil && n.same(v):
	case !empty(v):
		length := len(b.path)
		b.path = append(b.path, key...)
		b.attrs.Keys.Append(view(b.path))
		b.attrs.Values.AppendBytes(v.Text)
		b.path = b.path[:length]
	}
}

// outer is an object that is left for one within.
type outer struct {
	members cursor
	path    int
}

// enter goes into the object at key, whose node may be nil.
func (b *body) enter(key []byte, n *node) outer {
	o := outer{b.members, len(b.path)}
	b.members = cursor{}
	if n != nil {
		b.members.members = n.members
	}
	b.path = append(append(b.path, key...), '.')
	return o
}

// leave goes back to o.
func (b *body) leave(o outer) { b.members, b.path = o.members, b.path[:o.path] }

// empty reports whether v says nothing.
func empty(v canon.Value) bool {
	return v.Kind == canon.Null || v.Kind == canon.String && len(v.Text) == 0
}
