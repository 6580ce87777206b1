// Package initialize makes the topics and tables that a deployment needs.
// Doing it again changes nothing.
package initialize

import (
	"errors"
	"fmt"
	"time"

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
	keep        topics.Retention
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
	fs.DurationVar(&s.keep.Raw, "raw-retention", topics.DefaultRaw, "how long raw records are kept, whether ingest has read them or not; 0 keeps them for ever")
	fs.DurationVar(&s.keep.Events, "events-retention", topics.DefaultEvents, "how long the log keeps events; detect remembers no longer; 0 keeps them for ever")
	service.Bindable(c)
	return c
}

func (s *settings) run(c *cobra.Command) error {
	if s.keep.Raw < 0 || s.keep.Events < 0 {
		return errors.New("raw-retention and events-retention cannot be negative; 0 keeps records for ever")
	}
	kafka, err := s.kafka.Config("cordon-init")
	if err != nil {
		return err
	}
	specs := s.keep.Specs(s.kafka.Topics(), s.partitions, s.replication)
	if err := wkafka.CreateTopics(c.Context(), kafka, specs...); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "topics    %d with %d partitions each\n", len(specs), s.partitions)
	fmt.Fprintf(c.OutOrStdout(), "retention raw topics %s, events %s, the others for ever; a topic that was there keeps its own\n",
		length(s.keep.Raw), length(s.keep.Events))
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
