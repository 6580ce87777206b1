package engine

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"sort"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// bitset is a set of the clauses of a group, by their numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) set(i int) { b[i/64] |= 1 << (i % 64) }

func (b bitset) and(o bitset) {
	for i, w := range o[:len(b)] {
		b[i] &= w
	}
}

func (b bitset) or(o bitset) {
	for i, w := range o[:len(b)] {
		b[i] |= w
	}
}

func (b bitset) meets(o bitset) bool {
	for i, w := range o[:len(b)] {
		if b[i]&w != 0 {
			return true
		}
	}
	return false
}

// common is how many are in both b and o.
func (b bitset) common(o bitset) int {
	n := 0
	for i, w := range o[:len(b)] {
		n += bits.OnesCount64(b[i] & w)
	}
	return n
}

// column is what the clauses of a group say about one place by one kind of
// test, each clause at most once.
type column struct {
	from  place
	has   bitset // clauses with an atom here
	count int    // how many
	keep  keeper
}

// ordered returns cols so that those come first that drop most clauses for what
// they cost, as far as those before them have left any.
func ordered(all bitset, cols []column) []column {
	alive := slices.Clone(all)
	for done := range cols {
		best, most := done, 0.0
		left := alive.common(alive)
		for i := done; i < len(cols) && left > 0; i++ {
			c := &cols[i]
			gain := float64(left-alive.common(c.keep.typical())) / float64(c.keep.cost())
			if gain > most || gain == most && c.count > cols[best].count {
				best, most = i, gain
			}
		}
		if most == 0 {
			slices.SortStableFunc(cols[done:], func(a, b column) int { return cmp.Compare(b.count, a.count) })
			break
		}
		cols[done], cols[best] = cols[best], cols[done]
		alive.and(cols[done].keep.typical())
	}
	return cols
}

// keeper knows which clauses v leaves standing. Those without an atom in the
// column are always among them.
type keeper interface {
	// keep returns nil, for all, where v does not say for sure.
	keep(v value, scratch bitset) bitset
	// typical is what most values leave standing, as far as one can tell
	// without having seen any: they are in no set and have none of the words.
	typical() bitset
	// cost is about how dear keep is, as a multiple of a look at the kind.
	cost() int
}

// rowAtom is what one clause has in a column.
type rowAtom struct {
	clause int
	atom   *atom
}

// newColumn makes the column of rows, which share place and family.
func newColumn(clauses int, rows []rowAtom) column {
	c := column{from: rows[0].atom.from, has: newBitset(clauses), count: len(rows)}
	for _, r := range rows {
		c.has.set(r.clause)
	}
	others := newBitset(clauses)
	for i := range others {
		others[i] = ^c.has[i]
	}
	switch rows[0].atom.test {
	case isIn:
		c.keep = newInKeeper(others, rows)
	case isOrdered:
		c.keep = newOrderKeeper(others, rows)
	case hasPrefix, hasSuffix:
		c.keep = newEndKeeper(others, rows)
	case hasPart:
		c.keep = newPartKeeper(others, rows)
	case isWithin:
		c.keep = newNetKeeper(others, rows)
	default:
		c.keep = newKindKeeper(others, rows)
	}
	return c
}

// kept is what is left of others and the clauses whose atom is not certainly
// false for v.
func kept(others bitset, rows []rowAtom, v value) bitset {
	b := slices.Clone(others)
	for _, r := range rows {
		if r.atom.of(v) != no {
			b.set(r.clause)
		}
	}
	return b
}

// kindKeeper is for tests that only look at the kind of the value.
type kindKeeper [scan.Array + 1]bitset

func newKindKeeper(others bitset, rows []rowAtom) *kindKeeper {
	var k kindKeeper
	for kind := range k {
		k[kind] = kept(others, rows, value{kind: scan.Kind(kind)})
	}
	return &k
}

func (k *kindKeeper) typical() bitset { return k[scan.String] }

func (k *kindKeeper) cost() int { return 1 }

func (k *kindKeeper) keep(v value, _ bitset) bitset {
	if v.kind == unknown {
		return nil
	}
	return k[v.kind]
}

// inKeeper finds clauses by the scalars in their sets.
type inKeeper struct {
	texts   map[string]bitset
	numbers map[float64]bitset
	kinds   kindKeeper // of values that are in no set; true, false and null are as they are
}

func newInKeeper(others bitset, rows []rowAtom) *inKeeper {
	k := &inKeeper{texts: map[string]bitset{}, numbers: map[float64]bitset{}}
	for kind := range k.kinds {
		k.kinds[kind] = kept(others, rows, value{kind: scan.Kind(kind)})
	}
	k.kinds[scan.String] = noneOf(others, rows)
	k.kinds[scan.Number] = k.kinds[scan.String]
	for _, r := range rows {
		for text := range r.atom.set.texts {
			if k.texts[text] == nil {
				k.texts[text] = slices.Clone(k.kinds[scan.String])
			}
		}
		for n := range r.atom.set.numbers {
			if k.numbers[n] == nil {
				k.numbers[n] = slices.Clone(k.kinds[scan.Number])
			}
		}
	}
	for _, r := range rows {
		for text := range r.atom.set.texts {
			k.texts[text].put(r.clause, !r.atom.not)
		}
		for n := range r.atom.set.numbers {
			k.numbers[n].put(r.clause, !r.atom.not)
		}
	}
	return k
}

// noneOf is what a value leaves that is in no set.
func noneOf(others bitset, rows []rowAtom) bitset {
	b := slices.Clone(others)
	for _, r := range rows {
		if r.atom.not {
			b.set(r.clause)
		}
	}
	return b
}

func (b bitset) put(i int, in bool) {
	if in {
		b.set(i)
		return
	}
	b[i/64] &^= 1 << (i % 64)
}

func (k *inKeeper) typical() bitset { return k.kinds[scan.String] }

func (k *inKeeper) cost() int { return 2 }

func (k *inKeeper) keep(v value, _ bitset) bitset {
	switch {
	case v.kind == unknown || v.unsure:
		return nil
	case v.kind == scan.String:
		if b, ok := k.texts[v.text]; ok {
			return b
		}
	case v.kind == scan.Number:
		if b, ok := k.numbers[v.number]; ok {
			return b
		}
	}
	return k.kinds[v.kind]
}

// orderKeeper finds clauses by where a number lies among the numbers that they
// compare it with.
type orderKeeper struct {
	cuts    []float64 // ascending, each once
	regions []bitset  // below the first cut, at it, between it and the next, and so on
	kinds   kindKeeper
}

func newOrderKeeper(others bitset, rows []rowAtom) *orderKeeper {
	k := &orderKeeper{}
	for kind := range k.kinds {
		k.kinds[kind] = kept(others, rows, value{kind: scan.Kind(kind)})
	}
	cuts := map[float64]struct{}{}
	for _, r := range rows {
		cuts[r.atom.than] = struct{}{}
	}
	k.cuts = slices.Sorted(maps.Keys(cuts))
	k.regions = make([]bitset, 2*len(k.cuts)+1)
	for i := range k.regions {
		k.regions[i] = slices.Clone(others)
	}
	for _, r := range rows {
		k.fill(r)
	}
	return k
}

// fill adds r to the regions where it holds.
func (k *orderKeeper) fill(r rowAtom) {
	cut, _ := slices.BinarySearch(k.cuts, r.atom.than)
	at := 2*cut + 1
	from, to := 0, at // less
	switch r.atom.op {
	case opLessEqual:
		to = at + 1
	case opGreater:
		from, to = at+1, len(k.regions)
	case opGreaterEqual:
		from, to = at, len(k.regions)
	}
	for i := range k.regions {
		if inside := from <= i && i < to; inside != r.atom.not {
			k.regions[i].set(r.clause)
		}
	}
}

func (k *orderKeeper) typical() bitset { return k.regions[len(k.regions)/2] }

func (k *orderKeeper) cost() int { return 3 }

func (k *orderKeeper) keep(v value, _ bitset) bitset {
	switch {
	case v.kind == unknown || v.unsure && v.kind == scan.Number:
		return nil
	case v.kind != scan.Number:
		return k.kinds[v.kind]
	}
	i := sort.SearchFloat64s(k.cuts, v.number)
	if i < len(k.cuts) && k.cuts[i] == v.number {
		return k.regions[2*i+1]
	}
	return k.regions[2*i]
}
