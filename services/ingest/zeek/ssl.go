package zeek

import (
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// ssl is the log of TLS handshakes.
type ssl struct {
	line
	version, cipher, curve, serverName, lastAlert string
	nextProtocol, history, validation             string
	subject, issuer, ja3, ja3s                    string
	resumed, established                          ocsf.Opt[bool]
	chain                                         []string
}

func newSSL() *ssl {
	s := &ssl{}
	s.bind("ssl", field.Table{
		"version":           field.Text(&s.version),
		"cipher":            field.Text(&s.cipher),
		"curve":             field.Text(&s.curve),
		"server_name":       field.Text(&s.serverName),
		"resumed":           field.Bool(&s.resumed),
		"last_alert":        field.Text(&s.lastAlert),
		"next_protocol":     field.Text(&s.nextProtocol),
		"established":       field.Bool(&s.established),
		"ssl_history":       field.Text(&s.history),
		"cert_chain_fps":    field.Texts(&s.chain),
		"subject":           field.Text(&s.subject),
		"issuer":            field.Text(&s.issuer),
		"validation_status": field.Text(&s.validation),
		"ja3":               field.Text(&s.ja3),
		"ja3s":              field.Text(&s.ja3s),
	})
	return s
}

func (s *ssl) clear() {
	chain := s.chain[:0]
	s.line.clear()
	*s = ssl{line: s.line, chain: chain}
}

func (s *ssl) fill(r *report.Report) {
	r.Begin(ocsf.ClassNetworkActivity, ocsf.ActivityNetworkOpen)
	r.Result(worked(s.established))
	s.connect(r, "tcp")
	r.App("tls")
	r.TLS = ocsf.TLS{
		Version: s.version, Cipher: s.cipher, SNI: s.serverName, CertificateChain: s.chain,
		JA3Hash: report.MD5(s.ja3), JA3SHash: report.MD5(s.ja3s),
	}
	r.Event.TLS = &r.TLS
	if s.issuer != "" {
		r.Cert = ocsf.Certificate{Issuer: s.issuer, Subject: s.subject}
		r.TLS.Certificate = &r.Cert
	}
	r.KeepText("tls_curve", s.curve)
	r.KeepBool("tls_established", s.established)
	r.KeepText("tls_last_alert", s.lastAlert)
	r.KeepText("tls_next_protocol", s.nextProtocol)
	r.KeepBool("tls_resumed", s.resumed)
	r.KeepText("tls_ssl_history", s.history)
	r.KeepText("tls_validation_status", s.validation)
}

// worked is a status by what the log says of success, if it does. The network
// connection is open either way.
func worked(success ocsf.Opt[bool]) int {
	switch {
	case !success.Set:
		return ocsf.StatusUnknown
	case success.Value:
		return ocsf.StatusSuccess
	}
	return ocsf.StatusFailure
}
