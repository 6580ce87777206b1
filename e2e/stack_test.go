package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/cmd/cordon/store"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/internal/testdata"
	"github.com/cordon-iot/cordon/services/respond/receiver"
	"github.com/cordon-iot/cordon/wkafka"
)

const webhookSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" // of these tests alone

// A stack is everything of cordon as real processes: a broker (the embedded
// one, or the Apache Kafka that CORDON_TEST_KAFKA names), the embedded store,
// the three services and a receiver of webhooks.
type stack struct {
	t        testing.TB
	kafka    wkafka.Config
	topics   cordon.Topics
	dsn      map[string]string // by role: admin, writer, reader
	reader   driver.Conn
	hook     *hook
	policies string
	leases   []string // flags of respond

	broker, store, ingest, detect, respond *process
}

// newStack starts a stack with partitions partitions. Its services are ready
// to work when it returns.
func newStack(t testing.TB, o ...func(*stack)) *stack {
	t.Helper()
	s := &stack{t: t, policies: filepath.Join(testdata.Root(), "policies"), hook: newHook(t)}
	for _, f := range o {
		f(s)
	}
	s.startBroker()
	s.topics = kafkatest.Topics(t, s.kafka, 4)
	s.startStore()
	s.init()
	s.reader = s.open(s.dsn["reader"])
	s.ingest = s.startIngest()
	s.detect = start(t, "detect", s.env(), "--policies", s.policies)
	s.respond = start(t, "respond", append(s.env(), "CORDON_WEBHOOK_SECRET="+webhookSecret),
		append([]string{"--webhook-url", s.hook.url}, s.leases...)...)
	return s
}

func (s *stack) startIngest() *process {
	return start(s.t, "ingest", append(s.env(), "CORDON_CLICKHOUSE="+s.dsn["writer"]))
}

// env are the settings that all programs share.
func (s *stack) env() []string {
	return []string{
		"CORDON_KAFKA_BROKERS=" + strings.Join(s.kafka.Brokers, ","),
		"CORDON_TOPIC_PREFIX=" + s.topics.Prefix,
		"CORDON_LISTEN=127.0.0.1:0",
		"CORDON_LOG_FORMAT=json",
	}
}

func (s *stack) startBroker() {
	s.t.Helper()
	if addr := os.Getenv(kafkatest.Env); addr != "" {
		s.kafka = kafkatest.Start(s.t)
		return
	}
	addr := freeAddress(s.t)
	s.kafka = wkafka.Config{Brokers: []string{addr}, ClientID: "e2e"}
	s.broker = start(s.t, "cordon", nil, "broker", "--data", s.t.TempDir(), "--listen", addr)
	eventually(s.t, 30*time.Second, func() string { return "the broker does not listen" }, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// startStore starts the embedded engine on an address that it keeps when it is
// started again.
func (s *stack) startStore() {
	s.t.Helper()
	dir, addr := s.t.TempDir(), freeAddress(s.t)
	s.store = start(s.t, "cordon", nil, "store", "--data", dir, "--listen", addr)
	eventually(s.t, time.Minute, func() string { return "the store does not answer:\n" + s.store.logs.tail(2000) }, func() bool {
		res, err := http.Get("http://" + addr + "/ping")
		if err == nil {
			res.Body.Close()
		}
		return err == nil && res.StatusCode == http.StatusOK
	})
	users, err := store.Users(dir)
	if err != nil {
		s.t.Fatal(err)
	}
	s.dsn = map[string]string{}
	for role, password := range users {
		u := url.URL{Scheme: "http", User: url.UserPassword(string(role), string(password)), Host: addr, Path: "/cordon"}
		s.dsn[string(role)] = u.String()
	}
}

// init creates topics and tables as a deployment does.
func (s *stack) init() {
	s.t.Helper()
	c := exec.Command(bin(s.t, "cordon"), "init", "--partitions", "4")
	c.Env = append(append(os.Environ(), s.env()...), "CORDON_CLICKHOUSE="+s.dsn["admin"])
	if out, err := c.CombinedOutput(); err != nil {
		s.t.Fatalf("cordon init: %v\n%s", err, out)
	}
}

func (s *stack) open(dsn string) driver.Conn {
	s.t.Helper()
	o, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	conn, err := clickhouse.Open(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return conn
}

// feed appends a file to a raw topic with the feed command.
func (s *stack) feed(file, format string, more ...string) string {
	s.t.Helper()
	c := exec.Command(bin(s.t, "cordon"), append([]string{"feed", file, "--format", format}, more...)...)
	c.Env = append(os.Environ(), s.env()...)
	out, err := c.CombinedOutput()
	if err != nil {
		s.t.Fatalf("cordon feed %s: %v\n%s", file, err, out)
	}
	return string(out)
}

// count asks ClickHouse for one number; -1 when it does not answer.
func (s *stack) count(sql string) int64 {
	var n uint64
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.reader.QueryRow(ctx, sql).Scan(&n); err != nil {
		return -1
	}
	return int64(n)
}

// records is how many records a topic holds.
func (s *stack) records(topic string) int64 {
	ends, err := wkafka.EndOffsets(context.Background(), s.kafka, topic)
	if err != nil {
		return -1
	}
	var n int64
	for _, e := range ends {
		n += e
	}
	return n
}

// each calls f for every record that topic holds now.
func (s *stack) each(topic string, f func(cordon.Record)) {
	s.t.Helper()
	n, err := wkafka.Partitions(s.t.Context(), s.kafka, topic)
	if err != nil {
		s.t.Fatal(err)
	}
	for p := range n {
		_, err := stream.Replay(s.t.Context(), s.kafka, topic, p, 0, -1, func(r cordon.Record) error {
			r.Value = append([]byte(nil), r.Value...)
			f(r)
			return nil
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// findings returns every finding, and fails the test if one occurs twice.
func (s *stack) findings() map[cordon.FindingID]cordon.Finding {
	s.t.Helper()
	all := map[cordon.FindingID]cordon.Finding{}
	s.each(s.topics.Findings(), func(r cordon.Record) {
		f, err := cordon.FindingOf(r)
		if err != nil {
			s.t.Error(err)
			return
		}
		if _, twice := all[f.ID]; twice {
			s.t.Errorf("finding %s of %s stands in the log twice", f.ID, f.Policy.ID)
		}
		all[f.ID] = f
	})
	return all
}

// hook is a receiver of webhooks that can be down.
type hook struct {
	*receiver.Receiver
	url string

	mu   sync.Mutex
	down bool
	hold *held
	seen []receiver.Delivery
}

func newHook(t testing.TB) *hook {
	t.Helper()
	h := &hook{}
	r, err := receiver.New(webhookSecret, time.Now, h.delivered)
	if err != nil {
		t.Fatal(err)
	}
	h.Receiver = r
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

func (h *hook) delivered(d receiver.Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, d)
}

// setDown makes the receiver answer 503 until it is up again.
func (h *hook) setDown(down bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = down
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	down := h.down
	h.mu.Unlock()
	if down {
		http.Error(w, "down for a while", http.StatusServiceUnavailable)
		return
	}
	h.serve(w, r)
}

// effects counts the operations that had an effect, by id.
func (h *hook) effects() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := map[string]int{}
	for _, d := range h.seen {
		if !d.Duplicate {
			n[d.ID]++
		}
	}
	return n
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr())
}

// lag is how many records the services have not finished, all together.
func (s *stack) lag() int64 {
	s.t.Helper()
	m := lag.NewMeter(s.kafka)
	defer m.Close()
	var n int64
	for _, stage := range lag.Stages(s.topics) {
		behind, err := m.Behind(s.t.Context(), stage)
		if err != nil {
			s.t.Logf("lag of %s: %v", stage.Name, err)
			return -1
		}
		n += behind
	}
	return n
}
