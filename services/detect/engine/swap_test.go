package engine

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Parts of a policy that counts logins and says so from the third on.
const (
	countingMeta = "id: CRD-0001\nseverity: low\nresponse: alert\nwindows:\n  logins: {kind: count, by: [input.device.uid], over: 5m}"
	countingRule = `observe contains "logins" if login

login if input.class_uid == 3002

findings contains "three" if {
	login
	input.windows.logins.count >= 3
}`
)

func login(seconds float64) string {
	return fmt.Sprintf(`{"class_uid":3002,"device":{"uid":"d"},"n":%v}`, seconds)
}

// Two logins are seen by the first pack and one by the second: it finds three
// where the window lived on.
func TestInheritWindows(t *testing.T) {
	lib := "package lib.auth\n\nlogin if input.class_uid == 3002\n"
	viaLib := strings.Replace(countingRule, "login if input.class_uid == 3002", "login if data.lib.auth.login", 1)
	viaSite := strings.Replace(countingRule, "input.class_uid == 3002", "input.class_uid == data.site.auth.class", 1)
	policy := func(meta, rules string) string { return policyText("a.b", meta, rules) }
	tests := []struct {
		name          string
		before, after []string // files, see folder
		survives      bool
	}{
		{"nothing changed", []string{"a/b/policy.rego", policy(countingMeta, countingRule)}, []string{"a/b/policy.rego", policy(countingMeta, countingRule)}, true},
		{"another policy came", []string{"a/b/policy.rego", policy(countingMeta, countingRule)},
			[]string{"a/b/policy.rego", policy(countingMeta, countingRule), "a/a/policy.rego", policyText("a.a", "id: CRD-0002\nseverity: low\nresponse: alert", `findings contains "x" if false`)}, true},
		{"findings and comments changed", []string{"a/b/policy.rego", policy(countingMeta, countingRule)},
			[]string{"a/b/policy.rego", policy(countingMeta, "# what a login is\n"+countingRule+"\n\nunused := 7\n\nfindings contains \"never\" if { some x in [1, 2]; x == 3 }")}, true},
		{"severity changed", []string{"a/b/policy.rego", policy(countingMeta, countingRule)},
			[]string{"a/b/policy.rego", policy(strings.Replace(countingMeta, "low", "high", 1), countingRule)}, true},
		{"a helper of observe changed", []string{"a/b/policy.rego", policy(countingMeta, countingRule)},
			[]string{"a/b/policy.rego", policy(countingMeta, strings.Replace(countingRule, "== 3002", "in {3002}", 1))}, false},
		{"its definition changed", []string{"a/b/policy.rego", policy(countingMeta, countingRule)},
			[]string{"a/b/policy.rego", policy(strings.Replace(countingMeta, "5m", "6m", 1), countingRule)}, false},
		{"its name changed", []string{"a/b/policy.rego", policy(countingMeta, countingRule)},
			[]string{"a/b/policy.rego", policy(strings.ReplaceAll(countingMeta, "logins", "tries"), strings.ReplaceAll(countingRule, "logins", "tries"))}, false},
		{"the id changed", []string{"a/b/policy.rego", policy(countingMeta, countingRule)},
			[]string{"a/b/policy.rego", policy(strings.Replace(countingMeta, "0001", "0002", 1), countingRule)}, false},
		{"a shared module that observe reads changed", []string{"a/b/policy.rego", policy(countingMeta, viaLib), "lib/auth.rego", lib},
			[]string{"a/b/policy.rego", policy(countingMeta, viaLib), "lib/auth.rego", strings.Replace(lib, "==", ">=", 1)}, false},
		{"a shared module got a comment", []string{"a/b/policy.rego", policy(countingMeta, viaLib), "lib/auth.rego", lib},
			[]string{"a/b/policy.rego", policy(countingMeta, viaLib), "lib/auth.rego", lib + "\n# end\n"}, true},
		{"a fact about the site that observe reads changed", []string{"a/b/policy.rego", policy(countingMeta, viaSite), "site/auth.yaml", "auth: {class: 3002}"},
			[]string{"a/b/policy.rego", policy(countingMeta, viaSite), "site/auth.yaml", "auth: {class: 3002, other: 1}"}, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			old := New(mustLoad(t, folder(tc.before...)), Options{})
			if got := summaries(t, old, at(1, login(1)), at(2, login(2))); len(got) > 0 {
				t.Fatalf("two logins = %q; want no finding yet", got)
			}
			e := New(mustLoad(t, folder(tc.after...)), Options{})
			e.Inherit(old)
			if got := len(summaries(t, e, at(3, login(3)))) > 0; got != tc.survives {
				t.Errorf("the third login after the change is found: %t; want %t", got, tc.survives)
			}
		})
	}
}

// A policy that did not change stays silent on what it said lately; one that
// did may speak. An event that was there before counts once for both.
func TestInheritSuppression(t *testing.T) {
	meta := "id: CRD-000%d\nseverity: low\nresponse: alert\nsuppress: 1h"
	files := func(said string) []string {
		return []string{
			"a/b/policy.rego", policyText("a.b", fmt.Sprintf(meta, 1), `findings contains "same" if true`),
			"a/c/policy.rego", policyText("a.c", fmt.Sprintf(meta, 2), `findings contains "`+said+`" if true`),
		}
	}
	old := New(mustLoad(t, folder(files("before")...)), Options{})
	first := at(1, login(1))
	if d := cmp.Diff([]string{"same", "before"}, summaries(t, old, first)); d != "" {
		t.Fatalf("before the change (-want +got):\n%s", d)
	}
	e := New(mustLoad(t, folder(files("after")...)), Options{})
	e.Inherit(old)
	if d := cmp.Diff([]string{"after"}, summaries(t, e, first, at(2, login(2)), at(3, login(3)))); d != "" {
		t.Errorf("after the change (-want +got):\n%s", d)
	}
}

// What was inherited is a state like any other: it can be written and read, and
// the same history gives the same bytes.
func TestInheritedStateCanBeSaved(t *testing.T) {
	before := mustLoad(t, one(countingMeta, countingRule))
	after := mustLoad(t, one(countingMeta, countingRule+"\n\nunused := 1"))
	state := func() []byte {
		old := New(before, Options{})
		summaries(t, old, at(1, login(1)), at(2, login(2)))
		e := New(after, Options{})
		e.Inherit(old)
		return snapshotBytes(t, e)
	}
	first := state()
	if !bytes.Equal(first, state()) {
		t.Error("the same events and the same change gave two states")
	}
	e := New(after, Options{})
	if err := e.Restore(bytes.NewReader(first)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"three"}, summaries(t, e, at(3, login(3)))); d != "" {
		t.Errorf("restored after the change (-want +got):\n%s", d)
	}
}

func snapshotBytes(t testing.TB, e *Engine) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestForm(t *testing.T) {
	p, q := mustLoad(t, one(plain, `findings contains "x" if true`)), mustLoad(t, one(plain, `findings contains "y" if true`))
	if New(p, Options{}).Form() != New(q, Options{}).Form() {
		t.Error("Form differs with the policies; want it to name the engine alone")
	}
	if New(p, Options{}).Form() == New(p, Options{Recent: 7}).Form() || New(p, Options{}).Form() == New(p, Options{MostKeys: 7}).Form() {
		t.Error("Form is the same with other limits; want another")
	}
}
