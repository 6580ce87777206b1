package engine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon/internal/testdata"
)

// fuzzedPolicy is a policy with block as the lines of its METADATA.
func fuzzedPolicy(block string) []byte {
	var b strings.Builder
	b.WriteString("# METADATA\n")
	for _, line := range strings.Split(block, "\n") {
		b.WriteString("# " + line + "\n")
	}
	b.WriteString("package policies.a.b\n\n" + ok + "\n")
	return []byte(b.String())
}

// blockOf returns the METADATA of the policy text, as fuzzedPolicy takes it.
func blockOf(text string) string {
	_, rest, _ := strings.Cut(text, "# METADATA\n")
	var lines []string
	for _, line := range strings.Split(rest, "\n") {
		body, is := strings.CutPrefix(line, "#")
		if !is {
			break
		}
		lines = append(lines, strings.TrimPrefix(body, " "))
	}
	return strings.Join(lines, "\n")
}

// FuzzMeta: whatever stands in METADATA gives a policy whose windows can be
// run, or problems that each name a line of the file and a next step.
func FuzzMeta(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(testdata.Root(), "policies", "*", "*", policyFile))
	if err != nil || len(files) == 0 {
		f.Fatalf("no policies: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(blockOf(string(text)))
	}
	const head = "title: T\ndescription: D\ncustom:\n  id: CRD-0001\n  severity: low\n  response: alert\n  windows:\n"
	for _, w := range []string{
		"{kind: ewma, by: [input.device.uid], over: 1h, of: input.x}", "{kind: last_seen, by: [input.device.uid], over: 1h}",
		"{kind: sequence, by: [input.device.uid], over: 1h, steps: [a, b]}", "{kind: sequence, by: [input.device.uid], over: 1h, steps: [a, a, 1]}",
		"{kind: absence, by: [input.device.uid], over: 1ms}", "{kind: count, by: [input.device.uid], over: 2562047h, step: 1ms}",
		"{kind: count, by: *x, over: &x [1]}", "[]", "", "{? [a]: b}", "{kind: count, kind: sum, by: [input., input..x, input.windows.y]}",
	} {
		f.Add(head + "    w: " + w)
		f.Add(head + "    w: " + w + "\n    w: {kind: count, by: [input.device.uid], over: 5m, step: 1s, max: 99999999999999999999}")
	}
	f.Fuzz(func(t *testing.T, block string) { checkMeta(t, fuzzedPolicy(block)) })
}

func checkMeta(t *testing.T, text []byte) {
	t.Helper()
	parsed, err := ast.ParseModuleWithOpts(policyFile, string(text), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
	if err != nil || parsed == nil {
		return // OPA's to tell
	}
	meta, problems := readMeta(module{file: policyFile, text: text, parsed: parsed})
	lines := strings.Count(string(text), "\n")
	for _, p := range problems {
		if p.Line < 1 || p.Line > lines || p.Cause == "" || p.Next == "" || p.File != policyFile {
			t.Errorf("problem %+v of a file of %d lines; want a line, a cause and a next step", p, lines)
		}
	}
	if len(problems) > 0 {
		return
	}
	if meta.ID == "" || meta.Severity == 0 {
		t.Errorf("no problems with METADATA that has no id or severity: %+v", meta)
	}
	for i, w := range meta.Windows {
		checkFuzzedWindow(t, w)
		if i > 0 && meta.Windows[i-1].Name >= w.Name {
			t.Errorf("windows %s and %s are not in their order", meta.Windows[i-1].Name, w.Name)
		}
	}
}

// checkFuzzedWindow runs a window that was found in order.
func checkFuzzedWindow(t *testing.T, w Window) {
	t.Helper()
	if w.Over <= 0 || w.Step < time.Millisecond || w.Over/w.Step > mostBuckets || w.Max < 1 || w.Max > mostDistinct {
		t.Fatalf("window %+v is not in order", w)
	}
	if !slices.ContainsFunc(w.By, func(p Path) bool { return p.String() == keyedBy }) {
		t.Errorf("window %+v is not keyed by the device", w)
	}
	f := newFrame(w)
	c := f.newCell()
	for i, at := range []int64{0, 1, w.Over.Milliseconds(), -5, 1 << 41} {
		c.add(f, at, sample{text: []byte{byte(i)}, number: 1, step: i % max(1, len(w.Steps))})
		c.read(f, at)
	}
}
