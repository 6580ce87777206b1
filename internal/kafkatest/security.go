package kafkatest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// User is one of SCRAM. Neither name nor password may contain a comma or an
// equals sign, which the format of Kafka's tool does not know how to quote.
type User struct{ Name, Password string }

func (u User) formatArgs() []string {
	var args []string
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
		args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, u.Name, u.Password))
	}
	return args
}

// CA is a certificate authority of one test. What it signs is valid for a day
// around the time it was made.
type CA struct {
	now  time.Time
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA makes a CA.
func NewCA(now time.Time) (*CA, error) {
	ca := &CA{now: now}
	t := ca.template("cordon test CA")
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	der, key, err := ca.sign(t)
	if err != nil {
		return nil, err
	}
	ca.key = key
	ca.cert, err = x509.ParseCertificate(der)
	return ca, err
}

// sign makes a key and a certificate for it; the first one signs itself.
func (c *CA) sign(t *x509.Certificate) ([]byte, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	parent, by := c.cert, c.key
	if parent == nil {
		parent, by = t, key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, by)
	return der, key, err
}

func (c *CA) template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte(rand.Text()[:16])),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    c.now.Add(-12 * time.Hour),
		NotAfter:     c.now.Add(12 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

// Issue returns a certificate and its key in PEM, for a client or for a server
// on this machine. Kafka's name for the client is "User:CN=" and name.
func (c *CA) Issue(name string) (cert, key []byte, err error) {
	der, k, err := c.sign(c.template(name))
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, nil, err
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", raw), nil
}

// PEM is the CA's own certificate.
func (c *CA) PEM() []byte { return block("CERTIFICATE", c.cert.Raw) }

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// ClientTLS is for a client that trusts c and shows a certificate of name. An
// empty name: it shows none.
func (c *CA) ClientTLS(name string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: x509.NewCertPool()}
	cfg.RootCAs.AddCert(c.cert)
	if name == "" {
		return cfg, nil
	}
	cert, key, err := c.Issue(name)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	cfg.Certificates = []tls.Certificate{pair}
	return cfg, err
}

// security adds certificates and SCRAM to p, as the listeners want them.
func (a *Apache) security(p map[string]string) error {
	for _, l := range a.listeners {
		prefix := "listener.name." + strings.ToLower(string(l.Protocol)) + "."
		if l.Protocol.sasl() {
			p["sasl.enabled.mechanisms"] = "SCRAM-SHA-256,SCRAM-SHA-512"
			for _, m := range []string{"scram-sha-256", "scram-sha-512"} {
				p[prefix+m+".sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
			}
		}
		if l.Protocol.tls() {
			p[prefix+"ssl.client.auth"] = map[bool]string{true: "required", false: "none"}[l.Protocol == SSL]
			if err := a.certificate(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// certificate writes the node's certificate and the CA's as files and names
// them in p.
func (a *Apache) certificate(p map[string]string) error {
	cert, key, err := a.cfg.CA.Issue(fmt.Sprintf("kafka-%d", a.ID))
	if err != nil {
		return err
	}
	p["ssl.enabled.protocols"] = "TLSv1.3"
	for store, text := range map[string][]byte{"keystore": append(key, cert...), "truststore": a.cfg.CA.PEM()} {
		file := filepath.Join(a.cfg.Data, store+".pem")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return err
		}
		p["ssl."+store+".type"], p["ssl."+store+".location"] = "PEM", file
	}
	return nil
}
