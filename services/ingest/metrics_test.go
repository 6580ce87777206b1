package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cordon-iot/cordon"
)

// TestNamesAreBounded: a sensor that invents names cannot fill the memory of
// whoever keeps the metrics.
func TestNamesAreBounded(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry())
	n := m.of("zeek")
	for i := range 2 * maxNames {
		n.Undeclared(fmt.Sprintf("field-%d", i)).Inc()
	}
	n.Undeclared(strings.Repeat("é", maxName)).Inc()
	if got := testutil.CollectAndCount(m.undeclared.vec); got != maxNames+1 {
		t.Errorf("%d series; want %d", got, maxNames+1)
	}
	if got := testutil.ToFloat64(m.undeclared.vec.WithLabelValues("zeek", manyMore)); got != maxNames+1 {
		t.Errorf("%s counts %v; want %d", manyMore, got, maxNames+1)
	}
}

func TestLongName(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry())
	m.of("eve").Clipped("x\xff" + strings.Repeat("é", maxName)).Inc()
	want := "x\uFFFD" + strings.Repeat("é", (maxName-4)/2)
	if got := testutil.ToFloat64(m.clipped.vec.WithLabelValues("eve", want)); got != 1 {
		t.Errorf("counter %q = %v; want 1", want, got)
	}
}

func TestCounted(t *testing.T) {
	s := newTestStep(t, "zeek")
	s.all(t, [][]byte{
		[]byte(`{"_path":"conn","ts":1772409600,"colour":"red"}`),
		[]byte(`{"_path":"dns","ts":1772409600}`),
		[]byte(`{"_path":"dns","ts":1772409600}`),
		[]byte("#close\t2026-03-02-01-00-00"),
		[]byte("nonsense"),
	}, "s-1")
	for name, got := range map[string]float64{
		"connections": testutil.ToFloat64(s.metrics.events.WithLabelValues("zeek", "network_activity")) - 1,
		"lookups":     testutil.ToFloat64(s.metrics.events.WithLabelValues("zeek", "dns_activity")) - 2,
		"comments":    testutil.ToFloat64(s.metrics.dropped.WithLabelValues("zeek", "zeek.comment")) - 1,
		"colour":      testutil.ToFloat64(s.metrics.undeclared.vec.WithLabelValues("zeek", "colour")) - 1,
	} {
		if got != 0 {
			t.Errorf("%s are counted %+v times too often", name, got)
		}
	}
}

// TestRegisterTwice: two services of one process count together.
func TestRegisterTwice(t *testing.T) {
	reg := prometheus.NewRegistry()
	a, b := NewMetrics(reg), NewMetrics(reg)
	a.dropped.WithLabelValues("zeek", "blank").Inc()
	b.dropped.WithLabelValues("zeek", "blank").Inc()
	if got := testutil.ToFloat64(a.dropped.WithLabelValues("zeek", "blank")); got != 2 {
		t.Errorf("dropped = %v; want 2", got)
	}
}

// TestIdentity: a record that is delivered twice is the same event, and no
// other is.
func TestIdentity(t *testing.T) {
	s := newTestStep(t, "zeek")
	line := []byte(`{"_path":"conn","_sensor":"a b/c","ts":1772409600}`)
	one, two := s.do(t, cordon.Record{Value: line}), s.do(t, cordon.Record{Value: line})
	other := s.do(t, cordon.Record{Value: []byte(`{"_path":"conn","_sensor":"a b/d","ts":1772409600}`)})
	if one.raw.ID != two.raw.ID || one.raw.ID == other.raw.ID || string(one.raw.ID) != one.event.Metadata.UID {
		t.Errorf("ids %s, %s, %s with uid %s; want the first two and the uid equal, the third not",
			one.raw.ID, two.raw.ID, other.raw.ID, one.event.Metadata.UID)
	}
	if one.raw.Source != "/sensors/a%20b%2Fc" {
		t.Errorf("source = %s; want a URI reference", one.raw.Source)
	}
	if one.raw.ID != cordon.NewEventID(one.raw.Source, line) {
		t.Error("the id is not that of source and bytes")
	}
}
