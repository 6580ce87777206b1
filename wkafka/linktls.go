package wkafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// secure does the TLS handshake, if the client wants TLS.
func (l *link) secure(ctx context.Context) error {
	if l.cfg.TLS == nil {
		return nil
	}
	conn := tls.Client(l.net, l.watched())
	if err := conn.HandshakeContext(ctx); err != nil {
		return l.handshakeFault(ctx, err)
	}
	l.net = conn
	state := conn.ConnectionState()
	l.reached.TLS, l.reached.Server = state.Version, state.PeerCertificates[0]
	return nil
}

// watched is the client's TLS configuration, made to note what the broker asks
// for and what it is shown.
func (l *link) watched() *tls.Config {
	c := l.cfg.TLS.Clone()
	if c.ServerName == "" {
		c.ServerName, _, _ = net.SplitHostPort(l.reached.Broker)
	}
	c.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		l.asked = info
		cert, err := l.certificate(info)
		if err == nil && len(cert.Certificate) > 0 {
			l.reached.Client, err = x509.ParseCertificate(cert.Certificate[0])
		}
		return cert, err
	}
	return c
}

func (l *link) certificate(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if choose := l.cfg.TLS.GetClientCertificate; choose != nil {
		return choose(info)
	}
	return first(l.cfg.TLS.Certificates, info), nil
}

// first is the certificate that crypto/tls picks: the first that the broker
// says it accepts, or none.
func first(of []tls.Certificate, info *tls.CertificateRequestInfo) *tls.Certificate {
	for i := range of {
		if info.SupportsCertificate(&of[i]) == nil {
			return &of[i]
		}
	}
	return new(tls.Certificate)
}

const handshake = "TLS handshake"

func (l *link) handshakeFault(ctx context.Context, err error) error {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &authority):
		return l.fault(handshake, UnknownAuthority, err,
			"this client does not trust the CA that signed the broker's certificate ("+signedBy(authority.Cert)+")",
			"give it the CA of the brokers, or give the broker a certificate of the CA that the client has")
	case errors.As(err, &name):
		return l.fault(handshake, WrongName, err, fmt.Sprintf("the broker's certificate is not for %s but for %s", name.Host, namesOf(name.Certificate)),
			"connect by one of these names, or give the broker a certificate with this one")
	case errors.As(err, &invalid):
		return l.invalid(invalid)
	case !l.quick && (errors.As(err, &record) || closed(err) || timedOut(err)):
		return l.notTLS(ctx, err)
	case l.asked == nil && versionMismatch(err):
		return l.fault(handshake, TLSVersion, err, fmt.Sprintf("no common version of TLS: this client wants %s or later", tls.VersionName(l.cfg.TLS.MinVersion)),
			"enable it on the broker: ssl.enabled.protocols=TLSv1.3")
	case alert(err) != "":
		return l.clientRefused(err)
	}
	return l.fault(handshake, Other, err, err.Error(), "")
}

func (l *link) invalid(err x509.CertificateInvalidError) error {
	c := err.Cert
	if err.Reason == x509.Expired && c != nil {
		return l.fault(handshake, BrokerExpired, err,
			fmt.Sprintf("the broker's certificate is valid from %s to %s: it has expired, or a clock is wrong", day(c.NotBefore), day(c.NotAfter)),
			"renew it, and look at the clocks")
	}
	return l.fault(handshake, UnknownAuthority, err, "the broker's certificate is not valid: "+err.Error(), "give it another one")
}

// notTLS explains a broker that breaks off the handshake.
func (l *link) notTLS(ctx context.Context, err error) error {
	plain := l.cfg
	plain.TLS, plain.SASL = nil, nil
	if other, e := connect(ctx, plain, l.reached.Broker); e == nil {
		other.close()
		return l.fault(handshake, SpeaksPlain, err, "the broker speaks plain text there and this client TLS", "give the address of its TLS listener, or turn TLS off")
	}
	if l.asked != nil {
		return l.clientRefused(err)
	}
	return l.fault(handshake, NotKafka, err, fmt.Sprintf("it does not speak TLS (%v)", err), "look whether a broker with TLS listens there")
}

// speaksTLS reports whether what listens there answers a TLS handshake.
func (l *link) speaksTLS(ctx context.Context) bool {
	c := l.cfg
	c.TLS = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // nothing is sent; it asks whether TLS is spoken at all
	other, err := dialLink(ctx, c, l.reached.Broker, new(net.Dialer).DialContext)
	if err != nil {
		return false
	}
	defer other.close()
	err = tls.Client(other.net, other.watched()).HandshakeContext(ctx)
	return err == nil || alert(err) != "" || other.asked != nil
}

// clientRefused explains a broker that ends the connection because of the
// client's certificate, or for a reason that it does not give.
func (l *link) clientRefused(err error) error {
	mine := l.reached.Client
	said := alert(err)
	switch {
	case l.asked == nil && said == "":
		return l.fault("API versions", NotKafka, err, "the broker closed the connection after the TLS handshake", "look at the broker's log")
	case l.asked == nil:
		return l.fault(handshake, Other, err, "the broker ended it: "+said, "look at the broker's log")
	case mine == nil:
		return l.fault(handshake, WantsCertificate, err, "the broker wants a certificate of the client and this client shows none"+l.unfit(), "give the client a certificate and key")
	case strings.Contains(said, "expired") || l.now().After(mine.NotAfter):
		return l.fault(handshake, CertificateRefused, err, fmt.Sprintf("the broker refuses this client's certificate (%s), which was valid from %s to %s: it has expired, or a clock is wrong",
			subject(mine), day(mine.NotBefore), day(mine.NotAfter)), "renew it, and look at the clocks")
	}
	if said == "" {
		said = "it closed the connection"
	}
	return l.fault(handshake, CertificateRefused, err,
		fmt.Sprintf("the broker refuses this client's certificate (%s, %s, valid to %s): %s", subject(mine), signedBy(mine), day(mine.NotAfter), said),
		"give the client a certificate of a CA in the broker's ssl.truststore"+l.trusted())
}

// now is the time by which crypto/tls judges certificates.
func (l *link) now() time.Time {
	if l.cfg.TLS.Time != nil {
		return l.cfg.TLS.Time()
	}
	return time.Now()
}

// unfit says that the client has certificates, of none of the CAs that the
// broker names.
func (l *link) unfit() string {
	if len(l.cfg.TLS.Certificates) == 0 {
		return ""
	}
	return ": those that it has are of no CA that the broker accepts" + l.trusted()
}

// trusted names the CAs that the broker says it accepts.
func (l *link) trusted() string {
	var names []string
	for _, raw := range l.asked.AcceptableCAs {
		if n := distinguished(raw); n != "" {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return " (" + strings.Join(names, "; ") + ")"
}

// alert is what the other side said when it ended a TLS connection, or "".
func alert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return ""
}

func versionMismatch(err error) bool {
	return strings.Contains(err.Error(), "protocol version") || strings.Contains(err.Error(), "unsupported versions") ||
		strings.Contains(err.Error(), "handshake failure")
}
