package cordon

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRuleset(t *testing.T) {
	when := at("2026-03-01T12:00:00Z")
	first := NewRuleset(map[string]string{"a/b/policy.rego": "package policies.a.b", "lib/x.rego": "odd \xff"}, "ana", when, nil)
	second := NewRuleset(map[string]string{"a/b/policy.rego": "package policies.a.b\n"}, "bo", when, &first)
	if d := cmp.Diff([]string{first.Digest}, second.Before); d != "" {
		t.Errorf("Before (-want +got):\n%s", d)
	}
	if again := NewRuleset(second.Files, "cy", when.Add(time.Hour), nil); again.Digest != second.Digest || first.Digest == second.Digest {
		t.Errorf("digests %s, %s and %s; want that of the files alone", first.Digest, second.Digest, again.Digest)
	}
	for _, s := range []Ruleset{first, second} {
		r, err := s.Record()
		if err != nil {
			t.Fatal(err)
		}
		got, err := RulesetOf(r)
		if d := cmp.Diff(s, got); d != "" || err != nil {
			t.Errorf("RulesetOf(Record) = %v (-want +got):\n%s", err, d)
		}
		r.Value = bytes.Replace(r.Value, []byte("policies.a.b"), []byte("policies.a.c"), 1)
		if _, err := RulesetOf(r); err == nil || !strings.Contains(err.Error(), s.Digest) {
			t.Errorf("RulesetOf(other files) = %v; want an error that names the digest", err)
		}
	}
}

func TestRulesetRemembersSoManyBefore(t *testing.T) {
	var s *Ruleset
	for i := range mostBefore + 10 {
		next := NewRuleset(map[string]string{"n": fmt.Sprint(i)}, "", time.Time{}, s)
		s = &next
	}
	if len(s.Before) != mostBefore {
		t.Errorf("%d sets before; want %d", len(s.Before), mostBefore)
	}
}

func TestChange(t *testing.T) {
	want := Change{
		Kind: RulesetChange, Partition: 3, Offset: 77, Owner: 5, Number: 2, Ruleset: "d1", RulesetAt: "rulesets/0/7", Author: "ana",
		Time: at("2026-03-01T12:00:00Z"), Position: Position{"changes", 3, 9},
	}
	r, err := want.Record("k")
	if err != nil {
		t.Fatal(err)
	}
	r.Position = want.Position
	got, err := ChangeOf(r)
	if d := cmp.Diff(want, got); d != "" || err != nil || r.Key != "k" {
		t.Errorf("ChangeOf(Record) = %v, key %q (-want +got):\n%s", err, r.Key, d)
	}
	if _, err := ChangeOf(Record{Value: []byte("{")}); err == nil {
		t.Error("ChangeOf(no JSON) = nil; want an error")
	}
}
