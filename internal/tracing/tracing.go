// Package tracing follows records through the services with W3C trace contexts
// in their Kafka headers, by OpenTelemetry.
//
// A batch is one span with links to the traces of its records. A record that
// comes with a sampled trace and has outputs is a span of that trace as well,
// and its outputs carry it on; outputs of a record without one carry the
// batch's. So an event can be followed from its raw record to the webhook.
//
// A trace context is no part of a record's identity or body, and nothing
// decides by it: the same log gives the same ids and bodies with tracing or
// without. A nil *Tracer traces nothing and looks at no header.
package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/cordon-iot/cordon"
)

// scope names this instrumentation in spans.
const scope = "github.com/cordon-iot/cordon"

// Tracer makes the spans of one service.
type Tracer struct {
	tracer  trace.Tracer
	service string
}

// New returns a Tracer for a service, nil if p is nil.
func New(p trace.TracerProvider, service string) *Tracer {
	if p == nil {
		return nil
	}
	return &Tracer{p.Tracer(scope), service}
}

// Context returns ctx with the trace context of r.
func (t *Tracer) Context(ctx context.Context, r cordon.Record) context.Context {
	if t == nil {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, contextOf(r.Headers))
}

// Span starts a span of the trace in ctx. Without a sampled one there is
// nothing to go on with, and end does nothing.
func (t *Tracer) Span(ctx context.Context, name string, kind trace.SpanKind, attrs ...attribute.KeyValue) (_ context.Context, end func(error)) {
	if t == nil || !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attrs...))
	return ctx, func(err error) { finish(span, err) }
}

// Headers returns the headers that carry the trace in ctx on; none if there is
// none.
func (t *Tracer) Headers(ctx context.Context) []cordon.Header {
	if t == nil {
		return nil
	}
	return headersOf(trace.SpanContextFromContext(ctx))
}

// InjectHTTP adds the trace in ctx, if there is one, to the headers of a
// request.
func InjectHTTP(ctx context.Context, h http.Header) {
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(h))
}

func finish(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}
