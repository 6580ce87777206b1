package wkafka

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// member is what the leader of a group knows of a member.
type member struct {
	id string // the coordinator's, or the static instance's
	subscription
}

// assign shares out the partitions among members. sizes holds the number of
// partitions of every topic. The result depends on its arguments alone.
//
// What is shared out is partition numbers: the holder of number 3 gets
// partition 3 of every topic, so that streams over topics that are partitioned
// alike stay together. (Topics that not all members subscribe to are shared out
// apart.) Every member gets as many numbers as any other, or one more. A member
// keeps what it has up to that, so that one member more or less moves only what
// it must.
//
// It is cooperative (KIP-429): a partition that another member still owns is
// given to nobody. That member sees that it is not in its assignment, gives it
// up and joins again, and the next round hands it over.
func assign(members []member, sizes map[string]int) map[string]partitions {
	members = slices.SortedFunc(slices.Values(members), func(a, b member) int { return strings.Compare(a.id, b.id) })
	a := &assignor{members: members, sizes: sizes, load: make([]int, len(members)), result: make(map[string]partitions, len(members))}
	for _, m := range members {
		a.result[m.id] = partitions{}
	}
	for _, c := range a.classes() {
		a.share(c)
	}
	for _, p := range a.result {
		p.sort()
	}
	return a.result
}

type assignor struct {
	members []member // by id; elsewhere a member is an index into this
	sizes   map[string]int
	load    []int // partitions that a member has been meant for
	result  map[string]partitions
}

// class is topics with the same subscribers.
type class struct {
	topics  []string
	members []int
	numbers int // partitions of the largest topic
}

func (a *assignor) classes() []*class {
	byMembers := map[string]*class{}
	for _, topic := range a.topics() {
		var c class
		var key strings.Builder
		for i, m := range a.members {
			if slices.Contains(m.topics, topic) {
				c.members = append(c.members, i)
				key.WriteString(m.id)
				key.WriteByte(0)
			}
		}
		known := byMembers[key.String()]
		if known == nil {
			known = &c
			byMembers[key.String()] = known
		}
		known.topics = append(known.topics, topic)
		known.numbers = max(known.numbers, a.sizes[topic])
	}
	list := make([]*class, 0, len(byMembers))
	for _, c := range byMembers {
		list = append(list, c)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].topics[0] < list[j].topics[0] })
	return list
}

// topics are those that anybody subscribes to, sorted.
func (a *assignor) topics() []string {
	all := partitions{}
	for _, m := range a.members {
		for _, t := range m.topics {
			all[t] = nil
		}
	}
	return all.topics()
}

// share hands out the numbers of c.
func (a *assignor) share(c *class) {
	owners := make([]int, c.numbers)
	has := make([]int, len(a.members))
	for n := range owners {
		owners[n] = a.owner(c, n)
		if owners[n] >= 0 {
			has[owners[n]]++
		}
	}
	quota := a.quotas(c, has)
	clear(has)
	for n, m := range owners {
		if m < 0 || has[m] == quota[m] {
			owners[n] = -1
			continue
		}
		has[m]++
	}
	for n, m := range owners {
		if m < 0 {
			m = a.neediest(c, quota, has)
			has[m]++
		}
		a.give(c, n, m)
	}
}

// owner is the member that owns most of number n, or -1.
func (a *assignor) owner(c *class, n int) int {
	best, most := -1, 0
	for _, m := range c.members {
		owned := 0
		for _, t := range c.topics {
			if a.members[m].owned.has(t, n) {
				owned++
			}
		}
		if owned > most {
			best, most = m, owned
		}
	}
	return best
}

// quotas says how many numbers each member may hold: those that have most get
// what does not divide evenly.
func (a *assignor) quotas(c *class, has []int) []int {
	order := slices.SortedStableFunc(slices.Values(c.members), func(x, y int) int {
		return cmp.Or(cmp.Compare(has[y], has[x]), cmp.Compare(a.load[x], a.load[y]))
	})
	quota := make([]int, len(a.members))
	for i, m := range order {
		quota[m] = c.numbers / len(order)
		if i < c.numbers%len(order) {
			quota[m]++
		}
	}
	return quota
}

// neediest is the member that lacks most.
func (a *assignor) neediest(c *class, quota, has []int) int {
	return slices.MinFunc(c.members, func(x, y int) int {
		return cmp.Or(cmp.Compare(quota[y]-has[y], quota[x]-has[x]), cmp.Compare(a.load[x], a.load[y]))
	})
}

// give means number n for m. It gets those partitions that no other member
// owns.
func (a *assignor) give(c *class, n, m int) {
	for _, t := range c.topics {
		if n >= a.sizes[t] {
			continue
		}
		a.load[m]++
		if !a.ownedByOther(t, n, m) {
			a.result[a.members[m].id].add(t, n)
		}
	}
}

func (a *assignor) ownedByOther(topic string, partition, m int) bool {
	for i := range a.members {
		if i != m && a.members[i].owned.has(topic, partition) {
			return true
		}
	}
	return false
}
