package service

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

func kafkaFlags(t *testing.T, args ...string) *KafkaFlags {
	t.Helper()
	fs := pflag.NewFlagSet("t", pflag.ContinueOnError)
	k := BindKafka(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return k
}

func put(t *testing.T, name string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestKafkaConfigRefuses(t *testing.T) {
	dir := t.TempDir()
	password := put(t, filepath.Join(dir, "password"), []byte("x\n"))
	junk := put(t, filepath.Join(dir, "junk.pem"), []byte("no certificate"))
	for _, tc := range []struct {
		name string
		args []string
		want string // "": it is taken
	}{
		{"nothing", nil, ""},
		{"user without a password", []string{"--kafka-user=u"}, "set --kafka-password-file or CORDON_KAFKA_PASSWORD"},
		{"no such mechanism", []string{"--kafka-user=u", "--kafka-password-file=" + password, "--kafka-sasl=gssapi"}, `kafka-sasl "gssapi": want scram-sha-512`},
		{"PLAIN in the clear", []string{"--kafka-user=u", "--kafka-password-file=" + password, "--kafka-sasl=plain"}, "it needs TLS"},
		{"PLAIN over TLS", []string{"--kafka-user=u", "--kafka-password-file=" + password, "--kafka-sasl=plain", "--kafka-tls-ca=system"}, ""},
		{"SCRAM-SHA-256", []string{"--kafka-user=u", "--kafka-password-file=" + password, "--kafka-sasl=scram-sha-256"}, ""},
		{"a CA that is none", []string{"--kafka-tls-ca=" + junk}, "holds no PEM certificate"},
		{"certificate without a CA", []string{"--kafka-tls-cert=" + junk}, "need kafka-tls-ca as well"},
		{"no such certificate", []string{"--kafka-tls-ca=system", "--kafka-tls-cert=" + junk, "--kafka-tls-key=" + junk}, "kafka-tls-cert " + junk},
	} {
		_, err := kafkaFlags(t, tc.args...).Config("test")
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Config = %v; want %q", tc.name, err, tc.want)
		}
	}
}

// TestCertificateIsReadAgain: a renewed certificate is shown without a restart,
// also when cert and key do not fit for a moment.
func TestCertificateIsReadAgain(t *testing.T) {
	ca, err := kafkatest.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	roots := put(t, filepath.Join(dir, "ca.pem"), ca.PEM())
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	renew := func(name string, both bool) {
		t.Helper()
		cert, key, err := ca.Issue(name)
		if err != nil {
			t.Fatal(err)
		}
		put(t, certFile, cert)
		if both {
			put(t, keyFile, key)
		}
	}
	renew("first", true)
	c, err := kafkaFlags(t, "--kafka-tls-ca="+roots, "--kafka-tls-cert="+certFile, "--kafka-tls-key="+keyFile).Config("test")
	if err != nil {
		t.Fatal(err)
	}
	if c.TLS.MinVersion != tls.VersionTLS13 {
		t.Errorf("MinVersion = %s; want TLS 1.3", tls.VersionName(c.TLS.MinVersion))
	}
	for _, step := range []struct {
		renew string
		both  bool
		want  string
	}{{"first", true, "first"}, {"second", true, "second"}, {"third", false, "second"}, {"fourth", true, "fourth"}} {
		renew(step.renew, step.both)
		pair, err := c.TLS.GetClientCertificate(nil)
		if err != nil || pair.Leaf.Subject.CommonName != step.want {
			t.Errorf("after %s (key too: %v) the certificate is of %v, %v; want %s", step.renew, step.both, pair.Leaf.Subject, err, step.want)
		}
	}
}

func TestConnect(t *testing.T) {
	_, cfg := kafkatest.Cluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "detect", "right"), kfake.SeedTopics(1, "events"))
	password := put(t, filepath.Join(t.TempDir(), "password"), []byte("hunter2"))
	args := []string{"--kafka-brokers=" + cfg.Brokers[0], "--kafka-user=detect", "--kafka-password-file=" + password}
	var log bytes.Buffer
	to := slog.New(slog.NewTextHandler(&log, nil))
	need := wkafka.Rights{Read: []string{"events"}}
	_, err := kafkaFlags(t, args...).Connect(t.Context(), to, "detect", need)
	if err == nil || !wkafka.Permanent(err) {
		t.Fatalf("Connect with a wrong password = %v; want an error that stays", err)
	}
	for _, want := range []string{"SASL authentication", cfg.Brokers[0], "SCRAM-SHA-512", "(--kafka-user, --kafka-password-file)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Connect with a wrong password = %v; want %q in it", err, want)
		}
	}
	if strings.Contains(err.Error()+log.String(), "hunter2") {
		t.Errorf("the password is in %v or %s", err, log.String())
	}

	c, err := kafkaFlags(t, args...).Config("detect")
	if err != nil {
		t.Fatal(err)
	}
	put(t, password, []byte("right\n")) // after Config: it is read for each connection
	if err := Diagnose(t.Context(), c, need); err != nil {
		t.Errorf("Diagnose with the right password = %v", err)
	}
	if err := KafkaProbe(c, "events")(t.Context()); err != nil {
		t.Errorf("KafkaProbe with the right password = %v", err)
	}
}

// TestConnectWaits: a broker that is away is no reason to end.
func TestConnectWaits(t *testing.T) {
	var log bytes.Buffer
	_, err := kafkaFlags(t, "--kafka-brokers=127.0.0.1:1").Connect(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), "detect", wkafka.Rights{})
	if err != nil || !strings.Contains(log.String(), "nobody listens there") {
		t.Errorf("Connect = %v, log %s; want no error, and the log to say that nobody listens", err, log.String())
	}
}
