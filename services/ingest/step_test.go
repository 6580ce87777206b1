package ingest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/canon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/resolve"
)

// testStep is a step on its own: what goes in comes out as decoded events.
type testStep struct {
	*step
	offset int64
	topic  string
}

func newTestStep(t testing.TB, name string, ds ...cordon.Device) *testStep {
	t.Helper()
	inv := inventory.New()
	for _, d := range ds {
		r, err := d.Record()
		if err != nil {
			t.Fatal(err)
		}
		if err := inv.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	inv.Publish()
	topics := cordon.Topics{}
	for _, f := range formats() {
		if f.name == name {
			m := NewMetrics(prometheus.NewRegistry())
			return &testStep{step: newStep(f, topics.Events(), resolve.New(inv), m), topic: topics.Raw(name)}
		}
	}
	t.Fatalf("no format %q", name)
	return nil
}

// logTime is when the log took the records of tests.
var logTime = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// result is what one record became.
type result struct {
	event   *ocsf.Event  // nil: refused or dropped
	raw     cordon.Event // the same as it stands in the log
	refused *stream.RejectError
}

// do applies the step and reads what came of it strictly.
func (s *testStep) do(t testing.TB, in cordon.Record) result {
	t.Helper()
	res := s.apply(t, in)
	if res.raw.Body != nil {
		res.event = decode(t, res.raw.Body)
	}
	return res
}

func (s *testStep) apply(t testing.TB, in cordon.Record) result {
	t.Helper()
	in.Position = cordon.Position{Topic: s.topic, Offset: s.offset}
	in.Time = logTime
	s.offset++
	outs, err := s.Apply(context.Background(), in)
	var refused *stream.RejectError
	switch {
	case errors.As(err, &refused):
		return result{refused: refused}
	case err != nil:
		t.Fatalf("Apply(%.200s): %v", in.Value, err)
	case len(outs) == 0:
		return result{}
	case len(outs) > 1 || outs[0].Topic != s.events:
		t.Fatalf("Apply(%.200s) = %d outputs, first to %s", in.Value, len(outs), outs[0].Topic)
	}
	e, err := cordon.EventOf(outs[0].Record)
	if err != nil {
		t.Fatal(err)
	}
	return result{raw: e}
}

// decode reads a body strictly and checks that it is in its one encoding.
func decode(t testing.TB, body []byte) *ocsf.Event {
	t.Helper()
	d := ocsf.Decoder{Internal: true}
	e := new(ocsf.Event)
	dropped, err := d.Decode(body, e)
	if err != nil {
		t.Fatalf("event does not fit the profile: %v\n%s", err, body)
	}
	if len(dropped) > 0 {
		t.Fatalf("event has fields that the profile does not declare: %v\n%s", dropped, body)
	}
	if again := e.AppendJSON(nil); string(again) != string(body) {
		t.Fatalf("event is not canonical:\n%s\n%s", body, again)
	}
	if !new(canon.Document).Read(body) {
		t.Fatalf("readers that want events canonical refuse this one:\n%s", body)
	}
	return e
}
