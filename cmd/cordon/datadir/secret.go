package datadir

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const secretName = "webhook-secret"

// WebhookSecret returns the secret that signs webhooks of dir, in the form of
// Standard Webhooks; it is made on the first start.
func WebhookSecret(dir string) (string, error) {
	path := filepath.Join(dir, secretName)
	b, err := os.ReadFile(path) //nolint:gosec // of the directory that the user names
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("webhook secret: %w", err)
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	s := "whsec_" + base64.StdEncoding.EncodeToString(key[:])
	if err := writeFile(path, []byte(s+"\n")); err != nil {
		return "", fmt.Errorf("webhook secret: %w", err)
	}
	return s, nil
}
