package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/wkafka"
)

const reachWithin = 5 * time.Second

// Reach returns an error, soon, unless the brokers of k answer for topic. What
// reads and writes the log waits for a broker that is away; a person who
// mistyped its address would wait for ever.
func Reach(ctx context.Context, k wkafka.Config, topic string) error {
	bounded, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	_, err := wkafka.Partitions(bounded, k, topic)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	cause := strings.ReplaceAll(err.Error(), "\n", "; ")
	return fmt.Errorf("broker %s: %s; start one, make the topics with `cordon init`, or use `cordon up --dev`", strings.Join(k.Brokers, ","), cause)
}
