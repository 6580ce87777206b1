package ingest

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/report"
	"github.com/cordon-iot/cordon/services/ingest/resolve"
)

// mapper turns records of one format into reports. It returns a
// *report.Refusal for a record that cannot become an event and a report.Drop
// for one that need not. What it puts into a report is good until its next
// call.
type mapper interface {
	Map(in cordon.Record, r *report.Report) error
}

// step is ingest's function over one partition of a raw topic.
type step struct {
	format   format
	events   string // topic
	mapper   mapper
	resolver *resolve.Resolver
	metrics  *Metrics
	made     map[int]prometheus.Counter // by class

	// Memory that is used again for each record.
	report  report.Report
	chunk   []byte            // of event bodies; what it holds belongs to the outputs
	sources map[string]string // URI of a sensor
}

func newStep(f format, events string, v *resolve.Resolver, m *Metrics) *step {
	return &step{
		format: f, events: events, mapper: f.mapper(m.of(f.name)), resolver: v, metrics: m,
		made: map[int]prometheus.Counter{}, sources: map[string]string{},
	}
}

// Apply implements stream.Step.
func (s *step) Apply(_ context.Context, in cordon.Record) ([]stream.Output, error) {
	r := &s.report
	r.Reset()
	if err := s.mapper.Map(in, r); err != nil {
		return nil, s.refuse(err)
	}
	e := cordon.Event{
		Device:   cordon.DeviceID(strings.Clone(string(s.resolver.Complete(r, in.Position.Offset)))),
		Class:    className(r.Event.ClassUID),
		Source:   s.source(r.Sensor),
		Time:     r.Time.Time(),
		Recorded: in.Time,
	}
	e.ID = cordon.NewEventID(e.Source, in.Value)
	sign(r, e.ID)
	if e.Body = s.body(r); e.Body == nil {
		return nil, s.refuse(report.Refuse(report.Size, "the event would have more than %d bytes", ocsf.MaxEvent))
	}
	s.count(r.Event.ClassUID)
	return []stream.Output{{Topic: s.events, Record: e.Record()}}, nil
}

// refuse turns what a mapper says into what stream understands. A drop is no
// error: nothing follows from the record.
func (s *step) refuse(err error) error {
	var drop report.Drop
	if errors.As(err, &drop) {
		s.metrics.dropped.WithLabelValues(s.format.name, string(drop)).Inc()
		return nil
	}
	var refusal *report.Refusal
	if errors.As(err, &refusal) {
		return &stream.RejectError{Reason: string(refusal.Reason), Err: refusal, Mapper: s.format.version}
	}
	return err
}

// authNone is the proof of origin of events from a topic that anyone may write
// to.
const authNone = "none"

// sign gives the event its identity and its proof of origin.
func sign(r *report.Report, id cordon.EventID) {
	r.Metadata.UID = string(id)
	if r.Event.FindingInfo == &r.Finding {
		r.Finding.UID = string(id)
	}
	r.Keep(ocsf.String("cordon_auth", authNone))
}

// chunkSize is the memory that bodies are cut from; one allocation serves some
// hundred events.
const chunkSize = 4 * ocsf.MaxEvent

// body encodes the event, or returns nil if it is larger than an event may be.
func (s *step) body(r *report.Report) []byte {
	if cap(s.chunk)-len(s.chunk) < ocsf.MaxEvent {
		s.chunk = make([]byte, 0, chunkSize)
	}
	start := len(s.chunk)
	b := r.Event.AppendJSON(s.chunk)
	if len(b)-start > ocsf.MaxEvent {
		return nil
	}
	s.chunk = b
	return b[start:len(b):len(b)]
}

// maxSources bounds the sensors whose URI is kept.
const maxSources = 4096

func (s *step) source(sensor string) string {
	if uri, ok := s.sources[sensor]; ok {
		return uri
	}
	uri := "/sensors/" + url.PathEscape(sensor)
	if len(s.sources) >= maxSources {
		clear(s.sources)
	}
	s.sources[strings.Clone(sensor)] = uri
	return uri
}

func (s *step) count(class int) {
	c, ok := s.made[class]
	if !ok {
		c = s.metrics.events.WithLabelValues(s.format.name, className(class))
		s.made[class] = c
	}
	c.Inc()
}
