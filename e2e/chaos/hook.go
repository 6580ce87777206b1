package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/cordon-iot/cordon/e2e/chaos/check"
	"github.com/cordon-iot/cordon/e2e/chaos/plan"
	"github.com/cordon-iot/cordon/services/respond/receiver"
)

const webhookSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" //nolint:gosec // of chaos runs alone

// hook is the receiver of webhooks. Each instance of respond has its own path,
// so that it is known who delivers; deliveries are points.
type hook struct {
	*receiver.Receiver
	director  *director
	instances map[string]*instance // by path

	mu   sync.Mutex
	seen []check.Delivery
}

func newHook(d *director) (*hook, error) {
	h := &hook{director: d, instances: map[string]*instance{}}
	var err error
	h.Receiver, err = receiver.New(webhookSecret, time.Now, h.delivered)
	return h, err
}

func (h *hook) delivered(d receiver.Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, check.Delivery{
		Op: d.ID, Device: d.Data.Device.UID, Apply: d.Type == receiver.Apply, Duplicate: d.Duplicate,
	})
}

func (h *hook) deliveries() []check.Delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]check.Delivery(nil), h.seen...)
}

// ServeHTTP takes a delivery.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	inst, op := h.instances[strings.Trim(r.URL.Path, "/")], verb(body)
	if inst == nil {
		http.NotFound(w, r)
		return
	}
	if h.hold(w, point{inst, op, plan.Before}) {
		return
	}
	rec := httptest.NewRecorder()
	h.Receiver.ServeHTTP(rec, r)
	if h.hold(w, point{inst, op, plan.After}) {
		return
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// hold does what is to be done at p and reports whether the delivery is
// answered by that.
func (h *hook) hold(w http.ResponseWriter, p point) (answered bool) {
	return h.director.at(p).answer(w, "chaos")
}

// verb is what a delivery asks for, in the words of the plan.
func verb(body []byte) string {
	var d receiver.Delivery
	if json.Unmarshal(body, &d) == nil && d.Type == receiver.Release {
		return "webhook release"
	}
	return "webhook apply"
}
