package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon"
)

// An event as large as ingest lets one be: lists, texts and objects in which
// whatever is quadratic shows.
func hostileEvent() cordon.Event {
	var names, pairs []string
	for i := range 2000 {
		names = append(names, fmt.Sprintf("%q", fmt.Sprint("n", i)))
		pairs = append(pairs, fmt.Sprintf(`"n%04d":["n%d","n%d"]`, i, (i+1)%2000, (i+7)%2000))
	}
	return at(0, fmt.Sprintf(`{"device":{"uid":"d"},"graph":{%s},"list":[%s],"number":"1e999999","text":%q,"yaml":%q}`,
		strings.Join(pairs, ","), strings.Join(names, ","), strings.Repeat("a", 8<<10), strings.Repeat("[", 8<<10)))
}

// Rules that run for hours, or for as long as whoever sends events likes, end
// with their budget; what could not be ended is refused. The time that the test
// allows is for a busy machine: none of them ends by itself.
func TestHostileRulesEnd(t *testing.T) {
	const budget, most = 200 * time.Millisecond, 15 * time.Second
	rules := map[string]string{
		"a cross product":         `some a in input.list; some b in input.list; some c in input.list; sprintf("%s%s%s", [a, b, c]) == ""`,
		"a range of a billion":    `count(numbers.range(1, 1000000000)) == 7`,
		"a range in steps":        `count(numbers.range_step(1, 1000000000, 1)) == 7`,
		"ranges in ranges":        `some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a * b == -1`,
		"every in every":          `every a in input.list { every b in input.list { every c in input.list { a != sprintf("%s%s", [b, c]) } } }`,
		"a set of pairs":          `count({[a, b] | some a in input.list; some b in input.list}) == 7`,
		"walks in walks":          `walk(input, [p, _]); walk(input, [q, _]); walk(input, [r, _]); count(array.concat(p, array.concat(q, r))) == -1`,
		"replaced again":          `some a in input.list; some b in input.list; replace(input.text, "a", concat(a, [b, input.text])) == ""`,
		"patterns over texts":     `some a in numbers.range(1, 100000); regex.match("(a?b?c?){0,90}x$", sprintf("%s%d", [input.text, a]))`,
		"yaml again":              `some a in numbers.range(1, 1000000); yaml.unmarshal(sprintf("%s%d", [input.yaml, a])) == 7`,
		"joined and split":        `some a in input.list; some b in input.list; count(split(concat(a, input.list), b)) == -1`,
		"sorted again":            `some a in numbers.range(1, 1000000); count(sort(array.concat(input.list, [a]))) == -1`,
		"texts and their affixes": `some a in numbers.range(1, 1000000); strings.any_prefix_match([sprintf("x%d", [a])], array.concat(input.list, [a]))`,
		"nets": `some a in numbers.range(1, 255); some b in numbers.range(1, 255); some c in numbers.range(1, 255); ` +
			`net.cidr_contains(sprintf("10.%d.0.0/16", [a]), sprintf("11.%d.%d.1", [b, c]))`,
	}
	for name, body := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counts := NewCounts()
			e := New(mustLoad(t, one(plain, "findings contains \"x\" if { "+body+" }")), Options{Budget: budget, Counts: counts})
			done := make(chan error, 1)
			go func() {
				_, err := e.Evaluate(context.Background(), hostileEvent())
				done <- err
			}()
			select {
			case err := <-done:
				if n := counts.policies["CRD-0001"].Timeouts.Load(); err != nil || n != 1 {
					t.Errorf("Evaluate = %v, stopped %d times; want nil and once", err, n)
				}
			case <-time.After(most):
				t.Errorf("not stopped %s after a budget of %s", most, budget)
			}
		})
	}
}

// What the watchdog cannot stop is refused by name, whatever its operands.
func TestWhatCannotBeStoppedIsRefused(t *testing.T) {
	for name, rule := range map[string]string{
		"bits.lsh":                `x := bits.lsh(1, 10000000000)`,
		"graph.reachable":         `x := graph.reachable(input.graph, {"a"})`,
		"graph.reachable_paths":   `x := graph.reachable_paths(input.graph, {"a"})`,
		"strings.render_template": `x := strings.render_template("{{range .a}}{{end}}", {"a": []})`,
		"json.patch":              `x := json.patch({}, [])`,
		"format_int":              `x := format_int(1, 2)`,
		"net.cidr_expand":         `x := net.cidr_expand("10.0.0.0/8")`,
		"units.parse":             `x := units.parse(input.number)`,
		"units.parse_bytes":       `x := units.parse_bytes(input.number)`,
		"http.send":               `x := http.send({"method": "get", "url": input.url})`,
		"net.lookup_ip_addr":      `x := net.lookup_ip_addr("a")`,
		"opa.runtime":             `x := opa.runtime()`,
		"rand.intn":               `x := rand.intn("a", 2)`,
		"time.now_ns":             `x := time.now_ns()`,
	} {
		_, err := Load(context.Background(), one(plain, rule+"\n"+ok), LoadOptions{})
		var problems Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), "builtin "+name+" is not allowed") {
			t.Errorf("Load of a rule with %s = %v; want that it is not allowed", name, err)
		}
	}
}

// Whoever sends an event does not choose the pattern.
func TestPatternsOfEventsAreRefused(t *testing.T) {
	operands := map[string]string{
		"regex.match":                      `regex.match(input.p, "a")`,
		"regex.find_n":                     `regex.find_n(input.p, "a", 1)`,
		"regex.find_all_string_submatch_n": `regex.find_all_string_submatch_n(input.p, "a", 1)`,
		"regex.split":                      `regex.split(concat("", ["a", input.p]), "a")`,
		"regex.replace":                    `regex.replace("a", input.p, "b")`,
		"regex.template_match":             `regex.template_match(input.p, "a", "{", "}")`,
		"regex.globs_match":                `regex.globs_match("a", input.p)`,
		"glob.match":                       `glob.match(input.p, [], "a")`,
	}
	for name := range patternOperands() {
		_, err := Load(context.Background(), one(plain, "findings contains \"x\" if "+operands[name]), LoadOptions{})
		if err == nil || !strings.Contains(err.Error(), "a/b/policy.rego:10:") || !strings.Contains(err.Error(), "the pattern of "+name+" comes from the event") {
			t.Errorf("Load of a pattern of %s from the event = %v; want that it is refused", name, err)
		}
	}
	fine := `findings contains "x" if { some p in data.site.patterns; regex.match(p, input.text); regex.match("^a+$", input.p) }`
	fsys := one(plain, fine)
	fsys["site/patterns.yaml"] = folder("x", "patterns: [a, b]\n")["x"]
	if _, err := Load(context.Background(), fsys, LoadOptions{}); err != nil {
		t.Errorf("Load of patterns of the site = %v; want nothing wrong", err)
	}
	for name := range patternOperands() {
		if ast.BuiltinMap[name] == nil {
			t.Errorf("no builtin %s", name)
		}
	}
}
