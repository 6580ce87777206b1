package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// identity says which window w of the policy m is: two of the same identity
// remember the same after the same events. It is the SHA-256 of the definition
// and of all that its observe rule depends on: the text of that rule and of
// those that it reads, without comments and layout, the imports of their files,
// and the facts about the site that they read.
func (b *builder) identity(c *ast.Compiler, m module, w Window) string {
	h := sha256.New()
	part := func(what string, text []byte) {
		fmt.Fprintf(h, "%s\x00%d\x00", what, len(text))
		h.Write(text)
	}
	definition, err := json.Marshal(w)
	if err != nil {
		return b.digest(m) + " " + w.Name // no definition is like that today
	}
	part("window", definition)
	rules := closure(c, observersOf(c, m, w.observers()))
	for _, text := range b.texts(m, rules) {
		part("rule", []byte(text))
	}
	for _, name := range sitesOf(rules) {
		part("site/"+name, b.source.siteText[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// observersOf are the compiled rules that put one of names into observe.
func observersOf(c *ast.Compiler, m module, names []string) []*ast.Rule {
	all := c.GetRulesExact(m.parsed.Package.Path.Append(ast.StringTerm(observeRule)))
	return slices.DeleteFunc(slices.Clone(all), func(r *ast.Rule) bool {
		name, ok := r.Head.Key.Value.(ast.String)
		return !ok || !slices.Contains(names, string(name))
	})
}

// closure is rules with all that they read.
func closure(c *ast.Compiler, rules []*ast.Rule) []*ast.Rule {
	known := map[*ast.Rule]bool{}
	todo := slices.Clone(rules)
	var out []*ast.Rule
	for len(todo) > 0 {
		r := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if known[r] {
			continue
		}
		known[r] = true
		out = append(out, r)
		if r.Else != nil {
			todo = append(todo, r.Else)
		}
		for dep := range c.Graph.Dependencies(r) { // all are taken, whatever the order
			if d, ok := dep.(*ast.Rule); ok {
				todo = append(todo, d)
			}
		}
	}
	return out
}

// texts are the rules as their authors wrote them, sorted, each with its file,
// and the imports of their files: compiled rules depend on what else stands in
// the file by the numbers of their variables.
func (b *builder) texts(m module, rules []*ast.Rule) []string {
	files := map[string]module{m.file: m}
	for _, lib := range b.source.libs {
		files[lib.file] = lib
	}
	rows := map[string]map[int]bool{}
	for _, r := range rules {
		if rows[r.Location.File] == nil {
			rows[r.Location.File] = map[int]bool{}
		}
		rows[r.Location.File][r.Location.Row] = true
	}
	var out []string
	for file := range rows {
		parsed := files[file].parsed
		for _, i := range parsed.Imports {
			out = append(out, file+" "+i.String())
		}
		for _, r := range parsed.Rules {
			if rows[file][r.Location.Row] {
				out = append(out, file+" "+r.String())
			}
		}
	}
	slices.Sort(out)
	return out
}

// sitesOf are the names of the facts about the site that rules read, sorted.
func sitesOf(rules []*ast.Rule) []string {
	var names []string
	for _, r := range rules {
		ast.WalkRefs(r, func(ref ast.Ref) bool {
			if what, ok := sharedOf(ref); ok && ref.HasPrefix(ast.DefaultRootRef) {
				if name, ok := strings.CutPrefix(what, siteFolder+"/"); ok {
					names = append(names, name)
				}
			}
			return false
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}
