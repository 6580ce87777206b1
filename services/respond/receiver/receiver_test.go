package receiver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	testSecret  = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2traw=="
	otherSecret = "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
)

// sender posts events to a receiver.
type sender struct {
	t *testing.T
	r *Receiver
}

func event(id, typ, device, action string, sequence int) map[string]any {
	return map[string]any{
		"id": id, "type": typ, "expirytime": time.Now().Add(time.Hour),
		"data": map[string]any{"action_uid": action, "device": map[string]any{"uid": device}, "sequence": sequence, "until": time.Now().Add(time.Hour)},
	}
}

func sign(t *testing.T, secret, id string, at time.Time, body []byte) *http.Request {
	t.Helper()
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := wh.Sign(id, at, body)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("webhook-signature", sig)
	return req
}

func (s sender) do(req *http.Request) int {
	w := httptest.NewRecorder()
	s.r.ServeHTTP(w, req)
	return w.Code
}

func (s sender) post(e map[string]any) int {
	s.t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(sign(s.t, testSecret, fmt.Sprint(e["id"]), time.Now(), body))
}

func newSender(t *testing.T, hook func(Delivery)) sender {
	t.Helper()
	r, err := New(testSecret, time.Now, hook)
	if err != nil {
		t.Fatal(err)
	}
	return sender{t, r}
}

func TestReceiverRefusesForgeries(t *testing.T) {
	body, err := json.Marshal(event("op1", Apply, "cam-1", "a1", 1))
	if err != nil {
		t.Fatal(err)
	}
	good := func() *http.Request { return sign(t, testSecret, "op1", time.Now(), body) }
	tests := []struct {
		name string
		req  func() *http.Request
		want int
	}{
		{"good", good, 204},
		{"other secret", func() *http.Request { return sign(t, otherSecret, "op1", time.Now(), body) }, 401},
		{"six minutes old", func() *http.Request { return sign(t, testSecret, "op1", time.Now().Add(-6*time.Minute), body) }, 401},
		{"from the future", func() *http.Request { return sign(t, testSecret, "op1", time.Now().Add(6*time.Minute), body) }, 401},
		{"tampered body", func() *http.Request {
			r := sign(t, testSecret, "op1", time.Now(), body)
			other := sign(t, testSecret, "op1", time.Now(), []byte(strings.Replace(string(body), "cam-1", "cam-2", 1)))
			other.Header = r.Header
			return other
		}, 401},
		{"tampered id", func() *http.Request { r := good(); r.Header.Set("webhook-id", "op2"); return r }, 401},
		{"no signature", func() *http.Request { r := good(); r.Header.Del("webhook-signature"); return r }, 401},
		{"id of the event is another", func() *http.Request { return sign(t, testSecret, "op2", time.Now(), body) }, 400},
		{"not JSON", func() *http.Request { return sign(t, testSecret, "op1", time.Now(), []byte("{")) }, 400},
		{"GET", func() *http.Request { return httptest.NewRequest(http.MethodGet, "/", nil) }, 405},
		{"too large", func() *http.Request {
			return sign(t, testSecret, "op1", time.Now(), []byte(strings.Repeat("x", maxBody+1)))
		}, 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSender(t, nil)
			got := s.do(tt.req())
			counts := s.r.Counts()
			if got != tt.want || s.r.Device("cam-1").Contained != (tt.want == 204) || (counts.Refused == 1) != (tt.want != 204) {
				t.Errorf("answer %d, %+v, %+v; want %d", got, s.r.Device("cam-1"), counts, tt.want)
			}
		})
	}
}

func TestReceiverCarriesOutOnceAndInOrder(t *testing.T) {
	expired := event("op9", Apply, "cam-2", "a9", 1)
	expired["expirytime"] = time.Now().Add(-time.Second)
	forever := event("op8", Release, "cam-2", "a8", 2)
	delete(forever, "expirytime")
	nameless := event("op7", Apply, "", "a7", 1)
	strange := event("op6", "cordon.quarantine.explode", "cam-2", "a6", 1)
	tests := []struct {
		name      string
		event     map[string]any
		code      int
		contained bool // cam-1, afterwards
	}{
		{"apply", event("op1", Apply, "cam-1", "a1", 10), 204, true},
		{"again", event("op1", Apply, "cam-1", "a1", 10), 204, true},
		{"release of another action", event("op2", Release, "cam-1", "a0", 11), 204, true},
		{"release", event("op3", Release, "cam-1", "a1", 12), 204, false},
		{"apply again after its release", event("op1", Apply, "cam-1", "a1", 10), 204, false},
		{"overtaken apply", event("op4", Apply, "cam-1", "a2", 11), 409, false},
		{"expired apply", expired, 422, false},
		{"release without expiry", forever, 204, false},
		{"no device", nameless, 400, false},
		{"unknown type", strange, 400, false},
	}
	var seen []Delivery
	s := newSender(t, func(d Delivery) { seen = append(seen, d) })
	for _, tt := range tests {
		if got := s.post(tt.event); got != tt.code || s.r.Device("cam-1").Contained != tt.contained {
			t.Errorf("%s: %d, contained %t; want %d, %t", tt.name, got, s.r.Device("cam-1").Contained, tt.code, tt.contained)
		}
	}
	want := Counts{Deliveries: 6, Distinct: 4, Duplicates: 2, Refused: 4}
	if got := s.r.Counts(); got != want || len(seen) != want.Deliveries || !seen[1].Duplicate || seen[0].Duplicate {
		t.Errorf("Counts() = %+v, hook saw %d; want %+v", got, len(seen), want)
	}
}

func TestReceiverForgetsIDsAfterTwoSpans(t *testing.T) {
	now := time.Now()
	r, err := New(testSecret, func() time.Time { return now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := sender{t, r}
	e := event("op1", Release, "cam-1", "a1", 1)
	for i, want := range []int{0, 1, 1} { // duplicates after each; the last span goes on to be remembered
		s.post(e)
		if got := r.Counts().Duplicates; got != want {
			t.Errorf("delivery %d: %d duplicates; want %d", i, got, want)
		}
		now = now.Add(keepIDs + time.Second)
	}
}

func TestNewReceiverChecksTheSecret(t *testing.T) {
	if _, err := New("whsec_%%%", time.Now, nil); err == nil {
		t.Error("New with a secret that is not base64 = nil; want an error")
	}
}
