package service

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
)

// system, instead of a file, is the CAs that the machine trusts.
const system = "system"

func (k *KafkaFlags) tls() (*tls.Config, error) {
	if k.ca == "" {
		if k.cert != "" || k.key != "" {
			return nil, errors.New("kafka-tls-cert and kafka-tls-key need kafka-tls-ca as well")
		}
		return nil, nil
	}
	roots, err := pool(k.ca)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}
	if k.cert == "" && k.key == "" {
		return c, nil
	}
	pair := &pairFile{cert: k.cert, key: k.key}
	if _, err := pair.load(); err != nil {
		return nil, fmt.Errorf("kafka-tls-cert %s, kafka-tls-key %s: %w", k.cert, k.key, err)
	}
	c.GetClientCertificate = pair.certificate
	return c, nil
}

// pool reads the CAs in a file; nil stands for those of the machine.
func pool(file string) (*x509.CertPool, error) {
	if file == system {
		return nil, nil
	}
	pem, err := os.ReadFile(file) //nolint:gosec // the file that the operator names
	if err != nil {
		return nil, fmt.Errorf("kafka-tls-ca: %w", err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("kafka-tls-ca: %s holds no PEM certificate", file)
	}
	return p, nil
}

// pairFile is a certificate and its key on disk. They are read for each
// handshake, which costs more than that: a renewed certificate is used from
// the next connection on.
type pairFile struct {
	cert, key string
	last      atomic.Pointer[tls.Certificate] // the newest that could be read
}

func (p *pairFile) load() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return nil, err
	}
	p.last.Store(&pair)
	return &pair, nil
}

// certificate is for tls.Config. While the files are being replaced the two
// may not fit: then the last ones that did are good for one connection more.
func (p *pairFile) certificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if pair, err := p.load(); err == nil {
		return pair, nil
	}
	return p.last.Load(), nil
}
