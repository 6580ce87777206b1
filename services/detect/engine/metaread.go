package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"
)

// metaReader reads the METADATA block of one policy and remembers what is
// wrong with it, and where.
type metaReader struct {
	file     string
	top      int // line of "# METADATA"; line n of the YAML is line top+n of the file
	problems Problems
}

// readMeta returns what the METADATA block of m says. OPA's parser has found
// the block and decided that it is about the package.
func readMeta(m module) (Meta, Problems) {
	r := &metaReader{file: m.file}
	ann := packageAnnotations(m.parsed)
	if ann == nil {
		r.at(m.parsed.Package.Location.Row, "no METADATA block about the package",
			"put # METADATA with title, description and custom right above the package line")
		return Meta{}, r.problems
	}
	r.top = ann.Location.Row
	meta := Meta{Title: ann.Title, Description: strings.TrimSpace(ann.Description), Status: Stable}
	root, err := metaNode(m.text, r.top)
	if err != nil {
		r.at(r.top, oneLine(err.Error()), "correct the METADATA block: it is YAML behind \"# \"")
		return Meta{}, r.problems
	}
	custom := &yaml.Node{Kind: yaml.MappingNode}
	r.fields(root, map[string]func(*yaml.Node){
		"scope": ignore, "title": ignore, "description": ignore, "authors": ignore, "organizations": ignore,
		"related_resources": ignore, "entrypoint": ignore, "schemas": ignore, "labels": ignore,
		"custom": func(n *yaml.Node) { custom = n },
	})
	r.fields(custom, map[string]func(*yaml.Node){
		"id":              func(n *yaml.Node) { meta.ID = r.id(n) },
		"severity":        func(n *yaml.Node) { meta.Severity = r.severity(n) },
		"response":        func(n *yaml.Node) { meta.Response = oneOf(r, n, cordon.Alert, cordon.Quarantine) },
		"status":          func(n *yaml.Node) { meta.Status = oneOf(r, n, Experimental, Stable) },
		"lease":           func(n *yaml.Node) { meta.Lease = r.duration(n) },
		"suppress":        func(n *yaml.Node) { meta.Suppress = r.duration(n) },
		"attack":          func(n *yaml.Node) { meta.Attack = r.techniques(n) },
		"windows":         func(n *yaml.Node) { meta.Windows = r.windows(n) },
		"false_positives": func(n *yaml.Node) { meta.FalsePositives = r.text(n) },
		"next_steps":      func(n *yaml.Node) { meta.NextSteps = r.text(n) },
	})
	r.check(meta)
	return meta, r.problems
}

// check looks for what is missing or does not fit together.
func (r *metaReader) check(m Meta) {
	missing := func(is bool, key, example string) {
		if is && len(r.problems) == 0 {
			r.at(r.top, key+" is missing in METADATA", "add "+example)
		}
	}
	missing(m.Title == "", "title", `"title: ..."`)
	missing(m.Description == "", "description", `"description: ..."`)
	missing(m.ID == "", "custom.id", `the next free number, such as "id: CRD-0042"`)
	missing(m.Severity == 0, "custom.severity", `"severity: high"`)
	missing(m.Response == "", "custom.response", `"response: alert"`)
	if m.Lease != 0 && m.Response == cordon.Alert {
		r.at(r.top, "an alert has no lease", "remove lease, or say response: quarantine")
	}
	if m.Status == Experimental && m.Response == cordon.Quarantine {
		r.at(r.top, "an experimental policy must not quarantine", "say response: alert until its status is stable")
	}
}

func packageAnnotations(m *ast.Module) *ast.Annotations {
	for _, a := range m.Annotations {
		if a.Scope == "package" {
			return a
		}
	}
	return nil
}

// metaNode parses the comment lines below line top of text as YAML.
func metaNode(text []byte, top int) (*yaml.Node, error) {
	var block strings.Builder
	for _, line := range strings.Split(string(text), "\n")[top:] {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !ok {
			break
		}
		block.WriteString(strings.TrimPrefix(rest, " "))
		block.WriteByte('\n')
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(block.String()), &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return nil, fmt.Errorf("the METADATA block is empty")
	}
	return doc.Content[0], nil
}

func ignore(*yaml.Node) {}

func (r *metaReader) at(line int, cause, next string) {
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Cause: cause, Next: next})
}

func (r *metaReader) bad(n *yaml.Node, cause, next string) { r.at(r.top+n.Line, cause, next) }

// fields calls known[key] for every key of the mapping n.
func (r *metaReader) fields(n *yaml.Node, known map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.bad(n, "METADATA: want a mapping of keys to values", "write key: value")
		return
	}
	given := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if given[key.Value] {
			r.bad(key, fmt.Sprintf("key %q stands twice in METADATA", key.Value), "remove one of them")
		}
		given[key.Value] = true
		f, ok := known[key.Value]
		if !ok {
			names := make([]string, 0, len(known))
			for k := range known {
				names = append(names, k)
			}
			slices.Sort(names)
			r.bad(key, fmt.Sprintf("unknown key %q in METADATA", key.Value), didYouMean(key.Value, names))
			continue
		}
		f(value)
	}
}

func (r *metaReader) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		r.bad(n, "want text", "put it on one line, or fold it with >-")
		return ""
	}
	return strings.TrimSpace(n.Value)
}

func (r *metaReader) texts(n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode {
		r.bad(n, "want a list", "write [a, b]")
		return nil
	}
	out := make([]string, 0, len(n.Content))
	for _, c := range n.Content {
		out = append(out, r.text(c))
	}
	return out
}

func (r *metaReader) id(n *yaml.Node) string {
	id := r.text(n)
	if ok, _ := regexp.MatchString(`^CRD-\d{4}$`, id); !ok {
		r.bad(n, fmt.Sprintf("id %q", id), "an id is CRD- and four digits, and is never reused")
	}
	return id
}

func (r *metaReader) severity(n *yaml.Node) cordon.Severity {
	names := []string{"low", "medium", "high", "critical"}
	i := slices.Index(names, r.text(n))
	if i < 0 {
		r.bad(n, fmt.Sprintf("unknown severity %q", n.Value), didYouMean(n.Value, names))
		return 0
	}
	return cordon.Low + cordon.Severity(i)
}

func oneOf[T ~string](r *metaReader, n *yaml.Node, known ...T) T {
	got := T(r.text(n))
	if slices.Contains(known, got) {
		return got
	}
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	r.bad(n, fmt.Sprintf("unknown value %q", got), didYouMean(string(got), names))
	return ""
}

func (r *metaReader) duration(n *yaml.Node) time.Duration {
	d, err := time.ParseDuration(r.text(n))
	if err != nil || d <= 0 || d%time.Millisecond != 0 {
		r.bad(n, fmt.Sprintf("duration %q", n.Value), "write whole milliseconds or more, such as 500ms, 5m or 24h")
		return 0
	}
	return d
}

func (r *metaReader) techniques(n *yaml.Node) []string {
	out := r.texts(n)
	technique := regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
	for i, t := range out {
		if !technique.MatchString(t) {
			r.bad(n.Content[i], fmt.Sprintf("ATT&CK technique %q", t), "write T1046 or T1110.001")
		}
	}
	return out
}
