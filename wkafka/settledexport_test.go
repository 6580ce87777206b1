package wkafka

import "context"

// LeaderEnd is where the log of partition 0 ends on its leader.
func LeaderEnd(ctx context.Context, cfg Config, topic string) (int64, error) {
	c := newCluster(cfg)
	defer c.close()
	at, err := c.latest(ctx, topic, asDebugger, []int32{-1})
	if err != nil {
		return 0, err
	}
	return at[0].Offset, nil
}
