package cordon

import (
	"encoding/json"
	"fmt"
	"time"
)

// Device is a thing in the inventory. The newest record of a device counts
// from its Since on; events are resolved by the record that was valid when
// they happened, so that older ones are kept too, in the topic as well.
type Device struct {
	ID           DeviceID          `json:"id"`
	Since        time.Time         `json:"since"` // from when on this description holds
	Name         string            `json:"name,omitempty"`
	Type         string            `json:"type,omitempty"` // such as "camera", "plc"
	Vendor       string            `json:"vendor,omitempty"`
	Model        string            `json:"model,omitempty"`
	Firmware     string            `json:"firmware,omitempty"` // version that should run
	Serial       string            `json:"serial,omitempty"`
	Zone         string            `json:"zone,omitempty"` // network zone (IEC 62443)
	Site         string            `json:"site,omitempty"`
	Owner        string            `json:"owner,omitempty"`
	Protected    bool              `json:"protected,omitempty"` // must not be cut off by a machine alone; respond does not read it yet
	Managed      bool              `json:"managed"`             // false: seen on the network, enrolled by nobody
	MACs         []string          `json:"macs,omitempty"`      // lower case, colons
	Addresses    []string          `json:"addresses,omitempty"` // IP addresses held since Since
	Sensors      []string          `json:"sensors,omitempty"`   // sensors that watch this device alone
	FirstSeen    time.Time         `json:"first_seen,omitzero"`
	CertNotAfter time.Time         `json:"cert_not_after,omitzero"`
	SupportUntil time.Time         `json:"support_until,omitzero"`
	Labels       map[string]string `json:"labels,omitempty"`
	Retired      bool              `json:"retired,omitempty"` // decommissioned
}

// Record encodes d for the devices topic.
func (d Device) Record() (Record, error) {
	if d.ID == "" {
		return Record{}, fmt.Errorf("device %q: id is missing", d.Name)
	}
	body, err := json.Marshal(d)
	if err != nil {
		return Record{}, fmt.Errorf("device %s: %w", d.ID, err)
	}
	id := DeriveID("device", string(d.ID), string(body))
	return Record{
		Key:     string(d.ID),
		Headers: envelope(id, "cordon.device", "/inventory", d.Since),
		Value:   body,
	}, nil
}

// DeviceOf decodes a record of the devices topic.
func DeviceOf(r Record) (Device, error) {
	var d Device
	if err := json.Unmarshal(r.Value, &d); err != nil {
		return Device{}, fmt.Errorf("device at %s: %w", r.Position, err)
	}
	if d.ID == "" {
		return Device{}, fmt.Errorf("device at %s: id is missing", r.Position)
	}
	return d, nil
}
