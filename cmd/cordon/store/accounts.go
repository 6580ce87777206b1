package store

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"github.com/cordon-iot/cordon/cmd/cordon/store/gate"
)

const accountsFile = "users.json"

// Password is a secret that prints as ***.
type Password string

// String hides the secret.
func (Password) String() string { return "***" }

// LogValue hides the secret.
func (Password) LogValue() slog.Value { return slog.StringValue("***") }

// Accounts are the passwords of the three users, whose names are the roles'.
type Accounts map[gate.Role]Password

// Users returns the accounts of a data directory in which a store has been
// started before.
func Users(dataDir string) (Accounts, error) {
	path := filepath.Join(dataDir, accountsFile)
	text, err := os.ReadFile(path) //nolint:gosec // in the data directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no users in %s: start `cordon store --data %s` once: %w", dataDir, dataDir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("store users: %w", err)
	}
	var a Accounts
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("store users in %s: %w", path, err)
	}
	for _, r := range roles() {
		if a[r] == "" {
			return nil, fmt.Errorf("store users in %s: no password for %s: delete the file to get new ones", path, r)
		}
	}
	return a, nil
}

// DSN returns the address of a database for clickhouse-go, as the given role.
func (a Accounts) DSN(role gate.Role, addr, database string) string {
	u := url.URL{Scheme: "http", User: url.UserPassword(string(role), string(a[role])), Host: addr, Path: "/" + database}
	return u.String()
}

// role returns the role of a user whose password is right.
func (a Accounts) role(user, password string) (gate.Role, bool) {
	want, known := a[gate.Role(user)]
	x, y := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(password))
	same := subtle.ConstantTimeCompare(x[:], y[:]) == 1
	return gate.Role(user), known && same && want != ""
}

func roles() []gate.Role { return []gate.Role{gate.Admin, gate.Writer, gate.Reader} }

// openAccounts returns the accounts of dataDir, made on the first start.
func openAccounts(dataDir string) (Accounts, error) {
	a, err := Users(dataDir)
	if !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	a = Accounts{}
	for _, r := range roles() {
		a[r] = newPassword()
	}
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("store users: %w", err)
	}
	if err := writeFile(filepath.Join(dataDir, accountsFile), append(text, '\n')); err != nil {
		return nil, fmt.Errorf("store users: %w", err)
	}
	return a, nil
}

func newPassword() Password {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return Password(base64.RawURLEncoding.EncodeToString(b[:]))
}

// writeFile writes a file for this user only, whole or not at all.
func writeFile(path string, data []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
