package respond

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/respond/receiver"
)

const testSecret = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2traw=="

func secret(t *testing.T) Secret {
	t.Helper()
	s, err := ParseSecret(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func webhookTo(t *testing.T, url string) *Webhook {
	t.Helper()
	w, err := NewWebhook(WebhookConfig{URL: url, Secret: secret(t), Now: time.Now, Conns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// readBack is a as if it stood at offset of the log.
func readBack(a cordon.Action, offset int64) cordon.Action {
	a.Position = cordon.Position{Topic: "actions", Partition: 1, Offset: offset}
	return a
}

// request is what a server got.
type request struct {
	header http.Header
	body   []byte
}

// recorder is a server that records what it gets and answers with f.
type recorder struct {
	*httptest.Server
	mu  sync.Mutex // guards got
	got []request
}

func record(t *testing.T, f http.HandlerFunc) *recorder {
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Errorf("read body: %v", err)
		}
		r.mu.Lock()
		r.got = append(r.got, request{req.Header, body})
		r.mu.Unlock()
		f(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

func TestWebhookIsVerifiedByTheOfficialLibrary(t *testing.T) {
	verifier, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	srv := record(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	hook := webhookTo(t, srv.URL)
	a := readBack(intended("f1", "cam-1"), 41)
	r := readBack(releaseIntended(a, noon().Add(time.Hour), "lease", "the lease ended"), 97)
	for _, err := range []error{hook.Apply(t.Context(), a), hook.Release(t.Context(), r)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, op := range []cordon.OpID{a.Op, r.Op} {
		got := srv.requests()[i]
		if err := verifier.Verify(got.body, got.header); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
		if id := got.header.Get("webhook-id"); id != string(op) {
			t.Errorf("webhook-id of request %d = %s; want the operation %s", i, id, op)
		}
		got.body[len(got.body)/2] ^= 1
		if verifier.Verify(got.body, got.header) == nil {
			t.Errorf("request %d verifies with a flipped bit", i)
		}
	}
}

func TestWebhookBody(t *testing.T) {
	a := readBack(intended("f1", "cam-1"), 41)
	r := readBack(releaseIntended(a, noon().Add(time.Hour), "lease", "the lease ended"), 97)
	tests := []struct {
		name  string
		event Event
		want  string
	}{
		{"apply", NewEvent(TypeApply, a), `{
			"specversion": "1.0", "id": "` + string(a.Op) + `", "source": "/respond", "type": "cordon.quarantine.apply",
			"subject": "cam-1", "time": "2026-03-14T12:00:00.000Z", "datacontenttype": "application/json",
			"expirytime": "2026-03-14T13:00:00.000Z",
			"data": {
				"action_uid": "` + string(a.ID) + `", "op_uid": "` + string(a.Op) + `",
				"device": {"uid": "cam-1", "zone": "hall-3"}, "level": "segment", "until": "2026-03-14T13:00:00.000Z",
				"finding": {"uid": "f1", "policy": "CRD-0007", "title": "Telnet to many hosts", "severity": "High"}, "reason": "23/tcp to 41 hosts in 10 s", "sequence": 41}}`},
		{"release", NewEvent(TypeRelease, r), `{
			"specversion": "1.0", "id": "` + string(r.Op) + `", "source": "/respond", "type": "cordon.quarantine.release",
			"subject": "cam-1", "time": "2026-03-14T13:00:00.000Z", "datacontenttype": "application/json",
			"data": {
				"action_uid": "` + string(a.ID) + `", "op_uid": "` + string(r.Op) + `",
				"device": {"uid": "cam-1", "zone": "hall-3"}, "level": "segment", "until": "2026-03-14T13:00:00.000Z",
				"finding": {"uid": "f1", "policy": "CRD-0007", "title": "Telnet to many hosts", "severity": "High"}, "reason": "the lease ended", "sequence": 97}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, err := tt.event.encode()
			if err != nil {
				t.Fatal(err)
			}
			var want bytes.Buffer
			if err := json.Compact(&want, []byte(tt.want)); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want.String(), string(body)); d != "" {
				t.Errorf("body, -want +got:\n%s", d)
			}
		})
	}
}

func TestWebhookSameBytesEveryAttempt(t *testing.T) {
	srv := record(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	a := readBack(intended("f1", "cam-1"), 41)
	for range 3 { // a new process each
		if err := webhookTo(t, srv.URL).Apply(t.Context(), a); err == nil {
			t.Fatal("Apply = nil; want the 500")
		}
	}
	got := srv.requests()
	for _, r := range got[1:] {
		if !bytes.Equal(r.body, got[0].body) || r.header.Get("webhook-id") != got[0].header.Get("webhook-id") {
			t.Errorf("attempts differ:\n%s\n%s", got[0].body, r.body)
		}
	}
	if ct := got[0].header.Get("Content-Type"); ct != "application/cloudevents+json; charset=utf-8" {
		t.Errorf("Content-Type = %q", ct)
	}
}

// outcome is the part of a Failure that decides what follows.
type outcome struct {
	Untouched, Permanent bool
	After                time.Duration
}

func TestWebhookAnswers(t *testing.T) {
	status := func(code int, kv ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(kv); i += 2 {
				w.Header().Set(kv[i], kv[i+1])
			}
			w.WriteHeader(code)
			io.WriteString(w, "because")
		}
	}
	no := func(o outcome) *outcome { return &o }
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   *outcome // nil: acknowledged
		reason string
	}{
		{"200", status(200), nil, ""},
		{"202", status(202), nil, ""},
		{"301", status(301, "Location", "/elsewhere"), no(outcome{Untouched: true}), "answered 301"},
		{"307", status(307, "Location", "/elsewhere"), no(outcome{Untouched: true}), "answered 307"},
		{"400", status(400), no(outcome{Untouched: true, Permanent: true}), `answered 400 Bad Request: "because"`},
		{"401", status(401), no(outcome{Untouched: true, Permanent: true}), "answered 401"},
		{"408", status(408), no(outcome{}), "answered 408"},
		{"410", status(410), no(outcome{Untouched: true, Permanent: true}), "answered 410"},
		{"425", status(425), no(outcome{Untouched: true}), "answered 425"},
		{"429", status(429, "Retry-After", "17"), no(outcome{Untouched: true, After: 17 * time.Second}), "answered 429"},
		{"429 without a word", status(429), no(outcome{Untouched: true}), "answered 429"},
		{"429 with nonsense", status(429, "Retry-After", "soon"), no(outcome{Untouched: true}), "answered 429"},
		{"429 in the past", status(429, "Retry-After", "-5"), no(outcome{Untouched: true}), "answered 429"},
		{"500", status(500), no(outcome{}), "answered 500"},
		{"503", status(503, "Retry-After", "5"), no(outcome{After: 5 * time.Second}), "answered 503"},
		{"504", status(504), no(outcome{}), "answered 504"},
		{"connection reset", func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, no(outcome{}), "EOF"},
		{"huge header", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
		}, no(outcome{}), "header"},
		{"huge body of a success", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 10<<20)) }, nil, ""},
		{"huge body of an error", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			w.Write(bytes.Repeat([]byte("y"), 10<<20))
		}, no(outcome{}), `answered 500 Internal Server Error: "` + strings.Repeat("y", 200) + `…"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := record(t, tt.answer)
			err := webhookTo(t, srv.URL).Apply(t.Context(), readBack(intended("f1", "cam-1"), 1))
			if n := len(srv.requests()); n != 1 {
				t.Errorf("%d requests; want 1: no redirect is followed, no attempt repeated", n)
			}
			if tt.want == nil {
				if err != nil {
					t.Errorf("Apply = %v; want nil", err)
				}
				return
			}
			f := failureOf(err)
			if got := (outcome{f.Untouched, f.Permanent, f.After}); err == nil || got != *tt.want || !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("Apply = %v, %+v; want %q, %+v", err, got, tt.reason, *tt.want)
			}
		})
	}
}

func TestWebhookTimesOutAfterTheEffect(t *testing.T) {
	arrived, hold := make(chan struct{}), make(chan struct{})
	srv := record(t, func(http.ResponseWriter, *http.Request) { close(arrived); <-hold })
	t.Cleanup(func() { close(hold) }) // before the server is closed
	ctx, cancel := context.WithCancel(t.Context())
	hook := webhookTo(t, srv.URL)
	answered := make(chan error)
	go func() { answered <- hook.Apply(ctx, readBack(intended("f1", "cam-1"), 1)) }()
	<-arrived
	cancel()
	if f := failureOf(<-answered); f.Untouched || f.Permanent {
		t.Errorf("failure = %+v; want unknown and temporary", f)
	}
}

func TestWebhookUnreachableIsUntouched(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	url := srv.URL
	srv.Close()
	self := httptest.NewUnstartedServer(http.NotFoundHandler())
	self.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about the client that hangs up
	self.StartTLS()
	defer self.Close()
	tests := []struct{ name, url, reason string }{
		{"refused", url, "refused"},
		{"unknown authority", self.URL, "certificate"},
	}
	for _, tt := range tests {
		err := webhookTo(t, tt.url).Apply(t.Context(), readBack(intended("f1", "cam-1"), 1))
		if f := failureOf(err); !f.Untouched || f.Permanent || !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%s: Apply = %v, %+v; want %q, untouched and temporary", tt.name, err, f, tt.reason)
		}
	}
}

// pipe is a Dial to a server that accepts connections and runs serve on each.
func pipe(serve func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go serve(server)
		return client, nil
	}
}

func TestWebhookTimeout(t *testing.T) {
	trickle := func(c net.Conn) { // a header in no time, then a byte per second
		defer c.Close()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		go io.Copy(io.Discard, c)
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"); err != nil {
			return
		}
		for {
			<-time.After(time.Second)
			if _, err := c.Write([]byte(".")); err != nil {
				return
			}
		}
	}
	tests := []struct {
		name  string
		serve func(net.Conn)
		ok    bool
		took  time.Duration
	}{
		{"no answer", func(c net.Conn) { io.Copy(io.Discard, c) }, false, attemptTimeout},
		{"slow body of a success", trickle, true, maxAnswerWait},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hook, err := NewWebhook(WebhookConfig{URL: "http://nac.test/", Secret: secret(t), Now: time.Now, Conns: 1, Dial: pipe(tt.serve)})
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				err = hook.Apply(t.Context(), readBack(intended("f1", "cam-1"), 1))
				if took := time.Since(start); (err == nil) != tt.ok || took != tt.took {
					t.Errorf("Apply = %v after %s; want ok %t after %s", err, took, tt.ok, tt.took)
				}
				if f := failureOf(err); err != nil && (f.Untouched || !errors.Is(err, context.DeadlineExceeded)) {
					t.Errorf("failure = %+v; want unknown, out of time", f)
				}
				hook.Close()
				pass(2 * time.Second) // the server notices
			})
		})
	}
}

func TestWebhookRefusesTargets(t *testing.T) {
	srv := record(t, func(http.ResponseWriter, *http.Request) {})
	hook := webhookTo(t, srv.URL)
	for _, device := range []string{"", " ", "*", "cam-*", "cam-1\ncam-2", "cam-1\x00", "\xff", strings.Repeat("d", maxBody)} {
		a := readBack(intended("f1", "cam-1"), 1)
		a.Device = cordon.DeviceID(device)
		for _, err := range []error{hook.Apply(t.Context(), a), hook.Release(t.Context(), a)} {
			if f := failureOf(err); err == nil || !f.Permanent || !f.Untouched {
				t.Errorf("device %.20q: %v; want a permanent failure", device, err)
			}
		}
	}
	if n := len(srv.requests()); n != 0 {
		t.Errorf("%d requests were sent; want none", n)
	}
}

func TestWebhookBodyIsBounded(t *testing.T) {
	a := readBack(intended("f1", "cam-1"), 1)
	a.Reason = strings.Repeat("\x01é", 50_000)
	body, err := NewEvent(TypeApply, a).encode()
	if err != nil || len(body) >= maxBody || !json.Valid(body) {
		t.Errorf("body of a long reason: %d bytes, %v; want valid JSON below %d", len(body), err, maxBody)
	}
}

func TestNewWebhookChecks(t *testing.T) {
	tests := []struct{ name, url, want string }{
		{"empty", "", "webhook URL is missing"},
		{"no scheme", "nac.example/hook", "want http or https"},
		{"other scheme", "file:///etc/passwd", "want http or https"},
		{"no host", "https:///hook", "a host"},
		{"with a password", "https://ada:hunter2@nac.example/", "no user"},
		{"not a URL", "http://[::1/t0ken", "webhook URL"},
		{"a token that no log may show", "ftp://nac.example/t0ken?t0ken#t0ken", `host "nac.example"`},
	}
	for _, tt := range tests {
		_, err := NewWebhook(WebhookConfig{URL: tt.url, Secret: secret(t), Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "t0ken") {
			t.Errorf("%s: NewWebhook = %v; want %q and no secret", tt.name, err, tt.want)
		}
	}
	if _, err := NewWebhook(WebhookConfig{URL: "https://nac.example/", Now: time.Now}); err == nil || !strings.Contains(err.Error(), "openssl") {
		t.Errorf("NewWebhook without a secret = %v; want how to make one", err)
	}
}

// The proxy of the environment must not get to see quarantines.
func TestWebhookIgnoresProxies(t *testing.T) {
	proxy := record(t, func(http.ResponseWriter, *http.Request) {})
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	var dialled string
	hook, err := NewWebhook(WebhookConfig{URL: "http://nac.test/", Secret: secret(t), Now: time.Now, Conns: 1,
		Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
			dialled = addr
			return nil, errors.New("no network in this test")
		}})
	if err != nil {
		t.Fatal(err)
	}
	if err := hook.Apply(t.Context(), readBack(intended("f1", "cam-1"), 1)); err == nil || dialled != "nac.test:80" {
		t.Errorf("Apply = %v, dialled %q; want nac.test:80 directly", err, dialled)
	}
}

func TestWebhookToReceiver(t *testing.T) {
	rcv, err := receiver.New(testSecret, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(rcv)
	defer srv.Close()
	hook := webhookTo(t, srv.URL)
	a := intended("f1", "cam-1")
	a.Until = time.Now().Add(time.Hour)
	a = readBack(a, 41)
	r := readBack(releaseIntended(a, time.Now(), "lease", "the lease ended"), 97)
	for range 2 {
		if err := hook.Apply(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if d := rcv.Device("cam-1"); !d.Contained || d.Action != string(a.ID) || d.Sequence != 41 {
		t.Errorf("after apply: %+v; want contained by %s", d, a.ID)
	}
	if err := hook.Release(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	want := receiver.Counts{Deliveries: 3, Distinct: 2, Duplicates: 1}
	if got := rcv.Counts(); got != want || rcv.Device("cam-1").Contained {
		t.Errorf("Counts() = %+v, device %+v; want %+v, released", got, rcv.Device("cam-1"), want)
	}
}
