package wkafka_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// authorities of a test: the deployment's, one that nobody trusts, and the
// deployment's of ten years ago.
type authorities struct{ ours, foreign, past *kafkatest.CA }

func newAuthorities(t *testing.T) authorities {
	t.Helper()
	var a authorities
	for ca, now := range map[**kafkatest.CA]time.Time{&a.ours: time.Now(), &a.foreign: time.Now(), &a.past: time.Now().AddDate(-10, 0, 0)} {
		var err error
		if *ca, err = kafkatest.NewCA(now); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// clientTLS trusts the CA trust and shows a certificate of the CA by, if any.
func clientTLS(t *testing.T, trust, by *kafkatest.CA) *tls.Config {
	t.Helper()
	c, err := trust.ClientTLS("")
	if err != nil {
		t.Fatal(err)
	}
	if by == nil {
		return c
	}
	pair := pairOf(t, by, "detect")
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return c
}

func pairOf(t *testing.T, by *kafkatest.CA, name string) tls.Certificate {
	t.Helper()
	cert, key, err := by.Issue(name)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// serverTLS is for an embedded broker that wants certificates of the CA clients.
func serverTLS(t *testing.T, by, clients *kafkatest.CA) *tls.Config {
	t.Helper()
	c := &tls.Config{Certificates: []tls.Certificate{pairOf(t, by, "kafka")}, MinVersion: tls.VersionTLS12}
	if clients != nil {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		c.ClientCAs.AppendCertsFromPEM(clients.PEM())
	}
	return c
}

func user(t *testing.T, algorithm scram.Algorithm, name, password string) sasl.Mechanism {
	t.Helper()
	m, err := scram.Mechanism(algorithm, name, password)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// a wrongThing is a way a client does not get in, and what it must be told.
type wrongThing struct {
	name   string
	broker string
	tls    *tls.Config
	sasl   sasl.Mechanism
	need   wkafka.Rights

	problem wkafka.Problem // "": it gets in
	says    []string
}

func (w wrongThing) check(t *testing.T) {
	t.Helper()
	err := wkafka.Diagnose(within(t, 30*time.Second), wkafka.Config{Brokers: []string{w.broker}, ClientID: "test", TLS: w.tls, SASL: w.sasl}, w.need)
	var d *wkafka.Diagnosis
	if !errors.As(err, &d) {
		if err != nil || w.problem != "" {
			t.Errorf("Diagnose = %v; want the problem %q", err, w.problem)
		}
		return
	}
	t.Log(err)
	if d.Problem != w.problem {
		t.Errorf("Diagnose = %s (%v); want the problem %q", d.Problem, err, w.problem)
	}
	for _, s := range append(w.says, w.broker) {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("Diagnose = %v; want %q in it", err, s)
		}
	}
}

func broker(t *testing.T, opts ...kfake.Opt) string {
	t.Helper()
	_, cfg := kafkatest.Cluster(t, opts...)
	return cfg.Brokers[0]
}

func TestDiagnoseEmbedded(t *testing.T) {
	a := newAuthorities(t)
	open := broker(t)
	mutual := broker(t, kfake.TLS(serverTLS(t, a.ours, a.ours)))
	foreign := broker(t, kfake.TLS(serverTLS(t, a.foreign, nil)))
	old := broker(t, kfake.TLS(serverTLS(t, a.past, nil)))
	tls12 := serverTLS(t, a.ours, nil)
	tls12.MaxVersion = tls.VersionTLS12
	dated := broker(t, kfake.TLS(tls12))
	users := broker(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "detect", "right"), kfake.Superuser("PLAIN", "p", "right"))
	good, elsewhere := clientTLS(t, a.ours, a.ours), clientTLS(t, a.ours, a.ours)
	elsewhere.ServerName = "kafka.example"
	for _, w := range []wrongThing{
		{name: "nothing wrong in the clear", broker: open},
		{name: "nothing wrong with certificates", broker: mutual, tls: good},
		{name: "nothing wrong with SCRAM", broker: users, sasl: user(t, scram.SHA256, "detect", "right")},
		{name: "nothing wrong with PLAIN", broker: users, sasl: plain.Mechanism{Username: "p", Password: "right"}},
		{"nobody listens", nobody(t), nil, nil, wkafka.Rights{}, wkafka.Unreachable, []string{"connection: nobody listens there", "start the broker"}},
		{"no such host", "no-such-host.invalid:9092", nil, nil, wkafka.Rights{}, wkafka.Unreachable, []string{"name lookup: no host no-such-host.invalid"}},
		{"no port", "127.0.0.1", nil, nil, wkafka.Rights{}, wkafka.Unreachable, []string{"host:port"}},
		{"plain text to TLS", mutual, nil, nil, wkafka.Rights{}, wkafka.WantsTLS, []string{"the broker speaks TLS there and this client plain text"}},
		{"TLS to plain text", open, good, nil, wkafka.Rights{}, wkafka.SpeaksPlain, []string{"TLS handshake: the broker speaks plain text"}},
		{"unknown CA", foreign, good, nil, wkafka.Rights{}, wkafka.UnknownAuthority, []string{"does not trust the CA", "issuer CN=cordon test CA"}},
		{"expired broker", old, clientTLS(t, a.past, nil), nil, wkafka.Rights{}, wkafka.BrokerExpired, []string{"it has expired, or a clock is wrong"}},
		{"wrong name", mutual, elsewhere, nil, wkafka.Rights{}, wkafka.WrongName, []string{"not for kafka.example but for localhost, 127.0.0.1"}},
		{"TLS 1.2 alone", dated, good, nil, wkafka.Rights{}, wkafka.TLSVersion, []string{"wants TLS 1.3 or later", "ssl.enabled.protocols"}},
		{"no client certificate", mutual, clientTLS(t, a.ours, nil), nil, wkafka.Rights{}, wkafka.WantsCertificate, []string{"this client shows none"}},
		{"certificate of another CA", mutual, clientTLS(t, a.ours, a.foreign), nil, wkafka.Rights{}, wkafka.CertificateRefused, []string{"refuses this client's certificate (CN=detect", "CA in the broker's ssl.truststore (CN=cordon test CA)"}},
		{"expired client", mutual, clientTLS(t, a.ours, a.past), nil, wkafka.Rights{}, wkafka.CertificateRefused, []string{"CN=detect", "has expired, or a clock is wrong"}},
		{"no user", users, nil, nil, wkafka.Rights{}, wkafka.WantsSASL, []string{"wants a user", "SCRAM-SHA-256"}},
		{"wrong password", users, nil, user(t, scram.SHA256, "detect", "wrong"), wkafka.Rights{}, wkafka.Credentials, []string{"SASL authentication: the broker refuses the user or the password with SCRAM-SHA-256"}},
		{"unknown user", users, nil, user(t, scram.SHA256, "nobody", "right"), wkafka.Rights{}, wkafka.Credentials, []string{"SCRAM-SHA-256"}},
		{"wrong password of PLAIN", users, nil, plain.Mechanism{Username: "p", Password: "wrong"}, wkafka.Rights{}, wkafka.Credentials, []string{"PLAIN"}},
		{"no such mechanism", users, nil, oauth{}, wkafka.Rights{}, wkafka.NoMechanism, []string{"does not do OAUTHBEARER there but", "SCRAM-SHA-256"}},
		{name: "no such topic", broker: open, need: wkafka.Rights{Read: []string{"nowhere"}}, problem: wkafka.NoTopic, says: []string{"topic nowhere does not exist"}},
		{"a web server", web(t), nil, nil, wkafka.Rights{}, wkafka.NotKafka, []string{"look whether a broker of Kafka listens there"}},
	} {
		t.Run(w.name, w.check)
	}
}

// oauth is a mechanism that no broker of the test has.
type oauth struct{}

func (oauth) Name() string { return "OAUTHBEARER" }
func (oauth) Start(context.Context) (sasl.StateMachine, []byte, error) {
	return nil, nil, errors.New("never started")
}

// web answers whatever it is sent as a web server does, and closes.
func web(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

func TestDiagnoseForbidden(t *testing.T) {
	allow := func(a kfake.ACL) kfake.ACL { a.Allow = true; return a }
	addr := broker(t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.SeedTopics(1, "raw", "events", "secret"),
		kfake.Superuser("PLAIN", "admin", "x"),
		kfake.User("PLAIN", "ingest", "x",
			allow(kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: "raw", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationRead}),
			allow(kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: "events", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationWrite})))
	me := plain.Mechanism{Username: "ingest", Password: "x"}
	for _, w := range []wrongThing{
		{name: "what it may", need: wkafka.Rights{Read: []string{"raw"}, Write: []string{"events"}}},
		{name: "a topic it may not see", need: wkafka.Rights{Read: []string{"secret"}}, problem: wkafka.Forbidden, says: []string{"may not see topic secret", "Describe on topic secret"}},
		{name: "read what it may only write", need: wkafka.Rights{Read: []string{"events"}}, problem: wkafka.Forbidden, says: []string{"may not read topic events", "allow it Read on topic events"}},
		{name: "write what it may only read", need: wkafka.Rights{Write: []string{"raw"}}, problem: wkafka.Forbidden, says: []string{"may not write topic raw"}},
		{name: "a group", need: wkafka.Rights{Groups: []string{"g"}}, problem: wkafka.Forbidden, says: []string{"may not join group g", "Read on group g"}},
	} {
		w.broker, w.sasl = addr, me
		t.Run(w.name, w.check)
	}
}

// TestDiagnoseAdvertised: a cluster sends clients to addresses that they do
// not reach, the classic of containers.
func TestDiagnoseAdvertised(t *testing.T) {
	away := nobody(t)
	var real string
	broker(t, kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := new(net.ListenConfig).Listen(context.Background(), network, address)
		if err != nil {
			return nil, err
		}
		real = l.Addr().String()
		at, err := net.ResolveTCPAddr(network, away)
		return elsewhere{l, at}, err
	}))
	w := wrongThing{broker: real, problem: wkafka.Unreachable, says: []string{"broker 0, which " + real + " says is there: nobody listens", "set advertised.listeners"}}
	w.check(t)
}

// elsewhere is a listener that gives a wrong address.
type elsewhere struct {
	net.Listener
	at net.Addr
}

func (e elsewhere) Addr() net.Addr { return e.at }

// nobody is an address on loopback at which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// TestDiagnoseApache is TestDiagnoseEmbedded on Apache Kafka, whose words are
// others.
func TestDiagnoseApache(t *testing.T) {
	libs := kafkatest.Jars(t)
	a := newAuthorities(t)
	k, err := kafkatest.StartApache(t.Context(), kafkatest.ApacheConfig{
		Libs: libs, Data: t.TempDir(), CA: a.ours,
		Listeners: []kafkatest.Listener{{Protocol: kafkatest.Plaintext}, {Protocol: kafkatest.SSL}, {Protocol: kafkatest.SASLSSL}, {Protocol: kafkatest.SASLPlaintext}},
		Users:     []kafkatest.User{{Name: "detect", Password: "right"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Stop)
	at := func(p kafkatest.Protocol) string { l, _ := k.Listener(p); return l.Advertised }
	open, mutual, both, users := at(kafkatest.Plaintext), at(kafkatest.SSL), at(kafkatest.SASLSSL), at(kafkatest.SASLPlaintext)
	good, elsewhere := clientTLS(t, a.ours, a.ours), clientTLS(t, a.ours, a.ours)
	elsewhere.ServerName = "kafka.example"
	right := user(t, scram.SHA512, "detect", "right")
	for _, w := range []wrongThing{
		{name: "nothing wrong in the clear", broker: open},
		{name: "nothing wrong with certificates", broker: mutual, tls: good},
		{name: "nothing wrong with SCRAM-SHA-512", broker: users, sasl: right},
		{name: "nothing wrong with SCRAM-SHA-256 over TLS", broker: both, tls: clientTLS(t, a.ours, nil), sasl: user(t, scram.SHA256, "detect", "right")},
		{"plain text to TLS", mutual, nil, nil, wkafka.Rights{}, wkafka.WantsTLS, []string{"the broker speaks TLS"}},
		{"plain text to TLS with users", both, nil, right, wkafka.Rights{}, wkafka.WantsTLS, nil},
		{"TLS to plain text", open, good, nil, wkafka.Rights{}, wkafka.SpeaksPlain, []string{"the broker speaks plain text"}},
		{"TLS to plain text with users", users, good, right, wkafka.Rights{}, wkafka.SpeaksPlain, nil},
		{"unknown CA", mutual, clientTLS(t, a.foreign, a.ours), nil, wkafka.Rights{}, wkafka.UnknownAuthority, []string{"does not trust the CA"}},
		{"wrong name", mutual, elsewhere, nil, wkafka.Rights{}, wkafka.WrongName, []string{"not for kafka.example"}},
		{"no client certificate", mutual, clientTLS(t, a.ours, nil), nil, wkafka.Rights{}, wkafka.WantsCertificate, []string{"this client shows none"}},
		{"certificate of another CA", mutual, clientTLS(t, a.ours, a.foreign), nil, wkafka.Rights{}, wkafka.CertificateRefused, []string{"CN=detect", "ssl.truststore"}},
		{"expired client", mutual, clientTLS(t, a.ours, a.past), nil, wkafka.Rights{}, wkafka.CertificateRefused, []string{"CN=detect", "has expired, or a clock is wrong"}},
		{"no user", users, nil, nil, wkafka.Rights{}, wkafka.WantsSASL, []string{"SCRAM-SHA-256, SCRAM-SHA-512"}},
		{"no user over TLS", both, clientTLS(t, a.ours, nil), nil, wkafka.Rights{}, wkafka.WantsSASL, nil},
		{"wrong password", users, nil, user(t, scram.SHA512, "detect", "wrong"), wkafka.Rights{}, wkafka.Credentials, []string{"invalid credentials with SASL mechanism SCRAM-SHA-512 (error 58)"}},
		{"unknown user over TLS", both, clientTLS(t, a.ours, nil), user(t, scram.SHA512, "nobody", "right"), wkafka.Rights{}, wkafka.Credentials, nil},
		{"user where there are none", open, nil, right, wkafka.Rights{}, wkafka.NoSASL, []string{"takes no user"}},
		{"no such mechanism", users, nil, plain.Mechanism{Username: "detect", Password: "right"}, wkafka.Rights{}, wkafka.NoMechanism, []string{"does not do PLAIN there but SCRAM-SHA-256"}},
		{name: "no such topic", broker: open, need: wkafka.Rights{Write: []string{"nowhere"}}, problem: wkafka.NoTopic},
	} {
		t.Run(w.name, w.check)
	}
}
