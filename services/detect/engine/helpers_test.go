package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cordon-iot/cordon"
)

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// folder is a folder of policies in memory.
func folder(files ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

// policyText is a policy with the given lines below custom and the given rules.
func policyText(pkg, custom, rules string) string {
	var b strings.Builder
	b.WriteString("# METADATA\n# title: T\n# description: D\n# custom:\n")
	for _, line := range strings.Split(strings.TrimSpace(custom), "\n") {
		fmt.Fprintf(&b, "#   %s\n", line)
	}
	fmt.Fprintf(&b, "package policies.%s\n\n%s\n", pkg, rules)
	return b.String()
}

const plain = "id: CRD-0001\nseverity: high\nresponse: alert"

func mustLoad(t testing.TB, fsys fstest.MapFS) *Pack {
	t.Helper()
	p, err := Load(context.Background(), fsys, LoadOptions{})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return p
}

// at is an event of device d, seconds after day.
func at(seconds float64, body string) cordon.Event {
	when := day.Add(time.Duration(seconds * float64(time.Second)))
	return cordon.Event{
		ID: cordon.NewEventID("test", []byte(when.String()+body)), Device: "d", Class: "network_activity",
		Time: when, Recorded: when, Body: []byte(body),
	}
}

// summaries are the summaries of what e finds in events, one string each.
func summaries(t testing.TB, e *Engine, events ...cordon.Event) []string {
	t.Helper()
	var out []string
	for _, ev := range events {
		found, err := e.Evaluate(context.Background(), ev)
		if err != nil {
			t.Fatalf("Evaluate(%s) = %v", ev.Body, err)
		}
		for _, f := range found {
			out = append(out, f.Summary)
		}
	}
	return out
}

// one is a folder with one policy in policies.a.b.
func one(custom, rules string) fstest.MapFS {
	return folder("a/b/policy.rego", policyText("a.b", custom, rules))
}
