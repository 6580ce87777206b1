package scan

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Paths is a compiled set of paths. It never changes and may be shared.
type Paths struct {
	count  int
	edges  []edge
	copies [][2]int // slots that say the same as another: from, to
	roots  []int    // slots of the empty path, the object itself
}

// edge is one wanted key of an object on the way to a wanted path. Those of one
// object stand together in ascending order, and behind them one that comes
// after every key.
type edge struct {
	text  window // what the body has for key: it, a quote and a colon
	mask  window // of as much of text as there is
	least uint64 // a body has less in the first eight bytes of a key: it is not wanted
	most  uint64 // a body has more there: the key is greater
	heads heads
	key   string
	size  int32 // of key, or last
	slot  int32 // of the path that ends here, or none
	child int32 // first edge of the object here, or none
	up    int32 // edge that leads to the object that this one is in, or none
	done  bool  // behind the last one: no edge of an object around is wanted then, nor its end
}

const (
	none = -1
	last = math.MaxInt32 // size of what is behind the last edge of an object

	short int32 = width - 2 // size of a key that fits into a window with a quote and a colon
)

// heads is the first 16 bytes of a key as numbers that are ordered as keys are,
// zeros behind shorter ones.
type heads struct{ a, b uint64 }

func (h heads) less(o heads) bool { return h.a < o.a || h.a == o.a && h.b < o.b }

// Compile returns the set of paths. The number of a path is its index.
func Compile(paths [][]string) *Paths {
	p := &Paths{count: len(paths)}
	root := &node{slot: none}
	for i, path := range paths {
		n := root.at(path)
		switch {
		case len(path) == 0:
			p.roots = append(p.roots, i)
		case n.slot == none:
			n.slot = int32(i)
		default:
			p.copies = append(p.copies, [2]int{int(n.slot), i})
		}
	}
	p.flatten(root, none)
	return p
}

// Len is the number of paths.
func (p *Paths) Len() int { return p.count }

// node is an object, or what a path ends at, while paths are compiled.
type node struct {
	key      string
	slot     int32
	children []*node
}

func (n *node) at(path []string) *node {
	for _, key := range path {
		i, found := slices.BinarySearchFunc(n.children, key, func(c *node, key string) int { return cmp.Compare(c.key, key) })
		if !found {
			n.children = slices.Insert(n.children, i, &node{key: strings.Clone(key), slot: none})
		}
		n = n.children[i]
	}
	return n
}

// flatten appends the edges below n, to which edge up leads.
func (p *Paths) flatten(n *node, up int32) {
	first := len(p.edges)
	for _, c := range n.children {
		e := edge{heads: headsOf([]byte(c.key)), key: c.key, size: int32(len(c.key)), slot: c.slot, child: none, up: up}
		e.text, e.mask = match(c.key)
		e.least, e.most = bounds(n.children, c.key)
		p.edges = append(p.edges, e)
	}
	end := edge{heads: heads{^uint64(0), ^uint64(0)}, size: last, slot: none, child: none, up: up, done: p.done(up)}
	end.text, end.mask = nothing()
	end.least, end.most = bounds(n.children, "\xff\xff\xff\xff\xff\xff\xff\xff")
	p.edges = append(p.edges, end)
	for i, c := range n.children {
		if len(c.children) > 0 {
			at := int32(first + i)
			p.edges[at].child = int32(len(p.edges))
			p.flatten(c, at)
		}
	}
}

// done reports whether nothing can be found any more when the object that edge
// up leads to holds no wanted key any more. Edges around it are there already.
func (p *Paths) done(up int32) bool {
	return up == none || p.edges[up].slot == none && p.edges[up+1].done
}
