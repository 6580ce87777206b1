//go:build stress

package wkafka_test

import (
	"fmt"
	"testing"

	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"github.com/cordon-iot/cordon/internal/kafkatest"
)

// TestStress runs the universal suite STRESS_TEST_COUNT times, ten unless it is
// set, all at once on one broker.
func TestStress(t *testing.T) {
	cfg := kafkatest.Start(t)
	for _, window := range []int{1, 100} {
		t.Run(fmt.Sprintf("window %d", window), func(t *testing.T) {
			tests.TestPubSubStressTest(t, suiteFeatures(window), inGroupOfTest(cfg, window), inGroup(cfg, window))
		})
	}
}
