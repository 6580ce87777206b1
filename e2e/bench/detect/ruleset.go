package main

import (
	"context"
	"strings"
	"testing/fstest"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

// A ruleset is the rules of one measurement about events of one form. With
// windows, the last of the rules give way to them, so that their number stays.
type ruleset struct {
	form    form
	site    *site
	rules   []rule
	windows []window
	limit   int // of windows
}

// withWindows is s with windows in place of its last rules.
func (s ruleset) withWindows(ws []window, limit int) ruleset {
	s.rules, s.windows, s.limit = s.rules[:len(s.rules)-len(ws)], ws, limit
	return s
}

// policies are s as policies, by package.
func (s ruleset) policies() map[string]string {
	out := map[string]string{}
	for _, r := range s.rules {
		out[r.pkg()] = policy(r.pkg(), r.number, "", r.rego(s.form))
	}
	for i, w := range s.windows {
		pkg, text := w.policy(s.form, i, len(s.rules)+i, s.limit)
		out[pkg] = text
	}
	return out
}

// folder is s as a folder of policies.
func (s ruleset) folder() (fstest.MapFS, error) {
	files, err := s.site.files()
	if err != nil {
		return nil, err
	}
	fsys := fstest.MapFS{"lib/addr.rego": {Data: []byte(lib())}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: text}
	}
	for pkg, text := range s.policies() {
		fsys[file(pkg)] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys, nil
}

func (s ruleset) load(ctx context.Context) (*engine.Pack, error) {
	fsys, err := s.folder()
	if err != nil {
		return nil, err
	}
	return engine.Load(ctx, fsys, engine.LoadOptions{})
}

// oneSet is all of s in one package.
func (s ruleset) oneSet() string {
	var b strings.Builder
	b.WriteString("package bench\n\n")
	for _, r := range s.rules {
		b.WriteString(r.rego(s.form) + "\n")
	}
	for i, w := range s.windows {
		b.WriteString("observe contains \"" + windowName(i) + "\" if " + w.observe(s.form) + "\n" + w.rego(s.form, windowName(i), s.limit) + "\n")
	}
	return b.String()
}
