package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
)

// row is a line of detect.json. CPU and ratio are medians over rounds.
type row struct {
	Contender string  `json:"contender"`
	Rules     int     `json:"rules"`
	Alerting  float64 `json:"alerting"` // percent of events with an alert
	Event     string  `json:"event"`    // flat or ocsf
	Windows   bool    `json:"windows"`
	Ratio     float64 `json:"ratio_to_floor"`
	CPU       float64 `json:"cpu_ns"`
	Allocs    float64 `json:"allocs"` // for an event, as its contender alone makes them
}

// results are all lanes of all groups.
type results []*lane

// find returns the lane of those properties, or nil.
func (rs results) find(name string, rules int, event string, alerting, windows bool) *lane {
	for _, l := range rs {
		if l.Contender == name && l.Rules == rules && l.Event == event && l.Alerting > 0 == alerting && l.Windows == windows {
			return l
		}
	}
	return nil
}

// rows sums up the rounds.
func (rs results) rows() []row {
	out := []row{}
	for _, l := range rs {
		r := l.row
		base := rs.find(floorName, r.Rules, r.Event, r.Alerting > 0, false)
		r.CPU, r.Ratio = round(median(l.ns)), round(ratio(l.ns, base.ns))
		r.Allocs = round(float64(l.allocs) / float64(max(l.events, 1)))
		out = append(out, r)
	}
	return out
}

// round keeps four digits after the point.
func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// writeJSON writes the rows to a file, and its folder if it is not there.
func writeJSON(path string, rows []row) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}
