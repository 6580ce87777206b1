package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing/fstest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect"
	"github.com/cordon-iot/cordon/services/respond"
	"github.com/cordon-iot/cordon/services/respond/receiver"
	"github.com/cordon-iot/cordon/wkafka"
)

// everyTelnet asks to quarantine each device that somebody reaches by Telnet,
// so that each raw record leads to one webhook.
const everyTelnet = `# METADATA
# title: Telnet
# description: Each connection to port 23, to measure how long a webhook takes.
# custom:
#   id: CRD-9001
#   status: stable
#   severity: high
#   response: quarantine
#   lease: 1h
#   attack: [T1021]
package policies.bench.telnet

findings contains {"summary": "telnet"} if {
	input.class_uid == 4001
	input.dst_endpoint.port == 23
}
`

const webhookSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" //nolint:gosec // of this program alone

// stopwatch knows when the record of each device was appended.
type stopwatch struct {
	mu    sync.Mutex
	began map[string]time.Time
	took  []time.Duration
}

func (w *stopwatch) start(device string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began[device] = at
}

func (w *stopwatch) arrived(d receiver.Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if began, ok := w.began[d.Data.Device.UID]; ok && !d.Duplicate {
		w.took = append(w.took, d.Received.Sub(began))
	}
}

func (w *stopwatch) laps() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]time.Duration(nil), w.took...)
}

// latency runs the whole pipeline and appends raw records at a steady rate,
// each of another device.
func (e *environment) latency(ctx context.Context, o options) (latencyFigure, error) {
	t := cordon.Topics{Prefix: "latency."}
	if err := wkafka.CreateTopics(ctx, e.kafka, topics.Specs(t, partitions, 1)...); err != nil {
		return latencyFigure{}, err
	}
	w := &stopwatch{began: map[string]time.Time{}}
	hook, err := receiver.New(webhookSecret, time.Now, w.arrived)
	if err != nil {
		return latencyFigure{}, err
	}
	srv := httptest.NewServer(hook)
	defer srv.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return e.ingest(ctx, t) })
	g.Go(func() error { return e.history(ctx, t) })
	g.Go(func() error { return e.detectAll(ctx, t) })
	g.Go(func() error { return e.respond(ctx, t, srv.URL) })
	n := o.rate * int(o.latency/time.Second)
	err = e.appendSteadily(ctx, t, w, o.rate, n)
	if err == nil {
		err = until(ctx, time.Minute, "all webhooks arrived", func() (bool, error) { return len(w.laps()) >= n, nil })
	}
	cancel()
	if werr := g.Wait(); !errors.Is(werr, context.Canceled) {
		err = errors.Join(werr, err)
	}
	if err != nil {
		return latencyFigure{}, err
	}
	return newLatency(w.laps()[warmUp:], o.rate), nil
}

// warmUp is how many of the first records do not count: connections are made
// and partitions assigned with them.
const warmUp = 50

func (e *environment) detectAll(ctx context.Context, t cordon.Topics) error {
	files := fstest.MapFS{"bench/telnet/policy.rego": {Data: []byte(everyTelnet)}}
	return detect.Run(ctx, detect.Options{Kafka: e.kafka, Topics: t, Files: files, Log: e.log, Now: time.Now})
}

func (e *environment) respond(ctx context.Context, t cordon.Topics, url string) error {
	secret, err := respond.ParseSecret(webhookSecret)
	if err != nil {
		return err
	}
	return respond.Run(ctx, respond.Options{Kafka: e.kafka, Topics: t, Log: e.log, Now: time.Now, URL: url, Secret: secret})
}

func (e *environment) appendSteadily(ctx context.Context, t cordon.Topics, w *stopwatch, rate, n int) error {
	a, err := stream.NewAppender(e.kafka, time.Now)
	if err != nil {
		return err
	}
	defer a.Close()
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for i := range n {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		addr := fmt.Sprintf("10.9.%d.%d", i/250, i%250+1)
		line := fmt.Appendf(nil, `{"_path":"conn","_sensor":"bench","ts":%d.25,"uid":"C%d","id.orig_h":"192.0.2.9","id.orig_p":4000,"id.resp_h":%q,"id.resp_p":23,"proto":"tcp","conn_state":"SF"}`, 1772409600+i, i, addr)
		w.start("ip:bench/"+addr, time.Now())
		if _, err := a.Append(ctx, t.Raw("zeek"), cordon.Record{Key: "bench", Value: line}); err != nil {
			return err
		}
	}
	return nil
}
