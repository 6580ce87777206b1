package cordon

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Ruleset is a folder of policies as it was at one time, with all that policies
// are compiled from and without their tests.
type Ruleset struct {
	Digest    string            `json:"digest"` // of Files
	Author    string            `json:"author"` // who put it in force, such as "ana@soc-1"
	Published time.Time         `json:"published"`
	Before    []string          `json:"before,omitempty"` // digests of earlier sets, newest first
	Files     map[string]string `json:"files"`            // text by name, such as "network/beacon/policy.rego"
}

// mostBefore bounds how many earlier sets a set knows of.
const mostBefore = 256

// NewRuleset returns the set of files that follows before, or the first one if
// before is nil. Text that is no UTF-8 is made so, as it would be on the log.
func NewRuleset(files map[string]string, author string, published time.Time, before *Ruleset) Ruleset {
	s := Ruleset{Author: author, Published: published.UTC(), Files: make(map[string]string, len(files))}
	for name, text := range files {
		s.Files[name] = strings.ToValidUTF8(text, "\uFFFD")
	}
	s.Digest = digestOf(s.Files)
	if before != nil {
		s.Before = append([]string{before.Digest}, before.Before...)
		s.Before = s.Before[:min(len(s.Before), mostBefore)]
	}
	return s
}

// digestOf is the SHA-256 of all files, each with its name and length, hex.
func digestOf(files map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s\x00%d\x00%s", name, len(files[name]), files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// RulesetsKey is the key of every set: they stand in one partition, in the
// order in which they were put in force.
const RulesetsKey = "rulesets"

// Record encodes s for the rulesets topic.
func (s Ruleset) Record() (Record, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return Record{}, fmt.Errorf("ruleset %s: %w", s.Digest, err)
	}
	id := DeriveID("ruleset", string(body))
	return Record{Key: RulesetsKey, Headers: envelope(id, "cordon.ruleset", "/policies", s.Published), Value: body}, nil
}

// RulesetOf decodes a record of the rulesets topic. It fails if the files are
// not those of the digest.
func RulesetOf(r Record) (Ruleset, error) {
	var s Ruleset
	if err := json.Unmarshal(r.Value, &s); err != nil {
		return Ruleset{}, fmt.Errorf("ruleset at %s: %w", r.Position, err)
	}
	if got := digestOf(s.Files); got != s.Digest {
		return Ruleset{}, fmt.Errorf("ruleset at %s: its files have the digest %s and not %s", r.Position, got, s.Digest)
	}
	return s, nil
}
