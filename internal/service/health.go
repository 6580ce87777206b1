package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Health knows which parts of a process work. A part that was never named does
// not count; a part that is not ready says why and since when.
type Health struct {
	mu    sync.Mutex
	parts map[string]part
	now   func() time.Time
}

type part struct {
	err   error
	since time.Time
}

// NewHealth returns the health of a process without parts.
func NewHealth() *Health {
	return &Health{parts: map[string]part{}, now: time.Now}
}

// Set says that name works, or with an error why it does not. The same state
// set again keeps the time since which it holds.
func (h *Health) Set(name string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old, known := h.parts[name]
	if known && (old.err == nil) == (err == nil) {
		old.err = err
		h.parts[name] = old
		return
	}
	h.parts[name] = part{err, h.now()}
}

// PartState is one part in the answer of /readyz.
type PartState struct {
	Ready bool      `json:"ready"`
	Since time.Time `json:"since"`
	Cause string    `json:"cause,omitempty"`
}

// State returns every part, and whether all are ready.
func (h *Health) State() (map[string]PartState, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all, out := true, make(map[string]PartState, len(h.parts))
	for name, p := range h.parts {
		s := PartState{Ready: p.err == nil, Since: p.since.UTC()}
		if p.err != nil {
			s.Cause, all = p.err.Error(), false
		}
		out[name] = s
	}
	return out, all
}

// ServeHTTP answers /readyz: 200 when every part is ready, else 503, with the
// parts as JSON.
func (h *Health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	parts, ready := h.State()
	w.Header().Set("Content-Type", "application/json")
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	// A client that has gone away is nobody's error.
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": ready, "parts": parts})
}

func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Handler serves /livez, /readyz, /metrics and /debug/pprof.
func (sh *Shell) Handler() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /readyz", sh.Health)
	mux.Handle("GET /metrics", promhttp.HandlerFor(sh.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	return mux
}

// Serve listens on address until the returned function is called. An empty
// address serves nothing.
func (sh *Shell) Serve(address string) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("health endpoint: %w; choose another --listen", err)
	}
	srv := &http.Server{Handler: sh.Handler(), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			sh.Log.Error("health endpoint ended", "error", err)
		}
	}()
	sh.Log.Info("serving health and metrics", "address", l.Addr().String())
	return func() { srv.Close(); <-done }, nil
}
