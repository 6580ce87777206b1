// Command pipeline measures what each stage of cordon costs and what all of
// them reach together, beside a bare loop that reads events with kafka-go's
// Reader and inserts them, in one run on one machine: the embedded broker, the
// embedded store, everyday traffic and attacks of a simulated fleet.
//
// A stage's figures are those of its own process: broker and store run beside
// it in processes of their own, on the same cores.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/cordon-iot/cordon/e2e/bench/profile"
	"github.com/cordon-iot/cordon/internal/service"
)

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "folder of the programs")
	flag.StringVar(&o.policies, "policies", "policies", "folder of policies")
	flag.StringVar(&o.out, "out", "bench/out/pipeline.json", "file for the figures")
	flag.DurationVar(&o.span, "span", 48*time.Hour, "how much of the fleet's life is processed in a round")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds; the median counts")
	flag.IntVar(&o.rate, "rate", 100, "events per second while latency is measured")
	flag.DurationVar(&o.latency, "latency", 20*time.Second, "how long latency is measured")
	profiled := flag.String("cpuprofile", "", "file for a CPU profile of the whole run")
	flag.Parse()
	service.TuneGC() // as every service does
	stop, err := profile.Start(*profiled)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	err = run(ctx, o)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

type options struct {
	bin, policies, out string
	span, latency      time.Duration
	rounds, rate       int
}

func run(ctx context.Context, o options) error {
	env, err := newEnvironment(ctx, o)
	if err != nil {
		return err
	}
	defer env.close()
	var rounds [][]figure
	for i := range o.rounds {
		round, err := env.round(ctx, i)
		if err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
		rounds = append(rounds, round)
	}
	bytes, err := env.bytesPerEvent(ctx) // of the last round's events
	if err != nil {
		return err
	}
	lat, err := env.latency(ctx, o)
	if err != nil {
		return fmt.Errorf("latency: %w", err)
	}
	result := medians(rounds)
	print(result, lat, bytes, len(env.traffic), o)
	if err := os.MkdirAll(filepath.Dir(o.out), 0o750); err != nil {
		return err
	}
	return write(o.out, result, lat)
}

// figure is one line of the table.
type figure struct {
	Stage     string  `json:"stage"`
	PerSecond float64 `json:"per_second"` // events, by the clock
	CPU       float64 `json:"cpu_us"`     // of this process, per event
	Ratio     float64 `json:"ratio_to_bare"`
	Broker    float64 `json:"-"` // µs of the broker's process, per event
	Store     float64 `json:"-"` // µs of the store's process, per event
}

// medians takes each column's median over the rounds; a ratio is formed within
// its round, where the machine was equally busy.
func medians(rounds [][]figure) []figure {
	out := slices.Clone(rounds[0])
	for i := range out {
		column := func(of func(figure) float64) float64 {
			var v []float64
			for _, r := range rounds {
				v = append(v, of(r[i]))
			}
			slices.Sort(v)
			return v[len(v)/2]
		}
		out[i].PerSecond = column(func(f figure) float64 { return f.PerSecond })
		out[i].CPU = column(func(f figure) float64 { return f.CPU })
		out[i].Ratio = column(func(f figure) float64 { return f.Ratio })
		out[i].Broker = column(func(f figure) float64 { return f.Broker })
		out[i].Store = column(func(f figure) float64 { return f.Store })
	}
	return out
}

func print(stages []figure, l latencyFigure, bytes float64, events int, o options) {
	fmt.Printf("%d events a round, median of %d rounds, %d cores, %s\n\n", events, o.rounds, runtime.NumCPU(), runtime.Version())
	fmt.Printf("  %-12s %12s %10s %12s %12s %8s\n", "stage", "events/s", "CPU µs", "+ broker µs", "+ store µs", "to bare")
	for _, f := range stages {
		fmt.Printf("  %-12s %12.0f %10.2f %12.2f %12.2f %8.2f\n", f.Stage, f.PerSecond, f.CPU, f.Broker, f.Store, f.Ratio)
	}
	fmt.Printf("\n  event → webhook at %d/s: p50 %.1f ms, p99 %.1f ms\n", l.Rate, l.P50, l.P99)
	fmt.Printf("  stored: %.1f bytes per event\n", bytes)
}
