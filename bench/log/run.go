package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/wkafka"
)

// A bench measures on one broker.
type bench struct {
	options
	broker string
	kafka  wkafka.Config
	topics map[string]bool // that are filled
	rows   []*row
	log    io.Writer
}

// measure starts a broker, runs all rounds on it and ends it.
func measure(ctx context.Context, o options, broker string) ([]output, error) {
	dir, err := os.MkdirTemp("", "cordon-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	kafka, stop, err := startBroker(ctx, o, broker, dir)
	if err != nil {
		return nil, err
	}
	defer stop()
	b := &bench{options: o, broker: broker, kafka: kafka, topics: map[string]bool{}, log: os.Stderr}
	if err := b.warmUp(ctx); err != nil {
		return nil, err
	}
	return b.all(ctx, slices.Concat(readers(), readersLZ4(), writers()))
}

// warmUp reads everything once: a new Apache Kafka takes seconds to make the
// topic of group offsets, and its code is not compiled yet.
func (b *bench) warmUp(ctx context.Context) error {
	topic, err := b.topic(ctx, wkafka.None, b.records)
	if err != nil {
		return err
	}
	_, err = measureRead(ctx, variant{read: readClaims}, b.kafka, topic)
	return err
}

// all measures variants in interleaved rounds: what else the machine does
// meets all of them.
func (b *bench) all(ctx context.Context, variants []variant) ([]output, error) {
	for _, v := range variants {
		if b.filter.MatchString(v.label()) {
			b.rows = append(b.rows, &row{broker: b.broker, variant: v})
		}
	}
	var failed []error
	for round := range b.rounds {
		for _, r := range b.rows {
			if err := b.once(ctx, r); err != nil {
				failed = append(failed, fmt.Errorf("%s: %s: %w", b.broker, r.variant.label(), err))
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
		b.compare(round)
	}
	var out []output
	for _, r := range b.rows {
		if len(r.rounds) == b.rounds {
			out = append(out, r.output())
		}
	}
	return out, errors.Join(failed...)
}

// compare notes the ratios of a round.
func (b *bench) compare(round int) {
	for _, r := range b.rows {
		for _, base := range b.rows {
			if base.variant.label() == r.variant.baseLabel() && len(r.rounds) > round && len(base.rounds) > round {
				r.ratios = append(r.ratios, r.rounds[round].PerSecond/base.rounds[round].PerSecond)
			}
		}
	}
}

// once measures one variant once.
func (b *bench) once(ctx context.Context, r *row) error {
	n := b.records / max(1, r.variant.part)
	began := time.Now()
	var f figure
	err := b.profile(r.variant, func() (err error) {
		if r.variant.open != nil {
			f, err = measureWrite(ctx, r.variant, b.kafka, n)
			return err
		}
		topic, err := b.topic(ctx, compression(r.variant.lz4), n)
		if err == nil {
			f, err = measureRead(ctx, r.variant, b.kafka, topic)
		}
		return err
	})
	if err != nil {
		return err
	}
	r.rounds = append(r.rounds, f)
	fmt.Fprintf(b.log, "%-8s  %-46s  %9.0f/s  %7.2f µs  (%.1f s)\n", b.broker, r.variant.label(), f.PerSecond, f.CPU, time.Since(began).Seconds())
	return nil
}

// topic returns one with n records in a codec.
func (b *bench) topic(ctx context.Context, c wkafka.Compression, n int) (string, error) {
	name := fmt.Sprintf("bench.read.%d.%d", c, n)
	if b.topics[name] {
		return name, nil
	}
	b.topics[name] = true
	return name, fill(ctx, b.kafka, name, c, n)
}

// profile runs f, and keeps its CPU profile in a file of the variant's if
// profiles are wanted. That of the last round stays.
func (b *bench) profile(v variant, f func() error) error {
	if b.profiles == "" {
		return f()
	}
	if err := os.MkdirAll(b.profiles, 0o750); err != nil {
		return err
	}
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(b.broker+" "+v.label()), "-")
	file, err := os.Create(filepath.Join(b.profiles, name+".pprof")) //nolint:gosec // the caller names the folder
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return errors.Join(err, file.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, file.Close())
}
