package wkafka

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"time"
)

func signedBy(c *x509.Certificate) string {
	if c == nil {
		return "issuer unknown"
	}
	return "issuer " + c.Issuer.String()
}

func subject(c *x509.Certificate) string { return c.Subject.String() }

// namesOf are the names and addresses that a certificate is for.
func namesOf(c *x509.Certificate) string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name"
	}
	return strings.Join(names, ", ")
}

// distinguished reads a name in DER.
func distinguished(raw []byte) string {
	var seq pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &seq); err != nil {
		return ""
	}
	return seq.String()
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }
