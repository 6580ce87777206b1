package cordon

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
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
	// Set when Bytes are only the first ones, because the whole did not fit into
	// the topic: how many there are at Input, and their SHA-256, in hex.
	Size   int    `json:"size,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
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

// longestWord bounds the key and the detail of a cut record, which come from
// outside too.
const longestWord = 1 << 10

// Cut returns j with at most n of its bytes, and with the size and the hash of
// all of them. The key is cut too when it is no key of a device.
func (j Rejected) Cut(n int) Rejected {
	if n >= len(j.Bytes) && len(j.Key) <= longestWord && len(j.Detail) <= longestWord {
		return j
	}
	sum := sha256.Sum256(j.Bytes)
	j.Size, j.SHA256 = len(j.Bytes), hex.EncodeToString(sum[:])
	j.Bytes = j.Bytes[:min(n, len(j.Bytes))]
	j.Key = j.Key[:min(longestWord, len(j.Key))]
	kept := fmt.Sprintf(" (kept: the first %d of %d bytes; all of them are at %s)", len(j.Bytes), j.Size, j.Input)
	j.Detail = strings.ToValidUTF8(j.Detail[:min(longestWord, len(j.Detail))], "") + kept
	return j
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
