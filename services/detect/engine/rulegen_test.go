package engine

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
)

// gen makes random policies and events over the same few fields and values, so
// that conditions are near true as often as not.
type gen struct{ *rand.Rand }

func newGen(seed uint64) gen { return gen{rand.New(rand.NewPCG(seed, 7))} }

func (g gen) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g gen) chance(percent int) bool { return g.IntN(100) < percent }

// madePolicy is a random policy and what an event is like that it is about.
type madePolicy struct {
	area     string // folder
	name     string // of its package, and part of the names of its helpers and window
	observe  []string
	findings []madeRule
	helpers  []string
	hints    [][]hint // of each of its rules
	windowed bool
	suppress bool
	alone    bool // a helper may conflict, which ends a whole query of OPA
	unusual  bool // calls a builtin that few rules call
}

type madeRule struct{ head, body string }

// hint is a value at a path below input that makes some condition true, or
// nearly so.
type hint struct{ path, value string }

// condition is one line of a body, or a few that belong together. In its text
// stand placeholders: <x1> is a field, <c1> a constant and so on; the same one
// is the same thing in text and near. A ? at the beginning may become a not.
type pattern struct {
	text string
	near string // value of the field <x1> that the condition is about
}

// usual are the conditions that detection rules consist of.
func usual() []pattern {
	return []pattern{
		{"?<x1> == <c1>", "<c1>"},
		{"<s1> == \"<w1>\"", "\"<w1>\""},
		{"<n1> == <num1>", "<num1>"},
		{"<c1> == <x1>", "<c1>"},
		{"<x1> != <c1>", ""},
		{"<x1> == <x2>", ""},
		{"?<x1> in {<c1>, <c2>, <c3>}", "<c2>"},
		{"?<s1> in {\"<w1>\", \"<w2>\", \"<w3>\"}", "\"<w1>\""},
		{"?<n1> in {<num1>, <num2>, <num3>, <num4>}", "<num3>"},
		{"<x1> in [<c1>, <c2>]", "<c2>"},
		{"?<n1> <cmp1> <num1>", "<num1>"},
		{"<num1> <cmp1> <n1>", "<num1>"},
		{"<n1> >= <num1>\n\t<n1> < <num2>", "<num1>"},
		{"?<x1> <cmp1> <x2>", ""},
		{"?startswith(<s1>, \"<w1>\")", "\"<w1>-<w2>\""},
		{"?endswith(<s1>, \"<w1>\")", "\"<w2><w1>\""},
		{"?contains(<s1>, \"<w1>\")", "\"x<w1><w2>\""},
		{"?startswith(<s1>, <s2>)", ""},
		{"?strings.any_prefix_match(<s1>, {\"<w1>\", \"<w2>\"})", "\"<w2>\""},
		{"?strings.any_suffix_match(<s1>, [\"<w1>\", \"<w2>\"])", "\"z<w1>\""},
		{"?net.cidr_contains(<net1>, input.ip)", "<ip1>"},
		{"?<x1>", "true"},
		{"not <x1>", "false"},
		{"v<i> := <x1>\n\tv<i> == <c1>", "<c1>"},
		{"v<i> := <x1>\n\tu<i> := v<i>\n\tu<i> <cmp1> <c1>", "<c1>"},
		{"?data.site.facts.devices[<s1>].type == \"<w1>\"", "\"<dev1>\""},
		{"?data.site.facts.devices[<s1>]", "\"<dev1>\""},
		{"v<i> := data.site.facts.devices[<s1>]\n\tv<i>.zone == <s2>", "\"<dev1>\""},
		{"v<i> := data.site.facts.devices[<s1>]\n\tnot <n2> in v<i>.ports", "\"<dev1>\""},
		{"?data.site.facts[<s1>] == <c1>", "\"a\""},
		{"?<x1> in data.site.facts.bad", "\"10.0.0.1\""},
		{"?data.site.facts.limits[<s1>] <cmp1> <n2>", "\"ab\""},
		{"?flag_<p>", ""},
		{"?near_<p>(<x1>)", "<c1>"},
		{"?two_<p>(<x1>, <x2>)", ""},
		{"?<x1> in few_<p>", "<c1>"},
		{"?data.lib.words.yes", ""},
		{"?data.lib.words.small(<x1>)", "<num1>"},
		{"?data.lib.words.member(<x1>, {<c1>, <c2>})", "<c1>"},
	}
}

// indexable are those of them that an index of rules is made of, or must not be
// made of: alone in a body they show its faults.
func indexable() []pattern {
	return []pattern{
		{"<s1> == \"<w1>\"", "\"<w1>\""},
		{"<n1> == <num1>", "<num1>"},
		{"?<n1> in {<num1>, <num2>, \"<w1>\"}", "<num1>"},
		{"?<s1> in {\"<w1>\", \"<w2>\", <num1>}", "\"<w2>\""},
		{"?<n1> <cmp1> <num1>", "<num1>"},
		{"?<s1> <cmp1> <num1>", "\"<w1>\""},
		{"not <x1> <cmp1> <num1>", "<num1>"},
		{"<num1> <cmp1> <n1>", "<num1>"},
		{"?startswith(<s1>, \"<w1>\")", "\"<w1>-<w2>\""},
		{"?strings.any_prefix_match(<s1>, {\"<w1>\", \"<w2>\"})", "\"<w2>x\""},
		{"?endswith(<s1>, \"<w1>\")", "\"<w2><w1>\""},
		{"?contains(<s1>, \"<w1>\")", "\"<w2><w1>\""},
		{"contains(<s1>, \"<w1>\")", "\"<w1>\""},
		{"?net.cidr_contains(<net1>, input.ip)", ""},
		{"net.cidr_contains(<net1>, input.ip)", ""},
		{"?data.site.facts.devices[<x1>].type == \"<w1>\"", "\"<dev1>\""},
		{"?data.site.facts.limits[<x1>] > 0", "1"},
		{"?data.site.facts.devices[<x1>]", "1"},
		{"?data.site.facts[<x1>] == <c1>", "1"},
		{"?low_<p>", ""},
		{"?usual_<p>", ""},
		{"?otherwise_<p>(<x1>)", "<c1>"},
		{"?known_<p>", ""},
	}
}

// structured are conditions over what is no scalar, and those that only OPA
// decides.
func structured() []pattern {
	return []pattern{
		{"?<c1> in <l1>", "[<c1>,<c2>]"},
		{"?\"<w1>\" in <l1>", "[\"<w2>\",\"<w1>\"]"},
		{"?<x2> in <l1>", "[<c1>,<c2>]"},
		{"some e<i> in <l1>\n\te<i> == <c1>", "[<c1>,1]"},
		{"some e<i> in <l1>\n\te<i> <cmp1> <num1>", "[<num1>]"},
		{"some e<i> in <l1>\n\tstartswith(e<i>, \"<w1>\")", "[\"<w1>\"]"},
		{"some i<i>, e<i> in <l1>\n\ti<i> <cmp1> 1\n\te<i> == <c1>", "[<c1>,<c1>]"},
		{"some i<i>, _ in <x1>\n\ti<i> == <c1>", "[0,1]"},
		{"some e<i> in input.objs\n\te<i>.k == <c1>\n\te<i>.v <cmp1> <num1>", "[{\"k\":<c1>,\"v\":<num1>}]"},
		{"<l1>[_] == <c1>", "[<c1>]"},
		{"?<l1>[0] == <c1>", "[<c1>]"},
		{"?<l1>[<n2>] == <c1>", "[1,<c1>]"},
		{"input.o[_] == <c1>", ""},
		{"?input.o[<s1>] == <c1>", "\"s\""},
		{"?input[<s1>] == <c1>", "\"n\""},
		{"every e in <l1> { e <cmp1> <num1> }", "[<num1>,<num1>]"},
		{"every i, e in <l1> {\n\t\ti >= 0\n\t\te != <c1>\n\t}", "[<c2>]"},
		{"count([e | some e in <l1>; e != <c1>]) <cmp1> 1", "[<c1>,<c2>]"},
		{"count({e | some e in <l1>; is_number(e)}) <cmp1> 1", "[<num1>,<num2>]"},
		{"?{k: v | some k, v in input.o; k != \"p\"} == {\"s\": <c1>}", ""},
		{"[a<i>, b<i>] = <l1>\n\ta<i> == <c1>\n\tb<i> != a<i>", "[<c1>,<c2>]"},
		{"[a<i>, <c1>] = <l1>\n\ta<i> != <c2>", "[<c3>,<c1>]"},
		{"{\"s\": a<i>, \"n\": _} = input.o\n\ta<i> == <x1>", ""},
		{"?<x1> == <x2> with input.n as <c1>", ""},
		{"?flag_<p> with input.s as \"<w1>\"", ""},
		{"?near_<p>(<x1>) with input.b as true", "<c1>"},
		{"?data.site.facts.a == <c1> with data.site.facts.a as <x1>", "<c1>"},
		{"?choice_<p>(<x1>)", "<c1>"},
		{"?otherwise_<p>(<x1>)", "<c1>"},
		{"?usual_<p>", ""},
		{"?data.lib.words.usual", ""},
		{"?valued_<p>(<x1>)", ""},
		{"valued_<p>(<x1>) == <x2>", ""},
		{"e<i> := [<x1>, <x2>]\n\te<i> == [<c1>, <c2>]", "<c1>"},
		{"{<x1>, <x2>} == {<c1>, <c2>}", "<c1>"},
		{"{\"s\": <x1>} == {\"s\": <c1>}", "<c1>"},
		{"e<i> := <x1> == <c1>\n\te<i> == false", "<c1>"},
		{"?names_<p>[<x1>]", "<c1>"},
		{"?table_<p>[<s1>] == <c1>", "\"<w1>\""},
		{"?<x1> in names_<p>", "<c1>"},
		{"walk(input.o, [_, e<i>])\n\te<i> == <c1>", ""},
		{"some e<i> in {\"s\", \"n\"}\n\tinput.o[e<i>] == <c1>", ""},
		{"e<i> := object.union(input.o, {\"s\": <x1>})\n\te<i>.s == <c1>", "<c1>"},
	}
}

// unusual are conditions with builtins that few rules call.
func unusual() []pattern {
	calls := []struct{ call, near, result string }{
		{"abs(<n1>)", "<num1>", "<num1>"}, {"ceil(<n1>)", "<num1>", "<num1>"}, {"floor(<n1>)", "<num1>", "<num1>"}, {"round(<n1>)", "<num1>", "<num1>"},
		{"lower(<s1>)", "\"<w1>\"", "\"<w1>\""}, {"upper(<s1>)", "\"<w1>\"", "\"<w1>\""}, {"to_number(<x1>)", "\"<num1>\"", "<num1>"},
		{"type_name(<x1>)", "", "\"<w1>\""}, {"count(<x1>)", "\"<w1>\"", "<num1>"}, {"trim(<s1>, \"a \")", "\"a<w1>a\"", "\"<w1>\""},
		{"trim_left(<s1>, \"a\")", "\"a<w1>\"", "\"<w1>\""}, {"trim_right(<s1>, \"b\")", "\"<w1>b\"", "\"<w1>\""}, {"trim_space(<s1>)", "\" <w1> \"", "\"<w1>\""},
		{"trim_prefix(<s1>, \"<w2>\")", "\"<w2><w1>\"", "\"<w1>\""}, {"trim_suffix(<s1>, \"<w2>\")", "\"<w1><w2>\"", "\"<w1>\""},
		{"substring(<s1>, 0, 1)", "\"<w1>\"", "\"<w1>\""}, {"substring(<s1>, 1, -1)", "\"x<w1>\"", "\"<w1>\""},
		{"replace(<s1>, \"a\", \"b\")", "\"<w1>\"", "\"<w1>\""}, {"split(<s1>, \".\")[0]", "\"<w1>.x\"", "\"<w1>\""}, {"indexof(<s1>, \"b\")", "\"ab\"", "<num1>"},
		{"strings.count(<s1>, \"a\")", "\"aa\"", "<num1>"}, {"strings.reverse(<s1>)", "\"<w1>\"", "\"<w1>\""}, {"concat(\"\", [<s1>, <s2>])", "", "\"<w1>\""},
		{"sprintf(\"%v\", [<x1>])", "\"<w1>\"", "\"<w1>\""}, {"sprintf(\"%d-%s\", [<n1>, <s2>])", "", "\"<w1>\""}, {"json.marshal(<x1>)", "", "\"<w1>\""},
		{"base64.encode(<s1>)", "", "\"<w1>\""}, {"hex.encode(<s1>)", "", "\"<w1>\""}, {"crypto.sha256(<s1>)", "", "\"<w1>\""}, {"urlquery.encode(<s1>)", "\"<w1>\"", "\"<w1>\""},
		{"object.get(<x1>, \"s\", \"none\")", "{\"s\":<c1>}", "<c1>"}, {"object.get(input, [\"o\", \"s\"], <c2>)", "", "<c1>"}, {"object.keys(<x1>)", "", "{<c1>}"},
		{"sum(<l1>)", "[<num1>]", "<num1>"}, {"max(<l1>)", "[<num1>,<num2>]", "<c1>"}, {"min(<l1>)", "[<num1>,<num2>]", "<c1>"}, {"sort(<l1>)[0]", "[<c1>]", "<c1>"},
		{"product(<l1>)", "[<num1>]", "<num1>"}, {"array.slice(<l1>, 0, 1)[0]", "[<c1>]", "<c1>"}, {"array.concat(<l1>, [<c1>])[0]", "[<c2>]", "<c1>"},
		{"bits.and(<n1>, 6)", "6", "<num1>"}, {"bits.or(<n1>, 1)", "3", "<num1>"}, {"numbers.range(1, 3)[<n1>]", "1", "<num1>"}, {"semver.compare(<s1>, \"1.2.0\")", "\"1.10.0\"", "<num1>"},
		{"units.parse_bytes(<s1>)", "\"10KB\"", "<num1>"}, {"time.parse_rfc3339_ns(<s1>)", "\"2026-03-01T00:00:00Z\"", "<num1>"},
		{"time.weekday(<n1>)", "10", "\"<w1>\""}, {"union({{<x1>}, {1}})", "", "{<c1>, 1}"}, {"{<x1>, 1} & {1, 2}", "1", "{<c1>}"}, {"{<x1>, 1} - {1}", "1", "{<c1>}"},
		{"regex.replace(<s1>, \"[0-9]+\", \"n\")", "\"<w1>1\"", "\"<w1>\""}, {"regex.split(\"-\", <s1>)[0]", "\"<w1>-x\"", "\"<w1>\""}, {"$\"{<x1>}\"", "\"<w1>\"", "\"<w1>\""},
		{"<n1> + 1", "<num1>", "<num1>"}, {"<n1> - <n2>", "", "<num1>"}, {"<n1> * 2", "<num1>", "<num1>"}, {"<n1> / <n2>", "", "<num1>"}, {"<n1> % 3", "<num1>", "<num1>"},
	}
	all := []pattern{
		{"?regex.match(\"^<re1>.*[0-9]$\", <s1>)", "\"<w1>7\""},
		{"?regex.match(\"(?i)<re1>\", <s1>)", "\"<w1>\""},
		{"?glob.match(\"<re1>*\", [\".\"], <s1>)", "\"<w1>\""},
		{"?is_<type1>(<x1>)", "<c1>"},
		{"?net.cidr_is_valid(<s1>)", "\"10.0.0.0/8\""},
		{"?net.cidr_intersects(<net1>, <s1>)", "\"10.0.0.0/9\""},
		{"?net.cidr_contains(<s1>, input.ip)", "\"10.0.0.0/8\""},
		{"?semver.is_valid(<s1>)", "\"1.0.0\""},
		{"?object.subset(<x1>, {\"s\": <c1>})", "{\"n\":1,\"s\":<c1>}"},
		{"?base64.is_valid(<s1>)", "\"YQ==\""},
		{"?json.is_valid(<s1>)", "\"1\""},
		{"?lower(<s1>) in {\"<w1>\", \"<w2>\"}", "\"<w1>\""},
		{"?startswith(lower(<s1>), \"<w1>\")", "\"<w1>\""},
		{"?near_<p>(lower(<s1>))", "\"<w1>\""},
	}
	for _, c := range calls {
		all = append(all,
			pattern{"?" + c.call + " == " + c.result, c.near},
			pattern{"v<i> := " + c.call + "\n\tv<i> <cmp1> <c1>", c.near},
			pattern{"?" + c.call + " <cmp1> <x2>", c.near})
	}
	return all
}

// scope of one expansion: what each placeholder became.
type expansion struct {
	g      gen
	policy string
	line   int
	drawn  map[string]string
}

var placeholder = regexp.MustCompile(`<[a-z]+[0-9]*>`)

func (e expansion) of(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		v, ok := e.drawn[p]
		if !ok {
			v = e.draw(strings.TrimRight(strings.Trim(p, "<>"), "0123456789"))
			e.drawn[p] = v
		}
		return v
	})
}

func (e expansion) draw(kind string) string {
	g := e.g
	switch kind {
	case "p":
		return e.policy
	case "i":
		return fmt.Sprint(e.line)
	case "x":
		return "input." + g.field()
	case "s":
		return "input." + g.pick("s", "s", "t", "o.s", "device.uid", "device.type", "gone")
	case "n":
		return "input." + g.pick("n", "n", "m", "o.n", "o.p.q")
	case "l":
		return "input." + g.pick("list", "list", "tags", "o.p")
	case "c":
		return g.constant()
	case "num":
		return g.number()
	case "w":
		return g.word()
	case "re":
		return g.pick("a", "ab", "host-1", "cam", "e")
	case "cmp":
		return g.pick("<", "<=", ">", ">=")
	case "dev":
		return g.pick("d", "dev-1", "dev-2", "dev-3", "dev-4", "1", "")
	case "net":
		return g.pick(`"10.0.0.0/8"`, `"10.0.0.0/8"`, `"10.0.0.0/24"`, `"10.0.0.0/31"`, `"192.168.0.0/16"`, `"::/0"`, `"2001:db8::/32"`, `"x"`, `"10.0.0.1"`)
	case "ip":
		return g.pick(`"10.0.0.1"`, `"192.168.0.1"`, `"2001:db8::1"`, `"::1"`)
	case "type":
		return g.pick("string", "number", "boolean", "null", "array", "object", "set")
	}
	panic("no placeholder of kind " + kind)
}

// fieldOf is the field that the near value of a condition belongs to.
func (e expansion) fieldOf() string {
	for _, p := range []string{"<x1>", "<s1>", "<n1>", "<l1>"} {
		if f, ok := e.drawn[p]; ok {
			return strings.TrimPrefix(f, "input.")
		}
	}
	return ""
}

// bodyMaker makes the lines of one body.
type bodyMaker struct {
	gen
	policy  string
	plain   bool // of a helper: calls none itself
	lines   []string
	hints   []hint
	unusual bool
}

func (m *bodyMaker) add(rare bool) {
	list := usual()
	switch k := m.IntN(100); {
	case k < 20 || rare:
		list, m.unusual = unusual(), true
	case k < 34:
		list = structured()
	case k < 60:
		list = indexable()
	}
	p := list[m.IntN(len(list))]
	for m.plain && strings.Contains(p.text, "<p>") {
		p = list[m.IntN(len(list))]
	}
	e := expansion{m.gen, m.policy, len(m.lines), map[string]string{}}
	text, maybe := strings.CutPrefix(p.text, "?")
	if maybe && m.chance(30) {
		text = "not " + text
	}
	m.lines = append(m.lines, "\t"+e.of(text)+"\n")
	if field := e.fieldOf(); p.near != "" && field != "" {
		m.hints = append(m.hints, hint{field, e.of(p.near)})
	}
}

// class is a condition on the class of events, as nearly all rules have one.
func (m *bodyMaker) class() {
	c := m.classUID()
	m.hints = append(m.hints, hint{"class_uid", c})
	switch k := m.IntN(20); {
	case k < 12:
		m.lines = append(m.lines, "\tinput.class_uid == "+c+"\n")
	case k < 15:
		m.lines = append(m.lines, fmt.Sprintf("\tinput.class_uid in {%s, %s}\n", c, m.classUID()))
	case k < 16:
		m.lines = append(m.lines, "\t"+c+" == input.class_uid\n")
	case k < 17:
		m.lines = append(m.lines, "\tdata.lib.words.is_class("+c+")\n")
	default: // of every class
		m.hints = m.hints[:len(m.hints)-1]
	}
}

// body is a body of at most n conditions.
func (g gen) body(policy string, n int, plain bool) *bodyMaker {
	m := &bodyMaker{gen: g, policy: policy, plain: plain}
	if !plain {
		m.class()
	}
	for range 1 + min(g.IntN(n), g.IntN(n)) {
		m.add(false)
	}
	return m
}

func (m *bodyMaker) text() string { return strings.Join(m.lines, "") }

// head is a finding, and the line of the body that it needs.
func (g gen) head() (head, line string) {
	switch g.IntN(9) {
	case 0:
		return `{"summary": "x", "key": input.s}`, ""
	case 1:
		return `{"summary": "x", "key": k}`, "\tk := input.o.n\n"
	case 2:
		return `{"summary": "x", "key": k, "evidence": {"n": object.get(input, "n", null)}}`, "\tk := sprintf(\"%v-%v\", [input.n, input.o.s])\n"
	case 3:
		return `{"summary": k, "key": lower(k)}`, "\tsome k in input.list\n"
	case 4:
		return `{"summary": sprintf("n %v", [input.n])}`, ""
	}
	return g.pick(`"x"`, `{"summary": "x"}`), ""
}

// policy is a random policy of the given name; one that is rare calls an unusual
// builtin.
func (g gen) policy(name string, rare bool) *madePolicy {
	p := &madePolicy{area: g.pick("access", "network", "ot"), name: name, windowed: g.chance(25), suppress: g.chance(15)}
	if p.windowed {
		for range 1 + g.IntN(2) {
			m := g.body(name, 2, false)
			p.observe, p.hints = append(p.observe, m.text()), append(p.hints, m.hints)
			p.unusual = p.unusual || m.unusual
		}
	}
	for range 1 + g.IntN(2) {
		head, line := g.head()
		m := g.body(name, 3, false)
		if p.windowed {
			m = g.body(name, 1, false)
			m.lines = append(m.lines[:g.IntN(len(m.lines)+1)], g.windowLine(name))
		}
		if rare {
			m.add(true)
		}
		p.findings = append(p.findings, madeRule{head, m.text() + line})
		p.hints = append(p.hints, m.hints)
		p.unusual = p.unusual || m.unusual
	}
	g.addHelpers(p)
	return p
}

func (g gen) windowLine(name string) string {
	w := "input.windows.w_" + name
	return g.pick("\toften_"+name+"\n", "\t"+w+".count >= 2\n", "\tnot "+w+".count in {1, 3}\n", "\t"+w+".count == 1\n",
		"\tv := "+w+".count\n\tv < 3\n", "\tnot "+w+"\n", "\t"+w+".count > input.o.n\n")
}

// addHelpers writes the helpers that the bodies of p call.
func (g gen) addHelpers(p *madePolicy) {
	all := p.text()
	for _, h := range g.helpers(p.name) {
		if name, _, _ := strings.Cut(h.text, "@"); strings.Contains(all, name+"_"+p.name) {
			p.alone = p.alone || h.conflict
			_, text, _ := strings.Cut(h.text, "@")
			p.helpers = append(p.helpers, expansion{g, p.name, 99, map[string]string{}}.of(text))
		}
	}
}

type helper struct {
	text     string // name@text
	conflict bool   // it may have two values at once
}

func (g gen) helpers(name string) []helper {
	body := g.body(name, 2, true).text()
	valued := helper{"valued@valued_<p>(x) := input.b if x != <c1>", false}
	if g.chance(10) {
		valued = helper{"valued@valued_<p>(x) := input.b if x != <c1>\n\nvalued_<p>(x) := input.n if x == <c2>", true}
	}
	return []helper{
		valued,
		{"flag@flag_<p> if {\n" + body + "}\n\nflag_<p> if input.o.s == <c1>", false},
		{"near@near_<p>(x) if x == <c1>\n\nnear_<p>(x) if {\n\tx != <c2>\n\tinput.b\n}", false},
		{"two@two_<p>(x, y) if {\n\tx <cmp1> y\n\tnot y in {<c1>, <c2>}\n}", false},
		{"low@low_<p> if <n1> <cmp1> <num1>", false},
		{"known@known_<p> if <s1> in {\"<w1>\", \"<w2>\"}", false},
		{"few@few_<p> := {<c1>, <c2>, <num1>}", false},
		{"choice@choice_<p>(x) if {\n\tx == <c1>\n} else := false if {\n\tx == <c2>\n} else if input.b", false},
		{"otherwise@default otherwise_<p>(_) := false\n\notherwise_<p>(x) if x == <c1>", false},
		{"usual@default usual_<p> := " + g.pick("true", "false") + "\n\nusual_<p> if <n1> == <num1>", false},
		{"often@often_<p> if input.windows.w_<p>.count > " + g.pick("0", "1", "2", "3"), false},
		{"names@names_<p> contains x if some x in input.list\n\nnames_<p> contains <c1> if <x1> == <c2>", false},
		{"table@table_<p>[k] := v if some k, v in input.o\n\ntable_<p>[\"<w1>\"] := <c1> if is_null(input.o)", true},
	}
}

// text is the rules of p.
func (p *madePolicy) text() string {
	var b strings.Builder
	for _, body := range p.observe {
		fmt.Fprintf(&b, "observe contains \"w_%s\" if {\n%s}\n\n", p.name, body)
	}
	for _, r := range p.findings {
		fmt.Fprintf(&b, "findings contains %s if {\n%s}\n\n", r.head, r.body)
	}
	b.WriteString(strings.Join(p.helpers, "\n\n"))
	return b.String()
}
