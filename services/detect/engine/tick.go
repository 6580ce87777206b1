package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cordon-iot/cordon"
)

// Tick says that time has come to at: the log has a tick at position. It
// returns what the policies with windows of absence find in the silence of what
// is overdue by then and was not when the last tick came, in the order of their
// packages.
//
// Time passes in the log and nowhere else: without ticks nothing is ever
// absent, and a replay of the same ticks finds the same. Ticks may come in any
// order and twice. It fails as Evaluate does.
func (e *Engine) Tick(ctx context.Context, at time.Time, position cordon.Position) ([]cordon.Finding, error) {
	if err := cmp.Or(e.broken, ctx.Err()); err != nil {
		return nil, err
	}
	if err := e.recent.order(cordon.Event{Position: position}); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // a tick is evaluated whole or not at all
	var found []cordon.Finding
	for i, r := range e.runs {
		if r.health.disabled {
			continue
		}
		for _, body := range r.silences(at.UnixMilli()) {
			if err := e.event.reset(tickEvent(at, position, body)); err != nil {
				return nil, err
			}
			found = e.silence(ctx, i, found)
		}
	}
	return found, e.broken
}

// silence adds to found what the i-th policy finds in the event of a silence.
func (e *Engine) silence(ctx context.Context, i int, found []cordon.Finding) []cordon.Finding {
	e.event.again = false
	e.machine.reset()
	e.events++
	r := e.touch(i)
	e.machine.window = r.read
	return e.find(ctx, r, found)
}

// tickEvent is the event that a policy is asked about when body is overdue. Its
// identity does not depend on where the tick stands in the log.
func tickEvent(at time.Time, position cordon.Position, body []byte) cordon.Event {
	var b struct {
		Device struct {
			UID string `json:"uid"`
		} `json:"device"`
	}
	_ = json.Unmarshal(body, &b) // this package wrote it
	return cordon.Event{
		ID: cordon.NewEventID(cordon.TickType, body), Device: cordon.DeviceID(b.Device.UID),
		Class: cordon.TickType, Source: "/detect", Time: at, Recorded: at, Body: body, Position: position,
	}
}

// silences are the bodies of the events by which r learns what is overdue: one
// for each key, those that were used longest ago first.
func (r *run) silences(at int64) [][]byte {
	var out [][]byte
	for _, s := range r.windows {
		if s.Kind != Absence {
			continue
		}
		for _, key := range s.overdue(at) {
			body := s.body(key, at)
			if !slices.ContainsFunc(out, func(b []byte) bool { return bytes.Equal(b, body) }) {
				out = append(out, body)
			}
		}
	}
	return out
}

// overdue returns the keys for which an event is overdue at a time, each once
// until there is one again.
func (s *windowState) overdue(at int64) []string {
	if at < s.due {
		return nil
	}
	var keys []string
	s.due = math.MaxInt64
	for e := s.cells.head.prev; e != &s.cells.head; e = e.prev {
		c, ok := e.value.(*absenceCell)
		if !ok || c.told {
			continue
		}
		if due := c.due(s.frame); due > at {
			s.due = min(s.due, due)
			continue
		}
		c.told = true
		keys = append(keys, e.key)
	}
	return keys
}

// body is an event that has nothing but a time and the fields of a key.
func (s *windowState) body(key string, at int64) []byte {
	root := map[string]any{"class_name": cordon.TickType, "class_uid": 0, "time": at}
	for _, p := range s.By {
		var v string
		v, key, _ = strings.Cut(key, keyEnds)
		put(root, p, keyValue(v))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(root); err != nil {
		panic(fmt.Sprintf("scalars of a key as JSON: %v", err)) // there is no such scalar
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// keyValue is the scalar of which appendScalar made v and keyEnd.
func keyValue(v string) any {
	if v == "" {
		return nil
	}
	switch kind, text := v[0], v[1:]; kind {
	case keyText:
		return text
	case keyNumber:
		return json.Number(text)
	default:
		return text != ""
	}
}

// put makes v stand at a path. Of two paths of which one leads through the
// other no event has both, nor has a key.
func put(o map[string]any, p Path, v any) {
	for _, name := range p[:len(p)-1] {
		inner, ok := o[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			o[name] = inner
		}
		o = inner
	}
	o[p[len(p)-1]] = v
}
