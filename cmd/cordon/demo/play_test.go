package demo

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/fleet"
	"github.com/cordon-iot/cordon/cmd/cordon/pace"
	"github.com/cordon-iot/cordon/cmd/cordon/tap"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/ingest"
	"github.com/cordon-iot/cordon/wkafka"
)

// TestPlay plays a small site to the real ingest.
func TestPlay(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 4)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	running, stop := context.WithCancel(ctx)
	defer stop()
	wg.Go(func() {
		err := ingest.Run(running, ingest.Options{
			Kafka: k, Topics: topics, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now,
		})
		if err != nil && running.Err() == nil {
			t.Error(err)
		}
	})
	to, err := stream.NewAppender(k, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	var begun []string
	p := &player{
		kafka: k, topics: topics, to: to, fleet: fleet.New(42, 40), now: time.Now,
		begins: func(a fleet.Attack) { begun = append(begun, a.Name) },
	}
	if round, err := p.round(ctx); round != 0 || err != nil {
		t.Errorf("round of a new log = %d, %v; want 0", round, err)
	}
	plan := fleet.Plan{Start: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Span: 10 * time.Minute}
	if err := p.enrol(ctx, plan); err != nil {
		t.Fatal(err)
	}
	if err := p.play(ctx, plan, func(int) pace.Speed { return pace.Max }); err != nil {
		t.Fatal(err)
	}
	if len(begun) != len(p.fleet.Attacks(plan)) {
		t.Errorf("attacks begun = %v; want all", begun)
	}
	known := map[string]bool{}
	for _, d := range p.fleet.Inventory(plan) {
		known[string(d.ID)] = true
	}
	for _, r := range events(ctx, t, k, topics, int(p.sent.Load())) {
		if !known[r.Key] {
			t.Errorf("event %s is of %q; want a device of the inventory", r.Position, r.Key)
		}
	}
	if round, err := p.round(ctx); round != runs || err != nil {
		t.Errorf("round after one run = %d, %v; want %d", round, err, runs)
	}
}

// events returns the first n events, of all partitions.
func events(ctx context.Context, t *testing.T, k wkafka.Config, topics cordon.Topics, n int) []cordon.Record {
	t.Helper()
	var out []cordon.Record
	err := tap.Read(ctx, k, topics, tap.Options{Topic: "events", Start: true, Count: n}, func(r cordon.Record) error {
		out = append(out, r)
		return nil
	})
	if err != nil || ctx.Err() != nil {
		t.Fatalf("events = %d, %v, %v; want %d", len(out), err, ctx.Err(), n)
	}
	return out
}
