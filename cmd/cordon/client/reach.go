package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/wkafka"
)

const reachWithin = 5 * time.Second

// Reach returns an error, soon, unless the brokers of k answer for topic. What
// reads and writes the log waits for a broker that is away; a person who
// mistyped its address would wait for ever.
func Reach(ctx context.Context, k wkafka.Config, topic string) error {
	bounded, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	err := service.Diagnose(bounded, k, wkafka.Rights{})
	if err == nil {
		_, err = wkafka.Partitions(bounded, k, topic)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case wkafka.Permanent(err):
		return err
	}
	cause := strings.ReplaceAll(err.Error(), "\n", "; ")
	return fmt.Errorf("broker %s: %s; start one, make the topics with `cordon init`, or use `cordon up --dev`", strings.Join(k.Brokers, ","), cause)
}
