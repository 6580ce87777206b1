package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// The folders of policies that hold something else than policies.
const (
	libFolder      = "lib"      // Rego that policies share, as data.lib.<name>
	siteFolder     = "site"     // what is true of this site, as data.site.<name>
	responseFolder = "response" // policies of respond; not read here
	policyFile     = "policy.rego"
	testSuffix     = "_test.rego"
	packageRoot    = "policies"
)

// module is one parsed Rego file.
type module struct {
	file   string // relative to the folder of policies
	text   []byte
	parsed *ast.Module
	reads  []string // what it refers to outside its package: "lib/net", "site/firmware"
}

// source is a folder of policies as it was read.
type source struct {
	policies []module
	libs     map[string]module // by name
	site     map[string]any    // data.site
	siteText map[string][]byte // by name, for the digest
	broken   map[string]string // what cannot be used, such as "lib/net", and its file
	problems Problems
}

// readSource reads the folder of policies. What is wrong with single files is
// in problems; an error means that the folder could not be read.
func readSource(fsys fs.FS, caps *ast.Capabilities) (*source, error) {
	s := &source{
		libs: map[string]module{}, site: map[string]any{},
		siteText: map[string][]byte{}, broken: map[string]string{},
	}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == responseFolder || strings.HasPrefix(d.Name(), ".") && name != "."):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		return s.readFile(fsys, name, caps)
	})
	if err != nil {
		return nil, fmt.Errorf("read policies: %w; give the folder that holds <area>/<name>/%s", err, policyFile)
	}
	return s, nil
}

func (s *source) readFile(fsys fs.FS, name string, caps *ast.Capabilities) error {
	folder, base := path.Split(name)
	switch ext := path.Ext(base); {
	case strings.HasSuffix(base, testSuffix):
		return nil
	case ext == ".rego":
		return s.readModule(fsys, name, caps)
	case folder == siteFolder+"/" && (ext == ".yaml" || ext == ".json"):
		return s.readSite(fsys, name, strings.TrimSuffix(base, ext))
	}
	return nil
}

func (s *source) readModule(fsys fs.FS, name string, caps *ast.Capabilities) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	want, ok := packageOf(name)
	if !ok {
		s.problem(Problem{File: name, Cause: "a Rego file here is never read",
			Next: "a policy is <area>/<name>/" + policyFile + ", shared Rego is " + libFolder + "/<name>.rego, tests end in " + testSuffix})
		return nil
	}
	isLib := strings.HasPrefix(name, libFolder+"/")
	lib := strings.TrimSuffix(path.Base(name), ".rego")
	parsed, bad := parse(name, text, caps)
	if len(bad) > 0 {
		s.problem(bad...)
		if isLib {
			s.broken[libFolder+"/"+lib] = name
		}
		return nil
	}
	m := module{file: name, text: text, parsed: parsed}
	if got := strings.TrimPrefix(m.parsed.Package.Path.String(), "data."); got != want {
		s.problem(Problem{File: name, Line: m.parsed.Package.Location.Row, Cause: "package " + got + " does not fit the folder", Next: "write package " + want})
		return nil
	}
	m.reads, bad = readsOf(m.parsed, name)
	s.problem(bad...)
	switch {
	case isLib:
		s.libs[lib] = m
	case len(bad) == 0:
		s.policies = append(s.policies, m)
	}
	return nil
}

// parse parses a file that is not too dear.
func parse(file string, text []byte, caps *ast.Capabilities) (*ast.Module, Problems) {
	if bad := dearText(file, text); len(bad) > 0 {
		return nil, bad
	}
	m, err := ast.ParseModuleWithOpts(file, string(text), ast.ParserOptions{ProcessAnnotation: true, Capabilities: caps, RegoVersion: ast.RegoV1})
	if err == nil && m == nil {
		err = errors.New("the file is empty")
	}
	if err != nil {
		return nil, parseProblems(file, err)
	}
	return m, dearModule(file, m)
}

// packageOf returns the package that a file must have, and whether the file is
// at a place where Rego is read at all.
func packageOf(name string) (string, bool) {
	parts := strings.Split(name, "/")
	switch {
	case len(parts) == 2 && parts[0] == libFolder:
		return libFolder + "." + strings.TrimSuffix(parts[1], ".rego"), true
	case len(parts) == 3 && parts[2] == policyFile && parts[0] != libFolder && parts[0] != siteFolder:
		return packageRoot + "." + parts[0] + "." + parts[1], true
	}
	return "", false
}

// readSite reads one file of facts about the site. Its only top-level key is
// its name: OPA's own tools then see the same document as the engine.
func (s *source) readSite(fsys fs.FS, name, key string) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	var doc map[string]any
	cause, next := "", ""
	if err := util.Unmarshal(text, &doc); err != nil { // as OPA's own loader reads it
		cause, next = strings.TrimPrefix(err.Error(), "yaml: "), "correct the YAML; policies that read data.site."+key+" are not loaded"
	} else if _, ok := doc[key]; !ok || len(doc) != 1 {
		cause, next = "wants exactly one top-level key, the name of the file", "put everything under \""+key+":\""
	}
	if cause != "" {
		s.broken[siteFolder+"/"+key] = name
		s.problem(Problem{File: name, Cause: cause, Next: next})
		return nil
	}
	s.site[key], s.siteText[key] = doc[key], text
	return nil
}

func (s *source) problem(ps ...Problem) { s.problems = append(s.problems, ps...) }

// readsOf returns what m refers to outside its own package and input.
func readsOf(m *ast.Module, file string) ([]string, Problems) {
	var reads []string
	var bad Problems
	own := m.Package.Path
	ast.WalkRefs(m, func(r ast.Ref) bool {
		if r.Equal(own) || !r.HasPrefix(ast.DefaultRootRef) || r.HasPrefix(own) {
			return false
		}
		what, ok := sharedOf(r)
		switch {
		case ok:
			reads = append(reads, what)
		case len(r) > 0 && r[0].Location != nil:
			bad = append(bad, Problem{File: file, Line: r[0].Location.Row, Column: r[0].Location.Col,
				Cause: "reads " + r.String() + ", which belongs to others or does not exist",
				Next:  "a policy may read input, its own package, data.lib.<name> and data.site.<name>"})
		}
		return false
	})
	slices.Sort(reads)
	return slices.Compact(reads), bad
}

func sharedOf(r ast.Ref) (string, bool) {
	if len(r) < 3 {
		return "", false
	}
	folder, ok1 := r[1].Value.(ast.String)
	name, ok2 := r[2].Value.(ast.String)
	if !ok1 || !ok2 || folder != libFolder && folder != siteFolder {
		return "", false
	}
	return string(folder) + "/" + string(name), true
}
