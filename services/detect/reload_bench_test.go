package detect

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// manyFiles are n policies like those of the folder policies: each with a
// window, two conditions that differ, a list, a helper, and a test.
func manyFiles(n int) (rules, tests map[string]string) {
	rules = map[string]string{"lib/net.rego": "package lib.net\n\noutside if not net.cidr_contains(\"10.0.0.0/8\", input.dst_endpoint.ip)\n"}
	tests = map[string]string{}
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		rules["gen/"+name+"/policy.rego"] = fmt.Sprintf(`# METADATA
# title: Policy %[1]d
# description: D
# custom:
#   id: CRD-%04[1]d
#   severity: high
#   response: alert
#   suppress: 1h
#   windows:
#     tries: {kind: count, by: [input.device.uid, input.dst_endpoint.ip], over: 5m}
package policies.gen.p%[1]d

import data.lib.net

ports := {%[1]d, %[2]d, 443}

observe contains "tries" if {
	input.class_uid == 4001
	input.dst_endpoint.port in ports
}

findings contains {"key": input.dst_endpoint.ip, "summary": sprintf("%%v tries", [input.windows.tries.count])} if {
	input.class_uid == 4001
	input.dst_endpoint.port in ports
	net.outside
	startswith(input.dst_endpoint.hostname, "h%[1]d.")
	input.windows.tries.count >= 10
}
`, i, i+1000)
		tests["gen/"+name+"/policy_test.rego"] = fmt.Sprintf(`package policies.gen.p%[1]d_test

import data.policies.gen.p%[1]d

test_hit if count(p%[1]d.findings) == 1 with input as {
	"class_uid": 4001, "dst_endpoint": {"ip": "192.0.2.1", "port": %[1]d, "hostname": "h%[1]d.example"},
	"windows": {"tries": {"count": 10}},
}
`, i)
	}
	return rules, tests
}

// processor is how much processor time this process has used. The clock says
// little on a machine that others use as well.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measured runs f and reports its processor time too.
func measured(b *testing.B, f func()) {
	begun := processor(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(processor(b)-begun)/float64(b.N)/1e6, "cpu-ms/op")
}

// BenchmarkReload measures what happens beside the set that runs when a folder
// of 300 policies changed, and what a partition stands still for.
func BenchmarkReload(b *testing.B) {
	rules, tests := manyFiles(300)
	compile := func(b *testing.B, files map[string]string) *engine.Pack {
		set := cordon.NewRuleset(files, "ana", time.Time{}, nil)
		p, err := load(b.Context(), engine.LoadOptions{}, set.Files)
		if err != nil {
			b.Fatal(err)
		}
		return p
	}
	b.Run("compile", func(b *testing.B) {
		measured(b, func() { compile(b, rules) })
	})
	b.Run("test", func(b *testing.B) {
		measured(b, func() {
			if err := test(b.Context(), rules, tests); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("swap", func(b *testing.B) {
		before := compile(b, rules)
		rules["gen/p7/policy.rego"] = strings.Replace(rules["gen/p7/policy.rego"], ">= 10", ">= 11", 1)
		sets := []*ruleset{{digest: "before", pack: before}, {digest: "after", pack: compile(b, rules)}}
		s := newStep(fixed(before), engine.Options{}, "findings")
		for n := range 1000 {
			if err := s.Fold(b.Context(), recordAt(n)); err != nil {
				b.Fatal(err)
			}
		}
		n := 0
		measured(b, func() {
			n++
			s.swap(sets[n%2])
		})
	})
}
