package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect"
	"github.com/cordon-iot/cordon/services/ingest"
	"github.com/cordon-iot/cordon/services/respond"
	"github.com/cordon-iot/cordon/wkafka"
)

// line is the three services in this process, with a receiver at its end.
type line struct {
	t        *testing.T
	kafka    wkafka.Config
	topics   cordon.Topics
	requests chan http.Header
	cancel   context.CancelFunc
	wg       sync.WaitGroup
}

// startLine starts them; a nil provider traces nothing.
func startLine(t *testing.T, p trace.TracerProvider) *line {
	t.Helper()
	l := &line{t: t, kafka: kafkatest.Start(t), requests: make(chan http.Header, 8)}
	l.topics = kafkatest.Topics(t, l.kafka, 2)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.requests <- r.Header.Clone()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(hook.Close)
	secret, err := respond.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	t.Cleanup(l.stop)
	l.keep(func() error {
		return ingest.Run(ctx, ingest.Options{Kafka: l.kafka, Topics: l.topics, Tracers: p, Now: time.Now})
	})
	l.keep(func() error {
		policies := fstest.MapFS{"test/telnet/policy.rego": {Data: []byte(quarantineTelnet)}}
		return detect.Run(ctx, detect.Options{Kafka: l.kafka, Topics: l.topics, Tracers: p, Now: time.Now, Files: policies})
	})
	l.keep(func() error {
		return respond.Run(ctx, respond.Options{Kafka: l.kafka, Topics: l.topics, Tracers: p, Now: time.Now, URL: hook.URL, Secret: secret})
	})
	return l
}

func (l *line) keep(run func() error) {
	l.wg.Go(func() {
		if err := run(); err != nil {
			l.t.Errorf("a service ended: %v", err)
		}
	})
}

func (l *line) stop() {
	l.cancel()
	l.wg.Wait()
}

// send feeds one raw record, as of a time, and returns the header of the
// webhook's request that follows from it.
func (l *line) send(at time.Time, headers ...cordon.Header) http.Header {
	l.t.Helper()
	app, err := stream.NewAppender(l.kafka, time.Now)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = app.Close() }()
	raw := cordon.Record{Key: "s1", Value: telnet(1), Headers: headers, Time: at}
	if _, err := app.Append(l.t.Context(), l.topics.Raw("zeek"), raw); err != nil {
		l.t.Fatal(err)
	}
	select {
	case h := <-l.requests:
		return h
	case <-time.After(time.Minute):
		l.t.Fatal("no webhook came for a minute")
		return nil
	}
}

// records are those of topic without the headers of traces.
func (l *line) records(topic string) (recs []cordon.Record, traced int) {
	l.t.Helper()
	for p := range 2 {
		if _, err := stream.Replay(l.t.Context(), l.kafka, topic, p, 0, -1, func(r cordon.Record) error {
			var kept []cordon.Header
			for _, h := range r.Headers {
				if h.Key == cordon.HeaderTraceParent || h.Key == cordon.HeaderTraceState {
					traced++
					continue
				}
				h.Value = strings.ReplaceAll(h.Value, l.topics.Prefix, "") // which every test has its own of
				kept = append(kept, h)
			}
			recs = append(recs, cordon.Record{Key: r.Key, Headers: kept, Value: []byte(strings.ReplaceAll(string(r.Value), l.topics.Prefix, ""))})
			return nil
		}); err != nil {
			l.t.Fatal(err)
		}
	}
	return recs, traced
}

const (
	sentTrace  = "0af7651916cd43dd8448eb211c80319c"
	sentParent = "b7ad6b7169203331"
)

// TestTraceFromRawToWebhook follows one event by the trace that its raw record
// came with: every service adds a span below the one before, and the request to
// the receiver names the last.
func TestTraceFromRawToWebhook(t *testing.T) {
	ended := tracetest.NewSpanRecorder()
	l := startLine(t, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(ended)))
	h := l.send(time.Now(), cordon.Header{Key: cordon.HeaderTraceParent, Value: "00-" + sentTrace + "-" + sentParent + "-01"})
	l.stop()
	spans := map[string]sdktrace.ReadOnlySpan{}
	for _, s := range ended.Ended() {
		spans[s.SpanContext().SpanID().String()] = s
	}
	at := strings.Split(h.Get(cordon.HeaderTraceParent), "-")
	if len(at) != 4 || at[1] != sentTrace {
		t.Fatalf("traceparent of the webhook = %q; want trace %s", h.Get(cordon.HeaderTraceParent), sentTrace)
	}
	var way []string
	id := at[2]
	for s := spans[id]; s != nil; s = spans[id] {
		way = append(way, strings.ReplaceAll(s.Name(), l.topics.Prefix, ""))
		id = s.Parent().SpanID().String()
	}
	if diff := cmp.Diff([]string{"apply_intended", "respond findings", "detect events", "ingest raw.zeek"}, way); diff != "" || id != sentParent {
		t.Errorf("spans from the webhook back, ending below %s (-want +got):\n%s", id, diff)
	}
}

// TestTraceBeginsInIngest: a raw record without a trace gets that of its batch.
func TestTraceBeginsInIngest(t *testing.T) {
	ended := tracetest.NewSpanRecorder()
	l := startLine(t, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(ended)))
	at := strings.Split(l.send(time.Now()).Get(cordon.HeaderTraceParent), "-")
	l.stop()
	for _, s := range ended.Ended() {
		if len(at) == 4 && s.SpanContext().TraceID().String() == at[1] && strings.HasPrefix(s.Name(), "ingest ") {
			return
		}
	}
	t.Errorf("traceparent of the webhook = %q; want the trace of ingest's batch", strings.Join(at, "-"))
}

// TestTracesChangeNothing: with tracing and without, the log holds the same
// keys, ids, headers and bodies.
func TestTracesChangeNothing(t *testing.T) {
	now := time.Now()
	on := startLine(t, sdktrace.NewTracerProvider())
	on.send(now, cordon.Header{Key: cordon.HeaderTraceParent, Value: "00-" + sentTrace + "-" + sentParent + "-01"})
	off := startLine(t, nil)
	if h := off.send(now); h.Get(cordon.HeaderTraceParent) != "" {
		t.Errorf("traceparent of the webhook without tracing = %q; want none", h.Get(cordon.HeaderTraceParent))
	}
	on.stop()
	off.stop()
	for _, topic := range []func(cordon.Topics) string{cordon.Topics.Events, cordon.Topics.Findings} {
		with, traced := on.records(topic(on.topics))
		without, untraced := off.records(topic(off.topics))
		if diff := cmp.Diff(without, with); diff != "" {
			t.Errorf("%s without and with tracing (-without +with):\n%s", topic(off.topics), diff)
		}
		if traced == 0 || untraced != 0 {
			t.Errorf("%s: trace headers = %d with tracing, %d without; want some and none", topic(off.topics), traced, untraced)
		}
	}
}
