// Package receiver is the reference receiver of cordon's webhooks: what anyone
// who connects a network to cordon has to do, and no more. It verifies
// signatures with the official Standard Webhooks library, carries an operation
// out once however often it is delivered, and lets nothing old undo something
// newer. It shares no code with the sender.
package receiver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Types of operations.
const (
	Apply   = "cordon.quarantine.apply"
	Release = "cordon.quarantine.release"
)

const (
	maxBody = 20_000
	keepIDs = 48 * time.Hour // longer than the longest lease
)

// Delivery is one operation as it was delivered.
type Delivery struct {
	ID     string     `json:"id"`
	Type   string     `json:"type"`
	Expiry *time.Time `json:"expirytime"` // not to be carried out later
	Data   struct {
		Action string `json:"action_uid"`
		Device struct {
			UID  string `json:"uid"`
			Zone string `json:"zone"`
		} `json:"device"`
		Level   string    `json:"level"`
		Until   time.Time `json:"until"`
		Finding struct {
			UID      string `json:"uid"`
			Policy   string `json:"policy"`
			Title    string `json:"title"`
			Severity string `json:"severity"`
		} `json:"finding"`
		Reason   string `json:"reason"`
		Sequence int64  `json:"sequence"`
	} `json:"data"`

	Received  time.Time `json:"-"`
	Duplicate bool      `json:"-"` // had its effect before
}

// Counts are what came in since the start.
type Counts struct {
	Deliveries int // verified ones
	Distinct   int // operations carried out
	Duplicates int // repeated deliveries of those
	Refused    int // not verified, malformed, expired or out of order
}

// Device is what the receiver holds about one device.
type Device struct {
	Contained bool
	Action    string    // that contained it last
	Until     time.Time // end of its lease
	Sequence  int64     // highest seen
}

// Receiver is an http.Handler, safe for concurrent use.
type Receiver struct {
	verifier *standardwebhooks.Webhook
	now      func() time.Time
	hook     func(Delivery)

	mu        sync.Mutex // guards what follows
	counts    Counts
	devices   map[string]Device
	seen, old map[string]bool // ids of this and of the last span of keepIDs
	turned    time.Time       // when seen was begun
}

// New returns a receiver of what is signed with secret (whsec_...). hook, if
// not nil, is called for every verified delivery, one at a time, before it is
// answered; it must not call the receiver.
func New(secret string, now func() time.Time, hook func(Delivery)) (*Receiver, error) {
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, fmt.Errorf("webhook secret: want whsec_ and base64: %w", err)
	}
	if hook == nil {
		hook = func(Delivery) {}
	}
	return &Receiver{
		verifier: verifier, now: now, hook: hook, turned: now(),
		devices: map[string]Device{}, seen: map[string]bool{}, old: map[string]bool{},
	}, nil
}

// ServeHTTP answers 204 once the operation of the delivery is in effect.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	d, code, err := r.read(w, req)
	if err == nil {
		code, err = r.carryOut(d)
	}
	if err != nil {
		r.mu.Lock()
		r.counts.Refused++
		r.mu.Unlock()
		http.Error(w, err.Error(), code)
		return
	}
	w.WriteHeader(code)
}

func (r *Receiver) read(w http.ResponseWriter, req *http.Request) (d Delivery, code int, err error) {
	if req.Method != http.MethodPost {
		return d, http.StatusMethodNotAllowed, errors.New("want POST")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		return d, http.StatusRequestEntityTooLarge, err
	}
	if err := r.verifier.Verify(body, req.Header); err != nil {
		return d, http.StatusUnauthorized, err
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return d, http.StatusBadRequest, err
	}
	if d.ID != req.Header.Get(standardwebhooks.HeaderWebhookID) || d.Data.Device.UID == "" ||
		d.Type != Apply && d.Type != Release {
		return d, http.StatusBadRequest, errors.New("no event of a quarantine, or its id is not the webhook-id")
	}
	return d, 0, nil
}

func (r *Receiver) carryOut(d Delivery) (code int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d.Received = r.now()
	d.Duplicate = r.repeated(d)
	dev := r.devices[d.Data.Device.UID]
	switch {
	case d.Duplicate:
		r.counts.Duplicates++
	case d.Type == Apply && d.Expiry != nil && d.Received.After(*d.Expiry):
		return http.StatusUnprocessableEntity, errors.New("the lease has ended")
	case d.Data.Sequence < dev.Sequence:
		return http.StatusConflict, errors.New("a newer operation on the device was carried out")
	default:
		r.seen[d.ID] = true
		r.counts.Distinct++
		r.devices[d.Data.Device.UID] = dev.after(d)
	}
	r.counts.Deliveries++
	r.hook(d)
	return http.StatusNoContent, nil
}

// after is where the network would be touched.
func (dev Device) after(d Delivery) Device {
	dev.Sequence = d.Data.Sequence
	switch {
	case d.Type == Apply:
		dev.Contained, dev.Action, dev.Until = true, d.Data.Action, d.Data.Until
	case dev.Action == d.Data.Action:
		dev.Contained = false
	}
	return dev
}

func (r *Receiver) repeated(d Delivery) bool {
	if d.Received.Sub(r.turned) > keepIDs {
		r.old, r.seen, r.turned = r.seen, map[string]bool{}, d.Received
	}
	return r.seen[d.ID] || r.old[d.ID]
}

// Counts returns what came in since the start.
func (r *Receiver) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

// Device returns what is held about uid.
func (r *Receiver) Device(uid string) Device {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.devices[uid]
}
