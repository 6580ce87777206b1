package cordon

import (
	"encoding/json"
	"fmt"
	"time"
)

// Rejected is a record that a service refused. Nothing of it is lost: the
// bytes, where they stood and why they were refused are kept.
type Rejected struct {
	ID       string    `json:"id"`
	Input    string    `json:"input"`            // position of the refused record
	Service  string    `json:"service"`          // who refused it, such as "ingest"
	Reason   string    `json:"reason"`           // machine-readable, such as "json.syntax"
	Detail   string    `json:"detail"`           // for people: what is wrong and where
	Mapper   string    `json:"mapper,omitempty"` // mapping and its version, such as "zeek/1"
	Key      string    `json:"key"`
	Recorded time.Time `json:"recorded"` // when the log took the refused record
	Bytes    []byte    `json:"bytes"`    // as they came; base64 in JSON
}

// NewRejected is r refused by service for reason.
func NewRejected(r Record, service, reason, detail, mapper string) Rejected {
	at := r.Position.String()
	return Rejected{
		ID:    DeriveID("rejected", service, at),
		Input: at, Service: service, Reason: reason, Detail: detail, Mapper: mapper,
		Key: r.Key, Recorded: r.Time.UTC(), Bytes: r.Value,
	}
}

// Record encodes j for the rejected topic.
func (j Rejected) Record() (Record, error) {
	body, err := json.Marshal(j)
	if err != nil {
		return Record{}, fmt.Errorf("rejected %s: %w", j.Input, err)
	}
	hs := envelope(j.ID, "cordon.rejected", "/"+j.Service, j.Recorded, Header{HeaderInput, j.Input})
	return Record{Key: j.Key, Headers: hs, Value: body}, nil
}

// RejectedOf decodes a record of the rejected topic.
func RejectedOf(r Record) (Rejected, error) {
	var j Rejected
	if err := json.Unmarshal(r.Value, &j); err != nil {
		return Rejected{}, fmt.Errorf("rejected at %s: %w", r.Position, err)
	}
	return j, nil
}
