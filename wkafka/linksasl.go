package wkafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
	"github.com/segmentio/kafka-go/sasl"
)

// authenticate does what the client's SASL mechanism wants, if it has one.
func (l *link) authenticate(ctx context.Context) error {
	if l.cfg.SASL == nil {
		return nil
	}
	mechanism := l.cfg.SASL.Name()
	res, err := ask[*saslhandshake.Response](l, &saslhandshake.Request{Mechanism: mechanism})
	if err != nil {
		return l.fault("SASL handshake", Other, err, err.Error(), "look at the broker's log")
	}
	switch code := kafka.Error(res.ErrorCode); code {
	case 0:
	case kafka.IllegalSASLState:
		return l.fault("SASL handshake", NoSASL, code, "the broker takes no user and password there", "give the address of its SASL listener, or no user")
	default:
		slices.Sort(res.Mechanisms)
		return l.fault("SASL handshake", NoMechanism, code, "the broker does not do "+mechanism+" there but "+strings.Join(res.Mechanisms, ", "),
			"use one of these, or enable it on the broker: sasl.enabled.mechanisms")
	}
	if err := l.exchange(ctx); err != nil {
		return err
	}
	l.reached.User = mechanism
	return nil
}

// exchange proves who the client is.
func (l *link) exchange(ctx context.Context) error {
	host, port, _ := net.SplitHostPort(l.reached.Broker)
	n, _ := strconv.Atoi(port)
	ctx = sasl.WithMetadata(ctx, &sasl.Metadata{Host: host, Port: n})
	session, state, err := l.cfg.SASL.Start(ctx)
	if err != nil {
		return l.fault("SASL authentication", Credentials, err, err.Error(), "look at user and password")
	}
	for done := false; !done; {
		res, err := ask[*saslauthenticate.Response](l, &saslauthenticate.Request{AuthBytes: state})
		if err != nil {
			return l.refused(err)
		}
		if res.ErrorCode != 0 {
			return l.refused(fmt.Errorf("%s (error %w)", res.ErrorMessage, number(res.ErrorCode)))
		}
		if done, state, err = session.Next(ctx, res.AuthBytes); err != nil {
			return l.fault("SASL authentication", Credentials, err, "the broker does not prove that it knows the password: "+err.Error(), "look at user and password")
		}
	}
	return nil
}

func (l *link) refused(err error) error {
	mechanism := l.cfg.SASL.Name()
	said := err.Error()
	switch {
	case closed(err):
		said = "it closed the connection"
	case !errors.Is(err, kafka.SASLAuthenticationFailed):
		return l.fault("SASL authentication", Other, err, said, "look at the broker's log")
	}
	return l.fault("SASL authentication", Credentials, err, "the broker refuses the user or the password with "+mechanism+": "+said,
		"look at both, and whether the broker has credentials of this user for "+mechanism)
}

// number is an error code of Kafka whose text is its number alone, for where
// the broker's own words say the rest.
type number kafka.Error

func (n number) Error() string   { return strconv.Itoa(int(n)) }
func (n number) Is(e error) bool { return e == kafka.Error(n) }

// offered asks a broker which SASL mechanisms it has; on is false when it
// knows no users there.
func offered(ctx context.Context, cfg Config, broker string) (mechanisms []string, on bool) {
	cfg.SASL = nil
	l, err := connect(ctx, cfg, broker)
	if err != nil {
		return nil, false
	}
	defer l.close()
	// No broker has a mechanism of this name; it answers with those that it has.
	res, err := ask[*saslhandshake.Response](l, &saslhandshake.Request{Mechanism: "NONE"})
	if err != nil || kafka.Error(res.ErrorCode) != kafka.UnsupportedSASLMechanism {
		return nil, false
	}
	slices.Sort(res.Mechanisms)
	return res.Mechanisms, true
}

// who is the principal as far as the client can tell.
func (l *link) who() string {
	switch {
	case l.cfg.SASL != nil:
		return "the user of " + l.reached.User
	case l.reached.Client != nil:
		return "the certificate " + subject(l.reached.Client)
	}
	return "the anonymous user"
}
