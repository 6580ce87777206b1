package tracing

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/cordon-iot/cordon"
)

// CloudEvents' extension for distributed tracing says where an event began; it
// is read where the transport's own header, which every hop renews, is missing.
const (
	ceTraceParent = "ce_" + cordon.HeaderTraceParent
	ceTraceState  = "ce_" + cordon.HeaderTraceState
)

// traceHeaders returns what stands in the headers as they are; the second is ""
// for most.
func traceHeaders(hs []cordon.Header) (parent, state string) {
	var ceParent, ceState string
	for i := range hs {
		switch hs[i].Key {
		case cordon.HeaderTraceParent:
			parent = hs[i].Value
		case cordon.HeaderTraceState:
			state = hs[i].Value
		case ceTraceParent:
			ceParent = hs[i].Value
		case ceTraceState:
			ceState = hs[i].Value
		}
	}
	if parent == "" {
		return ceParent, ceState
	}
	return parent, state
}

// contextOf reads the trace context of headers. It is not valid when there is
// none or it cannot be read.
func contextOf(hs []cordon.Header) trace.SpanContext {
	return parse(traceHeaders(hs))
}

func parse(parent, state string) trace.SpanContext {
	if parent == "" {
		return trace.SpanContext{}
	}
	c := propagation.MapCarrier{cordon.HeaderTraceParent: parent, cordon.HeaderTraceState: state}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), c))
}

// headersOf writes sc, if it is valid, for a record.
func headersOf(sc trace.SpanContext) []cordon.Header {
	if !sc.IsValid() {
		return nil
	}
	c := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), sc), c)
	hs := []cordon.Header{{Key: cordon.HeaderTraceParent, Value: c[cordon.HeaderTraceParent]}}
	if s := c[cordon.HeaderTraceState]; s != "" {
		hs = append(hs, cordon.Header{Key: cordon.HeaderTraceState, Value: s})
	}
	return hs
}
