package stream

import (
	"context"

	"github.com/cordon-iot/cordon/wkafka"
)

// Partitions returns how many partitions topic has. It waits for brokers that
// do not answer, and not for a topic that does not exist.
func Partitions(ctx context.Context, k wkafka.Config, topic string) (int, error) {
	return new(stateTopic).look(ctx, k, topic)
}
