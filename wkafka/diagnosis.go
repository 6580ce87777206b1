package wkafka

import (
	"errors"
	"fmt"
	"strings"
)

// Problem says in one word why a broker cannot be used.
type Problem string

// The problems that Diagnose tells apart.
const (
	Unreachable        Problem = "unreachable"         // no such name, nobody listens, no answer
	NotKafka           Problem = "not-kafka"           // what listens there does not answer as Kafka does
	WantsTLS           Problem = "wants-tls"           // the client speaks plain text
	SpeaksPlain        Problem = "speaks-plain"        // the client wants TLS
	UnknownAuthority   Problem = "unknown-authority"   // who signed the broker's certificate is not trusted
	BrokerExpired      Problem = "broker-expired"      // the broker's certificate is not valid at this time
	WrongName          Problem = "wrong-name"          // the certificate is for other names
	TLSVersion         Problem = "tls-version"         // no common version or cipher
	WantsCertificate   Problem = "wants-certificate"   // the client shows none
	CertificateRefused Problem = "certificate-refused" // the client's is not accepted
	WantsSASL          Problem = "wants-sasl"          // the client gives no user
	NoSASL             Problem = "no-sasl"             // the listener knows no users
	NoMechanism        Problem = "no-mechanism"        // the SASL mechanism is not enabled
	Credentials        Problem = "credentials"         // user or password is wrong
	Forbidden          Problem = "forbidden"           // the principal may not do this
	NoTopic            Problem = "no-topic"            // the topic does not exist
	Other              Problem = "other"               // Err says what
)

// Diagnosis is what Diagnose found: which broker, in which step of a
// connection, why, and what to do.
type Diagnosis struct {
	Broker  string // host:port, or "" when it is about the cluster
	Step    string // such as "TLS handshake"
	Problem Problem
	Cause   string // for people
	Next    string // what to do
	Err     error  // from which it was concluded; may be nil
}

// Error says it all in one line.
func (d *Diagnosis) Error() string {
	var b strings.Builder
	b.WriteString("kafka")
	if d.Broker != "" {
		b.WriteString(" broker " + d.Broker)
	}
	fmt.Fprintf(&b, ": %s: %s", d.Step, d.Cause)
	if d.Next != "" {
		b.WriteString("; " + d.Next)
	}
	return b.String()
}

// Unwrap returns the error from which it was concluded.
func (d *Diagnosis) Unwrap() error { return d.Err }

// Permanent reports whether trying again without a change of settings,
// certificates or rights cannot help.
func (d *Diagnosis) Permanent() bool {
	switch d.Problem {
	case Unreachable, NotKafka, NoTopic, Other:
		return false
	}
	return true
}

// Permanent reports whether err holds a Diagnosis that trying again cannot
// help, or an answer of a broker of that kind.
func Permanent(err error) bool {
	var d *Diagnosis
	if errors.As(err, &d) {
		return d.Permanent()
	}
	return err != nil && permanent(err)
}

// diagnosed returns the Diagnosis in err, or wraps err as one of broker.
func diagnosed(broker string, err error) *Diagnosis {
	var d *Diagnosis
	if errors.As(err, &d) {
		return d
	}
	return &Diagnosis{Broker: broker, Step: "connection", Problem: Other, Cause: err.Error(), Err: err}
}
