package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// children are what this test's program does when it is started as one.
func children() map[string]func() {
	return map[string]func(){
		"compile": func() { os.Exit(Child(os.Stdin, os.Stdout, os.Stderr)) },
		"hang": func() {
			begin()
			select {} // beside a goroutine, so that it is no deadlock
		},
		"compute": func() {
			endOnLimit()
			begin(limitCPU(time.Millisecond))
			for n := 0; ; n++ {
				spent = n
			}
		},
		"allocate": func() {
			begin(limitMemory(64 << 20))
			for n := 1; ; n++ {
				kept = append(kept, make([]byte, n<<20))
			}
		},
		"die": func() {
			begin()
			os.Exit(9)
		},
		"no child": func() {
			_, _ = fmt.Fprintln(os.Stderr, "what is that?")
			os.Exit(1)
		},
	}
}

// begin says that the child begins with its first file, unless it cannot.
func begin(errs ...error) {
	var j job
	errs = append(errs, json.NewDecoder(os.Stdin).Decode(&j))
	if err := errors.Join(errs...); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, _ = fmt.Println(j.Todo[0])
}

const childEnv = "CORDON_TEST_CHILD="

var (
	kept  [][]byte // of a child that allocates
	spent int      // by one that computes
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if name, ok := strings.CutPrefix(os.Args[1], childEnv); ok {
			go func() { select {} }()
			children()[name]()
		}
	}
	os.Exit(m.Run())
}

func guardOf(t *testing.T, child string, l Limits) *Guard {
	t.Helper()
	g, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	return &Guard{Command: []string{g.Command[0], childEnv + child}, Limits: l}
}

func policy(name, rules string) string {
	return "# METADATA\n# title: T\n# description: D\n# custom:\n#   id: CRD-0001\n#   severity: low\n#   response: alert\npackage policies.a." + name + "\n\n" + rules + "\n"
}

func good() map[string]string {
	return map[string]string{
		"a/good/policy.rego":  policy("good", `import data.lib.l`+"\n"+`findings contains "x" if l.yes(data.site.s)`),
		"a/worse/policy.rego": policy("worse", `findings contains`),
		"lib/l.rego":          "package lib.l\n\nyes(x) if x\n",
		"site/s.yaml":         "s: 1\n",
	}
}

// What is dear is named, whatever it is dear in; what is broken otherwise is not
// the guard's to say.
func TestRefused(t *testing.T) {
	slow := map[string]string{"a/slow/policy.rego": policy("slow", `findings contains "x"`)}
	for _, tc := range []struct {
		name, child string
		files       map[string]string
		limits      Limits
		want        string // in the first problem; "": none
	}{
		{"all is well", "compile", good(), Limits{}, ""},
		{"too much of the processor", "compute", slow, Limits{}, "more than 5s of the processor"},
		{"too much memory", "allocate", slow, Limits{}, "more than 512 MiB of memory"},
		{"too long", "hang", slow, Limits{Wall: 3 * time.Second}, "more than 3s"},
		{"something else", "die", slow, Limits{}, "ended the process: exit status 9"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad, err := guardOf(t, tc.child, tc.limits).Refused(t.Context(), tc.files)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if len(bad) > 0 {
					t.Errorf("Refused = %v; want nothing", bad)
				}
				return
			}
			if len(bad) != 1 || bad[0].File != "a/slow/policy.rego" || !strings.Contains(bad[0].Cause, tc.want) {
				t.Errorf("Refused = %v; want %q", bad, tc.want)
			}
		})
	}
}

func TestRefusedFails(t *testing.T) {
	if _, err := guardOf(t, "no child", Limits{}).Refused(t.Context(), good()); err == nil || !strings.Contains(err.Error(), "what is that?") {
		t.Errorf("Refused by a program that is none = %v; want what it said", err)
	}
	if _, err := (&Guard{Command: []string{"/none"}}).Refused(t.Context(), good()); err == nil {
		t.Error("Refused by a program that does not exist = nil; want an error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := guardOf(t, "compile", Limits{}).Refused(ctx, good()); err == nil {
		t.Error("Refused with an ended context = nil; want an error")
	}
	if bad, err := (*Guard)(nil).Refused(t.Context(), good()); err != nil || len(bad) > 0 {
		t.Errorf("Refused by no guard = %v, %v; want nothing", bad, err)
	}
}

// Of many dear ones a few are tried, and then no more.
func TestMostRefused(t *testing.T) {
	left := map[string]string{}
	for i := range mostRefused + 3 {
		left[fmt.Sprintf("a/p%d/policy.rego", i)] = policy(fmt.Sprintf("p%d", i), `findings contains "x"`)
	}
	bad, err := guardOf(t, "die", Limits{}).Refused(t.Context(), left)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range bad {
		names = append(names, p.File)
	}
	if d := cmp.Diff(compiled(left), names); d != "" {
		t.Errorf("refused (-all +got):\n%s", d)
	}
}

// What was accepted is not compiled again until it, or what it shares, changes.
func TestAcceptedOnce(t *testing.T) {
	g := guardOf(t, "compile", Limits{})
	files := good()
	if bad, err := g.Refused(t.Context(), files); err != nil || len(bad) > 0 {
		t.Fatalf("Refused = %v, %v; want nothing", bad, err)
	}
	g.Command = []string{"/none"}
	if bad, err := g.Refused(t.Context(), files); err != nil || len(bad) > 0 {
		t.Errorf("Refused of the same files = %v, %v; want nothing, and no process", bad, err)
	}
	files["lib/l.rego"] += "\n# changed\n"
	if _, err := g.Refused(t.Context(), files); err == nil {
		t.Error("Refused after a shared module changed = nil; want that a process was wanted")
	}
}
