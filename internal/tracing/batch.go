package tracing

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/cordon-iot/cordon"
)

// Bounds of one batch. Records beyond them are worked on all the same: their
// outputs carry on the trace that they came with.
const (
	maxLinks       = 64 // traces that a batch's span links to
	maxRecordSpans = 64
)

// Batch is the span of one batch. One goroutine owns it; a nil *Batch does
// nothing.
type Batch struct {
	tracer *Tracer
	ctx    context.Context
	span   trace.Span
	own    []cordon.Header // for outputs of records without a trace
	open   []trace.Span    // of records

	last    cordon.Position // of the record that had outputs last
	lastOut []cordon.Header // what they carry

	known map[string]trace.SpanContext // by traceparent and tracestate
}

// Batch starts the span of what is done with recs, which are of one partition
// and at least one, in a trace of its own.
func (t *Tracer) Batch(ctx context.Context, what string, recs []cordon.Record) *Batch {
	if t == nil {
		return nil
	}
	b := &Batch{tracer: t, known: map[string]trace.SpanContext{}}
	at := recs[0].Position
	b.ctx, b.span = t.tracer.Start(ctx, what+" "+at.Topic,
		trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(b.links(recs)...),
		trace.WithAttributes(
			attribute.String("messaging.system", "kafka"),
			attribute.String("messaging.operation.name", what),
			attribute.String("messaging.operation.type", "process"),
			attribute.String("messaging.destination.name", at.Topic),
			attribute.Int("messaging.destination.partition.id", at.Partition),
			attribute.Int64("messaging.kafka.offset", at.Offset),
			attribute.Int("messaging.batch.message_count", len(recs)),
		))
	if b.span.SpanContext().IsSampled() {
		b.own = headersOf(b.span.SpanContext())
	}
	return b
}

// Context is ctx with the span of the batch.
func (b *Batch) Context(ctx context.Context) context.Context {
	if b == nil {
		return ctx
	}
	return trace.ContextWithSpan(ctx, b.span)
}

// links are the traces of recs, each once.
func (b *Batch) links(recs []cordon.Record) []trace.Link {
	var links []trace.Link
	for i := range recs {
		before := len(b.known)
		sc := b.contextOf(&recs[i])
		if len(b.known) > before && sc.IsValid() && len(links) < maxLinks {
			links = append(links, trace.Link{SpanContext: sc})
		}
	}
	return links
}

// contextOf parses each context of a batch once.
func (b *Batch) contextOf(r *cordon.Record) trace.SpanContext {
	parent, state := traceHeaders(r.Headers)
	if parent == "" {
		return trace.SpanContext{}
	}
	key := parent + "\n" + state
	sc, ok := b.known[key]
	if !ok {
		sc = parse(parent, state)
		b.known[key] = sc
	}
	return sc
}

// Carry returns the headers of an output of in with the trace that goes on in
// it: a span of in's trace, which lasts as long as the batch, or the batch's.
func (b *Batch) Carry(headers []cordon.Header, in *cordon.Record) []cordon.Header {
	if b == nil {
		return headers
	}
	if b.last != in.Position {
		b.last, b.lastOut = in.Position, b.headers(in)
	}
	if len(b.lastOut) == 0 {
		return headers
	}
	return append(slices.Clip(headers), b.lastOut...)
}

func (b *Batch) headers(in *cordon.Record) []cordon.Header {
	sc := b.contextOf(in)
	switch {
	case !sc.IsValid():
		return b.own
	case !sc.IsSampled(), len(b.open) == maxRecordSpans:
		return headersOf(sc)
	}
	_, span := b.tracer.tracer.Start(trace.ContextWithRemoteSpanContext(b.ctx, sc), b.tracer.service+" "+in.Position.Topic,
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(trace.Link{SpanContext: b.span.SpanContext()}),
		trace.WithAttributes(
			attribute.String("messaging.system", "kafka"),
			attribute.String("messaging.destination.name", in.Position.Topic),
			attribute.Int("messaging.destination.partition.id", in.Position.Partition),
			attribute.Int64("messaging.kafka.offset", in.Position.Offset),
			attribute.String("messaging.message.id", in.Header(cordon.HeaderID)),
		))
	b.open = append(b.open, span)
	return headersOf(span.SpanContext())
}

// End ends the spans; err says why the batch is not done.
func (b *Batch) End(err error) {
	if b == nil {
		return
	}
	for _, s := range b.open {
		finish(s, err)
	}
	finish(b.span, err)
}
