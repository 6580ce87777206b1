package detect

import (
	"bytes"
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/loader"

	"github.com/cordon-iot/cordon/internal/testdata"
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/detect/check"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

var update = flag.Bool("update", false, "rewrite policies/README.md")

func policyFolder() (string, fs.FS) {
	dir := filepath.Join(testdata.Root(), "policies")
	return dir, os.DirFS(dir)
}

func loadPolicies(t testing.TB) *engine.Pack {
	t.Helper()
	_, fsys := policyFolder()
	p, err := engine.Load(context.Background(), fsys, engine.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func failAll(t *testing.T, fs []check.Failure) {
	t.Helper()
	for _, f := range fs {
		t.Error(f)
	}
}

func TestPoliciesAreFormatted(t *testing.T) {
	_, fsys := policyFolder()
	failed, err := check.Format(fsys)
	if err != nil {
		t.Fatal(err)
	}
	failAll(t, failed)
}

func TestPoliciesCompileStrictly(t *testing.T) {
	_, fsys := policyFolder()
	failAll(t, check.Strict(fsys))
}

func TestRegoTests(t *testing.T) {
	_, fsys := policyFolder()
	n, failed, err := check.Rego(context.Background(), fsys)
	if err != nil {
		t.Fatal(err)
	}
	failAll(t, failed)
	if n < 3*len(loadPolicies(t).Policies) {
		t.Errorf("%d Rego tests; want at least three a policy", n)
	}
}

func TestFixtures(t *testing.T) {
	_, fsys := policyFolder()
	n, failed, err := check.Fixtures(context.Background(), fsys, loadPolicies(t))
	if err != nil {
		t.Fatal(err)
	}
	failAll(t, failed)
	t.Logf("%d fixtures", n)
}

// Fixtures are events that ingest would let through as they stand.
func TestFixturesAreEvents(t *testing.T) {
	dir, fsys := policyFolder()
	names, err := fs.Glob(fsys, "*/*/*/*.ndjson")
	if err != nil || len(names) == 0 {
		t.Fatalf("fixtures below %s: %d, %v", dir, len(names), err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		events, err := check.Events(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i, ev := range events {
			body, dropped, err := ocsf.Normalize(nil, ev.Body)
			if slices.Equal(dropped, setByIngest()) {
				continue
			}
			if err != nil || len(dropped) > 0 || !bytes.Equal(body, ev.Body) {
				t.Errorf("%s:%d: Normalize = %s, dropped %q, %v; want the event as it stands", name, i+1, body, dropped, err)
				break
			}
		}
	}
}

// setByIngest is what Normalize drops because it does not believe it from
// outside; ingest adds it.
func setByIngest() []string { return []string{"unmapped.firmware_expected"} }

// OPA's own tools must see the same modules and data as the engine.
func TestStockLoader(t *testing.T) {
	dir, _ := policyFolder()
	got, err := loader.NewFileLoader().Filtered([]string{dir}, nil)
	if err != nil {
		t.Fatalf("opa test %s would say: %v", dir, err)
	}
	if len(got.Documents) != 1 || got.Documents["site"] == nil {
		t.Errorf("documents = %v; want those of site/ alone", got.Documents)
	}
	for _, q := range loadPolicies(t).Policies {
		if _, ok := got.Modules[strings.TrimPrefix(filepath.Join(dir, q.File), "/")]; !ok {
			t.Errorf("OPA's loader does not find %s", q.File)
		}
	}
}

func TestReadmeLists(t *testing.T) {
	dir, _ := policyFolder()
	name := filepath.Join(dir, "README.md")
	old, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want, err := check.WithTable(string(old), loadPolicies(t))
	if err != nil {
		t.Fatal(err)
	}
	if string(old) == want {
		return
	}
	if !*update {
		t.Fatalf("%s is stale; run go test ./services/detect -update", name)
	}
	if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
