package wkafka

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// group is a group of members on paper: rounds of joins, each with what the
// last assignment left a member.
type paperGroup map[string]*subscription

func (g paperGroup) members() []member {
	var list []member
	for id, s := range g {
		list = append(list, member{id, *s})
	}
	return list
}

// round assigns once and reports whether a member has to give something up.
func (g paperGroup) round(t *testing.T, sizes map[string]int) (again bool) {
	t.Helper()
	result := assign(g.members(), sizes)
	for id, p := range result {
		for topic, parts := range p {
			for _, n := range parts {
				for other, s := range g {
					if other != id && s.owned.has(topic, n) {
						t.Errorf("assign(...) gives %s to %s while %s owns it", name(topic, n), id, other)
					}
				}
			}
		}
	}
	for id, s := range g {
		for topic, parts := range s.owned {
			for _, n := range parts {
				again = again || !result[id].has(topic, n)
			}
		}
		s.owned = result[id]
	}
	return again
}

// settle goes on until nothing moves.
func (g paperGroup) settle(t *testing.T, sizes map[string]int) {
	t.Helper()
	for range 3 {
		if !g.round(t, sizes) {
			return
		}
	}
	t.Error("a third round still takes partitions away")
}

func (g paperGroup) join(id string, topics ...string) {
	g[id] = &subscription{topics: topics, owned: partitions{}}
}

// held is who holds what.
func (g paperGroup) held() map[string]partitions {
	held := map[string]partitions{}
	for id, s := range g {
		held[id] = s.owned
	}
	return held
}

func TestAssign(t *testing.T) {
	two := map[string]int{"a": 4, "b": 4}
	tests := []struct {
		name  string
		sizes map[string]int
		steps func(g paperGroup, settle func())
		want  map[string]partitions
	}{
		{"alone", two, func(g paperGroup, settle func()) { g.join("x", "a", "b") },
			map[string]partitions{"x": {"a": {0, 1, 2, 3}, "b": {0, 1, 2, 3}}}},
		{"two at once", two, func(g paperGroup, settle func()) { g.join("x", "a", "b"); g.join("y", "a", "b") },
			map[string]partitions{"x": {"a": {0, 2}, "b": {0, 2}}, "y": {"a": {1, 3}, "b": {1, 3}}}},
		{"one more", two, func(g paperGroup, settle func()) { g.join("x", "a", "b"); settle(); g.join("y", "a", "b") },
			map[string]partitions{"x": {"a": {0, 1}, "b": {0, 1}}, "y": {"a": {2, 3}, "b": {2, 3}}}},
		{"one less", two, func(g paperGroup, settle func()) {
			g.join("x", "a")
			g.join("y", "a")
			g.join("z", "a")
			settle()
			delete(g, "y")
		}, map[string]partitions{"x": {"a": {0, 3}}, "z": {"a": {1, 2}}}},
		{"more members than partitions", map[string]int{"a": 1}, func(g paperGroup, settle func()) { g.join("x", "a"); settle(); g.join("w", "a") },
			map[string]partitions{"w": {}, "x": {"a": {0}}}},
		{"a topic grows", map[string]int{"a": 3}, func(g paperGroup, settle func()) {
			g.join("x", "a")
			g["x"].owned = partitions{"a": {0}}
		}, map[string]partitions{"x": {"a": {0, 1, 2}}}},
		{"a topic is added by an upgrade", two, func(g paperGroup, settle func()) { g.join("x", "a"); settle(); g.join("y", "a", "b") },
			map[string]partitions{"x": {"a": {0, 1}}, "y": {"a": {2, 3}, "b": {0, 1, 2, 3}}}},
		{"topics of different size", map[string]int{"a": 1, "b": 3}, func(g paperGroup, settle func()) { g.join("x", "a", "b"); g.join("y", "a", "b") },
			map[string]partitions{"x": {"a": {0}, "b": {0, 2}}, "y": {"b": {1}}}},
		{"a number that was torn apart", two, func(g paperGroup, settle func()) {
			g.join("x", "a", "b")
			g.join("y", "a", "b")
			g["x"].owned = partitions{"a": {0, 1, 2}, "b": {0, 1, 3}}
			g["y"].owned = partitions{"a": {3}, "b": {2}}
		}, map[string]partitions{"x": {"a": {0, 1}, "b": {0, 1}}, "y": {"a": {2, 3}, "b": {2, 3}}}},
		{"no such topic", nil, func(g paperGroup, settle func()) { g.join("x", "a") }, map[string]partitions{"x": {}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := paperGroup{}
			settle := func() { g.settle(t, tt.sizes) }
			tt.steps(g, settle)
			settle()
			if diff := cmp.Diff(tt.want, g.held()); diff != "" {
				t.Errorf("assignment differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAssignChurn lets members come and go: every partition has a holder, none
// has two, numbers stay together, shares are even, and no more numbers move
// than must.
func TestAssignChurn(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	sizes := map[string]int{"a": 24, "b": 24, "c": 12}
	g := paperGroup{}
	for step := range 300 {
		before := g.numbers()
		if id := fmt.Sprint("m", rnd.IntN(9)); g[id] != nil && len(g) > 1 {
			delete(g, id)
		} else if g[id] == nil {
			g.join(id, "a", "b", "c")
		}
		g.settle(t, sizes)
		after := g.numbers()
		if moved, must := moves(before, after), mustMove(before, g); moved != must {
			t.Errorf("step %d, %d members: %d numbers moved; want %d", step, len(g), moved, must)
		}
		checkShares(t, g, after)
	}
}

// numbers says who holds each partition number, of every topic.
func (g paperGroup) numbers() map[int]string {
	held := map[int]string{}
	for id, s := range g {
		for _, n := range s.owned["a"] {
			held[n] = id
		}
	}
	return held
}

func moves(before, after map[int]string) int {
	n := 0
	for number, id := range before {
		if after[number] != id {
			n++
		}
	}
	return n
}

// mustMove counts the numbers whose holder is gone, and those above the fair
// share of holders that stay: as many of them as divide so may have one more.
func mustMove(before map[int]string, g paperGroup) int {
	has := map[string]int{}
	gone := 0
	for _, id := range before {
		if g[id] == nil {
			gone++
			continue
		}
		has[id]++
	}
	share, more := 24/len(g), 24%len(g)
	for _, n := range has {
		if n > share && more > 0 {
			more--
			n--
		}
		gone += max(0, n-share)
	}
	return gone
}

func checkShares(t *testing.T, g paperGroup, numbers map[int]string) {
	t.Helper()
	if len(numbers) != 24 {
		t.Errorf("%d of 24 numbers have a holder", len(numbers))
	}
	total := 0
	for id, s := range g {
		if n := len(s.owned["a"]); n < 24/len(g) || n > (24+len(g)-1)/len(g) {
			t.Errorf("%s of %d members holds %d numbers", id, len(g), n)
		}
		if diff := cmp.Diff(s.owned["a"], s.owned["b"]); diff != "" {
			t.Errorf("%s holds other numbers of b than of a:\n%s", id, diff)
		}
		for _, n := range s.owned["c"] {
			if numbers[n] != id {
				t.Errorf("%s holds c/%d without a/%d", id, n, n)
			}
		}
		total += s.owned.count()
	}
	if total != 24+24+12 {
		t.Errorf("members hold %d partitions; want each once", total)
	}
}
