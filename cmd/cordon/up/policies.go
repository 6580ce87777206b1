package up

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cordon-iot/cordon/policies"
)

// policyFiles returns the policies to run and where they are from.
func policyFiles(dir string) (fs.FS, string, error) {
	if dir == "" {
		dir = findPolicies()
	}
	if dir == "" {
		return policies.Files, "built in", nil
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, "", err
	}
	return os.DirFS(dir), dir, nil
}

// findPolicies looks for a rule pack in the working directory and its parents.
// Not every directory of that name is one.
func findPolicies() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		path := filepath.Join(dir, "policies")
		if rules, _ := filepath.Glob(filepath.Join(path, "*", "*", "policy.rego")); len(rules) > 0 {
			return path
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}
