package secrets

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	caYears   = 10
	leafYears = 2
)

// authority is the deployment's own CA.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func (a *authority) pem() ([]byte, error) {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), nil
}

// authority reads the CA of w.dir or makes one.
func (w *writer) authority(now time.Time) (*authority, error) {
	var key *ecdsa.PrivateKey
	w.file("authority/ca-key.pem", 0o600, func() (b []byte, err error) {
		key, b, err = newKey()
		return b, err
	})
	w.file("authority/ca.pem", 0o644, func() ([]byte, error) {
		if key == nil {
			return nil, errors.New("ca-key.pem is there without it: put ca.pem back, or remove both")
		}
		t := template("cordon CA", now, caYears)
		t.IsCA, t.BasicConstraintsValid = true, true
		t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		return sign(t, t, key.Public(), key)
	})
	if w.err != nil {
		return nil, w.err
	}
	return readAuthority(w.dir)
}

func readAuthority(dir string) (*authority, error) {
	files := os.DirFS(filepath.Join(dir, "authority"))
	certPEM, err := fs.ReadFile(files, "ca.pem")
	if err != nil {
		return nil, err
	}
	keyPEM, err := fs.ReadFile(files, "ca-key.pem")
	if err != nil {
		return nil, err
	}
	c, k := decode(certPEM), decode(keyPEM)
	cert, err := x509.ParseCertificate(c)
	if err != nil {
		return nil, fmt.Errorf("ca.pem: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(k)
	if err != nil {
		return nil, fmt.Errorf("ca-key.pem: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("ca-key.pem: a %T cannot sign", key)
	}
	return &authority{cert, signer}, nil
}

func decode(b []byte) []byte {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil
	}
	return block.Bytes
}

// broker makes kafka.pem: key and chain in one file, as Kafka wants a PEM
// keystore.
func (w *writer) broker(a *authority, hosts []string, now time.Time) {
	w.file("kafka/ca.pem", 0o644, a.pem)
	w.file("kafka/kafka.pem", 0o644, func() ([]byte, error) {
		t := template("kafka", now, leafYears)
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		for _, h := range hosts {
			if ip := net.ParseIP(h); ip != nil {
				t.IPAddresses = append(t.IPAddresses, ip)
				continue
			}
			t.DNSNames = append(t.DNSNames, h)
		}
		cert, key, err := a.leaf(t)
		return append(key, cert...), err
	})
}

// client makes NAME/cert.pem and NAME/key.pem.
func (w *writer) client(a *authority, name string, now time.Time) {
	var cert []byte
	w.file(name+"/ca.pem", 0o644, a.pem)
	w.file(name+"/key.pem", 0o644, func() (key []byte, err error) {
		t := template(name, now, leafYears)
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		cert, key, err = a.leaf(t)
		if err == nil {
			w.remove(name + "/cert.pem") // it belongs to another key
		}
		return key, err
	})
	w.file(name+"/cert.pem", 0o644, func() ([]byte, error) {
		if cert == nil {
			return nil, fmt.Errorf("%s/key.pem is there without it: remove the key as well", name)
		}
		return cert, nil
	})
}

// leaf signs t for a new key and returns both as PEM.
func (a *authority) leaf(t *x509.Certificate) (cert, key []byte, err error) {
	k, key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	cert, err = sign(t, a.cert, k.Public(), a.key)
	return cert, key, err
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	return k, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

func template(name string, now time.Time, years int) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name, Organization: []string{"cordon"}},
		NotBefore: now.Add(-time.Hour), // clocks of other hosts may be behind
		NotAfter:  now.AddDate(years, 0, 0),
		KeyUsage:  x509.KeyUsageDigitalSignature,
	}
}

func sign(t, parent *x509.Certificate, pub crypto.PublicKey, by crypto.Signer) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, t, parent, pub, by)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}
