// Package initialize makes the topics and tables that a deployment needs.
// Doing it again changes nothing.
package initialize

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/services/ingest/history"
	"github.com/cordon-iot/cordon/wkafka"
)

type settings struct {
	kafka       *service.KafkaFlags
	dsn         string
	password    *service.Secret
	partitions  int
	replication int
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
	fs.IntVar(&s.partitions, "partitions", 12, "partitions of each topic; cannot be changed later, devices keep their order in them")
	fs.IntVar(&s.replication, "replication", 1, "copies of each partition")
	service.Bindable(c)
	return c
}

func (s *settings) run(c *cobra.Command) error {
	kafka, err := s.kafka.Config("cordon-init")
	if err != nil {
		return err
	}
	specs := topics.Specs(s.kafka.Topics(), s.partitions, s.replication)
	if err := wkafka.CreateTopics(c.Context(), kafka, specs...); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "topics    %d with %d partitions each\n", len(specs), s.partitions)
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
