package history

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/internal/testdata"
)

var updateDocs = flag.Bool("update", false, "rewrite docs/metrics.md")

// listing is a Registerer that notes what is registered.
type listing struct{ rows []string }

// Register implements prometheus.Registerer.
func (l *listing) Register(c prometheus.Collector) error {
	descs := make(chan *prometheus.Desc)
	go func() { defer close(descs); c.Describe(descs) }()
	form := regexp.MustCompile(`fqName: "([^"]*)", help: "([^"]*)".*variableLabels: \{([^}]*)\}`)
	for d := range descs {
		m := form.FindStringSubmatch(d.String())
		if m == nil {
			return fmt.Errorf("%s: cannot be read", d)
		}
		l.rows = append(l.rows, fmt.Sprintf("| `%s` | %s | %s |\n", m[1], strings.ReplaceAll(m[3], ",", ", "), m[2]))
	}
	return nil
}

// MustRegister implements prometheus.Registerer.
func (l *listing) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		if err := l.Register(c); err != nil {
			panic(err)
		}
	}
}

// Unregister implements prometheus.Registerer.
func (l *listing) Unregister(prometheus.Collector) bool { return false }

const metricsHead = `# Metrics of the log and the history

Every service serves them at /metrics of its --listen address. ` + "`-update`" + ` of the test ` + "`TestMetricsAreDocumented`" + ` in
services/ingest/history writes this page. Rules that alert by them: [deploy/prometheus/alerts.yaml](../deploy/prometheus/alerts.yaml).

| metric | labels | what it is |
|---|---|---|
`

func TestMetricsAreDocumented(t *testing.T) {
	l := &listing{}
	stream.NewMetrics(l, time.Now)
	newMetrics(l)
	slices.Sort(l.rows)
	want := metricsHead + strings.Join(l.rows, "")
	path := filepath.Join(testdata.Root(), "docs/metrics.md")
	if *updateDocs {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/metrics.md (-want +got), -update rewrites it:\n%s", diff)
	}
}

// TestAlertsNameMetrics: a rule over a metric that nobody has would never fire.
func TestAlertsNameMetrics(t *testing.T) {
	l := &listing{}
	stream.NewMetrics(l, time.Now)
	newMetrics(l)
	text, err := os.ReadFile(filepath.Join(testdata.Root(), "deploy/prometheus/alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\bcordon_(?:stream|history)_\w+`).FindAllString(string(text), -1)
	if len(names) == 0 {
		t.Fatal("no rule names a metric")
	}
	known := strings.Join(l.rows, "")
	for _, n := range names {
		if base := strings.TrimSuffix(n, "_bucket"); !strings.Contains(known, "`"+base+"`") {
			t.Errorf("alerts.yaml names %s, which no service has", n)
		}
	}
}
