package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cordon-iot/cordon/wkafka"
)

// Connect is Config, and looks once whether the brokers let program in and
// allow it what it needs. A broker that is away is logged: the program waits
// for it. A wrong certificate, password or right is returned: it stays wrong.
func (k *KafkaFlags) Connect(ctx context.Context, log *slog.Logger, program string, need wkafka.Rights) (wkafka.Config, error) {
	c, err := k.Config(program)
	if err != nil {
		return c, err
	}
	err = Diagnose(ctx, c, need)
	for n := 0; n < rightsTries && forbidden(err) && pause(ctx, rightsPause); n++ {
		err = Diagnose(ctx, c, need)
	}
	if wkafka.Permanent(err) && ctx.Err() == nil {
		return c, err
	}
	if err != nil {
		log.Warn("kafka is not ready; waiting for it", "error", err)
	}
	return c, nil
}

// A right that was given a moment ago may not have reached each broker.
const (
	rightsTries = 10
	rightsPause = 500 * time.Millisecond
)

func forbidden(err error) bool {
	var d *wkafka.Diagnosis
	return errors.As(err, &d) && d.Problem == wkafka.Forbidden
}

// pause reports false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Diagnose is wkafka.Diagnose with the settings to look at.
func Diagnose(ctx context.Context, c wkafka.Config, need wkafka.Rights) error {
	return Advise(wkafka.Diagnose(ctx, c, need))
}

// Advise adds the settings to look at to what wkafka.Diagnose has found.
func Advise(err error) error {
	var d *wkafka.Diagnosis
	if !errors.As(err, &d) {
		return err
	}
	if s := settingOf(d.Problem); s != "" {
		return fmt.Errorf("%w (%s)", err, s)
	}
	return err
}

func settingOf(p wkafka.Problem) string {
	switch p {
	case wkafka.Unreachable, wkafka.NotKafka, wkafka.WrongName:
		return "--kafka-brokers"
	case wkafka.WantsTLS, wkafka.SpeaksPlain, wkafka.UnknownAuthority:
		return "--kafka-tls-ca"
	case wkafka.WantsCertificate, wkafka.CertificateRefused:
		return "--kafka-tls-cert, --kafka-tls-key"
	case wkafka.WantsSASL, wkafka.NoSASL, wkafka.Credentials:
		return "--kafka-user, --kafka-password-file"
	case wkafka.NoMechanism:
		return "--kafka-sasl"
	case wkafka.Forbidden:
		return "cordon init --acls"
	case wkafka.NoTopic:
		return "cordon topic create"
	}
	return ""
}

// answerWithin leaves a probe the time to ask why there is no answer.
const answerWithin = probeTimeout / 2

// KafkaProbe reports whether the brokers answer for topic, and if not, why.
func KafkaProbe(c wkafka.Config, topic string) func(context.Context) error {
	return func(ctx context.Context) error {
		err := partitions(ctx, c, topic, answerWithin)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if why := Diagnose(ctx, c, wkafka.Rights{}); why != nil {
			return why
		}
		return err
	}
}

func partitions(ctx context.Context, c wkafka.Config, topic string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := wkafka.Partitions(ctx, c, topic)
	return err
}
