package engine

import (
	"maps"
	"slices"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// indexMutants are faults of the index in front of the machine.
func indexMutants() []mutant {
	return []mutant{
		{"a text with escapes is taken as it stands", eachValue(func(_ *column, v value) value {
			v.unsure = v.unsure && v.kind != scan.String
			return v
		})},
		{"a long number is taken for the nearest double", eachValue(func(_ *column, v value) value {
			v.unsure = v.unsure && v.kind != scan.Number
			return v
		})},
		{"what is missing is an empty text", eachValue(func(_ *column, v value) value {
			if v.kind == scan.Missing {
				v.kind = scan.String
			}
			return v
		})},
		{"null is missing", eachValue(func(_ *column, v value) value {
			if v.kind == scan.Null {
				v.kind = scan.Missing
			}
			return v
		})},
		{"a table has nothing under numbers", eachValue(func(c *column, v value) value {
			if c.from.table != nil && v.kind == unknown {
				v.kind = scan.Missing
			}
			return v
		})},
		{"a negated range does not hold where nothing is", eachOrder(func(c *column, k *orderKeeper) {
			k.kinds[scan.Missing] = without(c)
		})},
		{"texts are not above numbers", eachOrder(func(c *column, k *orderKeeper) {
			k.kinds[scan.String] = without(c)
		})},
		{"a bound belongs to what is below it", eachOrder(func(_ *column, k *orderKeeper) {
			for i := range k.cuts {
				k.regions[2*i+1] = k.regions[2*i]
			}
		})},
		{"a long beginning or end hides short ones", eachColumn(func(c *column) {
			if k, ok := c.keep.(*endKeeper); ok {
				k.lengths = k.lengths[len(k.lengths)-1:]
			}
		})},
		{"a part at the very end is not seen", eachColumn(func(c *column) {
			if _, ok := c.keep.(*partKeeper); ok {
				c.keep = misread{c.keep, func(v value) value {
					v.text = v.text[:max(0, len(v.text)-1)]
					return v
				}}
			}
		})},
		{"a narrow net hides wide ones", eachColumn(func(c *column) {
			if k, ok := c.keep.(*netKeeper); ok && len(k.lengths[0]) > 0 {
				k.lengths[0] = k.lengths[0][len(k.lengths[0])-1:]
			}
		})},
		{"a set of the index forgets an element", eachAtom(func(a *atom) {
			if a.test != isIn || a.not || len(a.set.texts)+len(a.set.numbers) < 2 {
				return
			}
			a.set = a.set.and(newSet()) // a copy
			if words := slices.Sorted(maps.Keys(a.set.texts)); len(words) > 0 {
				delete(a.set.texts, words[0])
				return
			}
			delete(a.set.numbers, slices.Min(slices.Collect(maps.Keys(a.set.numbers))))
		})},
		{"what columns were not asked for is taken for said", eachGroup(func(_ *index, g *group) {
			for i := range g.members {
				g.members[i].early = nil
			}
		})},
		{"rules of no class are forgotten", eachGroup(func(x *index, g *group) {
			for i, m := range g.members {
				g.all.put(i, g == x.rest || m.key(x.part) != nil)
			}
		})},
		{"what is known of a rule is all that it says", func(e *Engine) {
			for i := range e.event.index.clauses {
				e.event.index.clauses[i].exact = true
			}
		}},
		{"a body is trusted that is not canonical", func(e *Engine) { e.event.trust = true }},
	}
}

// without are the clauses that have nothing in c.
func without(c *column) bitset {
	b := slices.Clone(c.has)
	for i := range b {
		b[i] = ^b[i]
	}
	return b
}

func eachGroup(f func(*index, *group)) func(*Engine) {
	return func(e *Engine) {
		x := e.event.index
		f(x, x.rest)
		for _, g := range x.texts {
			f(x, g)
		}
		for _, g := range x.numbers {
			f(x, g)
		}
	}
}

func eachColumn(f func(*column)) func(*Engine) {
	return eachGroup(func(_ *index, g *group) {
		for i := range g.columns {
			f(&g.columns[i])
		}
	})
}

func eachOrder(f func(*column, *orderKeeper)) func(*Engine) {
	return eachColumn(func(c *column) {
		if k, ok := c.keep.(*orderKeeper); ok {
			f(c, k)
		}
	})
}

// misread is a keeper that is given other values.
type misread struct {
	keeper
	f func(value) value
}

func (m misread) keep(v value, scratch bitset) bitset { return m.keeper.keep(m.f(v), scratch) }

// eachValue has f change what every column is given.
func eachValue(f func(*column, value) value) func(*Engine) {
	return eachColumn(func(c *column) {
		c.keep = misread{c.keep, func(v value) value { return f(c, v) }}
	})
}

// eachAtom changes atoms and makes the index of them anew.
func eachAtom(f func(*atom)) func(*Engine) {
	return func(e *Engine) {
		x := e.event.index
		for i := range x.clauses {
			for j := range x.clauses[i].atoms {
				f(&x.clauses[i].atoms[j])
			}
		}
		var policies []*Policy
		for _, r := range e.runs {
			policies = append(policies, r.Policy)
		}
		x.texts, x.numbers = map[string]*group{}, map[float64]*group{}
		x.parted(policies, e.event.paths)
	}
}
