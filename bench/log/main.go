// Command log measures the ways to read and to write a log: kafka-go's Reader
// and Writer, franz-go, watermill-kafka and wkafka, on the embedded broker and
// on Apache Kafka, in one run. Every variant has to hand out, or to have
// written, each record once.
//
//	log -out bench/out/log.json              # everything
//	log -run 'Reader|batch' -broker embedded # some of it
//	log -profile bench/out/profiles          # and a CPU profile of each variant
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	bin, libs string
	out       string
	profiles  string
	brokers   []string
	filter    *regexp.Regexp
	records   int
	rounds    int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse() (options, error) {
	var o options
	brokers := flag.String("broker", embedded+","+apache, "brokers to measure on, comma separated")
	filter := flag.String("run", "", "regular expression of the variants to measure; what they are compared with must match too")
	flag.StringVar(&o.bin, "bin", "bin", "folder of the programs (make setup)")
	flag.StringVar(&o.libs, "libs", ".cache/kafka/libs", "folder of Apache Kafka's jars (make kafka)")
	flag.StringVar(&o.out, "out", "", "file for the figures in JSON; none by default")
	flag.StringVar(&o.profiles, "profile", "", "folder for a CPU profile of every variant; none by default")
	flag.IntVar(&o.records, "records", 400_000, "records of a fast variant; slow ones handle a part of it")
	flag.IntVar(&o.rounds, "rounds", 3, "interleaved rounds; the median counts")
	flag.Parse()
	o.brokers = strings.Split(*brokers, ",")
	var err error
	o.filter, err = regexp.Compile(*filter)
	if err == nil && (o.records < setSize || o.rounds < 1) {
		err = fmt.Errorf("-records %d, -rounds %d; want at least %d, 1", o.records, o.rounds, setSize)
	}
	return o, err
}

func run(ctx context.Context) error {
	o, err := parse()
	if err != nil {
		return err
	}
	began := time.Now()
	var rows []output
	var failed []error
	for _, broker := range o.brokers {
		out, err := measure(ctx, o, broker)
		rows = append(rows, out...)
		failed = append(failed, err)
	}
	fmt.Printf("%d records of 700 bytes, %d partitions, median of %d rounds; load average now %s; %v\n\n",
		o.records, partitions, o.rounds, load(), time.Since(began).Round(time.Second))
	writeTable(os.Stdout, rows)
	fmt.Println()
	writeGoals(os.Stdout, rows)
	if o.out != "" {
		failed = append(failed, writeJSON(o.out, rows))
	}
	return errors.Join(failed...)
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
