package history

import (
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/internal/kafkatest"
)

// fault stands before a store and says what becomes of the n-th insert.
type fault func(n int64, w http.ResponseWriter, r *http.Request, next http.Handler)

// front starts f before the store at target.
func front(t *testing.T, target string, f fault) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	next := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: u.Host})
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The driver greets each new connection with a query and the same settings.
		if !strings.HasPrefix(r.URL.Query().Get("query"), "INSERT") {
			next.ServeHTTP(w, r)
			return
		}
		f(n.Add(1), w, r, next)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestFaultyStore: a store that fails inserts before or after it has carried
// them out, or takes long over each, gets every row once.
func TestFaultyStore(t *testing.T) {
	for name, f := range map[string]fault{
		"500 before": func(n int64, w http.ResponseWriter, r *http.Request, next http.Handler) {
			if n%2 == 1 {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			next.ServeHTTP(w, r)
		},
		"500 after": func(n int64, w http.ResponseWriter, r *http.Request, next http.Handler) {
			if n%2 == 1 {
				next.ServeHTTP(httptest.NewRecorder(), r)
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			next.ServeHTTP(w, r)
		},
		"slow": func(n int64, w http.ResponseWriter, r *http.Request, next http.Handler) {
			if n <= 2 {
				<-time.After(10 * time.Second) // longer than the session
			}
			next.ServeHTTP(w, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := kafkatest.Start(t)
			topics := kafkatest.Topics(t, k, 2)
			dsn := schema(t)
			publish(t, k, topics.Events(), manyEvents(2000)...)
			start(t, Options{
				Kafka: k, Topics: topics, DSN: through(t, front(t, dsn.Writer, f), dsn), MaxRecords: 200,
				MaxWait: 20 * time.Millisecond, Session: kafkatest.MinSession, Now: time.Now,
			})
			c := dial(t, dsn.Reader)
			eventually(t, "2000 rows", func() bool {
				return one[uint64](t, c, "SELECT uniqExact(kafka_partition, kafka_offset) FROM events") == 2000
			})
			if n := one[uint64](t, c, "SELECT count() FROM events"); n != 2000 {
				t.Errorf("rows = %d; want 2000", n)
			}
		})
	}
}

// TestMemoryWhileStoreIsDown: what comes while the store takes nothing stays in
// the log. The same is published three times; the heap does not grow by the
// third. After the first, what is fetched ahead may still be less than it can be.
func TestMemoryWhileStoreIsDown(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 2)
	dsn := schema(t)
	var tried atomic.Int64
	start(t, Options{
		Kafka: k, Topics: topics, MaxRecords: 2000, MaxWait: 20 * time.Millisecond, Now: time.Now,
		DSN: through(t, front(t, dsn.Writer, func(n int64, w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			tried.Store(n)
			w.WriteHeader(http.StatusServiceUnavailable)
		}), dsn),
	})
	held := func() int {
		for range 20 {
			publish(t, k, topics.Events(), manyEvents(2000)...)
		}
		least := math.MaxInt // what an attempt needs while it lasts is not held
		for range 5 {
			from := tried.Load()
			eventually(t, "more attempts", func() bool { return tried.Load() > from+1 })
			least = min(least, heap())
		}
		return least
	}
	held()
	first := held()
	// 40,000 events of 1.2 kB make 48 MB, of which the broker, which lives in this
	// process too, keeps the little that is left after compression.
	if grown := held() - first; grown > 24<<20 {
		t.Errorf("heap grew by %d MB while 48 MB came and the store was down; want less than 24", grown>>20)
	} else {
		t.Logf("heap grew by %d kB", grown>>10)
	}
}

// heap returns the bytes in use after garbage and what pools keep is gone.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
