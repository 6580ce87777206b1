package engine

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

//go:embed builtins.txt
var builtinsFile string

// builtins says which builtin functions of OPA a policy may use.
type builtins struct {
	allowed []string          // sorted
	refused map[string]string // name to reason
}

// readBuiltins reads the form of builtins.txt.
func readBuiltins(file string) (builtins, error) {
	b := builtins{refused: map[string]string{}}
	for i, line := range strings.Split(file, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		name, reason, _ := strings.Cut(rest, " ")
		switch {
		case verb == "allow" && reason == "":
			b.allowed = append(b.allowed, name)
		case verb == "refuse" && reason != "":
			b.refused[name] = reason
		default:
			return builtins{}, fmt.Errorf("builtins.txt:%d: %q: want \"allow NAME\" or \"refuse NAME REASON\"", i+1, line)
		}
	}
	slices.Sort(b.allowed)
	return b, nil
}

// Capabilities are OPA's without the builtins that builtins.txt refuses or
// does not know, and without network.
func Capabilities() (*ast.Capabilities, error) {
	b, err := readBuiltins(builtinsFile)
	if err != nil {
		return nil, err
	}
	return b.capabilities(), nil
}

func (b builtins) capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(c.Builtins, func(f *ast.Builtin) bool {
		_, ok := slices.BinarySearch(b.allowed, f.Name)
		return !ok
	})
	c.AllowNet = []string{}
	return c
}
