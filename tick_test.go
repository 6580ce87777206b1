package cordon

import (
	"testing"
	"time"
)

func TestTick(t *testing.T) {
	want := Tick{Key: "tick-3", At: time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC), Source: "/ingest", Position: Position{"events", 3, 7}}
	r := want.Record()
	r.Position = want.Position
	if got, err := TickOf(r); err != nil || got != want || !IsTick(r) {
		t.Errorf("TickOf(%v) = %v, %v; want %v", r, got, err, want)
	}
	if want := `{"class_name":"cordon.tick","class_uid":0,"time":1772366400005}`; string(r.Value) != want {
		t.Errorf("Record() has the value %s; want %s", r.Value, want)
	}
	// Who knows nothing of ticks, such as history, sees an event of a class of its own.
	if ev, err := EventOf(r); err != nil || ev.Class != TickType || !ev.Time.Equal(want.At) {
		t.Errorf("EventOf(tick) = %+v, %v; want one of class %s", ev, err, TickType)
	}
	if other := (Tick{At: want.At, Source: "/other"}).Record(); other.Header(HeaderID) == r.Header(HeaderID) {
		t.Errorf("ticks of two sources have the id %s", r.Header(HeaderID))
	}
}

func TestTickOfRefuses(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	event := Event{ID: "x", Device: "d", Class: "c", Time: at, Recorded: at}.Record()
	late := Tick{At: at}.Record()
	for i := range late.Headers {
		if late.Headers[i].Key == HeaderTime {
			late.Headers[i].Value = "noon"
		}
	}
	for name, r := range map[string]Record{"an event": event, "no time": late, "nothing": {}} {
		if got, err := TickOf(r); err == nil {
			t.Errorf("TickOf(%s) = %v; want an error", name, got)
		}
	}
}
