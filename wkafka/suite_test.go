package wkafka_test

import (
	"fmt"
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
		t.Run(fmt.Sprintf("window %d", window), func(t *testing.T) {
			tests.TestPubSub(t, suiteFeatures(window), inGroupOfTest(cfg, window), inGroup(cfg, window))
		})
	}
}

// suiteFeatures says what the suite may expect; README.md gives the reason for
// each that is false.
func suiteFeatures(window int) tests.Features {
	return tests.Features{
		ConsumerGroups: true, Persistent: true,
		// With more in flight, what follows a message that was not acknowledged
		// is seen before it comes again.
		GuaranteedOrder: window == 1,
	}
}

// inGroupOfTest gives every test a group: members that come and go in one would
// stop the others.
func inGroupOfTest(cfg wkafka.Config, window int) tests.PubSubConstructor {
	return func(t *testing.T) (message.Publisher, message.Subscriber) { return pubSub(t, cfg, t.Name(), window) }
}

func inGroup(cfg wkafka.Config, window int) tests.ConsumerGroupPubSubConstructor {
	return func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		return pubSub(t, cfg, group, window)
	}
}

func pubSub(t *testing.T, cfg wkafka.Config, group string, window int) (message.Publisher, message.Subscriber) {
	t.Helper()
	pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{
		Config: cfg, Now: time.Now,
		KeyOf: func(_ string, m *message.Message) []byte { return m.Payload },
	})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := wkafka.NewSubscriber(wkafka.SubscriberConfig{
		// The suite has fifty members in a group and many groups at once: under
		// the race detector heartbeats wait for the processor for seconds.
		ConsumerConfig: wkafka.ConsumerConfig{Config: cfg, Group: group, SessionTimeout: 30 * time.Second},
		DrainTimeout:   3 * time.Second,
		Window:         window, NackDelay: time.Millisecond,
		NackDelayMax: 10 * time.Millisecond, // the suite refuses a message a hundred times
		Create:       wkafka.TopicSpec{Partitions: 8},
	})
	if err != nil {
		t.Fatal(err)
	}
	return pub, sub
}
