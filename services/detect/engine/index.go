package engine

import (
	"slices"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// index finds the rules that an event may match, for all policies of a pack at
// once. It never changes.
//
// Every body of every rule is a clause. The clauses are parted by the one path
// that most of them compare with a few constants, the class of the event;
// within a group, each column tells from one scalar which clauses it leaves
// standing. What is left after the last column is decided by its other atoms,
// by the machine or by OPA. A clause is dropped only where one of its atoms is
// certainly false.
type index struct {
	clauses []indexed
	part    int               // path that parts the clauses; -1: none
	finder  *scan.Paths       // of part alone
	texts   map[string]*group // by the value at part
	numbers map[float64]*group
	rest    *group // clauses that compare part with nothing
}

// indexed is a clause with the rule that it belongs to.
type indexed struct {
	clause
	rule int // number of the policy
	at   int // number of the window that the rule observes for, or -1: findings
}

// group is the clauses that may hold for events of one class.
type group struct {
	paths   *scan.Paths
	width   int   // how many
	slots   []int // by the number of a path in the pack: its number here, or -1
	members []groupClause
	all     bitset
	dear    bitset   // clauses with an atom that is not cheap to look at alone
	columns []column // those first that drop most for what they cost
}

// groupClause is a clause of a group.
type groupClause struct {
	*indexed
	early []*atom // in columns
	late  []*atom // not in columns
}

const (
	mostGroups  = 256     // values that part clauses; beyond, others are as good
	mostRegions = 1 << 20 // words of one column about numbers; larger ones are not worth their memory
)

// newIndex indexes policies, whose paths are the numbers of paths.
func newIndex(policies []*Policy, paths []Path) *index {
	a := &atomizer{tables: map[tableID]*table{}}
	x := &index{part: -1, texts: map[string]*group{}, numbers: map[float64]*group{}}
	for i, p := range policies {
		for w, r := range p.observe {
			x.add(i, w, a.clauses(r.native, nil))
		}
		x.add(i, -1, a.clauses(p.findings.native, nil))
	}
	x.choosePart(len(paths))
	x.parted(policies, paths)
	return x
}

func (x *index) add(policy, at int, cs []clause) {
	for _, c := range cs {
		x.clauses = append(x.clauses, indexed{c, policy, at})
	}
}

// key returns the atom of c that says which values there may be at path.
func (c *clause) key(path int) *atom {
	for i := range c.atoms {
		a := &c.atoms[i]
		if a.test == isIn && !a.not && a.from == (place{path: path}) && a.set.keys() {
			return a
		}
	}
	return nil
}

// keys reports whether s is some texts and numbers and nothing else.
func (s *set) keys() bool {
	n := len(s.texts) + len(s.numbers)
	return n > 0 && n <= 16 && !s.yes && !s.no && !s.null && !s.composite
}

// choosePart takes the path that parts most clauses.
func (x *index) choosePart(paths int) {
	most := 1
	for path := range paths {
		n := 0
		values := map[any]struct{}{}
		for i := range x.clauses {
			if a := x.clauses[i].key(path); a != nil {
				n++
				a.set.each(func(v value) { values[v] = struct{}{} })
			}
		}
		if n > most && len(values) <= mostGroups {
			most, x.part = n, path
		}
	}
}

// each calls f for the texts and numbers of s.
func (s *set) each(f func(value)) {
	for text := range s.texts {
		f(value{kind: scan.String, text: text})
	}
	for n := range s.numbers {
		f(value{kind: scan.Number, number: n})
	}
}

// parted makes the groups.
func (x *index) parted(policies []*Policy, paths []Path) {
	var free []int
	texts, numbers := map[string][]int{}, map[float64][]int{}
	for i := range x.clauses {
		a := x.clauses[i].key(x.part)
		if x.part < 0 || a == nil {
			free = append(free, i)
			continue
		}
		for text := range a.set.texts {
			texts[text] = append(texts[text], i)
		}
		for n := range a.set.numbers {
			numbers[n] = append(numbers[n], i)
		}
	}
	b := &groupBuilder{x: x, policies: policies, paths: paths}
	x.rest = b.group(free)
	for text, own := range texts {
		x.texts[text] = b.group(merged(free, own))
	}
	for n, own := range numbers {
		x.numbers[n] = b.group(merged(free, own))
	}
	if x.part >= 0 {
		x.finder = scan.Compile([][]string{paths[x.part]})
	}
}

// merged are the numbers in a and b, ascending.
func merged(a, b []int) []int {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return out
}

type groupBuilder struct {
	x        *index
	policies []*Policy
	paths    []Path
}

// group makes the group of clauses.
func (b *groupBuilder) group(clauses []int) *group {
	g := &group{all: newBitset(len(clauses)), dear: newBitset(len(clauses))}
	for i, n := range clauses {
		g.members = append(g.members, groupClause{indexed: &b.x.clauses[n]})
		g.all.set(i)
	}
	b.columns(g)
	b.scan(g)
	return g
}

// scan makes g find what its atoms and the windows of its rules are about. What
// else the machine wants to know of the few events that reach it is looked up
// then.
func (b *groupBuilder) scan(g *group) {
	used := map[int]struct{}{}
	for _, m := range g.members {
		for i := range m.atoms {
			if a := &m.atoms[i]; a.test != isReading {
				used[a.from.path] = struct{}{}
			}
		}
		if m.at < 0 {
			continue
		}
		w := b.policies[m.rule].windows[m.at]
		for _, p := range w.by {
			used[p] = struct{}{}
		}
		if w.of >= 0 {
			used[w.of] = struct{}{}
		}
	}
	g.slots = make([]int, len(b.paths))
	var list [][]string
	for p := range g.slots {
		g.slots[p] = -1
		if _, ok := used[p]; ok {
			g.slots[p] = len(list)
			list = append(list, b.paths[p])
		}
	}
	g.paths, g.width = scan.Compile(list), len(list)
}

// shelf is where an atom goes: a place, a family of tests, and which atom of
// that kind it is in its clause.
type shelf struct {
	from   place
	family test
	turn   int
}

// columns puts the atoms of g's clauses into columns.
func (b *groupBuilder) columns(g *group) {
	shelves := map[shelf][]rowAtom{}
	var order []shelf
	for i := range g.members {
		m := &g.members[i]
		turns := map[shelf]int{}
		for j := range m.atoms {
			a := &m.atoms[j]
			if b.x.part >= 0 && a == m.key(b.x.part) {
				continue // this is why it is in the group
			}
			family, ok := a.family()
			if !ok {
				m.late = append(m.late, a)
				continue
			}
			m.early = append(m.early, a)
			if a.dear() {
				g.dear.set(i)
			}
			s := shelf{from: a.from, family: family}
			s.turn, turns[s] = turns[s], turns[s]+1
			if shelves[s] == nil {
				order = append(order, s)
			}
			shelves[s] = append(shelves[s], rowAtom{i, a})
		}
	}
	for _, s := range order {
		b.column(g, shelves[s])
	}
	g.columns = ordered(g.all, g.columns)
}

func (b *groupBuilder) column(g *group, rows []rowAtom) {
	if rows[0].atom.test == isOrdered && 2*len(rows)*len(g.all) > mostRegions {
		for _, r := range rows {
			m := &g.members[r.clause]
			m.late = append(m.late, r.atom)
			m.early = slices.DeleteFunc(m.early, func(a *atom) bool { return a == r.atom })
		}
		return
	}
	g.columns = append(g.columns, newColumn(len(g.members), rows))
}

// family is the kind of column that a goes into; false if it is looked at late.
func (a *atom) family() (test, bool) {
	switch a.test {
	case isDefined, isTruthy:
		return isDefined, true
	case isIn, isOrdered:
		return a.test, true
	case hasPrefix, hasSuffix, hasPart, isWithin:
		return a.test, !a.not
	}
	return 0, false
}

// groupOf returns the group of the events with v at the path that parts them,
// nil if that is not known.
func (x *index) groupOf(v value) *group {
	var g *group
	switch {
	case v.unsure:
		return nil
	case v.kind == scan.String:
		g = x.texts[v.text]
	case v.kind == scan.Number:
		g = x.numbers[v.number]
	}
	if g == nil {
		return x.rest
	}
	return g
}
