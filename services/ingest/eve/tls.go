package eve

import (
	"strings"
	"time"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// tls is a handshake and the certificate of the server.
type tls struct {
	sni, version, subject, issuer, serial string
	fingerprint, notBefore, notAfter      string
	ja3, ja3s, ja4                        string
	resumed                               ocsf.Opt[bool]
}

func (t *tls) table() field.Table {
	return field.Table{
		"sni":             field.Text(&t.sni),
		"version":         field.Text(&t.version),
		"subject":         field.Text(&t.subject),
		"issuerdn":        field.Text(&t.issuer),
		"serial":          field.Text(&t.serial),
		"fingerprint":     field.Text(&t.fingerprint),
		"notbefore":       field.Text(&t.notBefore),
		"notafter":        field.Text(&t.notAfter),
		"session_resumed": field.Bool(&t.resumed),
		"ja3":             field.Object(field.Table{"hash": field.Text(&t.ja3)}),
		"ja3s":            field.Object(field.Table{"hash": field.Text(&t.ja3s)}),
		"ja4":             field.Text(&t.ja4),
	}
}

func (e *record) fillTLS(r *report.Report) {
	e.activity(r, ocsf.ActivityNetworkOpen, "tls")
	e.tls.handshake(r)
	r.Event.TLS = &r.TLS
	if e.tls.ja4 != "" {
		r.Event.JA4FingerprintList = []ocsf.JA4Fingerprint{{TypeID: ocsf.JA4TypeJA4, Value: e.tls.ja4}}
	}
	r.KeepBool("tls_resumed", e.tls.resumed)
}

// handshake adds the handshake and reports whether there is one.
func (t *tls) handshake(r *report.Report) bool {
	r.TLS = ocsf.TLS{SNI: t.sni, Version: t.version, JA3Hash: report.MD5(t.ja3), JA3SHash: report.MD5(t.ja3s)}
	if t.issuer != "" {
		r.Cert = t.certificate()
		r.TLS.Certificate = &r.Cert
	}
	if *t == (tls{}) {
		return false
	}
	r.Event.TLS = &r.TLS
	return true
}

func (t *tls) certificate() ocsf.Certificate {
	c := ocsf.Certificate{
		Issuer: t.issuer, Subject: t.subject, SerialNumber: t.serial,
		CreatedTime: date(t.notBefore), ExpirationTime: date(t.notAfter),
		IsSelfSigned: ocsf.Some(t.issuer == t.subject),
	}
	if f := report.SHA1(strings.ReplaceAll(t.fingerprint, ":", "")); f != nil {
		c.Fingerprints = []ocsf.Fingerprint{*f}
	}
	return c
}

// date is a time of a certificate, which EVE writes in UTC without saying so.
// What cannot be read is not known: a certificate may say anything.
func date(s string) int64 {
	t, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(s, "Z"))
	if err != nil || !report.Micros(t.UnixMicro()).Plausible() {
		return 0
	}
	return t.UnixMilli()
}
