package wkafka

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go/protocol"
	kgconsumer "github.com/segmentio/kafka-go/protocol/consumer"
)

func TestSubscriptionBytes(t *testing.T) {
	tests := []struct {
		name string
		sub  subscription
		want kgconsumer.Subscription
	}{
		{"new", subscription{topics: []string{"b", "a"}}, kgconsumer.Subscription{Version: 1, Topics: []string{"a", "b"}}},
		{"owner", subscription{topics: []string{"a"}, owned: partitions{"b": {7}, "a": {0, 300}}}, kgconsumer.Subscription{
			Version: 1, Topics: []string{"a"},
			OwnedPartitions: []kgconsumer.TopicPartition{{Topic: "a", Partitions: []int32{0, 300}}, {Topic: "b", Partitions: []int32{7}}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.sub.encode()
			want, err := protocol.Marshal(1, tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, want) {
				t.Errorf("encode() = %x; want %x as kafka-go writes it", b, want)
			}
			got, err := decodeSubscription(b)
			if err != nil || got.owned.count() != tt.sub.owned.count() || !bytes.Equal(got.encode(), b) {
				t.Errorf("decodeSubscription(encode()) = %+v, %v; want %+v", got, err, tt.sub)
			}
		})
	}
}

func TestDecodeSubscription(t *testing.T) {
	v1 := subscription{topics: []string{"a"}, owned: partitions{"a": {3}}}.encode()
	v3 := append(bytes.Clone(v1), 0, 0, 0, 9, 0, 2, 'r', '1') // generation, rack
	v3[1] = 3
	v0 := bytes.Clone(v1[:len(v1)-15])
	v0[1] = 0
	tests := []struct {
		name string
		b    []byte
		want error
	}{
		{"version 1", v1, nil},
		{"version 3", v3, nil},
		{"version 0", v0, errOldMember},
		{"nothing", nil, errGroupWire},
		{"cut short", v1[:len(v1)-1], errGroupWire},
		{"no partition number", subscription{owned: partitions{"a": {-1}}}.encode(), errGroupWire},
		{"more topics than bytes", []byte{0, 1, 0x7f, 0xff, 0xff, 0xff}, errGroupWire},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := decodeSubscription(tt.b)
			if !errors.Is(err, tt.want) {
				t.Errorf("decodeSubscription(%x) = %v; want %v", tt.b, err, tt.want)
			}
			if err == nil && !s.owned.has("a", 3) {
				t.Errorf("decodeSubscription(%x) = %+v; want a/3 owned", tt.b, s)
			}
		})
	}
}

func TestAssignmentBytes(t *testing.T) {
	want := partitions{"a": {0, 1}, "b": {70000}}
	got, err := decodeAssignment(encodeAssignment(want))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("decodeAssignment(encodeAssignment(p)) = %v; differs (-want +got):\n%s", err, diff)
	}
	if got, err := decodeAssignment(nil); err != nil || got.count() != 0 {
		t.Errorf("decodeAssignment(nil) = %v, %v; want none", got, err)
	}
	if _, err := decodeAssignment([]byte{0, 1, 0, 0, 0, 1}); !errors.Is(err, errGroupWire) {
		t.Errorf("decodeAssignment(cut short) = %v; want %v", err, errGroupWire)
	}
}

// FuzzDecodeSubscription checks that what is read can be written and read
// again, and that nothing larger than the input is made of it.
func FuzzDecodeSubscription(f *testing.F) {
	f.Add(subscription{topics: []string{"a", "b"}, owned: partitions{"a": {0, 1}}}.encode())
	f.Add([]byte{0, 1, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeSubscription(b)
		if n := s.owned.count(); n > len(b)/4 {
			t.Fatalf("%d partitions from %d bytes", n, len(b))
		}
		if err != nil {
			return
		}
		again, err := decodeSubscription(s.encode())
		if err != nil || !bytes.Equal(again.encode(), s.encode()) {
			t.Errorf("decodeSubscription(encode(%+v)) = %+v, %v", s, again, err)
		}
	})
}

func FuzzDecodeAssignment(f *testing.F) {
	f.Add(encodeAssignment(partitions{"a": {0, 1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodeAssignment(b)
		if err != nil {
			return
		}
		again, err := decodeAssignment(encodeAssignment(p))
		if diff := cmp.Diff(p, again); err != nil || diff != "" {
			t.Errorf("decodeAssignment(encode(%v)) = %v\n%s", p, err, diff)
		}
	})
}
