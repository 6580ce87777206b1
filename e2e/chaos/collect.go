package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/e2e/chaos/check"
	"github.com/cordon-iot/cordon/e2e/chaos/load"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// record is r as the services see it.
func record(r *kgo.Record) cordon.Record {
	out := cordon.Record{
		Position: cordon.Position{Topic: r.Topic, Partition: int(r.Partition), Offset: r.Offset},
		Time:     r.Timestamp, Key: string(r.Key), Value: r.Value,
	}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, cordon.Header{Key: h.Key, Value: string(h.Value)})
	}
	return out
}

func placeOf(r *kgo.Record) check.Place {
	return check.Place{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset}
}

// history collects what the run left behind.
func (w *world) history(ctx context.Context) (h check.History, err error) {
	k, err := newKafka(w.brokers)
	if err != nil {
		return h, err
	}
	defer k.close()
	h.Fed = load.Fed(w.o.events, w.o.seed)
	for _, f := range []func(context.Context, kafka, *check.History) error{
		w.readRaw, w.readEvents, w.readRejected, w.readFindings, w.readSteps,
	} {
		if err := f(ctx, k, &h); err != nil {
			return h, err
		}
	}
	if h.Rows, err = w.rows(ctx); err != nil {
		return h, err
	}
	h.Commits = w.ledger.all()
	h.Deliveries = w.hook.deliveries()
	h.Contained = check.Contained{}
	for _, d := range h.Deliveries {
		h.Contained[d.Device] = w.hook.Device(d.Device).Contained
	}
	return h, nil
}

func (w *world) readRaw(ctx context.Context, k kafka, h *check.History) error {
	for _, f := range cordon.Formats() {
		err := k.read(ctx, w.topics.Raw(f), func(r *kgo.Record) error {
			h.Raw = append(h.Raw, check.Raw{Place: placeOf(r), Mark: load.MarkOf(r.Value), Fed: load.FedOf(r.Value)})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readEvents reads the events, and evaluates them once more as it goes.
func (w *world) readEvents(ctx context.Context, k kafka, h *check.History) error {
	calm, err := newReplay(ctx, filepath.Join(w.dir, "policies"))
	if err != nil {
		return err
	}
	keys := map[string]string{}
	return k.read(ctx, w.topics.Events(), func(r *kgo.Record) error {
		rec := record(r)
		e, err := derived(r, rec)
		if err != nil {
			return err
		}
		if _, ok := keys[rec.Key]; !ok {
			keys[rec.Key] = rec.Key
		}
		e.Key, e.Mark = keys[rec.Key], load.MarkOf(r.Value)
		h.Events = append(h.Events, e)
		found, err := calm.evaluate(ctx, rec)
		h.Expected = append(h.Expected, found...)
		return err
	})
}

func (w *world) readRejected(ctx context.Context, k kafka, h *check.History) error {
	return k.read(ctx, w.topics.Rejected(), func(r *kgo.Record) error {
		e, err := derived(r, record(r))
		h.Rejected = append(h.Rejected, e)
		return err
	})
}

// derived is a record that was made of another one.
func derived(r *kgo.Record, rec cordon.Record) (e check.Event, err error) {
	in, ok := rec.Input()
	if !ok {
		return e, fmt.Errorf("%s does not say what it was made of", rec.Position)
	}
	e = check.Event{Place: placeOf(r), Input: check.Place{Topic: intern(in.Topic), Partition: int32(in.Partition), Offset: in.Offset}}
	b, err := hex.DecodeString(strings.ReplaceAll(rec.Header(cordon.HeaderID), "-", ""))
	if err != nil || len(b) != len(e.ID) {
		return e, fmt.Errorf("%s has no identity", rec.Position)
	}
	copy(e.ID[:], b)
	return e, nil
}

// intern returns one string for each topic, of which there are few.
func intern(topic string) string {
	for _, t := range (cordon.Topics{}).All() {
		if t == topic {
			return t
		}
	}
	return strings.Clone(topic)
}

func (w *world) readFindings(ctx context.Context, k kafka, h *check.History) error {
	return k.read(ctx, w.topics.Findings(), func(r *kgo.Record) error {
		f, err := cordon.FindingOf(record(r))
		if err != nil {
			return err
		}
		h.Findings = append(h.Findings, finding(f, string(r.Key), string(r.Value), placeOf(r)))
		return nil
	})
}

func finding(f cordon.Finding, key, body string, at check.Place) check.Finding {
	return check.Finding{
		Place: at, ID: string(f.ID), Key: key, Body: body, Quarantine: f.Response == cordon.Quarantine,
		Cause: check.Place{Topic: f.CauseAt.Topic, Partition: int32(f.CauseAt.Partition), Offset: f.CauseAt.Offset},
	}
}

func (w *world) readSteps(ctx context.Context, k kafka, h *check.History) error {
	return k.read(ctx, w.topics.Actions(), func(r *kgo.Record) error {
		a, err := cordon.ActionOf(record(r))
		if err != nil {
			return err
		}
		h.Steps = append(h.Steps, check.Step{
			Place: placeOf(r), ID: a.RecordID(), Action: string(a.ID), Op: string(a.Op),
			Finding: string(a.Finding), Device: string(a.Device), State: string(a.State),
		})
		return nil
	})
}

// replay evaluates events in peace.
type replay struct {
	pack       *engine.Pack
	partitions map[int]*engine.Engine
}

func newReplay(ctx context.Context, policies string) (*replay, error) {
	pack, err := engine.Load(ctx, os.DirFS(policies), engine.LoadOptions{})
	return &replay{pack, map[int]*engine.Engine{}}, err
}

func (r *replay) evaluate(ctx context.Context, rec cordon.Record) ([]check.Finding, error) {
	e := r.partitions[rec.Position.Partition]
	if e == nil {
		e = engine.New(r.pack, engine.Options{})
		r.partitions[rec.Position.Partition] = e
	}
	ev, err := cordon.EventOf(rec)
	if err != nil {
		return nil, err
	}
	found, err := e.Evaluate(ctx, ev)
	if err != nil {
		return nil, err
	}
	var out []check.Finding
	for _, f := range found {
		made, err := f.Record()
		if err != nil {
			return nil, err
		}
		out = append(out, finding(f, made.Key, string(made.Value), check.Place{}))
	}
	return out, nil
}
