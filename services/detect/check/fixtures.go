package check

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// Folders of fixtures beside a policy. A fixture is a sequence of events, one
// JSON object a line, in the order in which the log has them. A tick is
// {"class_name": "cordon.tick", "time": ...}.
const (
	HitFolder  = "hit"  // the policy finds something in each
	MissFolder = "miss" // and nothing in these
)

// missing is how the name of a fixture begins whose events lack a field.
const missing = "missing"

// Fixtures runs the fixtures of every policy of p, each on an engine without
// memory, and returns how many there were and what was wrong. Every policy
// needs a hit, a near miss, and a miss for want of a field.
func Fixtures(ctx context.Context, fsys fs.FS, p *engine.Pack) (n int, failed []Failure, err error) {
	for _, policy := range p.Policies {
		r := fixtureRun{ctx: ctx, fsys: fsys, pack: p, policy: policy}
		if err := r.all(); err != nil {
			return n, nil, err
		}
		n += r.n
		failed = append(failed, r.failed...)
	}
	return n, failed, nil
}

type fixtureRun struct {
	ctx    context.Context
	fsys   fs.FS
	pack   *engine.Pack
	policy *engine.Policy
	n      int
	failed []Failure
}

func (r *fixtureRun) all() error {
	hits, err := r.folder(HitFolder)
	if err != nil {
		return err
	}
	misses, err := r.folder(MissFolder)
	if err != nil {
		return err
	}
	lacking := 0
	for _, name := range misses {
		if strings.HasPrefix(path.Base(name), missing) {
			lacking++
		}
	}
	if len(hits) == 0 || lacking == 0 || lacking == len(misses) {
		r.failed = append(r.failed, Failure{path.Dir(r.policy.File), fmt.Sprintf(
			"%d hits, %d near misses, %d misses for want of a field: needs one of each, as hit/*.ndjson, miss/*.ndjson and miss/%s-*.ndjson",
			len(hits), len(misses)-lacking, lacking, missing)})
	}
	return nil
}

// folder runs the fixtures in one folder of the policy and returns their names.
func (r *fixtureRun) folder(folder string) ([]string, error) {
	names, err := fs.Glob(r.fsys, path.Join(path.Dir(r.policy.File), folder, "*.ndjson"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(r.fsys, name)
		if err != nil {
			return nil, err
		}
		r.n++
		r.one(name, text, folder == HitFolder)
	}
	return names, nil
}

func (r *fixtureRun) one(name string, text []byte, hit bool) {
	fail := func(format string, args ...any) {
		r.failed = append(r.failed, Failure{name, fmt.Sprintf(format, args...)})
	}
	events, err := Events(text)
	if err != nil {
		fail("%v", err)
		return
	}
	var problems []error
	e := engine.New(r.pack, engine.Options{Report: func(p *engine.Policy, _ cordon.EventID, err error) {
		if p.ID == r.policy.ID {
			problems = append(problems, err)
		}
	}})
	found := 0
	for i, ev := range events {
		fs, err := evaluate(r.ctx, e, ev)
		if err != nil {
			fail("line %d: %v", i+1, err)
			return
		}
		for _, f := range fs {
			if f.Policy.ID == r.policy.ID {
				found++
			}
		}
	}
	if len(problems) > 0 {
		fail("%v", errors.Join(problems...))
	}
	if hit != (found > 0) {
		fail("%d findings of %s; want them: %t", found, r.policy.ID, hit)
	}
}

// evaluate gives e an event or a tick.
func evaluate(ctx context.Context, e *engine.Engine, ev cordon.Event) ([]cordon.Finding, error) {
	if ev.Class == cordon.TickType {
		return e.Tick(ctx, ev.Time, ev.Position)
	}
	return e.Evaluate(ctx, ev)
}

// Events reads the events of a fixture. What the envelope says of an event in
// the log comes from its body here.
func Events(text []byte) ([]cordon.Event, error) {
	var out []cordon.Event
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		ev, err := eventOf(bytes.Clone(lines.Bytes()))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(out)+1, err)
		}
		ev.Position = cordon.Position{Topic: "fixture", Offset: int64(len(out))}
		out = append(out, ev)
	}
	if len(out) == 0 && lines.Err() == nil {
		return nil, errors.New("no events")
	}
	return out, lines.Err()
}

func eventOf(body []byte) (cordon.Event, error) {
	var b struct {
		Class  string `json:"class_name"`
		Time   *int64 `json:"time"`
		Device struct {
			UID string `json:"uid"`
		} `json:"device"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return cordon.Event{}, err
	}
	isTick := b.Class == cordon.TickType
	if b.Time == nil || b.Device.UID == "" && !isTick {
		return cordon.Event{}, errors.New("time or device.uid is missing: ingest sets both on every event")
	}
	at := time.UnixMilli(*b.Time).UTC()
	if isTick {
		return cordon.Event{Class: cordon.TickType, Time: at}, nil
	}
	return cordon.Event{
		ID: cordon.NewEventID("fixture", body), Device: cordon.DeviceID(b.Device.UID),
		Source: "/fixture", Time: at, Recorded: at, Body: body,
	}, nil
}
