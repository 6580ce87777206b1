package client

import (
	"cmp"
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
		if _, err = wkafka.Partitions(bounded, k, topic); err != nil && ctx.Err() == nil {
			err = cmp.Or(Allowed(ctx, k, wkafka.Rights{Read: []string{topic}}), err)
		}
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

// Allowed returns an error when this user may not do what is in need. To
// kafka-go a topic that may not be seen does not exist, and may come to be.
func Allowed(ctx context.Context, k wkafka.Config, need wkafka.Rights) error {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	if err := service.Diagnose(ctx, k, need); wkafka.Permanent(err) {
		return err
	}
	return nil
}
