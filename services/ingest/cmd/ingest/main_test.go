package main

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/services/ingest"
)

// TestReadiness runs ingest without its history beside a ClickHouse that
// answers: all is ready but history's consumer.
func TestReadiness(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 2)
	store := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer store.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	running, halt := context.WithCancel(ctx)
	go func() {
		done <- ingest.Run(running, ingest.Options{Kafka: k, Topics: topics, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	}()
	for _, tc := range []struct {
		name, dsn string
		parts     []string
		cause     string // of consumer; empty: it becomes ready
	}{
		{"without history", "", []string{"consumer", "kafka"}, ""},
		{"with history", strings.Replace(store.URL, "http://", "http://w@", 1) + "/cordon", []string{"clickhouse", "consumer", "kafka"}, topics.Prefix + "cordon.history"},
	} {
		var s settings
		fs := pflag.NewFlagSet("ingest", pflag.ContinueOnError)
		s.bind(fs)
		if err := fs.Parse([]string{"--topic-prefix", topics.Prefix, "--clickhouse", tc.dsn}); err != nil {
			t.Fatal(err)
		}
		sh := service.NewShell(slog.New(slog.DiscardHandler))
		settled := func(p map[string]service.PartState) bool {
			return p["kafka"].Ready && (tc.dsn == "" || p["clickhouse"].Ready) &&
				(tc.cause == "" && p["consumer"].Ready || tc.cause != "" && strings.Contains(p["consumer"].Cause, tc.cause))
		}
		stop, err := s.watch(ctx, sh, k)
		if err != nil {
			t.Fatal(err)
		}
		parts := await(ctx, sh.Health, settled)
		stop()
		if !settled(parts) || !cmp.Equal(slices.Sorted(maps.Keys(parts)), tc.parts) {
			t.Errorf("%s: parts = %+v; want %v, all ready but a consumer that names %q", tc.name, parts, tc.parts, tc.cause)
		}
	}
	halt()
	if err := <-done; err != nil && running.Err() == nil {
		t.Error(err)
	}
}

// await returns the state of h once ok holds for it, or when ctx ends.
func await(ctx context.Context, h *service.Health, ok func(map[string]service.PartState) bool) map[string]service.PartState {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		parts, _ := h.State()
		if ok(parts) {
			return parts
		}
		select {
		case <-ctx.Done():
			return parts
		case <-tick.C:
		}
	}
}
