package wkafka_test

import (
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// headerList returns headers as text.
func headerList(r wkafka.Record) (list []string) {
	for _, h := range r.Headers {
		list = append(list, h.Key+"="+string(h.Value))
	}
	return list
}

func newMessage(uuid string, metadata message.Metadata) *message.Message {
	m := message.NewMessage(uuid, []byte("payload"))
	m.Metadata = metadata
	return m
}

func TestMarshal(t *testing.T) {
	events := wkafka.CloudEvents("/sensors/7", func(topic string) string { return "test." + topic })
	for _, tt := range []struct {
		name    string
		marshal func(string, *message.Message) (wkafka.Record, error)
		msg     *message.Message
		key     string
		headers []string
		err     string
	}{
		{name: "plain", marshal: wkafka.Marshal, msg: newMessage("u", nil), headers: []string{wkafka.UUIDHeader + "=u"}},
		{
			name: "metadata", marshal: wkafka.Marshal, msg: newMessage("", message.Metadata{"b": "2", "a": "1", "c": ""}),
			headers: []string{"a=1", "b=2", "c="},
		},
		{
			name: "metadata named as the UUID's header", marshal: wkafka.Marshal, msg: newMessage("u", message.Metadata{wkafka.UUIDHeader: "x"}),
			headers: []string{wkafka.UUIDHeader + "=u"},
		},
		{
			name: "event", marshal: events, msg: newMessage("u", message.Metadata{"traceparent": "00-1", "content-type": "application/json", "ce_partitionkey": "dev"}),
			key: "dev",
			headers: []string{
				"ce_specversion=1.0", "ce_id=u", "ce_source=/sensors/7", "ce_type=test.events",
				"ce_partitionkey=dev", "content-type=application/json", "traceparent=00-1",
			},
		},
		{
			name: "event with attributes of its own", marshal: events, msg: newMessage("u", message.Metadata{"ce_type": "own", "ce_id": "i"}),
			headers: []string{"ce_specversion=1.0", "ce_id=i", "ce_source=/sensors/7", "ce_type=own"},
		},
		{name: "event without an id", marshal: events, msg: newMessage("", nil), err: "ce_id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := tt.marshal("events", tt.msg)
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("Marshal() = %v; want an error that names %q", err, tt.err)
			}
			if err == nil && (string(r.Key) != tt.key || string(r.Value) != "payload") {
				t.Errorf("Marshal() = key %q, value %q; want %q and the payload", r.Key, r.Value, tt.key)
			}
			if diff := cmp.Diff(tt.headers, headerList(r)); diff != "" {
				t.Errorf("headers differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPublishRefusesWhatItCannotMarshal: none of a call is appended then.
func TestPublishRefusesWhatItCannotMarshal(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 1)
	p, err := wkafka.NewPublisher(wkafka.PublisherConfig{
		Config: cfg, Marshal: wkafka.CloudEvents("/s", func(string) string { return "t" }),
		KeyOf: func(_ string, m *message.Message) []byte { return []byte("key of " + m.UUID) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Publish(topic, newMessage("1", nil), newMessage("", nil)); err == nil {
		t.Error("Publish(a message without UUID) = nil; want an error")
	}
	if err := p.Publish(topic, newMessage("2", nil)); err != nil {
		t.Errorf("Publish() = %v; want nil", err)
	}
	r := wkafka.NewPartitionReader(cfg, topic, 0, 0)
	defer r.Close()
	b, err := r.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := string(b.Records[0].Key); len(b.Records) != 1 || got != "key of 2" {
		t.Errorf("%d records, the first with key %q; want one with %q", len(b.Records), got, "key of 2")
	}
}
