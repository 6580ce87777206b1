package engine

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ok = `findings contains "x" if input.class_uid == 4001`

// What is told to whoever wrote a broken policy: file, line, cause, next step.
func TestProblems(t *testing.T) {
	tests := []struct {
		name, custom, rules string
		want                []string
	}{
		{"a refused builtin", plain, "findings contains \"x\" if time.now_ns() > 0",
			[]string{`a/b/policy.rego:10:26: builtin time.now_ns is not allowed; makes replay differ from live; use input.time`}},
		{"a misspelt builtin", plain, "findings contains \"x\" if startwith(input.x, \"a\")",
			[]string{`a/b/policy.rego:10:26: undefined function startwith; did you mean startswith?`}},
		{"a syntax error", plain, "findings contains \"x\" if {\n\tinput.x ==\n}",
			[]string{`a/b/policy.rego:12:1: unexpected } token; opa fmt shows where the syntax ends`}},
		{"an unsafe variable", plain, "findings contains x if input.y",
			[]string{`a/b/policy.rego:10:19: var x is unsafe; give it a value first, with := or some ... in`}},
		{"an unknown key", plain + "\nseverty: low", ok,
			[]string{`a/b/policy.rego:8: unknown key "severty" in METADATA; did you mean "severity"?`}},
		{"a wrong severity", "id: CRD-0001\nseverity: hihg\nresponse: alert", ok,
			[]string{`a/b/policy.rego:6: unknown severity "hihg"; did you mean "high"?`}},
		{"no id", "severity: high\nresponse: alert", ok,
			[]string{`a/b/policy.rego:1: custom.id is missing in METADATA; add the next free number, such as "id: CRD-0042"`}},
		{"a bad id", "id: R1\nseverity: high\nresponse: alert", ok,
			[]string{`a/b/policy.rego:5: id "R1"; an id is CRD- and four digits, and is never reused`}},
		{"an alert with a lease", plain + "\nlease: 1h", ok,
			[]string{`a/b/policy.rego:1: an alert has no lease; remove lease, or say response: quarantine`}},
		{"an experiment that quarantines", "id: CRD-0001\nseverity: high\nresponse: quarantine\nstatus: experimental", ok,
			[]string{`a/b/policy.rego:1: an experimental policy must not quarantine; say response: alert until its status is stable`}},
		{"a bad duration", plain + "\nsuppress: 1 hour", ok,
			[]string{`a/b/policy.rego:8: duration "1 hour"; write whole milliseconds or more, such as 500ms, 5m or 24h`}},
		{"a bad technique", plain + "\nattack: [T1046, scan]", ok,
			[]string{`a/b/policy.rego:8: ATT&CK technique "scan"; write T1046 or T1110.001`}},
		{"broken YAML", plain + "\nattack: [T1046", ok,
			[]string{`a/b/policy.rego:8:1: METADATA: did not find expected ',' or ']'; correct the METADATA block: it is YAML behind "# "`}},
		{"an unknown kind", plain + "\nwindows:\n  w: {kind: distict, by: [input.device.uid], over: 5m, of: input.x}", ok + "\nobserve contains \"w\" if input.x",
			[]string{`a/b/policy.rego:9: window w: unknown kind "distict"; did you mean "distinct"?`}},
		{"a window over all devices", plain + "\nwindows:\n  w: {kind: count, by: [input.x], over: 5m}", ok + "\nobserve contains \"w\" if input.x",
			[]string{`a/b/policy.rego:9: window w: by must contain input.device.uid; the log is partitioned by device: a window over several devices would see only some of them`}},
		{"a window that observes nothing", plain + "\nwindows:\n  w: {kind: count, by: [input.device.uid], over: 5m}", ok,
			[]string{`a/b/policy.rego:10:1: window w observes nothing; write observe contains "w" if { ... }`}},
		{"a misspelt window", plain + "\nwindows:\n  fails: {kind: count, by: [input.device.uid], over: 5m}", "observe contains \"fails\" if input.x\nfindings contains \"x\" if input.windows.fail.count > 1",
			[]string{`a/b/policy.rego:13:26: no window "fail" in METADATA; did you mean "fails"?`}},
		{"a misspelt field of a window", plain + "\nwindows:\n  fails: {kind: count, by: [input.device.uid], over: 5m}", "observe contains \"fails\" if input.x\nfindings contains \"x\" if input.windows.fails.cuont > 1",
			[]string{`a/b/policy.rego:13:26: window fails of kind count has no field "cuont"; did you mean "count"?`}},
		{"windows over windows", plain + "\nwindows:\n  w: {kind: count, by: [input.device.uid], over: 5m}", "observe contains \"w\" if input.windows.w.count == 0\n" + ok,
			[]string{`a/b/policy.rego:12:25: an observe rule reads input.windows; windows are there only after all of them have observed the event`}},
		{"no findings", plain, "x if input.y",
			[]string{`a/b/policy.rego:8:1: no rule findings; write findings contains {"summary": "..."} if { ... }`}},
		{"findings that are no set", plain, "findings := [1]",
			[]string{`a/b/policy.rego:10:1: findings must be a set; write findings contains {"summary": "..."} if { ... }`}},
		{"a misspelt field of a finding", plain, `findings contains {"evidnce": {"x": 1}} if true`,
			[]string{`a/b/policy.rego:10:1: a finding needs a summary; add "summary": "one line for people"`, `a/b/policy.rego:10:20: a finding has no field "evidnce"; did you mean "evidence"?`}},
		{"the data of others", plain, "findings contains \"x\" if data.policies.c.d.findings",
			[]string{`a/b/policy.rego:10:26: reads data.policies.c.d.findings, which belongs to others or does not exist; a policy may read input, its own package, data.lib.<name> and data.site.<name>`}},
		{"an unused variable", plain, "findings contains \"x\" if y := input.x",
			[]string{`a/b/policy.rego:10:26: assigned var y unused; run opa check --strict on the file`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(context.Background(), one(tt.custom, tt.rules), LoadOptions{})
			var got []string
			var problems Problems
			if errors.As(err, &problems) {
				for _, p := range problems {
					got = append(got, p.String())
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

// brokenFolder has two policies in order and something wrong in every other
// place.
func brokenFolder() map[string]string {
	policy := func(pkg, id, rules string) string {
		return policyText(pkg, "id: "+id+"\nseverity: low\nresponse: alert", rules)
	}
	return map[string]string{
		"a/good/policy.rego":      policy("a.good", "CRD-0001", `findings contains "good" if true`),
		"a/uses/policy.rego":      policy("a.uses", "CRD-0002", "import data.lib.net\nfindings contains \"uses\" if net.yes(input.x)"),
		"a/syntax/policy.rego":    policy("a.syntax", "CRD-0003", `findings contains`),
		"a/again/policy.rego":     policy("a.again", "CRD-0002", `findings contains "again" if true`),
		"a/moved/policy.rego":     policy("a.elsewhere", "CRD-0005", `findings contains "x" if true`),
		"a/libless/policy.rego":   policy("a.libless", "CRD-0006", "import data.lib.sick\nfindings contains \"x\" if sick.yes(1)"),
		"a/siteless/policy.rego":  policy("a.siteless", "CRD-0007", `findings contains "x" if data.site.bad.x`),
		"a/none/policy.rego":      "package policies.a.none\nfindings contains \"x\" if true\n",
		"a/empty/policy.rego":     "",
		"a/good/policy_test.rego": "package policies.a.good_test\nthis is not read",
		"stray.rego":              "package stray\n",
		"lib/net.rego":            "package lib.net\nyes(x) if x == 1\n",
		"lib/sick.rego":           "package lib.sick\nyes(x) if rand.intn(\"a\", x) == 1\n",
		"site/bad.yaml":           "other: 1\n",
		"site/fine.json":          `{"fine": {"a": 1}}`,
		"response/x.rego":         "package response.x\n",
	}
}

func TestBrokenPoliciesDoNotStopTheRest(t *testing.T) {
	fsys := folder()
	for name, text := range brokenFolder() {
		fsys[name] = folder("x", text)["x"]
	}
	pack, err := Load(context.Background(), fsys, LoadOptions{KeepGoing: true})
	if err != nil {
		t.Fatal(err)
	}
	got := summaries(t, New(pack, Options{}), at(0, `{"x":1}`))
	if d := cmp.Diff([]string{"again", "good"}, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	want := []string{
		"a/empty/policy.rego", "a/libless/policy.rego", "a/moved/policy.rego:8", "a/none/policy.rego:1", "a/siteless/policy.rego",
		"a/syntax/policy.rego:11", "a/syntax/policy.rego:11", "a/uses/policy.rego", "lib/sick.rego:2:11", "site/bad.yaml", "stray.rego",
	}
	var places []string
	for _, p := range pack.Problems {
		place, _, _ := strings.Cut(p.String(), ": ")
		places = append(places, place)
		if p.Cause == "" || p.Next == "" {
			t.Errorf("%v: want a cause and a next step", p)
		}
	}
	if d := cmp.Diff(want, places); d != "" {
		t.Errorf("problems (-want +got):\n%s\n%v", d, pack.Problems)
	}
	if _, err := Load(context.Background(), fsys, LoadOptions{}); err == nil || strings.Count(err.Error(), "\n") != len(want) {
		t.Errorf("Load without KeepGoing = %v; want all %d problems", err, len(want))
	}
}

func TestNothingToRun(t *testing.T) {
	if _, err := Load(context.Background(), folder("site/a.yaml", "a: 1"), LoadOptions{KeepGoing: true}); err == nil || !strings.Contains(err.Error(), "no policy to run") {
		t.Errorf("Load of a folder without policies = %v; want an error that says so", err)
	}
}

// A digest covers what a policy can read, and nothing else.
func TestDigest(t *testing.T) {
	files := func() map[string]string {
		return map[string]string{
			"a/b/policy.rego": policyText("a.b", plain, "import data.lib.one\nfindings contains \"x\" if one.yes(data.site.s)"),
			"a/c/policy.rego": policyText("a.c", "id: CRD-0002\nseverity: low\nresponse: alert", ok),
			"lib/one.rego":    "package lib.one\nimport data.lib.two\nyes(x) if two.yes(x)\n",
			"lib/two.rego":    "package lib.two\nyes(x) if data.site.t == x\n",
			"lib/three.rego":  "package lib.three\nyes(x) if x\n",
			"site/s.yaml":     "s: 1\n",
			"site/t.yaml":     "t: 1\n",
			"site/u.yaml":     "u: 1\n",
		}
	}
	digests := func(files map[string]string) (string, string) {
		fsys := folder()
		for name, text := range files {
			fsys[name] = folder("x", text)["x"]
		}
		p := mustLoad(t, fsys)
		return p.Policies[0].Digest, p.Policies[1].Digest
	}
	b, c := digests(files())
	for name, changes := range map[string]bool{
		"a/b/policy.rego": true, "lib/one.rego": true, "lib/two.rego": true, "lib/three.rego": false,
		"site/s.yaml": true, "site/t.yaml": true, "site/u.yaml": false,
	} {
		fs := files()
		fs[name] += "# changed\n"
		b2, c2 := digests(fs)
		if (b2 != b) != changes {
			t.Errorf("after a change of %s the digest of a.b changed: %t; want %t", name, b2 != b, changes)
		}
		if c2 != c {
			t.Errorf("after a change of %s the digest of a.c changed", name)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"port", "pool", "severity", "uid"}
	for word, want := range map[string]string{"prot": "port", "severty": "severity", "xx": "", "zone": "", "udi": "uid"} {
		if got := suggest(word, known); got != want {
			t.Errorf("suggest(%q) = %q; want %q", word, got, want)
		}
	}
}
