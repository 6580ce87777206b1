package ingest

import (
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon/services/ingest/field"
)

// Metrics counts what ingest does with records and fields. Refused records are
// counted by package stream.
type Metrics struct {
	events     *prometheus.CounterVec
	dropped    *prometheus.CounterVec
	undeclared *names
	clipped    *names
}

// NewMetrics registers the metrics of ingest with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "cordon", Subsystem: "ingest", Name: name, Help: help}, labels)
		var there prometheus.AlreadyRegisteredError
		if err := reg.Register(c); errors.As(err, &there) {
			if old, ok := there.ExistingCollector.(*prometheus.CounterVec); ok {
				return old // another ingest of this process
			}
		}
		return c
	}
	return &Metrics{
		events:  counter("events_total", "Events made, by format and class.", "format", "class"),
		dropped: counter("records_dropped_total", "Records that say nothing about a device and were left out, by kind.", "format", "kind"),
		undeclared: &names{vec: counter("fields_undeclared_total",
			"Fields that were not kept because the mapping does not declare them.", "format", "field")},
		clipped: &names{vec: counter("fields_clipped_total",
			"Fields of which only a part was kept because they were too long.", "format", "field")},
	}
}

// of returns the counters of fields of a format.
func (m *Metrics) of(format string) field.Names {
	return field.Names{
		Undeclared: func(name string) field.Counter { return m.undeclared.counter(format, name) },
		Clipped:    func(name string) field.Counter { return m.clipped.counter(format, name) },
	}
}

// unmeasured are counters that nobody reads.
func unmeasured() field.Names {
	none := func(string) field.Counter { return nothing{} }
	return field.Names{Undeclared: none, Clipped: none}
}

type nothing struct{}

func (nothing) Inc() {}

// Bounds of what strangers may name: a sensor chooses the names of its fields,
// and each would be a time series for ever.
const (
	maxNames = 500
	maxName  = 64
	manyMore = "(other)"
)

// names are counters by format and name of a field. They may be used by
// several goroutines.
type names struct {
	vec *prometheus.CounterVec

	mu   sync.Mutex
	seen map[[2]string]bool
}

func (n *names) counter(format, name string) field.Counter {
	name = strings.ToValidUTF8(name, string(utf8.RuneError))
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	k := [2]string{format, name}
	if !n.seen[k] && len(n.seen) >= maxNames {
		return n.vec.WithLabelValues(format, manyMore)
	}
	if n.seen == nil {
		n.seen = map[[2]string]bool{}
	}
	n.seen[k] = true
	return n.vec.WithLabelValues(format, name)
}
