package wkafka_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/wkafka"
)

func poison() wkafka.DeadLetter {
	return wkafka.DeadLetter{
		Record: wkafka.Record{
			Topic: "orders", Partition: 3, Offset: 41, Time: time.UnixMilli(1_700_000_000_123).UTC(),
			Key: []byte("k"), Value: []byte{0xff, 0}, Headers: []wkafka.Header{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte("2")}},
		},
		Group: "shipping", Attempts: 5, Reason: wkafka.ReasonNack, Error: "no such country",
		FirstFailure: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
	}
}

func TestDeadLetterRoundTrip(t *testing.T) {
	tombstone := poison()
	tombstone.Record.Key, tombstone.Record.Value, tombstone.Record.Headers = nil, nil, []wkafka.Header{}
	bare := wkafka.DeadLetter{Record: wkafka.Record{Topic: "orders", Headers: []wkafka.Header{}}, Reason: "size"}
	for name, want := range map[string]wkafka.DeadLetter{"full": poison(), "tombstone": tombstone, "bare": bare} {
		letter := want.Letter()
		letter.Topic, letter.Partition, letter.Offset = "orders.dlq", 1, 7
		got, err := wkafka.DeadLetterFrom(letter)
		if err != nil {
			t.Errorf("DeadLetterFrom(%s): %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("DeadLetterFrom(Letter(%s)) differs (-want +got):\n%s", name, diff)
		}
	}
}

// TestDeadLetterTwice parks a dead letter: what comes back is the letter.
func TestDeadLetterTwice(t *testing.T) {
	first := poison().Letter()
	first.Topic = "orders.dlq"
	second := wkafka.DeadLetter{Record: first, Group: "repair", Attempts: 1, Reason: "format"}
	got, err := wkafka.DeadLetterFrom(second.Letter())
	if diff := cmp.Diff(second, got); diff != "" || err != nil {
		t.Errorf("DeadLetterFrom(letter of a letter) = %v, differs (-want +got):\n%s", err, diff)
	}
}

func TestDeadLetterRetry(t *testing.T) {
	d := poison()
	want := d.Record
	want.Topic, want.Partition, want.Offset = "", 0, 0
	got, err := wkafka.DeadLetterFrom(d.Letter())
	if diff := cmp.Diff(want, got.Retry()); diff != "" || err != nil {
		t.Errorf("Retry() = %v, differs (-want +got):\n%s", err, diff)
	}
}

func TestDeadLetterFromRefuses(t *testing.T) {
	header := func(key, value string) wkafka.Header { return wkafka.Header{Key: key, Value: []byte(value)} }
	for name, tc := range map[string]struct {
		headers []wkafka.Header
		want    string
	}{
		"ordinary record": {[]wkafka.Header{header("a", "b")}, "no header dlq_topic"},
		"bad offset":      {[]wkafka.Header{header("dlq_topic", "t"), header("dlq_offset", "x")}, "dlq_offset"},
		"bad time":        {[]wkafka.Header{header("dlq_topic", "t"), header("dlq_first_failure", "now")}, "dlq_first_failure"},
	} {
		if d, err := wkafka.DeadLetterFrom(wkafka.Record{Topic: "x", Headers: tc.headers}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("DeadLetterFrom(%s) = %v, %v; want an error about %q", name, d, err, tc.want)
		}
	}
}

func TestDeadLetterBoundsError(t *testing.T) {
	d := poison()
	d.Error = strings.Repeat("ü", 100_000)
	got, err := wkafka.DeadLetterFrom(d.Letter())
	if err != nil || len(got.Error) == 0 || len(got.Error) > 4096 || strings.Trim(got.Error, "ü") != "" {
		t.Errorf("error of %d bytes came back with %d, %v; want at most 4096 whole runes", len(d.Error), len(got.Error), err)
	}
}
