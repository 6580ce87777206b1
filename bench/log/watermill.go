package main

import (
	"context"
	"errors"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill"
	wmkafka "github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/sony/gobreaker"

	"github.com/cordon-iot/cordon/wkafka"
)

// A way runs handle for every message of a subscriber until ctx ends.
type way func(ctx context.Context, sub message.Subscriber, topic string, handle func(*message.Message)) error

// direct is a loop over the channel.
func direct(ctx context.Context, sub message.Subscriber, topic string, handle func(*message.Message)) error {
	ch, err := sub.Subscribe(ctx, topic)
	if err != nil {
		return err
	}
	for m := range ch {
		handle(m)
		m.Ack()
	}
	return sub.Close()
}

// router is watermill's Router without middleware, router4 with the four that
// the comparison is about.
func router(ctx context.Context, sub message.Subscriber, topic string, handle func(*message.Message)) error {
	return route(ctx, sub, topic, handle)
}

func router4(ctx context.Context, sub message.Subscriber, topic string, handle func(*message.Message)) error {
	return route(ctx, sub, topic, handle,
		middleware.Recoverer, middleware.CorrelationID,
		middleware.Retry{MaxRetries: 3, InitialInterval: 10 * time.Millisecond}.Middleware,
		middleware.NewCircuitBreaker(gobreaker.Settings{}).Middleware)
}

func route(ctx context.Context, sub message.Subscriber, topic string, handle func(*message.Message), mw ...message.HandlerMiddleware) error {
	r, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		return err
	}
	r.AddMiddleware(mw...)
	r.AddConsumerHandler("bench", topic, sub, func(m *message.Message) error {
		handle(m)
		return nil
	})
	return errors.Join(r.Run(ctx), sub.Close())
}

// readSubscriber is one message per record. The Router runs a goroutine for
// each message, so that with a window of more than one it keeps no order.
func readSubscriber(window int, w way) func(context.Context, target, *tally) error {
	return func(ctx context.Context, t target, tl *tally) error {
		sub, err := subscriber(t, wkafka.SubscriberConfig{Window: window})
		if err != nil {
			return err
		}
		err = w(ctx, sub, t.topic, func(m *message.Message) {
			r := &wkafka.DeliveryFrom(m.Context()).Batch.Records[0]
			tl.one(r.Partition, r.Offset)
		})
		return errors.Join(err, sub.Err())
	}
}

// readBatches is one message per fetched batch.
func readBatches(w way) func(context.Context, target, *tally) error {
	return func(ctx context.Context, t target, tl *tally) error {
		sub, err := subscriber(t, wkafka.SubscriberConfig{Batch: true})
		if err != nil {
			return err
		}
		err = w(ctx, sub, t.topic, func(m *message.Message) {
			recs := wkafka.DeliveryFrom(m.Context()).Batch.Records
			tallyBatch(tl, recs[0].Partition, recs)
		})
		return errors.Join(err, sub.Err())
	}
}

func subscriber(t target, cfg wkafka.SubscriberConfig) (*wkafka.Subscriber, error) {
	cfg.ConsumerConfig = wkafka.ConsumerConfig{Config: t.kafka, Group: t.group}
	cfg.CommitInterval = commitEvery
	return wkafka.NewSubscriber(cfg)
}

// readSarama is watermill-kafka.
func readSarama(w way) func(context.Context, target, *tally) error {
	return func(ctx context.Context, t target, tl *tally) error {
		cfg := wmkafka.DefaultSaramaSubscriberConfig()
		cfg.Version = saramaVersion()
		cfg.Consumer.Offsets.Initial = sarama.OffsetOldest
		cfg.Consumer.Offsets.AutoCommit.Interval = commitEvery
		sub, err := wmkafka.NewSubscriber(wmkafka.SubscriberConfig{
			Brokers: t.kafka.Brokers, Unmarshaler: wmkafka.DefaultMarshaler{}, OverwriteSaramaConfig: cfg, ConsumerGroup: t.group,
		}, watermill.NopLogger{})
		if err != nil {
			return err
		}
		return w(ctx, sub, t.topic, func(m *message.Message) {
			p, _ := wmkafka.MessagePartitionFromCtx(m.Context())
			o, _ := wmkafka.MessagePartitionOffsetFromCtx(m.Context())
			tl.one(int(p), o)
		})
	}
}
