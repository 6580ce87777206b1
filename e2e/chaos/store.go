package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/e2e/chaos/plan"
	"github.com/cordon-iot/cordon/services/ingest/history"
)

// storeProxy stands between one instance and ClickHouse. Inserts are points.
type storeProxy struct {
	inst     *instance
	director *director
	to       string // host:port of ClickHouse
	insert   *regexp.Regexp
	sabotage func(table string) bool             // answers yes and keeps the rows
	sent     func(topic string, partition int32) // is told of each insert
	client   *http.Client
}

func newStoreProxy(inst *instance, w *world) *storeProxy {
	group := w.topics.Prefix + history.Group
	return &storeProxy{
		inst: inst, director: w.director, to: w.storeAt, sabotage: w.sabotage.dropRow,
		sent:   func(topic string, partition int32) { w.ledger.insert(inst.name, ledgerKey{group, topic, partition}) },
		insert: regexp.MustCompile("(?i)^\\s*INSERT INTO\\s+[`\"]?(\\w+)"),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
	}
}

// ServeHTTP forwards a request.
func (s *storeProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	table := s.table(r, body)
	if table != "" && s.sabotage(table) {
		return
	}
	if table != "" {
		s.tell(r)
	}
	ctx := context.WithoutCancel(r.Context()) // what was sent may take effect though its sender is gone
	if s.hold(w, table, plan.Before) {
		return
	}
	res, err := s.forward(ctx, r, body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if s.hold(w, table, plan.After) {
		return
	}
	for k, v := range res.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(answer)
}

// tell tells whose rows are on their way: that is in the token by which
// ClickHouse knows an insert that is sent again.
func (s *storeProxy) tell(r *http.Request) {
	parts := strings.Split(r.URL.Query().Get("insert_deduplication_token"), "/")
	if len(parts) < 3 {
		return
	}
	if p, err := strconv.ParseInt(parts[1], 10, 32); err == nil {
		s.sent(parts[0], int32(p))
	}
}

// table is the one that the request inserts into; "" if it does not insert.
func (s *storeProxy) table(r *http.Request, body []byte) string {
	for _, text := range [][]byte{[]byte(r.URL.Query().Get("query")), body[:min(len(body), 200)]} {
		if m := s.insert.FindSubmatch(text); m != nil {
			return string(m[1])
		}
	}
	return ""
}

// hold does what is to be done at the point and reports whether the request is
// answered by that.
func (s *storeProxy) hold(w http.ResponseWriter, table string, when plan.When) (answered bool) {
	if table == "" {
		return false
	}
	o := s.director.at(point{s.inst, "insert " + table, when})
	return o.answer(w, "Code: 999. DB::Exception: chaos. (CHAOS)")
}

func (s *storeProxy) forward(ctx context.Context, r *http.Request, body []byte) (*http.Response, error) {
	u := *r.URL
	u.Scheme, u.Host = "http", s.to
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(body)) //nolint:gosec // it forwards
	if err != nil {
		return nil, err
	}
	req.Header = r.Header.Clone()
	if user, password, ok := r.BasicAuth(); ok {
		req.SetBasicAuth(user, password)
	}
	return s.client.Do(req) //nolint:gosec // as above
}

// serve serves h on a free port of the loopback address.
func serve(h http.Handler) (address string, stop func(), err error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // ends when it is closed
	}()
	return l.Addr().String(), func() { _ = srv.Close(); <-done }, nil
}

// freeAddress is one of the loopback address that was free a moment ago.
func freeAddress() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return fmt.Sprint(l.Addr()), nil
}
