package main

import (
	"fmt"
	"time"

	"github.com/cordon-iot/cordon"
)

// sampleOf takes n of the events: by turns those that alert, if there are, and
// others.
func sampleOf(events []cordon.Event, n int) []cordon.Event {
	var out []cordon.Event
	for i := range n {
		at := alertEvery/2 + i/2*alertEvery
		if i%2 == 1 {
			at = i * 37
		}
		out = append(out, events[at%len(events)])
	}
	return out
}

// agree fails if a and b, by the names given, see different numbers of alerts
// on one of events. It returns all alerts.
func agree(names [2]string, a, b evaluate, events []cordon.Event) (alerts int, err error) {
	for i, ev := range events {
		ev.ID = cordon.EventID(fmt.Sprintf("check-%d", i))
		ev.Position = cordon.Position{Topic: "events", Offset: int64(i)}
		ev.Time = time.UnixMilli(began + int64(i)).UTC()
		na, err := a(&ev)
		if err != nil {
			return alerts, fmt.Errorf("%s on %s: %w", names[0], ev.Body, err)
		}
		nb, err := b(&ev)
		if err != nil {
			return alerts, fmt.Errorf("%s on %s: %w", names[1], ev.Body, err)
		}
		if na != nb {
			return alerts, fmt.Errorf("%s sees %d alerts, %s %d on %s", names[0], na, names[1], nb, ev.Body)
		}
		alerts += na
	}
	return alerts, nil
}
