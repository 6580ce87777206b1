package history

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/storetest"
)

// note makes the server of dsn believe that it has the part of (tier, day) of an
// insert into events with a token: it inserts a row of another topic with it.
func note(t testing.TB, dsn, token, class string) {
	t.Helper()
	r := event(flow)
	for i, h := range r.Headers {
		if h.Key == cordon.HeaderType {
			r.Headers[i].Value = strings.Replace(h.Value, "network_activity", class, 1)
		}
	}
	insert(t, into(t, dsn, "events"), token, at("elsewhere", 1, r))
}

func TestMissing(t *testing.T) {
	dsn := schema(t)
	s := into(t, dsn.Writer, "events")
	broken := cordon.Record{Key: "d-1", Value: []byte("what is this?")}
	recs := at("events", 10, event(flow), event(flow), broken, event(flow))
	missing := func() map[int64]bool {
		t.Helper()
		m, err := s.Missing(t.Context(), recs)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if diff := cmp.Diff(map[int64]bool{10: true, 11: true, 12: true, 13: true}, missing()); diff != "" {
		t.Errorf("Missing of an empty table (-want +got):\n%s", diff)
	}
	note(t, dsn.Writer, "a", "network_activity")
	insert(t, s, "a", recs)
	if diff := cmp.Diff(map[int64]bool{10: true, 11: true, 13: true}, missing()); diff != "" {
		t.Errorf("Missing after an insert whose token the server had noted (-want +got):\n%s", diff)
	}
	for range 2 { // once more has no effect
		if err := s.InsertMissing(t.Context(), "a/1", recs, map[int64]bool{11: true, 13: true}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[int64]bool{10: true}, missing()); diff != "" {
		t.Errorf("Missing after InsertMissing of 11 and 13 (-want +got):\n%s", diff)
	}
	if n := one[uint64](t, dial(t, dsn.Reader), "SELECT count() FROM events WHERE topic = 'events'"); n != 2 {
		t.Errorf("rows of events = %d; want 2", n)
	}
}

// saboteur stands before a store. Before it lets the first insert into events
// pass, it makes the store note its token for one part of it, and fails it.
type saboteur struct {
	*httptest.Server
	note func(token string)

	mu   sync.Mutex
	seen []string // tokens of inserts into events
}

func newSaboteur(t *testing.T, target string, note func(token string)) *saboteur {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	s := &saboteur{note: note}
	next := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: u.Host})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.first(r) {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// first reports whether r is the first insert into events.
func (s *saboteur) first(r *http.Request) bool {
	q := r.URL.Query()
	tok := q.Get("insert_deduplication_token")
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil || tok == "" || !strings.Contains(q.Get("query")+string(body), "INSERT INTO events ") {
		return false
	}
	s.mu.Lock()
	s.seen = append(s.seen, tok)
	n := len(s.seen)
	s.mu.Unlock()
	if n == 1 {
		s.note(tok)
	}
	return n == 1
}

func (s *saboteur) tokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// TestNotedTokenLosesNothing: the server has noted the token of one of the
// insert's two parts and does not have its rows, as after a kill between the
// two steps. All rows come, those of the other part once.
func TestNotedTokenLosesNothing(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 1)
	dsn := schema(t)
	recs := manyEvents(300)
	for i := range recs[:100] {
		for j, h := range recs[i].Headers {
			if h.Key == cordon.HeaderType {
				recs[i].Headers[j].Value = strings.Replace(h.Value, "network_activity", "authentication", 1)
			}
		}
	}
	publish(t, k, topics.Events(), recs...)
	front := newSaboteur(t, dsn.Writer, func(token string) { note(t, dsn.Writer, token, "authentication") })
	start(t, Options{Kafka: k, Topics: topics, DSN: through(t, front.URL, dsn), MaxWait: 200 * time.Millisecond, Now: time.Now})
	c := dial(t, dsn.Reader)
	where := " FROM events WHERE topic = '" + topics.Events() + "'"
	eventually(t, "300 rows", func() bool { return one[uint64](t, c, "SELECT uniqExact(kafka_offset)"+where) == 300 })
	if n := one[uint64](t, c, "SELECT count()"+where); n != 300 {
		t.Errorf("rows = %d; want 300", n)
	}
	seen := front.tokens()
	if last := seen[len(seen)-1]; len(seen) != 3 || seen[1] != seen[0] || last != seen[0]+"/1" {
		t.Errorf("tokens = %q; want one twice and then with /1", seen)
	}
}

// through is dsn's writer behind another address.
func through(t *testing.T, address string, dsn storetest.DSNs) string {
	t.Helper()
	o, err := clickhouse.ParseDSN(dsn.Writer)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.Path = url.UserPassword(o.Auth.Username, o.Auth.Password), "/"+o.Auth.Database
	return u.String()
}
