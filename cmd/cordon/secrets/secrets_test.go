package secrets

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func day() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) }

func TestMakeTwiceKeepsAll(t *testing.T) {
	dir := t.TempDir()
	made, err := Make(dir, []string{"kafka"}, day())
	if err != nil || made == 0 {
		t.Fatalf("Make = %d, %v; want files", made, err)
	}
	before := contents(t, dir)
	made, err = Make(dir, []string{"kafka"}, day().AddDate(1, 0, 0))
	if err != nil || made != 0 {
		t.Errorf("second Make = %d, %v; want 0", made, err)
	}
	if d := cmp.Diff(before, contents(t, dir)); d != "" {
		t.Errorf("second Make changed files:\n%s", d)
	}
}

func TestMakeAgainAfterLoss(t *testing.T) {
	for _, tc := range []struct {
		name, lose, err string
	}{
		{"a password", "grafana/clickhouse", ""},
		{"a client key", "ingest/key.pem", ""},
		{"a client certificate", "ingest/cert.pem", "remove the key as well"},
		{"the CA", "authority/ca.pem", "remove both"},
	} {
		dir := t.TempDir()
		if _, err := Make(dir, []string{"kafka"}, day()); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, tc.lose)); err != nil {
			t.Fatal(err)
		}
		_, err := Make(dir, []string{"kafka"}, day())
		if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("Make after losing %s = %v; want %q", tc.name, err, tc.err)
		}
		if err == nil {
			checkHashes(t, dir)
		}
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	for _, d := range []string{dir, filepath.Join(dir, "authority")} { // as an earlier program left them
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Make(dir, []string{"kafka"}, day()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want fs.FileMode
	}{
		{"", 0o700},
		{"authority", 0o700},
		{"authority/ca-key.pem", 0o600},
		{"respond", 0o755}, // the users of containers enter and read what they mount
		{"respond/key.pem", 0o644},
		{"respond/webhook", 0o644},
		{"clickhouse/passwords.xml", 0o644},
	} {
		info, err := os.Stat(filepath.Join(dir, c.name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != c.want {
			t.Errorf("mode of %q = %o; want %o", c.name, got, c.want)
		}
	}
}

func checkHashes(t *testing.T, dir string) {
	t.Helper()
	w := writer{dir: dir}
	want, err := w.hashes()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "clickhouse/passwords.xml"))
	if err != nil || string(got) != string(want) {
		t.Errorf("passwords.xml does not fit the passwords: %v", err)
	}
	if err := xml.Unmarshal(got, new(struct{})); err != nil {
		t.Errorf("passwords.xml: %v", err)
	}
}

func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	if _, err := Make(dir, []string{"kafka", "127.0.0.1"}, day()); err != nil {
		t.Fatal(err)
	}
	ca, err := readAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	broker, err := tls.LoadX509KeyPair(filepath.Join(dir, "kafka/kafka.pem"), filepath.Join(dir, "kafka/kafka.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"kafka", "127.0.0.1"} {
		if _, err := broker.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: day()}); err != nil {
			t.Errorf("broker certificate for %s: %v", host, err)
		}
	}
	for _, name := range clients() {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name, "cert.pem"), filepath.Join(dir, name, "key.pem"))
		if err != nil {
			t.Fatal(err)
		}
		opts := x509.VerifyOptions{Roots: roots, CurrentTime: day(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if _, err := pair.Leaf.Verify(opts); err != nil {
			t.Errorf("certificate of %s: %v", name, err)
		}
	}
}

func TestMoreClients(t *testing.T) {
	dir := t.TempDir()
	if _, err := Make(dir, []string{"kafka"}, day(), "zeek-1"); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "zeek-1/cert.pem"), filepath.Join(dir, "zeek-1/key.pem"))
	if err != nil || pair.Leaf.Subject.String() != "CN=zeek-1,O=cordon" {
		t.Errorf("certificate of zeek-1 = %v, %v; want CN=zeek-1,O=cordon", pair.Leaf, err)
	}
	for _, name := range []string{"", "../ca", "a/b", "a b"} {
		if _, err := Make(t.TempDir(), nil, day(), name); err == nil {
			t.Errorf("Make with the client %q = no error; want one", name)
		}
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
