package wkafka_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// TestUniversalSuite is watermill's acceptance test for every Pub/Sub.
func TestUniversalSuite(t *testing.T) {
	cfg := kafkatest.Start(t)
	for _, window := range []int{1, 100} {
		name := "window 1"
		if window != 1 {
			name = "window 100"
		}
		t.Run(name, func(t *testing.T) {
			construct := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
				return pubSub(t, cfg, group, window)
			}
			tests.TestPubSub(t, tests.Features{
				ConsumerGroups: true, Persistent: true,
				// With more in flight, what follows a message that was not
				// acknowledged is seen before it comes again.
				GuaranteedOrder: window == 1,
			}, func(t *testing.T) (message.Publisher, message.Subscriber) {
				// One group per test: members that come and go in one would
				// stop the others.
				return construct(t, t.Name())
			}, construct)
		})
	}
}

func pubSub(t *testing.T, cfg wkafka.Config, group string, window int) (message.Publisher, message.Subscriber) {
	t.Helper()
	pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{
		Config: cfg, Compression: wkafka.LZ4, Now: time.Now,
		KeyOf: func(_ string, m *message.Message) []byte { return m.Payload },
	})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := wkafka.NewSubscriber(wkafka.SubscriberConfig{
		ConsumerConfig: wkafka.ConsumerConfig{Config: cfg, Group: group, SessionTimeout: 6 * time.Second},
		Window:         window, NackDelay: time.Millisecond, NackDelayMax: 10 * time.Millisecond,
		Create: wkafka.TopicSpec{Partitions: 8},
	})
	if err != nil {
		t.Fatal(err)
	}
	return pub, sub
}
