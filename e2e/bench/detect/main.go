// Command detect measures what detection costs for each event, as a multiple
// of parsing it: this repository's engine and OPA in three layouts, with 10 to
// 10,000 rules, on flat and on OCSF events, with and without alerts and windows.
//
// All contenders run in one process on one thread. In each round each of them
// runs for the same short time, and ratios are formed within the round, so that
// it does not matter when the machine is busy. Time is that of the processor.
// Contenders start from the event's bytes. Before, all must see the same alerts.
//
//	detect -out bench/out/detect.json             # everything, some minutes
//	detect -rules 100 -event flat -run 'one set'  # some of it
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/e2e/bench/profile"
)

// options are the flags.
type options struct {
	out, profile string
	rules        []int
	events       []string
	filter       *regexp.Regexp
	rounds       int
	slice        time.Duration
	seed         uint64
	scale        bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func parse() (options, error) {
	var o options
	rules := flag.String("rules", "10,100,1000,10000", "numbers of rules, comma separated")
	events := flag.String("event", "flat,ocsf", "forms of events, comma separated")
	filter := flag.String("run", "", "regular expression of the contenders besides "+floorName+" and "+engineName)
	flag.StringVar(&o.out, "out", "", "file for the figures in JSON; none by default")
	flag.StringVar(&o.profile, "cpuprofile", "", "file for a CPU profile of the whole run; none by default")
	flag.IntVar(&o.rounds, "rounds", 25, "interleaved rounds; the median counts")
	flag.DurationVar(&o.slice, "slice", 25*time.Millisecond, "processor time for each contender in a round")
	flag.Uint64Var(&o.seed, "seed", 1, "of rules and events")
	flag.BoolVar(&o.scale, "scale", true, "measure two goroutines, if "+strconv.Itoa(scaleRules)+" rules on flat events are measured")
	flag.Parse()
	o.events = strings.Split(*events, ",")
	for _, s := range strings.Split(*rules, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 10 || n > 10_000 {
			return o, fmt.Errorf("-rules %q; want numbers from 10 to 10000", *rules)
		}
		o.rules = append(o.rules, n)
	}
	if o.rounds < 1 {
		return o, errors.New("-rounds must be 1 or more")
	}
	var err error
	o.filter, err = regexp.Compile(*filter)
	return o, err
}

func run(ctx context.Context) error {
	o, err := parse()
	if err != nil {
		return err
	}
	b := bench{options: o}
	start := time.Now()
	if err := b.all(ctx); err != nil {
		return err
	}
	fmt.Printf("\neach cell: multiple of %s, CPU of an event, allocations; median of %d rounds of %v; seed %d; %s; load average now %s; %v\n\n",
		floorName, o.rounds, o.slice, o.seed, runtime.Version(), load(), time.Since(start).Round(time.Second))
	rows := b.results.rows()
	writeTable(os.Stdout, rows, o.rules)
	fmt.Printf("\nnot measured: OPA above %d rules (one set takes minutes to compile, a package a rule a second for each event).\n", mostOneSet)
	fmt.Printf("OPA has no windows: there it evaluates what they observe, and nothing is counted.\n\n")
	writeGoals(os.Stdout, b.results.goals(b.speedup))
	if b.speedup > 0 {
		fmt.Printf("  two goroutines are measured by the clock, which says something on two idle cores alone; load average then %s\n", b.load)
	}
	if o.out == "" {
		return nil
	}
	return writeJSON(o.out, rows)
}

// bench is one run of the program.
type bench struct {
	options
	results results
	speedup float64
	load    string // when speedup was measured
}

// all measures one group after the other: only one set of rules is in memory.
func (b *bench) all(ctx context.Context) error {
	runtime.GOMAXPROCS(1)
	stop, err := profile.Start(b.profile)
	if err != nil {
		return err
	}
	defer stop()
	for _, f := range forms() {
		for _, n := range b.rules {
			if !slices.Contains(b.events, f.name) {
				continue
			}
			if err := b.group(ctx, n, f); err != nil {
				return fmt.Errorf("%d rules on %s events: %w", n, f.name, err)
			}
		}
	}
	if len(b.results) == 0 {
		return fmt.Errorf("nothing to measure: no form of events in %v", b.events)
	}
	return nil
}

func (b *bench) group(ctx context.Context, rules int, f form) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g := &group{options: b.options, rules: rules, form: f, log: os.Stderr}
	if err := g.measure(ctx); err != nil {
		return err
	}
	b.results = append(b.results, g.lanes...)
	for _, l := range g.lanes {
		l.release()
	}
	if !b.scale || rules != scaleRules || f.name != "flat" {
		return nil
	}
	var err error
	b.load = load()
	b.speedup, err = g.speedup(9, 100*time.Millisecond)
	return err
}

// load is how many processes wanted a processor in the last minutes, which is
// to be read beside the figures.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}
