package service

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"
)

// environment is os.LookupEnv over pairs.
func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestTracesWanted(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, tc := range []struct {
		name string
		env  []string
		want bool
		err  string
	}{
		{"nothing set", nil, false, ""},
		{"endpoint", []string{endpoint, "http://c:4318"}, true, ""},
		{"endpoint of traces", []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/v1/traces"}, true, ""},
		{"empty endpoint", []string{endpoint, ""}, false, ""},
		{"disabled", []string{endpoint, "http://c:4318", "OTEL_SDK_DISABLED", "true"}, false, ""},
		{"no exporter", []string{endpoint, "http://c:4318", "OTEL_TRACES_EXPORTER", "none"}, false, ""},
		{"other exporter", []string{endpoint, "http://c:4318", "OTEL_TRACES_EXPORTER", "zipkin"}, false, "zipkin"},
		{"other protocol", []string{endpoint, "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, false, "4318"},
		{"protocol", []string{endpoint, "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}, true, ""},
	} {
		got, err := tracesWanted(environment(tc.env...))
		if got != tc.want || (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: tracesWanted = %v, %v; want %v and an error with %q", tc.name, got, err, tc.want, tc.err)
		}
	}
}

func TestTraceSendsSpans(t *testing.T) {
	got := make(chan string, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.URL.Path + " " + string(body)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL) // which the exporter reads itself
	sh := NewShell(slog.New(slog.DiscardHandler))
	if sh.Tracers != nil {
		t.Fatal("a new shell traces; want that it does not")
	}
	stop, err := sh.Trace(t.Context(), "detect", environment("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL))
	if err != nil {
		t.Fatal(err)
	}
	_, span := sh.Tracers.Tracer("test").Start(context.Background(), "a batch", trace.WithNewRoot())
	span.End()
	stop()
	select {
	case sent := <-got:
		if !strings.HasPrefix(sent, "/v1/traces ") || !strings.Contains(sent, "a batch") || !strings.Contains(sent, "cordon-detect") {
			t.Errorf("collector got %q; want the span and the name of the service", sent)
		}
	default:
		t.Error("nothing was sent before stop returned")
	}
}
