package engine

import (
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Every builtin of this version of OPA is allowed or refused by name, and no
// other is mentioned: an upgrade that brings one fails here until somebody
// decides.
func TestEveryBuiltinIsClassified(t *testing.T) {
	b, err := readBuiltins(builtinsFile)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range ast.CapabilitiesForThisVersion().Builtins {
		known[f.Name] = true
		_, refused := b.refused[f.Name]
		if allowed := slices.Contains(b.allowed, f.Name); allowed == refused {
			t.Errorf("builtin %s: allowed %t, refused %t; add one line to builtins.txt", f.Name, allowed, refused)
		}
		if f.IsNondeterministic() && !refused {
			t.Errorf("builtin %s is not deterministic; refuse it", f.Name)
		}
	}
	for _, name := range b.allowed {
		if !known[name] {
			t.Errorf("builtins.txt allows %s, which OPA does not have", name)
		}
	}
	for name := range b.refused {
		if !known[name] {
			t.Errorf("builtins.txt refuses %s, which OPA does not have", name)
		}
	}
}

func TestReadBuiltinsRefuses(t *testing.T) {
	for _, line := range []string{"allow", "allow a because", "refuse a", "forbid a b"} {
		if b, err := readBuiltins(line); err == nil && len(b.allowed)+len(b.refused) > 0 && b.allowed[0] != "" {
			t.Errorf("readBuiltins(%q) = %v; want an error", line, b)
		}
	}
}

// What programs call by themselves must be allowed and exist.
func TestNativeBuiltins(t *testing.T) {
	b, err := readBuiltins(builtinsFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range nativeBuiltins() {
		if !slices.Contains(b.allowed, name) || topdown.GetBuiltin(name) == nil || ast.BuiltinMap[name] == nil {
			t.Errorf("builtin %s is not allowed or does not exist", name)
		}
		if d := ast.BuiltinMap[name]; d != nil && (d.Relation || d.Decl.FuncArgs().Variadic != nil) {
			t.Errorf("builtin %s has no single result or no fixed operands", name)
		}
	}
}
