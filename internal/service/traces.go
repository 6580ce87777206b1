package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// flushTimeout bounds how long a process that stops sends its last spans.
const flushTimeout = 5 * time.Second

// tracers sends spans to a collector by OTLP over HTTP.
type tracers struct {
	trace.TracerProvider
	sdk *sdktrace.TracerProvider
}

// startTraces returns nil, and nothing is traced, unless the environment names
// a collector in OTEL_EXPORTER_OTLP_ENDPOINT or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. The other variables of OpenTelemetry
// (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME,
// OTEL_BSP_*, ...) mean what its specification says.
func startTraces(ctx context.Context, name string, log *slog.Logger, lookup func(string) (string, bool)) (*tracers, error) {
	on, err := tracesWanted(lookup)
	if !on || err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	// Later ones win: the environment may give another name.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "cordon-"+name)), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.Warn("traces are lost: is the collector up?", "err", err)
	}))
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	log.Info("tracing")
	return &tracers{p, p}, nil
}

// tracesWanted reports whether the environment asks for traces.
func tracesWanted(lookup func(string) (string, bool)) (bool, error) {
	first := func(names ...string) string {
		for _, n := range names {
			if v, _ := lookup(n); v != "" {
				return v
			}
		}
		return ""
	}
	if first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") == "" || first("OTEL_SDK_DISABLED") == "true" {
		return false, nil
	}
	switch e := first("OTEL_TRACES_EXPORTER"); e {
	case "none":
		return false, nil
	case "", "otlp":
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER %q: only otlp and none are known", e)
	}
	if p := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && p != "http/protobuf" {
		return false, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL %q: only http/protobuf is spoken; collectors take it at port 4318", p)
	}
	return true, nil
}

// stop sends what is left.
func (t *tracers) stop() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	return errors.Join(t.sdk.ForceFlush(ctx), t.sdk.Shutdown(ctx))
}

// Trace starts to trace under a name, if the environment asks for it; stop
// sends the last spans.
func (sh *Shell) Trace(ctx context.Context, name string, lookup func(string) (string, bool)) (stop func(), err error) {
	t, err := startTraces(ctx, name, sh.Log, lookup)
	if err != nil || t == nil {
		return func() {}, err
	}
	sh.Tracers = t
	return func() {
		if err := t.stop(); err != nil {
			sh.Log.Warn("the last spans were not sent", "err", err)
		}
	}, nil
}
