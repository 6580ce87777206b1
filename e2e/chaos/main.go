// Command chaos runs cordon as many processes and lets everything go wrong that
// can: processes are killed and stopped, at any time and at each request that
// changes something, on either side of its effect; connections are cut,
// requests arrive late; the broker and ClickHouse are killed, stopped, slow, and
// say that they failed when they did not. Then it counts what was left behind,
// record by record.
//
//	go run ./e2e/chaos -broker embedded -events 20000 -kills 20 -seed 7
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/cordon-iot/cordon/e2e/chaos/plan"
	"github.com/cordon-iot/cordon/internal/testdata"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Stdout)
	stop()
	os.Exit(code)
}

func flags() *options {
	o := &options{}
	flag.StringVar(&o.broker, "broker", "embedded", "embedded, apache or apache3")
	flag.IntVar(&o.events, "events", 30_000, "raw records to feed")
	flag.IntVar(&o.rate, "rate", 200, "of them a second")
	flag.IntVar(&o.kills, "kills", 20, "processes to kill with SIGKILL; as many other things go wrong")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "what goes wrong follows from it; default: the time") //nolint:gosec // any number will do
	flag.DurationVar(&o.session, "session", 4*time.Second, "session timeout of consumer groups")
	flag.DurationVar(&o.lease, "lease", 40*time.Second, "of quarantines")
	flag.DurationVar(&o.patience, "patience", 90*time.Second, "until all is settled at the end, beside the lease")
	flag.DurationVar(&o.slack, "slack", 0, "more time to recover than promised, for a machine that is busy with other work")
	flag.BoolVar(&o.noRecovery, "no-recovery", false, "do not measure recovery times")
	flag.StringVar(&o.sabotage, "sabotage", "", "defect to put in, to see it noticed: row, event or finding")
	flag.StringVar(&o.bin, "bin", "", "folder with the programs; default: they are built")
	flag.StringVar(&o.jars, "jars", filepath.Join(testdata.Root(), ".cache/kafka/libs"), "folder with the jars of Apache Kafka; make kafka fetches them")
	flag.StringVar(&o.out, "out", "out", "folder for results, logs and data")
	flag.BoolVar(&o.trace, "trace", false, "write down every request to the broker, not only those that change something")
	flag.BoolVar(&o.keep, "keep", false, "keep logs and data of a run without defects")
	flag.DurationVar(&o.every, "every", time.Second, "between samples of memory and offsets")
	flag.Float64Var(&o.steadyLimit, "steady", 0, "goroutines a minute that an instance may gain; 0: any number")
	flag.Float64Var(&o.steadyMiB, "steady-mib", 4, "with -steady: MiB a minute that an instance may gain")
	flag.BoolVar(&o.allWrites, "all-writes", false, "fail when nobody was killed at some kind of write")
	flag.Parse()
	return o
}

// command is the program; it returns its exit code.
func command(ctx context.Context, out io.Writer) int {
	o := flags()
	var r *Result
	err := build(ctx, o)
	if err == nil {
		r, err = run(ctx, *o, out)
	}
	if err != nil {
		fmt.Fprintf(out, "chaos: %v\nseed %d\n", err, o.seed)
		return 1
	}
	name, err := r.save(o.out)
	if err != nil {
		fmt.Fprintln(out, "chaos:", err)
		return 1
	}
	if err := r.print(out, name); err != nil {
		return 1
	}
	if len(r.Failures) > 0 {
		return 1
	}
	if !o.keep {
		_ = os.RemoveAll(r.Dir)
	}
	return 0
}

// build builds the programs, unless they are there already.
func build(ctx context.Context, o *options) error {
	given := o.bin != ""
	if !given {
		o.bin = filepath.Join(o.out, "bin")
	}
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return err
	}
	o.bin = bin
	if err := os.MkdirAll(o.out, 0o750); err != nil || given {
		return err
	}
	c := exec.CommandContext(ctx, "go", "build", "-o", bin+"/", "./cmd/cordon", //nolint:gosec // our own programs
		"./services/ingest/cmd/ingest", "./services/detect/cmd/detect", "./services/respond/cmd/respond")
	c.Dir = testdata.Root()
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, text)
	}
	return nil
}

// spread counts kills by tenths of the time in which there were any.
func (r *Result) spread() (in [10]int) {
	var at []float64
	for _, i := range r.Injected {
		if i.Act == plan.Kill {
			at = append(at, i.At)
		}
	}
	if len(at) < 2 {
		return in
	}
	from, to := slices.Min(at), slices.Max(at)
	for _, x := range at {
		in[min(int((x-from)/(to-from)*10), 9)]++
	}
	return in
}

// print writes the result for people.
func (r *Result) print(out io.Writer, name string) error {
	fmt.Fprintf(out, "\n%s, seed %d: %d events, %d kills, %d other mishaps, %d kinds; %.0f s, settled after %.1f s\n",
		r.Broker, r.Seed, r.Events, r.Kills, len(r.Injected)-r.Kills, len(r.By), r.Seconds, r.Settle)
	if err := r.Report.Print(out); err != nil {
		return err
	}
	for _, x := range r.Recoveries {
		fmt.Fprintln(out, x)
	}
	for _, s := range worst(r.Standstill) {
		fmt.Fprintln(out, s)
	}
	fmt.Fprintln(out, "kills in each tenth of the time:", r.spread())
	if len(r.Failures) == 0 {
		fmt.Fprintf(out, "ok; %s\n", name)
		return nil
	}
	fmt.Fprintf(out, "what went wrong, in order:\n")
	for _, i := range r.Injected {
		fmt.Fprintln(out, " ", i)
	}
	for _, f := range r.Failures {
		fmt.Fprintln(out, "FAILED:", f)
	}
	_, err := fmt.Fprintf(out, "seed %d; %s; logs in %s\n", r.Seed, name, r.Dir)
	return err
}
