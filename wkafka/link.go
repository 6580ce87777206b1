package wkafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
)

// Reached is what a connection to a broker has shown.
type Reached struct {
	Broker   string            // host:port
	TLS      uint16            // version, such as tls.VersionTLS13; 0: plain text
	Server   *x509.Certificate // of the broker; nil: plain text
	Client   *x509.Certificate // that was shown to the broker; nil: none
	User     string            // mechanism of SASL; "": none
	Versions map[int16][2]int16
}

// link is a connection to one broker of which every step has a name. It is
// used by one goroutine.
type link struct {
	cfg     Config
	net     net.Conn
	kafka   *protocol.Conn
	asked   *tls.CertificateRequestInfo // nil: the broker asks for no certificate
	reached Reached
	stop    func() bool
	cancel  context.CancelFunc
	raw     net.Conn // under TLS
	quick   bool     // no further connection is made to explain what went wrong
	rested  int      // ticks since it was used, for conns
}

func (l *link) close() {
	l.stop()
	l.cancel()
	_ = l.raw.Close() // TLS would wait to say goodbye to a broker that hangs
}

// keep makes l outlive the context and the time it was dialled with. It closes l
// if these have ended.
func (l *link) keep() error {
	err := context.DeadlineExceeded
	if l.stop() {
		err = l.net.SetDeadline(time.Time{})
	}
	if l.cancel(); err != nil {
		_ = l.raw.Close()
		return fmt.Errorf("broker %s: connection: %w", l.reached.Broker, err)
	}
	return nil
}

// connect goes all the steps before the first request of a client. The link
// lives as long as ctx, at most dialTimeout. With an error it returns, where
// there was a connection, a link that is closed, for what it has seen.
func connect(ctx context.Context, cfg Config, broker string) (*link, error) {
	l, err := dialLink(ctx, cfg, broker, new(net.Dialer).DialContext)
	if err != nil {
		return nil, err
	}
	return l, l.arrive(ctx)
}

// arrive goes the steps after the connection, and closes l if one fails.
func (l *link) arrive(ctx context.Context) error {
	for _, step := range []func(context.Context) error{l.secure, l.negotiate, l.authenticate} {
		if err := step(ctx); err != nil {
			l.close()
			return err
		}
	}
	return nil
}

func dialLink(ctx context.Context, cfg Config, broker string, dial func(ctx context.Context, network, address string) (net.Conn, error)) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	l := &link{cfg: cfg, cancel: cancel, reached: Reached{Broker: broker}}
	conn, err := dial(ctx, "tcp", broker)
	if err != nil {
		cancel()
		return nil, l.unreachable(err)
	}
	l.net, l.raw = conn, conn
	// When the time is over, whatever waits for conn returns.
	l.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return l, nil
}

func (l *link) unreachable(err error) error {
	var dns *net.DNSError
	var addr *net.AddrError
	switch {
	case errors.As(err, &dns):
		return l.fault("name lookup", Unreachable, err, "no host "+dns.Name+" is known here", "look at the address and at this machine's DNS")
	case errors.As(err, &addr):
		return l.fault("address", Unreachable, err, addr.Error(), "give it as host:port")
	case errors.Is(err, syscall.ECONNREFUSED):
		return l.fault("connection", Unreachable, err, "nobody listens there", "start the broker, or give its address")
	case timedOut(err):
		return l.fault("connection", Unreachable, err, "no answer within "+dialTimeout.String(), "look at the address, at firewalls and at the broker's load")
	}
	return l.fault("connection", Unreachable, err, err.Error(), "")
}

func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// fault is a finding about this broker.
func (l *link) fault(step string, p Problem, err error, cause, next string) error {
	return &Diagnosis{Broker: l.reached.Broker, Step: step, Problem: p, Cause: cause, Next: next, Err: err}
}

// negotiate asks for the versions of the protocol. Over TLS 1.3 it is here
// that a client learns that its certificate is refused.
func (l *link) negotiate(ctx context.Context) error {
	l.kafka = protocol.NewConn(&guarded{Conn: l.net}, l.cfg.ClientID)
	res, err := ask[*apiversions.Response](l, &apiversions.Request{})
	if err != nil {
		return l.noVersions(ctx, err)
	}
	if res.ErrorCode != 0 {
		return l.fault("API versions", NotKafka, kafka.Error(res.ErrorCode), kafka.Error(res.ErrorCode).Error(), "")
	}
	use := map[protocol.ApiKey]int16{}
	l.reached.Versions = map[int16][2]int16{}
	for _, v := range res.ApiKeys {
		key := protocol.ApiKey(v.ApiKey)
		l.reached.Versions[v.ApiKey] = [2]int16{v.MinVersion, v.MaxVersion}
		use[key] = key.SelectVersion(v.MinVersion, v.MaxVersion)
	}
	l.kafka.SetVersions(use)
	return nil
}

func (l *link) noVersions(ctx context.Context, err error) error {
	switch {
	case l.cfg.TLS != nil && (alert(err) != "" || closed(err)):
		return l.clientRefused(err)
	case !l.quick && l.cfg.TLS == nil && l.speaksTLS(ctx):
		return l.fault("API versions", WantsTLS, err, "the broker speaks TLS there and this client plain text", "turn on TLS with the CA that signed the broker's certificate")
	case errors.Is(err, errNotKafka):
		return l.fault("API versions", NotKafka, err, err.Error(), "look whether a broker of Kafka listens there")
	case timedOut(err):
		return l.fault("API versions", NotKafka, err, "it takes the connection and does not answer within "+dialTimeout.String(), "look whether a broker of Kafka listens there")
	}
	return l.fault("API versions", NotKafka, err, fmt.Sprintf("it does not answer as Kafka does (%v)", err), "look whether a broker of Kafka listens there")
}

// silent explains a broker that answers no more.
func (l *link) silent(ctx context.Context, step string, err error) error {
	if l.cfg.SASL != nil || !closed(err) {
		return l.fault(step, Other, err, err.Error(), "")
	}
	mechanisms, on := offered(ctx, l.cfg, l.reached.Broker)
	if !on {
		return l.fault(step, Other, err, "the broker closed the connection", "look at the broker's log")
	}
	return l.fault("SASL handshake", WantsSASL, err, "the broker wants a user and this client gives none",
		"give user and password for one of "+strings.Join(mechanisms, ", "))
}

var errNotKafka = errors.New("it does not answer as Kafka does")

// guarded is a connection whose first answer must be of a length that an
// answer of Kafka can have. Of a web server's, kafka-go makes a length of a
// gigabyte, and waits for it for minutes.
type guarded struct {
	net.Conn
	seen bool
}

func (g *guarded) Read(b []byte) (int, error) {
	const least, most = 4, 1 << 20
	if g.seen || len(b) < least {
		return g.Conn.Read(b)
	}
	n, err := io.ReadAtLeast(g.Conn, b, least)
	if err != nil {
		return n, err
	}
	g.seen = true
	if size := binary.BigEndian.Uint32(b); size > most {
		return 0, fmt.Errorf("%w but with %q", errNotKafka, b[:min(n, 16)])
	}
	return n, nil
}

// closed reports whether the other side ended the connection.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
