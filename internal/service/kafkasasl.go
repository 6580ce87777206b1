package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// sasl returns how the user is proved to a broker.
func (k *KafkaFlags) sasl(secure bool) (sasl.Mechanism, error) {
	m := mechanism{name: strings.ToUpper(k.mechanism), user: k.user, password: k.password}
	if m.name == "PLAIN" && !secure {
		return nil, errors.New("kafka-sasl plain sends the password as it is: it needs TLS, set kafka-tls-ca, or use scram-sha-512")
	}
	_, err := m.current()
	return m, err
}

// mechanism proves a user whose password is read again for each connection, so
// that a new one needs no restart.
type mechanism struct {
	name, user string
	password   *Secret
}

// Name is what brokers call it.
func (m mechanism) Name() string { return m.name }

// Start begins one authentication.
func (m mechanism) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	now, err := m.current()
	if err != nil {
		return nil, nil, err
	}
	return now.Start(ctx)
}

// current is the mechanism with the password as it is now.
func (m mechanism) current() (sasl.Mechanism, error) {
	password, err := m.password.Value()
	if err != nil {
		return nil, err
	}
	algorithm := scram.SHA512
	switch m.name {
	case "PLAIN":
		return plain.Mechanism{Username: m.user, Password: password}, nil
	case "SCRAM-SHA-256":
		algorithm = scram.SHA256
	case "SCRAM-SHA-512":
	default:
		return nil, fmt.Errorf("kafka-sasl %q: want scram-sha-512, scram-sha-256 or plain", strings.ToLower(m.name))
	}
	s, err := scram.Mechanism(algorithm, m.user, password)
	if err != nil {
		return nil, fmt.Errorf("kafka-user %s: %w", m.user, err)
	}
	return s, nil
}
