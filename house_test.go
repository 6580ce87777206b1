package cordon_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	house      = "github.com/cordon-iot/cordon"
	services   = house + "/services/"
	opa        = "github.com/open-policy-agent/"
	clickhouse = "github.com/ClickHouse/"
	kafkaGo    = "github.com/segmentio/kafka-go"
	franz      = "github.com/twmb/"
	webhooks   = "github.com/standard-webhooks/"
)

// A ban says what packages below a path may not depend on, and why.
type ban struct {
	path string // package, or all below it when it ends in "/..."
	deps []string
	why  string
}

func bans() []ban {
	return []ban{
		{house, []string{house + "/", "github.com/", "golang.org/"}, "integrators import the records; they pull in the standard library alone"},
		{house + "/ocsf", []string{house, "github.com/", "golang.org/"}, "the event classes are data"},
		{house + "/wkafka", []string{house + "/", opa, clickhouse, franz}, "anyone may use the Kafka adapter without cordon"},
		{house + "/internal/stream", []string{opa, clickhouse, franz, services}, "it carries records and knows no service"},
		{house + "/internal/service", []string{opa, clickhouse, franz, services}, "it is the shell of every process"},
		{services + "ingest/...", []string{opa, franz, services + "detect", services + "respond", webhooks}, "what faces devices evaluates no policy and holds no enforcer secret"},
		{services + "detect/engine", []string{house + "/wkafka", house + "/internal/stream", kafkaGo}, "the engine is a function of events; it has no log in it"},
		{services + "detect/...", []string{clickhouse, franz, services + "ingest", services + "respond", webhooks}, "detection reads the log alone, so that a replay gives the same"},
		{services + "respond/...", []string{opa, clickhouse, franz, services + "ingest", services + "detect"}, "what holds enforcer secrets evaluates no policy and reads no database"},
	}
}

func (b ban) covers(pkg string) bool {
	prefix, all := strings.CutSuffix(b.path, "/...")
	return pkg == prefix || all && strings.HasPrefix(pkg, prefix+"/")
}

type goPackage struct {
	ImportPath, Name, Doc, Dir string
	Deps                       []string
}

func TestHouse(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		for _, b := range bans() {
			if b.covers(p.ImportPath) {
				checkDeps(t, p, b)
			}
		}
	}
}

func checkDeps(t *testing.T, p goPackage, b ban) {
	t.Helper()
	for _, dep := range p.Deps {
		for _, bad := range b.deps {
			if strings.HasPrefix(dep, bad) && !allowed(p.ImportPath, dep) {
				t.Errorf("%s may not depend on %s: %s", p.ImportPath, dep, b.why)
			}
		}
	}
}

// allowed are the exceptions: the records are made of the event classes.
func allowed(pkg, dep string) bool {
	return pkg == dep || pkg == house && dep == house+"/ocsf"
}

// packages lists every package of the workspace that is built from files for
// programs, not tests alone.
func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Dir,Deps", "work")
	out, err := cmd.Output()
	if err != nil {
		var x *exec.ExitError
		if errors.As(err, &x) {
			t.Fatalf("go list: %v\n%s", err, x.Stderr)
		}
		t.Fatal(err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if hasProgramFiles(t, p.Dir) {
			all = append(all, p)
		}
	}
}

func hasProgramFiles(t *testing.T, dir string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			return true
		}
	}
	return false
}

// TestNoInit: a package that does something when it is imported surprises
// whoever imports it.
func TestNoInit(t *testing.T) {
	for _, p := range packages(t) {
		files, _ := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		for _, f := range files {
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(src), "\nfunc init()") {
				t.Errorf("%s has an init function", f)
			}
		}
	}
}
