package tracing

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/cordon-iot/cordon"
)

const (
	sampled   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	other     = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

// recorder returns a Tracer and what it has ended.
func recorder(t *testing.T) (*Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	r := tracetest.NewSpanRecorder()
	p := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r), sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
	return New(p, "detect"), r
}

func record(offset int64, headers ...string) cordon.Record {
	r := cordon.Record{Position: cordon.Position{Topic: "events", Partition: 2, Offset: offset}}
	for i := 0; i < len(headers); i += 2 {
		r.Headers = append(r.Headers, cordon.Header{Key: headers[i], Value: headers[i+1]})
	}
	return r
}

func parent(t *testing.T, hs []cordon.Header) trace.SpanContext {
	t.Helper()
	sc := contextOf(hs)
	if !sc.IsValid() {
		t.Fatalf("headers %v carry no trace; want one", hs)
	}
	return sc
}

func TestBatchLinksToItsRecords(t *testing.T) {
	tracer, ended := recorder(t)
	b := tracer.Batch(t.Context(), "detect", []cordon.Record{
		record(4, "traceparent", sampled), record(5, "traceparent", sampled), record(6), record(7, "traceparent", other), record(8, "traceparent", "what?"),
	})
	b.End(errors.New("the log is full"))
	spans := ended.Ended()
	if len(spans) != 1 || spans[0].Name() != "detect events" || spans[0].Parent().IsValid() {
		t.Fatalf("spans = %v; want one of its own trace", spans)
	}
	var links []string
	for _, l := range spans[0].Links() {
		links = append(links, l.SpanContext.TraceID().String()[:2])
	}
	if diff := cmp.Diff([]string{"0a", "1a"}, links); diff != "" {
		t.Errorf("traces linked to (-want +got):\n%s", diff)
	}
	if s := spans[0].Status(); s.Code != codes.Error || s.Description != "the log is full" {
		t.Errorf("status = %+v; want the error", s)
	}
}

func TestHeaders(t *testing.T) {
	for _, tc := range []struct {
		name   string
		in     cordon.Record
		trace  string // of the output: in's, the batch's
		parent string // of the span that the output names
	}{
		{"no trace", record(1), "batch", ""},
		{"not readable", record(1, "traceparent", "00-xyz"), "batch", ""},
		{"sampled", record(1, "traceparent", sampled), "in", "b7ad6b7169203331"},
		{"not sampled", record(1, "traceparent", unsampled), "in", ""},
		{"of CloudEvents", record(1, "ce_traceparent", sampled), "in", "b7ad6b7169203331"},
		{"of both", record(1, "ce_traceparent", other, "traceparent", sampled), "in", "b7ad6b7169203331"},
	} {
		tracer, ended := recorder(t)
		b := tracer.Batch(t.Context(), "detect", []cordon.Record{tc.in})
		out := parent(t, b.Carry(nil, &tc.in))
		b.End(nil)
		want := map[string]string{"batch": b.span.SpanContext().TraceID().String(), "in": "0af7651916cd43dd8448eb211c80319c"}[tc.trace]
		if got := out.TraceID().String(); got != want {
			t.Errorf("%s: trace of the output = %s; want %s, that of the %s", tc.name, got, want, tc.trace)
		}
		for _, s := range ended.Ended() {
			if s.SpanContext().SpanID() == out.SpanID() && tc.parent != "" && s.Parent().SpanID().String() != tc.parent {
				t.Errorf("%s: parent of the output's span = %s; want %s", tc.name, s.Parent().SpanID(), tc.parent)
			}
		}
	}
}

func TestHeadersKeepTraceState(t *testing.T) {
	tracer, _ := recorder(t)
	in := record(1, "traceparent", sampled, "tracestate", "vendor=x")
	b := tracer.Batch(t.Context(), "detect", []cordon.Record{in})
	defer b.End(nil)
	hs := b.Carry(nil, &in)
	if again := b.Carry(nil, &in); !cmp.Equal(again, hs) {
		t.Errorf("Carry of another output of the same record = %v; want %v", again, hs)
	}
	if len(hs) != 2 || hs[1] != (cordon.Header{Key: "tracestate", Value: "vendor=x"}) {
		t.Errorf("Carry = %v; want tracestate as it came", hs)
	}
}

func TestBatchIsBounded(t *testing.T) {
	tracer, ended := recorder(t)
	recs := make([]cordon.Record, 2*maxLinks)
	for i := range recs {
		recs[i] = record(int64(i), "traceparent", fmt.Sprintf("00-%032x-b7ad6b7169203331-01", i+1))
	}
	b := tracer.Batch(t.Context(), "detect", recs)
	for i := range recs {
		if got := parent(t, b.Carry(nil, &recs[i])).TraceID().String(); got != fmt.Sprintf("%032x", i+1) {
			t.Errorf("trace of output %d = %s; want its input's", i, got)
		}
	}
	b.End(nil)
	if n := len(ended.Ended()); n != maxRecordSpans+1 {
		t.Errorf("spans = %d; want %d and the batch's", n, maxRecordSpans)
	}
	if n := len(b.span.(sdktrace.ReadOnlySpan).Links()); n != maxLinks {
		t.Errorf("links = %d; want %d", n, maxLinks)
	}
}

func TestSpanOfATraceAlone(t *testing.T) {
	tracer, ended := recorder(t)
	for _, tc := range []struct {
		name  string
		in    cordon.Record
		spans int
	}{{"none", record(1), 0}, {"not sampled", record(1, "traceparent", unsampled), 0}, {"sampled", record(1, "traceparent", sampled), 1}} {
		ended.Reset()
		ctx, end := tracer.Span(tracer.Context(t.Context(), tc.in), "webhook", trace.SpanKindClient)
		h := http.Header{}
		InjectHTTP(ctx, h)
		end(nil)
		if got := len(ended.Ended()); got != tc.spans {
			t.Errorf("%s: spans = %d; want %d", tc.name, got, tc.spans)
		}
		if got := h.Get("traceparent"); (got != "") != (tc.name != "none") {
			t.Errorf("%s: traceparent of the request = %q", tc.name, got)
		}
	}
}

// TestOffCostsNothing: without a provider nothing is read and nothing allocated.
func TestOffCostsNothing(t *testing.T) {
	var tracer *Tracer
	if New(nil, "detect") != nil {
		t.Error("New(nil) is not nil")
	}
	recs := []cordon.Record{record(1, "traceparent", sampled)}
	ctx := t.Context()
	allocs := testing.AllocsPerRun(100, func() {
		b := tracer.Batch(ctx, "detect", recs)
		if b.Context(ctx) != ctx || b.Carry(nil, &recs[0]) != nil || tracer.Context(ctx, recs[0]) != ctx || tracer.Headers(ctx) != nil {
			t.Error("something was traced")
		}
		b.End(nil)
	})
	if allocs != 0 {
		t.Errorf("allocations = %v; want 0", allocs)
	}
}
