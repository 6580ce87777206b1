package engine

import (
	"fmt"
	"slices"
	"strings"
)

// node is JSON that can still be changed: text of a scalar, or members of an
// object or array.
type node struct {
	text    string // of a scalar
	open    byte   // '{', '[' or 0
	members []member
}

type member struct {
	key   string // without quotes, empty in arrays
	value *node
}

func scalar(text string) *node { return &node{text: text} }

// value is any JSON; depth bounds it.
func (g gen) value(depth int) *node {
	switch k := g.IntN(14); {
	case k < 9 || depth == 0:
		return g.scalarNode()
	case k < 11:
		n := &node{open: '['}
		for range g.IntN(4) {
			n.members = append(n.members, member{value: g.value(depth - 1)})
		}
		return n
	}
	n := &node{open: '{'}
	for _, key := range []string{"n", "p", "q", "s"} {
		if g.chance(50) {
			n.members = append(n.members, member{key, g.value(depth - 1)})
		}
	}
	return n
}

func (g gen) scalarNode() *node {
	switch g.IntN(10) {
	case 0, 1, 2, 3:
		return scalar(g.number())
	case 4, 5, 6, 7:
		return scalar(`"` + g.word() + `"`)
	}
	return scalar(g.pick("true", "false", "null", `"10.0.0.1"`, `"192.168.0.1"`, `"::1"`, `"10.0.0.0/8"`))
}

// event is an event of the usual shape, before anything goes wrong with it.
func (g gen) event() *node {
	n := &node{open: '{'}
	set := func(path string, percent int, v *node) {
		if g.chance(percent) {
			n.set(strings.Split(path, "."), v)
		}
	}
	n.set([]string{"class_uid"}, scalar(g.pick("4001", "4001", "4003", "4007", "4014", "3002", "1007", "1010", "5001", "5019", "9999")))
	n.set([]string{"device", "uid"}, scalar(g.pick(`"d"`, `"d"`, `"d"`, `"dev-1"`, `"dev-2"`, `"dev-3"`, `"dev-4"`)))
	set("device.type", 70, scalar(g.pick(`"camera"`, `"plc"`, `"cam"`)))
	set("k", 90, scalar(fmt.Sprint(g.IntN(4))))
	set("n", 80, scalar(g.number()))
	set("m", 60, scalar(g.number()))
	set("s", 80, scalar(`"`+g.word()+`"`))
	set("t", 60, scalar(`"`+g.word()+`"`))
	set("b", 60, scalar(g.pick("true", "false")))
	set("ip", 70, scalar(g.pick(`"10.0.0.1"`, `"10.0.0.2"`, `"10.1.2.3"`, `"192.168.0.1"`, `"2001:db8::1"`, `"::1"`)))
	set("o.s", 70, g.value(0))
	set("o.n", 60, scalar(g.number()))
	set("o.p.q", 40, g.value(0))
	set("list", 60, &node{open: '[', members: []member{{value: g.value(1)}, {value: g.value(0)}}})
	set("tags", 30, &node{open: '[', members: []member{{value: scalar(`"` + g.word() + `"`)}}})
	set("objs", 30, &node{open: '[', members: []member{{value: g.value(1)}}})
	set("unused.deep", 30, g.value(2))
	return n
}

// aim makes e much like an event that h is about.
func (g gen) aim(e *node, hints []hint) {
	for _, h := range hints {
		switch {
		case g.chance(80):
			e.set(strings.Split(h.path, "."), scalar(h.value))
		case g.chance(50):
			e.set(strings.Split(h.path, "."), scalar(g.near(h.value)))
		}
	}
}

// near is a value beside v: a number a little higher, a text a little longer.
func (g gen) near(v string) string {
	switch {
	case strings.Contains(v, `\`):
		return `""`
	case strings.HasPrefix(v, `"`):
		return g.pick(strings.ToUpper(v[:len(v)-1])+`"`, v[:len(v)-1]+`x"`, `"x`+v[1:], `""`, `[`+v+`]`)
	case v != "" && strings.ContainsAny(v[:1], "-0123456789") && !strings.ContainsAny(v, ".eE"):
		return g.pick(v+".0", v+"e0", v+".00000000000000001", "1"+strings.TrimPrefix(v, "-"), `"`+v+`"`, v[:len(v)-1]+"7")
	}
	return g.pick("null", "0", `"`+g.word()+`"`)
}

// mutate does to e what devices do: other types, missing fields.
func (g gen) mutate(e *node) {
	for range 1 + g.IntN(3) {
		path := strings.Split(g.pick(g.field(), g.field(), "class_uid", "device", "objs", "tags"), ".")
		if g.chance(40) {
			e.remove(path)
			continue
		}
		e.set(path, g.value(2))
	}
}

// set puts v at path; what stands in the way and is no object stays.
func (n *node) set(path []string, v *node) {
	if n.open != '{' {
		return
	}
	i := slices.IndexFunc(n.members, func(m member) bool { return m.key == path[0] })
	if i < 0 {
		i = len(n.members)
		n.members = append(n.members, member{path[0], &node{open: '{'}})
	}
	if len(path) == 1 {
		n.members[i].value = v
		return
	}
	n.members[i].value.set(path[1:], v)
}

func (n *node) remove(path []string) {
	i := slices.IndexFunc(n.members, func(m member) bool { return m.key == path[0] })
	switch {
	case n.open != '{' || i < 0:
	case len(path) == 1:
		n.members = slices.Delete(n.members, i, i+1)
	default:
		n.members[i].value.remove(path[1:])
	}
}

// canonical writes n as ingest writes events.
func (n *node) canonical(b *strings.Builder) {
	if n.open == 0 {
		b.WriteString(n.text)
		return
	}
	members := slices.Clone(n.members)
	slices.SortStableFunc(members, func(a, c member) int { return strings.Compare(a.key, c.key) })
	n.write(b, members, ",", (*node).canonical)
}

func (n *node) write(b *strings.Builder, members []member, comma string, value func(*node, *strings.Builder)) {
	b.WriteByte(n.open)
	for i, m := range members {
		if i > 0 {
			b.WriteString(comma)
		}
		if n.open == '{' {
			b.WriteString(`"` + m.key + `":`)
		}
		value(m.value, b)
	}
	b.WriteByte(n.open + 2) // ']' and '}' stand two behind
}

// raw writes n as nobody should: keys twice and out of order, needless escapes,
// blanks.
func (g gen) raw(n *node, b *strings.Builder) {
	if n.open == 0 {
		b.WriteString(g.escaped(n.text))
		return
	}
	members := slices.Clone(n.members)
	if n.open == '{' {
		if g.chance(40) {
			g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		}
		if len(members) > 0 && g.chance(25) {
			twice := member{members[g.IntN(len(members))].key, g.value(1)}
			members = slices.Insert(members, g.IntN(len(members)+1), twice)
		}
	}
	for i, m := range members {
		if m.key != "" && g.chance(5) {
			members[i].key = escape(m.key)
		}
	}
	n.write(b, members, g.pick(",", ",", " ,\n"), g.raw)
}

// escaped is the scalar text with some of it written in another way.
func (g gen) escaped(text string) string {
	if len(text) < 3 || text[0] != '"' || strings.Contains(text, `\`) || g.chance(80) {
		return text
	}
	if g.chance(10) {
		return `"x\ud800y"` // half a character
	}
	return `"` + escape(text[1:len(text)-1]) + `"`
}

// escape writes the first character of s by its number.
func escape(s string) string {
	for i, r := range s {
		return fmt.Sprintf(`\u%04x`, r) + s[i+len(string(r)):]
	}
	return s
}

// eventBody is an event near one of the policies, canonical or not.
func (g gen) eventBody(policies []*madePolicy) string {
	e := g.event()
	if p := policies[g.IntN(len(policies))]; g.chance(75) {
		g.aim(e, p.hints[g.IntN(len(p.hints))])
	}
	if g.chance(67) {
		g.mutate(e)
	}
	var b strings.Builder
	if g.chance(55) {
		e.canonical(&b)
		return b.String()
	}
	g.raw(e, &b)
	return b.String()
}
