package service

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon/wkafka"
)

// GroupProbe reports whether consumer groups read: each has members, and they
// have agreed on who reads which partitions.
func GroupProbe(k wkafka.Config, groups ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		tr := &kafka.Transport{TLS: k.TLS, SASL: k.SASL, ClientID: k.ClientID}
		defer tr.CloseIdleConnections()
		return GroupsRead(ctx, &kafka.Client{Addr: kafka.TCP(k.Brokers...), Timeout: probeTimeout, Transport: tr}, groups...)
	}
}

// GroupsRead is what GroupProbe reports, asked through c.
func GroupsRead(ctx context.Context, c *kafka.Client, groups ...string) error {
	res, err := c.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: groups})
	if err != nil {
		return err
	}
	for _, g := range res.Groups {
		if err := reads(g); err != nil {
			return fmt.Errorf("consumer group %s: %w", g.GroupID, err)
		}
	}
	return nil
}

func reads(g kafka.DescribeGroupsResponseGroup) error {
	switch {
	case g.Error != nil:
		return g.Error
	case g.GroupState != "Stable":
		return fmt.Errorf("its state is %s; want Stable", g.GroupState)
	case len(g.Members) == 0:
		return errors.New("it has no members")
	}
	return nil
}
