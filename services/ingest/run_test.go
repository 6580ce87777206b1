package ingest

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

// deployment is a broker with the topics of a deployment.
type deployment struct {
	t      *testing.T
	kafka  wkafka.Config
	topics cordon.Topics
	log    *stream.Appender
}

const testPartitions = 2

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{t: t, kafka: kafkatest.Start(t)}
	d.topics = kafkatest.Topics(t, d.kafka, testPartitions)
	log, err := stream.NewAppender(d.kafka, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	d.log = log
	return d
}

// start runs ingest and returns what stops it and waits for it.
func (d *deployment) start() (stop func()) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{
			Kafka: d.kafka, Topics: d.topics, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now,
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			d.t.Errorf("Run: %v", err)
		}
	})
	d.t.Cleanup(stop)
	return stop
}

func (d *deployment) send(topic string, rs ...cordon.Record) []cordon.Position {
	d.t.Helper()
	at, err := d.log.Append(d.t.Context(), topic, rs...)
	if err != nil {
		d.t.Fatal(err)
	}
	return at
}

func (d *deployment) enroll(ds ...cordon.Device) {
	d.t.Helper()
	for _, dev := range ds {
		r, err := dev.Record()
		if err != nil {
			d.t.Fatal(err)
		}
		d.send(d.topics.Devices(), r)
	}
}

// follow gives what is in topic and what will be.
func (d *deployment) follow(topic string) <-chan cordon.Record {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	var followers sync.WaitGroup
	d.t.Cleanup(func() { cancel(); followers.Wait() })
	out := make(chan cordon.Record)
	for p := range testPartitions {
		followers.Go(func() {
			err := stream.Follow(ctx, d.kafka, topic, p, 0, func(r cordon.Record) error {
				select {
				case out <- r:
				case <-ctx.Done():
				}
				return nil
			})
			if err != nil && ctx.Err() == nil {
				d.t.Errorf("follow %s: %v", topic, err)
			}
		})
	}
	return out
}

// next is the next record, which comes within a minute or not at all.
func next(t *testing.T, from <-chan cordon.Record) cordon.Record {
	t.Helper()
	select {
	case r := <-from:
		return r
	case <-time.After(time.Minute):
		t.Fatal("no record within a minute")
	}
	return cordon.Record{}
}

func nextEvent(t *testing.T, from <-chan cordon.Record) cordon.Event {
	t.Helper()
	e, err := cordon.EventOf(next(t, from))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func conn(addr string) cordon.Record {
	return cordon.Record{Key: "s-1", Value: []byte(`{"_path":"conn","ts":1772409600,"id.orig_h":"` + addr + `","id.orig_p":1,"id.resp_h":"198.51.100.1","id.resp_p":2,"proto":"tcp"}`)}
}

func TestRun(t *testing.T) {
	d := newDeployment(t)
	d.enroll(site()...)
	d.send(d.topics.Devices(), cordon.Record{Key: "x", Value: []byte(`{"name":"no id"}`)}) // passed over
	d.start()
	events, rejected := d.follow(d.topics.Events()), d.follow(d.topics.Rejected())

	at := d.send(d.topics.Raw("zeek"), conn("192.168.1.10"))
	first := next(t, events)
	e, err := cordon.EventOf(first)
	if err != nil {
		t.Fatal(err)
	}
	if input, _ := first.Input(); input != at[0] || e.Device != "cam-7" || first.Key != "cam-7" {
		t.Errorf("event of %s about %s with key %s; want %s, cam-7, cam-7", input, e.Device, first.Key, at[0])
	}
	if got := decode(t, e.Body).Device.Zone; got != "cctv" {
		t.Errorf("zone = %q; want cctv", got)
	}
	d.send(d.topics.Raw("eve"), cordon.Record{Key: "s-2", Value: []byte(`{"timestamp":"2026-03-02T12:00:00Z","event_type":"dns","src_ip":"192.168.1.30","dest_ip":"192.168.1.1","proto":"UDP","dns":{"type":"query","rrname":"a.example"}}`)})
	if e := nextEvent(t, events); e.Device != "plc-1" || e.Class != "dns_activity" {
		t.Errorf("event %s about %s; want dns_activity about plc-1", e.Class, e.Device)
	}
	d.send(d.topics.Raw("ocsf"), cordon.Record{Key: "gw", Value: []byte(`{"class_uid":4001,"category_uid":4,"activity_id":6,"type_uid":400106,"severity_id":1,"time":1772409600000,"metadata":{"version":"1.8.0","product":{"name":"agent"}},"device":{"uid":"cam-7","type_id":7},"src_endpoint":{"ip":"192.168.1.10"}}`)})
	if e := nextEvent(t, events); e.Device != "cam-7" || e.Source != "/sensors/gw" {
		t.Errorf("event about %s from %s; want cam-7 from /sensors/gw", e.Device, e.Source)
	}

	garbage := []byte("{\"_path\":\"conn\"\x00\xff")
	at = d.send(d.topics.Raw("zeek"), cordon.Record{Key: "s-1", Value: garbage}, conn("192.168.1.20"))
	j, err := cordon.RejectedOf(next(t, rejected))
	if err != nil {
		t.Fatal(err)
	}
	if j.Input != at[0].String() || j.Service != "ingest" || j.Reason != "json.utf8" || j.Mapper != "zeek/1" || string(j.Bytes) != string(garbage) {
		t.Errorf("rejected = %+v; want the garbage of %s for json.utf8 by ingest with zeek/1", j, at[0])
	}
	if e := nextEvent(t, events); e.Device != "hmi-1" {
		t.Errorf("after the garbage: event about %s; want hmi-1", e.Device)
	}
}

// TestInventoryChanges: a device that is enrolled while ingest runs is known
// from then on.
func TestInventoryChanges(t *testing.T) {
	d := newDeployment(t)
	d.start()
	events := d.follow(d.topics.Events())
	d.send(d.topics.Raw("zeek"), conn("192.168.1.50"))
	if e := nextEvent(t, events); e.Device != "ip:s-1/192.168.1.50" {
		t.Fatalf("device = %s; want ip:s-1/192.168.1.50", e.Device)
	}
	d.enroll(cordon.Device{ID: "lock-1", Addresses: []string{"192.168.1.50"}})
	for range 1000 { // the inventory arrives on its own time
		d.send(d.topics.Raw("zeek"), conn("192.168.1.50"))
		if nextEvent(t, events).Device == "lock-1" {
			return
		}
	}
	t.Error("the device was never known")
}

// TestRestart: what records said about addresses is known again after a
// restart.
func TestRestart(t *testing.T) {
	d := newDeployment(t)
	stop := d.start()
	events := d.follow(d.topics.Events())
	d.send(d.topics.Raw("zeek"), cordon.Record{Key: "s-1", Value: []byte(`{"_path":"dhcp","ts":1772409600,"mac":"02:00:00:00:00:77","assigned_addr":"192.168.1.77","lease_time":3600.0,"msg_types":["ACK"]}`)})
	const want = "mac:02:00:00:00:00:77"
	if e := nextEvent(t, events); e.Device != want {
		t.Fatalf("device of the lease = %s; want %s", e.Device, want)
	}
	stop()
	d.start()
	d.send(d.topics.Raw("zeek"), conn("192.168.1.77"))
	if e := nextEvent(t, events); e.Device != want {
		t.Errorf("device after the restart = %s; want %s", e.Device, want)
	}
}
