package engine

import (
	"net/netip"
	"slices"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// textKeeper is what the keepers have in common that look at texts: what they
// know of other values, and that these are not theirs to judge.
type textKeeper struct {
	others  bitset
	missing bitset
}

func newTextKeeper(others bitset, rows []rowAtom) textKeeper {
	return textKeeper{others: others, missing: kept(others, rows, value{})}
}

func (k *textKeeper) typical() bitset { return k.others }

// start puts the clauses that say nothing into scratch. It returns false where
// v is no text that is known, with what v leaves standing.
func (k *textKeeper) start(v value, scratch bitset) (left bitset, ok bool) {
	switch {
	case v.kind == scan.Missing:
		return k.missing, false
	case v.kind != scan.String || v.unsure:
		return nil, false
	}
	copy(scratch, k.others)
	return scratch, true
}

// endKeeper finds clauses by what a text begins or ends with, of every length
// that occurs.
type endKeeper struct {
	textKeeper
	tail    bool  // ends
	lengths []int // ascending
	words   map[string]bitset
}

func newEndKeeper(others bitset, rows []rowAtom) *endKeeper {
	k := &endKeeper{textKeeper: newTextKeeper(others, rows), tail: rows[0].atom.test == hasSuffix, words: map[string]bitset{}}
	for _, r := range rows {
		for _, w := range r.atom.words {
			if k.words[w] == nil {
				k.words[w] = make(bitset, len(others))
			}
			k.words[w].set(r.clause)
			if i, known := slices.BinarySearch(k.lengths, len(w)); !known {
				k.lengths = slices.Insert(k.lengths, i, len(w))
			}
		}
	}
	return k
}

func (k *endKeeper) cost() int { return 2 + 2*len(k.lengths) }

func (k *endKeeper) keep(v value, scratch bitset) bitset {
	left, ok := k.start(v, scratch)
	if !ok {
		return left
	}
	for _, n := range k.lengths {
		if n > len(v.text) {
			break
		}
		end := v.text[:n]
		if k.tail {
			end = v.text[len(v.text)-n:]
		}
		if b, ok := k.words[end]; ok {
			left.or(b)
		}
	}
	return left
}

// netKeeper finds clauses by the nets that an address is in, of every length of
// a prefix that occurs.
type netKeeper struct {
	textKeeper
	lengths [2][]int // of IPv4 and IPv6, ascending
	nets    map[netip.Prefix]bitset
}

func newNetKeeper(others bitset, rows []rowAtom) *netKeeper {
	k := &netKeeper{textKeeper: newTextKeeper(others, rows), nets: map[netip.Prefix]bitset{}}
	for _, r := range rows {
		for _, n := range r.atom.nets {
			if k.nets[n] == nil {
				k.nets[n] = make(bitset, len(others))
			}
			k.nets[n].set(r.clause)
			l := &k.lengths[version(n.Addr())]
			if i, known := slices.BinarySearch(*l, n.Bits()); !known {
				*l = slices.Insert(*l, i, n.Bits())
			}
		}
	}
	return k
}

// version is 0 for an address of IPv4, 1 for one of IPv6.
func version(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

func (k *netKeeper) cost() int { return 4 + 3*max(len(k.lengths[0]), len(k.lengths[1])) }

func (k *netKeeper) keep(v value, scratch bitset) bitset {
	left, ok := k.start(v, scratch)
	if !ok {
		return left
	}
	addr, ok := plainAddress(v.text)
	if !ok {
		return nil
	}
	for _, n := range k.lengths[version(addr)] {
		if net, err := addr.Prefix(n); err == nil {
			if b, ok := k.nets[net]; ok {
				left.or(b)
			}
		}
	}
	return left
}
