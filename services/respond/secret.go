package respond

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of a signing secret in bytes, from the Standard Webhooks
// specification 1.0.0, "Signature scheme".
const (
	leastSecret   = 24
	longestSecret = 64
	secretPrefix  = "whsec_"
)

var errNoSecret = errors.New("no webhook secret: put one into a file with\n" +
	`	printf 'whsec_%s\n' "$(openssl rand -base64 32)" > webhook.secret` +
	"\ngive it to the receiver too, and name the file in --webhook-secret-file or CORDON_WEBHOOK_SECRET_FILE")

// Secret signs webhooks. Whatever prints it prints ***; where it is a field that
// fmt may not call, the address of a function, which is why key is one.
type Secret struct{ key func() []byte }

// ParseSecret reads the serialised form of the Standard Webhooks
// specification: whsec_ and the base64 of 24 to 64 bytes.
func ParseSecret(text string) (Secret, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Secret{}, errNoSecret
	}
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < leastSecret || len(key) > longestSecret {
		return Secret{}, fmt.Errorf("webhook secret: want %s followed by the base64 of %d to %d random bytes, as made by\n"+
			`	printf 'whsec_%%s\n' "$(openssl rand -base64 32)"`, secretPrefix, leastSecret, longestSecret)
	}
	return Secret{func() []byte { return key }}, nil
}

// String returns ***.
func (Secret) String() string { return "***" }

// Format writes *** for every verb, %#v and %x included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "***") }

// MarshalText returns ***, for encoding/json and log/slog.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }
