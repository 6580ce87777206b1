package wkafka_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/cordon-iot/cordon/wkafka"
)

func Example() {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		log.Fatal(err)
	}
	err = orders(broker.ListenAddrs()...)
	broker.Close()
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// order 1 for device-7, record orders/9/0
}

// orders publishes an order and handles it.
func orders(brokers ...string) error {
	cfg := wkafka.Config{Brokers: brokers}
	pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{
		Config: cfg,
		KeyOf:  func(_ string, m *message.Message) []byte { return []byte(m.Metadata.Get("device")) },
	})
	if err != nil {
		return err
	}
	defer pub.Close()
	sub, err := wkafka.NewSubscriber(wkafka.SubscriberConfig{
		ConsumerConfig: wkafka.ConsumerConfig{Config: cfg, Group: "shipping"},
		DeadLetters:    pub, // a message that fails five times goes to orders.dlq
	})
	if err != nil {
		return err
	}
	if err := sub.SubscribeInitialize("orders"); err != nil { // creates orders and orders.dlq
		return err
	}

	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	router.AddMiddleware(wkafka.NoteError) // dead letters say why
	router.AddConsumerHandler("ship", "orders", sub, func(m *message.Message) error {
		rec := wkafka.RecordFrom(m.Context()) // where it stands, its key and all its headers
		fmt.Printf("order %s for %s, record %s/%d/%d\n", m.Payload, rec.Key, rec.Topic, rec.Partition, rec.Offset)
		cancel()
		return nil
	})

	order := message.NewMessage(watermill.NewUUID(), []byte("1"))
	order.Metadata.Set("device", "device-7")
	if err := pub.Publish("orders", order); err != nil {
		return err
	}
	return router.Run(ctx)
}
