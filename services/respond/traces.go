package respond

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/tracing"
)

// traces remembers with which trace the last step of each open action came, so
// that a release belongs to the same trace as the event that led to it. It is
// no part of the state that decides. The zero value remembers nothing.
type traces struct {
	tracer *tracing.Tracer
	last   map[cordon.ActionID]trace.SpanContext
}

func newTraces(t *tracing.Tracer) traces {
	if t == nil {
		return traces{}
	}
	return traces{t, map[cordon.ActionID]trace.SpanContext{}}
}

// note takes the record of a step; counts says whether the fold accepted it.
func (t *traces) note(rec cordon.Record, a cordon.Action, counts bool) {
	switch {
	case t.tracer == nil || !counts:
	case closes(a.State):
		delete(t.last, a.ID)
	default:
		t.last[a.ID] = trace.SpanContextFromContext(t.tracer.Context(context.Background(), rec))
	}
}

// traced is ctx with the trace of a.
func (p *partition) traced(ctx context.Context, a cordon.Action) context.Context {
	if p.traces.tracer == nil {
		return ctx
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return trace.ContextWithRemoteSpanContext(ctx, p.traces.last[a.ID])
}
