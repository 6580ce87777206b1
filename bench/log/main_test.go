package main

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// TestEveryVariant runs all of them once: each checks that it has every record
// once.
func TestEveryVariant(t *testing.T) {
	b := &bench{
		options: options{records: setSize, rounds: 1, filter: regexp.MustCompile(""), profiles: t.TempDir()},
		broker:  "test", kafka: kafkatest.Start(t), topics: map[string]bool{}, log: io.Discard,
	}
	variants := slices.Concat(readers(), readersLZ4(), writers())
	rows, err := b.all(t.Context(), variants)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(variants) {
		t.Errorf("all(%d variants) = %d rows", len(variants), len(rows))
	}
	for _, r := range rows {
		if r.PerSecond <= 0 || r.CPU <= 0 || r.Ratio <= 0 {
			t.Errorf("%s = %+v; want figures above 0", r.Variant, r)
		}
	}
}

func TestTallyCheck(t *testing.T) {
	for _, tt := range []struct {
		name    string
		offsets []int64
		ok      bool
	}{
		{"each once", []int64{0, 1, 2}, true},
		{"one missing", []int64{0, 1}, false},
		{"one twice for another", []int64{0, 1, 1}, false},
		{"one too many", []int64{0, 1, 2, 2}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tl := newTally([]int64{3, 0, 0, 0})
			for _, o := range tt.offsets {
				tl.one(0, o)
			}
			if err := tl.check(); (err == nil) != tt.ok {
				t.Errorf("check() after %v = %v; want ok: %v", tt.offsets, err, tt.ok)
			}
		})
	}
}

func TestCheckLog(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := kafkatest.Name(t)
	for _, n := range []int{warm(100), 100} {
		if err := fill(t.Context(), cfg, topic, wkafka.LZ4, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := checkLog(t.Context(), cfg, topic, 100); err != nil {
		t.Errorf("checkLog(the log as written) = %v", err)
	}
	if err := checkLog(t.Context(), cfg, topic, 101); err == nil {
		t.Error("checkLog(one record missing) = nil")
	}
}

func TestPatternsCoverAll(t *testing.T) {
	for name, p := range map[string]pattern{"bulk": bulk, "single": single} {
		n := 0
		err := p(2*setSize+7, func(from, to int) error { n += to - from; return nil })
		if err != nil || n != 2*setSize+7 {
			t.Errorf("%s(%d) wrote %d, %v", name, 2*setSize+7, n, err)
		}
	}
	if err := many(10, func(from, _ int) error {
		if from == 7 {
			return io.ErrUnexpectedEOF
		}
		return nil
	}); err == nil {
		t.Error("many(one write of which fails) = nil")
	}
}

func TestRatiosAndGoals(t *testing.T) {
	base := variant{name: bulkWriter}
	rows := []*row{
		{broker: "test", variant: base},
		{broker: "test", variant: variant{name: "Publisher, 4000 a call", base: bulkWriter}},
	}
	b := &bench{rows: rows}
	for round, speed := range [][2]float64{{100, 200}, {50, 200}, {100, 90}} {
		rows[0].rounds = append(rows[0].rounds, figure{PerSecond: speed[0]})
		rows[1].rounds = append(rows[1].rounds, figure{PerSecond: speed[1]})
		b.compare(round)
	}
	want := output{Broker: "test", Variant: "Publisher, 4000 a call", PerSecond: 200, Ratio: 2}
	if diff := cmp.Diff(want, rows[1].output()); diff != "" {
		t.Errorf("output() of rounds (-want +got):\n%s", diff)
	}
	var text bytes.Buffer
	writeGoals(&text, []output{want, {Broker: "test", Variant: "Publisher, 1 goroutine", Ratio: 9.9}})
	if s := text.String(); !strings.Contains(s, "PASS    test      idempotent bulk") || !strings.Contains(s, "MISSED  test      one publisher") {
		t.Errorf("writeGoals wrote\n%s", s)
	}
}
