package main

import (
	"context"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill"
	wmkafka "github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/cordon-iot/cordon/wkafka"
)

// openSarama is watermill-kafka, waiting for all replicas as the others do.
// (Its default waits for the leader alone.)
func openSarama(p pattern) func(target) (writer, error) {
	return func(t target) (writer, error) {
		cfg := wmkafka.DefaultSaramaSyncPublisherConfig()
		cfg.Version = saramaVersion()
		cfg.Producer.RequiredAcks = sarama.WaitForAll
		pub, err := wmkafka.NewPublisher(wmkafka.PublisherConfig{
			Brokers: t.kafka.Brokers, OverwriteSaramaConfig: cfg,
			Marshaler: wmkafka.NewWithPartitioningMarshaler(func(_ string, m *message.Message) (string, error) { return m.UUID, nil }),
		}, watermill.NopLogger{})
		if err != nil {
			return writer{}, err
		}
		msgs := messages(recordSet())
		write := func(_ context.Context, n int) error {
			return p(n, func(from, to int) error { return pub.Publish(t.topic, msgs[from:to]...) })
		}
		return writer{write, pub.Close}, nil
	}
}

// messages are recs with their keys as UUIDs.
func messages(recs []wkafka.Record) []*message.Message {
	msgs := make([]*message.Message, len(recs))
	for i, r := range recs {
		msgs[i] = message.NewMessage(string(r.Key), r.Value)
	}
	return msgs
}

// saramaVersion is the version of the protocol that Sarama is told to speak.
func saramaVersion() sarama.KafkaVersion { return sarama.V2_1_0_0 }
