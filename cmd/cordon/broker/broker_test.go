package broker_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/broker"
)

func start(t *testing.T, o broker.Options) *broker.Broker {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	o.Partitions = 4
	o.Log = slog.New(slog.DiscardHandler)
	b, err := broker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func client(b *broker.Broker) *kafka.Client { return &kafka.Client{Addr: kafka.TCP(b.Address())} }

func produce(t *testing.T, b *broker.Broker, topic string, value []byte) error {
	t.Helper()
	res, err := client(b).Produce(context.Background(), &kafka.ProduceRequest{
		Topic: topic, Partition: 1, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes(value)}),
	})
	if err != nil {
		return err
	}
	return res.Error
}

func first(t *testing.T, b *broker.Broker, topic string) string {
	t.Helper()
	res, err := client(b).Fetch(context.Background(), &kafka.FetchRequest{
		Topic: topic, Partition: 1, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := res.Records.ReadRecord()
	if err != nil {
		t.Fatal(err)
	}
	value, err := kafka.ReadAll(r.Value)
	if err != nil {
		t.Fatal(err)
	}
	return string(value)
}

func TestTopicsExistAndLogIsFoundAgain(t *testing.T) {
	dir, topics := t.TempDir(), cordon.Topics{Prefix: "site7."}
	b := start(t, broker.Options{Dir: dir, Topics: topics})
	m, err := client(b).Metadata(context.Background(), &kafka.MetadataRequest{Topics: topics.All()})
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range m.Topics {
		if topic.Error != nil || len(topic.Partitions) != 4 {
			t.Errorf("topic %s has %d partitions, error %v; want 4, none", topic.Name, len(topic.Partitions), topic.Error)
		}
	}
	if err := produce(t, b, topics.Events(), []byte("kept")); err != nil {
		t.Fatal(err)
	}
	b.Close()

	b = start(t, broker.Options{Dir: dir, Topics: topics})
	defer b.Close()
	if got := first(t, b, topics.Events()); got != "kept" {
		t.Errorf("first record after a restart = %q; want %q", got, "kept")
	}
}

// TestAdvertise: clients are told the forwarder's address, not the broker's.
func TestAdvertise(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	b := start(t, broker.Options{Listen: at, Advertise: "127.0.0.1:4711"})
	defer b.Close()
	m, err := (&kafka.Client{Addr: kafka.TCP(at)}).Metadata(context.Background(), &kafka.MetadataRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if at := m.Brokers[0]; at.Host != "127.0.0.1" || at.Port != 4711 {
		t.Errorf("metadata names %s:%d; want 127.0.0.1:4711", at.Host, at.Port)
	}
}

func TestLongLines(t *testing.T) {
	b := start(t, broker.Options{Dir: t.TempDir()})
	defer b.Close()
	raw := cordon.Topics{}.Raw("zeek")
	if err := produce(t, b, raw, bytes.Repeat([]byte("x"), 1<<20+1000)); err != nil {
		t.Errorf("a line of a little more than 1 MiB: %v; want it taken, ingest refuses it", err)
	}
	if err := produce(t, b, raw, bytes.Repeat([]byte("x"), 3<<20)); err == nil {
		t.Error("a line of 3 MiB was taken; want message too large")
	}
}

func TestStartRefuses(t *testing.T) {
	dir := t.TempDir()
	b := start(t, broker.Options{Dir: dir})
	defer b.Close()
	for _, c := range []struct {
		name, dir, listen, want string
	}{
		{"second instance", dir, "127.0.0.1:0", "is in use by process"},
		{"port taken", t.TempDir(), b.Address(), "is taken by another program"},
		{"open to the network", t.TempDir(), "0.0.0.0:0", "loopback only"},
		{"no port", t.TempDir(), "127.0.0.1", "want host:port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := broker.Start(broker.Options{Dir: c.dir, Listen: c.listen, Partitions: 1, Log: slog.New(slog.DiscardHandler)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Start = %v; want an error with %q", err, c.want)
			}
		})
	}
}
