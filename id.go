package cordon

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// DeviceID is the identity of a device, as the inventory gives it. All other
// identities are UUIDs that follow from their causes.
type DeviceID string

// EventID is the identity of an event.
type EventID string

// FindingID is the identity of a finding.
type FindingID string

// ActionID is the identity of an action, which all its steps share.
type ActionID string

// OpID is the identity of one operation of an enforcer: the webhook-id of its
// deliveries.
type OpID string

// DeriveID returns the identity of a record of kind that follows from causes:
// a UUID of version 8 (RFC 9562) over SHA-256. The same causes give the same
// identity, so that doing a thing twice gives the same record.
func DeriveID(kind string, causes ...string) string {
	b := appendCause(nil, kind)
	for _, c := range causes {
		b = appendCause(b, c)
	}
	return hashID(b)
}

// appendCause appends s behind its length, so that no two lists of causes give
// the same bytes.
func appendCause[T string | []byte](b []byte, s T) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
	return append(b, s...)
}

func hashID(b []byte) string {
	sum := sha256.Sum256(b)
	return formatUUID(sum[:])
}

func formatUUID(sum []byte) string {
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	var b [36]byte
	hex.Encode(b[0:8], sum[0:4])
	hex.Encode(b[9:13], sum[4:6])
	hex.Encode(b[14:18], sum[6:8])
	hex.Encode(b[19:23], sum[8:10])
	hex.Encode(b[24:36], sum[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
