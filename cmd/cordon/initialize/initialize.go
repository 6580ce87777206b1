// Package initialize makes the topics and tables that a deployment needs.
// Doing it again changes nothing.
package initialize

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/services/ingest/history"
	"github.com/cordon-iot/cordon/wkafka"
)

type settings struct {
	kafka    *service.KafkaFlags
	dsn      string
	password *service.Secret
	topics   *topics.Flags
	rights   rights
}

// Command is `cordon init`.
func Command() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "init",
		Short: "Make the topics and tables of a deployment; what is there stays",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return s.run(c) },
	}
	fs := c.Flags()
	s.kafka = service.BindKafka(fs)
	fs.StringVar(&s.dsn, "clickhouse", "", "where tables are made, such as http://cordon_admin@host:8123/cordon; empty makes none")
	service.MarkSecret(fs, "clickhouse")
	s.password = service.BindSecret(fs, "clickhouse-password", "password of that user")
	s.topics = topics.Bind(fs)
	s.rights.bind(fs)
	service.Bindable(c)
	return c
}

func (s *settings) run(c *cobra.Command) error {
	specs, err := s.topics.Specs(s.kafka)
	if err != nil {
		return err
	}
	kafka, err := s.kafka.Config("cordon-init")
	if err != nil {
		return err
	}
	if err := await(c.Context(), kafka); err != nil {
		return err
	}
	if err := wkafka.CreateTopics(c.Context(), kafka, specs...); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "topics    %d with %d partitions each\n", len(specs), s.topics.Partitions)
	fmt.Fprintf(c.OutOrStdout(), "retention raw topics %s, events %s, the others for ever; a topic that was there keeps its own\n",
		length(s.topics.Keep.Raw), length(s.topics.Keep.Events))
	if err := s.rights.give(c.Context(), c.OutOrStdout(), kafka, s.kafka.Topics()); err != nil {
		return err
	}
	if s.dsn == "" {
		return nil
	}
	password, err := s.password.Optional()
	if err != nil {
		return err
	}
	applied, err := history.Migrate(c.Context(), history.MigrateOptions{DSN: s.dsn, Password: password})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "tables    %d migrations applied\n", applied)
	return nil
}

// startTimeout bounds the wait for brokers that have just been started.
const startTimeout = 2 * time.Minute

// await returns when brokers answer and have found each other.
func await(ctx context.Context, k wkafka.Config) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		err := service.Diagnose(ctx, k, wkafka.Rights{})
		if wkafka.Permanent(err) {
			return err
		}
		if err == nil {
			c, e := wkafka.DescribeCluster(ctx, k)
			if e == nil && len(c.Brokers) > 0 {
				return nil
			}
			err = e
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no broker is ready after %v: %w", startTimeout, cmp.Or(err, ctx.Err()))
		case <-tick.C:
		}
	}
}

// length is d in whole hours where it is that.
func length(d time.Duration) string {
	switch {
	case d == 0:
		return "for ever"
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return d.String()
}
