package kafkatest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Protocol is how clients talk to a listener.
type Protocol string

// The protocols of Kafka. SSL asks for a certificate of the client; SASL_SSL
// does not.
const (
	Plaintext     Protocol = "PLAINTEXT"
	SSL           Protocol = "SSL"
	SASLPlaintext Protocol = "SASL_PLAINTEXT"
	SASLSSL       Protocol = "SASL_SSL"
)

func (p Protocol) tls() bool  { return p == SSL || p == SASLSSL }
func (p Protocol) sasl() bool { return p == SASLPlaintext || p == SASLSSL }

// Listener is where clients connect. A node has at most one of a protocol.
type Listener struct {
	Protocol   Protocol
	Bind       string // host:port to listen at; empty: a free one on loopback
	Advertised string // host:port that clients are told; empty: Bind
}

// clusterID is 16 bytes in base64, as Kafka wants it.
const clusterID = "Y29yZG9uLXRlc3Qta2Fma2"

// Listener returns the listener of protocol p with its addresses.
func (a *Apache) Listener(p Protocol) (Listener, bool) {
	for _, l := range a.listeners {
		if l.Protocol == p {
			return l, true
		}
	}
	return Listener{}, false
}

// bind gives every listener its addresses.
func bind(cfg ApacheConfig) ([]Listener, error) {
	all := slices.Clone(cfg.Listeners)
	if len(all) == 0 {
		all = []Listener{{Protocol: Plaintext}}
	}
	for i := range all {
		l := &all[i]
		if l.Protocol.tls() && cfg.CA == nil {
			return nil, fmt.Errorf("a listener of %s needs a CA", l.Protocol)
		}
		if l.Bind == "" && cfg.Port != 0 {
			l.Bind = net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.Port))
		}
		if l.Bind == "" {
			var err error
			if l.Bind, err = freeAddress(); err != nil {
				return nil, err
			}
		}
		if l.Advertised == "" {
			l.Advertised = l.Bind
		}
	}
	return all, nil
}

// properties is server.properties. The settings of the caller come last and
// win.
func (a *Apache) properties(voters []string) (string, error) {
	p := map[string]string{
		"process.roles":                            "broker,controller",
		"node.id":                                  strconv.Itoa(a.ID),
		"log.dirs":                                 filepath.Join(a.cfg.Data, "log"),
		"auto.create.topics.enable":                "false",
		"offsets.topic.num.partitions":             "4",
		"offsets.topic.replication.factor":         strconv.Itoa(len(voters)),
		"transaction.state.log.num.partitions":     "1",
		"transaction.state.log.replication.factor": strconv.Itoa(len(voters)),
		"transaction.state.log.min.isr":            strconv.Itoa(len(voters)/2 + 1),
		"group.initial.rebalance.delay.ms":         "0",
		"group.min.session.timeout.ms":             strconv.FormatInt(MinSession.Milliseconds(), 10),
		"log.segment.bytes":                        "16777216",
	}
	a.network(p, voters)
	if err := a.security(p); err != nil {
		return "", err
	}
	maps.Copy(p, a.cfg.Properties)
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s=%s\n", k, p[k])
	}
	return b.String(), nil
}

// network adds the listeners to p: those of clients are named by their
// protocol. Brokers talk to each other and to the controllers in the clear.
func (a *Apache) network(p map[string]string, voters []string) {
	var quorum, listen, advertise []string
	protocols := []string{"CONTROLLER:PLAINTEXT", "INTERNAL:PLAINTEXT"}
	for i, v := range voters {
		quorum = append(quorum, fmt.Sprintf("%d@%s", i+1, v))
	}
	for _, l := range a.listeners {
		listen = append(listen, fmt.Sprintf("%s://%s", l.Protocol, l.Bind))
		advertise = append(advertise, fmt.Sprintf("%s://%s", l.Protocol, l.Advertised))
		protocols = append(protocols, fmt.Sprintf("%s:%s", l.Protocol, l.Protocol))
	}
	listen = append(listen, "INTERNAL://"+a.internal, "CONTROLLER://"+a.control)
	advertise = append(advertise, "INTERNAL://"+a.internal)
	p["controller.quorum.voters"] = strings.Join(quorum, ",")
	p["controller.listener.names"] = "CONTROLLER"
	p["inter.broker.listener.name"] = "INTERNAL"
	p["listener.security.protocol.map"] = strings.Join(protocols, ",")
	p["listeners"] = strings.Join(listen, ",")
	p["advertised.listeners"] = strings.Join(advertise, ",")
}

// freeAddress returns an address on loopback that nobody listens at. Its port
// is below those that the kernel gives to outgoing connections, so that it is
// still free when a node that was killed starts again.
func freeAddress() (string, error) {
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(20_000+rand.IntN(12_000))) //nolint:gosec // no secret
		l, err := net.Listen("tcp", addr)                                             //nolint:noctx // it does not block
		if err == nil {
			return addr, l.Close()
		}
	}
	return "", errors.New("no free port between 20000 and 32000")
}
