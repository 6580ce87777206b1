package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cordon-iot/cordon/internal/testdata"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// TestReadmePolicy: the policy in the README is one that loads.
func TestReadmePolicy(t *testing.T) {
	_, block, ok := strings.Cut(readme(t), "    # METADATA\n")
	if !ok {
		t.Fatal("README.md shows no policy")
	}
	block, _, _ = strings.Cut("    # METADATA\n"+block, "\n## ")
	text := regexp.MustCompile(`(?m)^    `).ReplaceAllString(block, "")
	files := fstest.MapFS{"access/telnet/policy.rego": {Data: []byte(text)}}
	if _, err := engine.Load(t.Context(), files, engine.LoadOptions{}); err != nil {
		t.Errorf("the README's policy: %v\n%s", err, text)
	}
}

// TestReadmeLinks: what the README links to is there.
func TestReadmeLinks(t *testing.T) {
	links := regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readme(t), -1)
	for _, l := range links {
		if _, err := os.Stat(filepath.Join(testdata.Root(), l[1])); err != nil {
			t.Errorf("README.md links to %s: %v", l[1], err)
		}
	}
	if len(links) < 5 {
		t.Errorf("%d links found in README.md; want those to policies and docs", len(links))
	}
}

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testdata.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
