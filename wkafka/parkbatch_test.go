package wkafka_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

func inBatches(sc *wkafka.SubscriberConfig) { sc.Batch = true }

func TestBatchPark(t *testing.T) {
	r := newParkRig(t, 5, inBatches)
	m := receive(t, r.ch)
	d := wkafka.DeliveryFrom(m.Context())
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, valuesOf(d)); diff != "" {
		t.Fatalf("batch differs (-want +got):\n%s", diff)
	}
	if err := errors.Join(d.Park(1, "format", nil), d.Park(3, "size", errors.New("2 MB"))); err != nil {
		t.Fatal(err)
	}
	d.SetMetadata("five")
	m.Ack()
	if off := r.closed(); off != 5 {
		t.Errorf("committed %d; want 5", off)
	}
	var got []string
	for _, l := range r.letters() {
		got = append(got, string(l.Record.Value)+" "+l.Reason+" "+l.Error)
	}
	if diff := cmp.Diff([]string{"1 format ", "3 size 2 MB"}, got); diff != "" {
		t.Errorf("dead letters differ (-want +got):\n%s", diff)
	}
	_, meta, err := kafkatest.Committed(within(t, 20*time.Second), r.cfg, r.group, r.topic, 0)
	if meta != "five" || err != nil {
		t.Errorf("committed metadata %q, %v; want five", meta, err)
	}
}

// TestBatchNackForgetsParked nacks a batch with a parked record: it is asked
// for anew.
func TestBatchNackForgetsParked(t *testing.T) {
	r := newParkRig(t, 2, inBatches)
	m := receive(t, r.ch)
	if err := wkafka.DeliveryFrom(m.Context()).Park(0, "format", nil); err != nil {
		t.Fatal(err)
	}
	m.Nack()
	receive(t, r.ch).Ack()
	if off := r.closed(); off != 2 {
		t.Errorf("committed %d; want 2", off)
	}
	if l := r.letters(); len(l) != 0 {
		t.Errorf("%d dead letters; want none", len(l))
	}
}

// TestBatchIsolatesPoison has a handler that refuses every batch with one of
// two records in it and does not say which: these two are parked and all others
// are handled.
func TestBatchIsolatesPoison(t *testing.T) {
	r := newParkRig(t, 20, inBatches)
	handled := map[string]bool{}
	last := false
	for !last {
		m := receive(t, r.ch)
		values := valuesOf(wkafka.DeliveryFrom(m.Context()))
		if slices.Contains(values, "7") || slices.Contains(values, "12") {
			m.Nack()
			continue
		}
		for _, v := range values {
			handled[v] = true
		}
		last = slices.Contains(values, "19")
		m.Ack()
	}
	if off := r.closed(); off != 20 {
		t.Errorf("committed %d; want 20", off)
	}
	var parked []string
	for _, l := range r.letters() {
		parked = append(parked, string(l.Record.Value))
	}
	if diff := cmp.Diff([]string{"7", "12"}, parked); diff != "" {
		t.Errorf("parked records differ (-want +got):\n%s", diff)
	}
	for i := range 20 {
		v := strconv.Itoa(i)
		if handled[v] == slices.Contains(parked, v) {
			t.Errorf("record %s: handled %v, parked %v; want one of both", v, handled[v], !handled[v])
		}
	}
}

func TestBatchAckDeadline(t *testing.T) {
	r := newParkRig(t, 2, func(sc *wkafka.SubscriberConfig) { sc.Batch, sc.AckDeadline = true, 50*time.Millisecond })
	first := receive(t, r.ch)
	wait(t, first.Context().Done(), "the end of the message's context")
	again := receive(t, r.ch)
	if a := wkafka.DeliveryFrom(again.Context()).Attempt; a != 2 {
		t.Errorf("next delivery is attempt %d; want 2", a)
	}
	first.Ack()
	again.Ack()
	if off := r.closed(); off != 2 {
		t.Errorf("committed %d; want 2", off)
	}
}

// TestNoteError parks what a Router's handler refuses, with its error.
func TestNoteError(t *testing.T) {
	r := newParkRig(t, 1, nil)
	h := wkafka.NoteError(func(*message.Message) ([]*message.Message, error) { return nil, errors.New("no such device") })
	r.handle(3, func(m *message.Message) {
		if _, err := h(m); err == nil {
			t.Error("NoteError swallows the error")
		}
		m.Nack()
	})
	var l []wkafka.DeadLetter
	for ctx := within(t, 30*time.Second); len(l) == 0 && ctx.Err() == nil; {
		l = r.letters()
	}
	if len(l) != 1 || l[0].Error != "no such device" {
		t.Errorf("dead letters = %+v; want one with the handler's error", l)
	}
}
