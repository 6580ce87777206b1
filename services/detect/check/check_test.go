package check

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

const policy = `# METADATA
# title: T
# description: D
# custom:
#   id: CRD-0001
#   severity: critical
#   response: quarantine
#   lease: 90m
#   attack: [T1046]
package policies.a.b

findings contains "x" if input.n > data.site.limits.n
`

const rego = `package policies.a.b_test

import data.policies.a.b

test_hit if count(b.findings) == 1 with input as {"n": 3}

test_site if count(b.findings) == 0 with input as {"n": 2}
`

func event(n string) string { return `{"device":{"uid":"d"},"n":` + n + `,"time":1}` }

// files is a folder in which all is well, with the given files in place of its
// own; an empty one is left out.
func files(with ...string) fstest.MapFS {
	all := map[string]string{
		"a/b/policy.rego":           policy,
		"a/b/policy_test.rego":      rego,
		"a/b/hit/over.ndjson":       event("3"),
		"a/b/miss/near.ndjson":      event("2"),
		"a/b/miss/missing-n.ndjson": `{"device":{"uid":"d"},"time":1}`,
		"site/limits.yaml":          "limits: {n: 2}\n",
	}
	for i := 0; i < len(with); i += 2 {
		all[with[i]] = with[i+1]
	}
	fsys := fstest.MapFS{}
	for name, text := range all {
		if text != "" {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return fsys
}

func TestAllIsWell(t *testing.T) {
	fsys := files()
	if fs, err := Format(fsys); err != nil || len(fs) > 0 {
		t.Errorf("Format = %v, %v; want nothing", fs, err)
	}
	if fs := Strict(fsys); len(fs) > 0 {
		t.Errorf("Strict = %v; want nothing", fs)
	}
	if n, fs, err := Rego(context.Background(), fsys); n != 2 || err != nil || len(fs) > 0 {
		t.Errorf("Rego = %d, %v, %v; want 2 tests that pass", n, fs, err)
	}
	if n, fs, err := Fixtures(context.Background(), fsys, load(t, fsys)); n != 3 || err != nil || len(fs) > 0 {
		t.Errorf("Fixtures = %d, %v, %v; want 3 that are right", n, fs, err)
	}
}

// A fixture may hold ticks, by which a policy notices silence.
func TestTicksInFixtures(t *testing.T) {
	tick := "\n{\"class_name\":\"cordon.tick\",\"time\":60001}"
	fsys := files(
		"a/b/policy.rego", `# METADATA
# title: T
# description: D
# custom:
#   id: CRD-0001
#   severity: low
#   response: alert
#   windows:
#     beat: {kind: absence, by: [input.device.uid], over: 1m}
package policies.a.b

observe contains "beat" if input.n

findings contains "silent" if input.windows.beat.overdue_s >= 0
`, "a/b/hit/over.ndjson", event("1")+tick, "a/b/miss/missing-n.ndjson", `{"device":{"uid":"d"},"time":1}`+tick)
	if n, fs, err := Fixtures(context.Background(), fsys, load(t, fsys)); n != 3 || err != nil || len(fs) > 0 {
		t.Errorf("Fixtures = %d, %v, %v; want 3 that are right", n, fs, err)
	}
}

func load(t *testing.T, fsys fstest.MapFS) *engine.Pack {
	t.Helper()
	p, err := engine.Load(context.Background(), fsys, engine.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestChecksFindFaults(t *testing.T) {
	all := func(fsys fstest.MapFS) []Failure {
		out, err := Format(fsys)
		if err != nil {
			t.Fatal(err)
		}
		strict := Strict(fsys)
		if out = append(out, strict...); len(strict) > 0 {
			return out
		}
		_, fs, err := Rego(context.Background(), fsys)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fs...)
		_, fs, err = Fixtures(context.Background(), fsys, load(t, fsys))
		if err != nil {
			t.Fatal(err)
		}
		return append(out, fs...)
	}
	tests := []struct {
		name string
		with []string
		want []string // what each failure holds
	}{
		{"not formatted", []string{"a/b/policy.rego", policy + "\n\n"}, []string{"a/b/policy.rego: is not formatted"}},
		{"an unused import", []string{"a/b/policy_test.rego", strings.Replace(rego, "\n\ntest_hit", "\nimport data.site\n\ntest_hit", 1)}, []string{"import data.site unused"}},
		{"a refused builtin in a test", []string{"a/b/policy_test.rego", rego + "\ntest_now if time.now_ns() > 0\n"}, []string{"undefined function time.now_ns"}},
		{"a test that fails", []string{"a/b/policy_test.rego", strings.ReplaceAll(rego, "2}", "4}")}, []string{"policies.a.b_test.test_site: did not pass"}},
		{"a fact that changed", []string{"site/limits.yaml", "limits: {n: 1}\n"}, []string{"test_site: did not pass", "a/b/miss/near.ndjson: 1 findings of CRD-0001; want them: false"}},
		{"a hit that misses", []string{"a/b/hit/over.ndjson", event("1")}, []string{"a/b/hit/over.ndjson: 0 findings of CRD-0001; want them: true"}},
		{"no hit", []string{"a/b/hit/over.ndjson", ""}, []string{"a/b: 0 hits, 1 near misses, 1 misses for want of a field"}},
		{"no near miss", []string{"a/b/miss/near.ndjson", ""}, []string{"a/b: 1 hits, 0 near misses, 1 misses for want of a field"}},
		{"nothing missing", []string{"a/b/miss/missing-n.ndjson", ""}, []string{"a/b: 1 hits, 1 near misses, 0 misses for want of a field"}},
		{"a fixture without device", []string{"a/b/miss/near.ndjson", `{"time":1}`}, []string{"a/b/miss/near.ndjson: line 1: time or device.uid is missing"}},
		{"an empty fixture", []string{"a/b/miss/near.ndjson", "\n"}, []string{"a/b/miss/near.ndjson: no events"}},
		{"a fixture that is no JSON", []string{"a/b/miss/near.ndjson", event("1") + "\n{"}, []string{"a/b/miss/near.ndjson: line 2: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := all(files(tt.with...))
			ok := len(got) == len(tt.want)
			for i := 0; ok && i < len(got); i++ {
				ok = strings.Contains(got[i].String(), tt.want[i])
			}
			if !ok {
				t.Errorf("failures = %q; want those with %q", got, tt.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	p := load(t, files())
	got, err := WithTable("before\n"+TableBegin+"\nold\n"+TableEnd+"\nafter\n", p)
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n" + TableBegin + `
| id | policy | looks for | severity | response | ATT&CK | status |
|---|---|---|---|---|---|---|
| CRD-0001 | [a.b](a/b/policy.rego) | T | critical | quarantine for 1h30m | T1046 | stable |
` + TableEnd + "\nafter\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("WithTable (-want +got):\n%s", d)
	}
	if _, err := WithTable("no list here", p); err == nil {
		t.Error("WithTable of a text without the lines = nil; want an error")
	}
}
