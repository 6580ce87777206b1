// Package client is what the commands share that talk to a cordon which runs
// elsewhere: it is found through the data directory of `cordon up`, or through
// flags and the environment, which win.
package client

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/datadir"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/wkafka"
)

// Flags are the settings of a client.
type Flags struct {
	set   *pflag.FlagSet
	data  string
	kafka *service.KafkaFlags
	store *StoreFlags
	found datadir.Instance // where Kafka found the log, if nobody said where it is
}

// Bind adds the settings of c to its flags.
func Bind(c *cobra.Command) *Flags {
	f := &Flags{set: c.Flags()}
	f.set.StringVar(&f.data, "data", ".cordon", "data directory of the cordon that runs")
	return f
}

// WithKafka adds where the log is.
func (f *Flags) WithKafka() *Flags {
	f.kafka = service.BindKafka(f.set)
	return f
}

// WithStore adds where ClickHouse is.
func (f *Flags) WithStore() *Flags {
	f.store = BindStore(f.set)
	return f
}

// Data is the data directory.
func (f *Flags) Data() string { return f.data }

// Kafka returns where the log is, which answers, and what its topics are
// called.
func (f *Flags) Kafka(ctx context.Context) (wkafka.Config, cordon.Topics, error) {
	c, topics, err := f.KafkaUnseen()
	if err != nil {
		return c, topics, err
	}
	return c, topics, Reach(ctx, c, topics.Events())
}

// KafkaUnseen is Kafka for who looks itself whether it answers.
func (f *Flags) KafkaUnseen() (wkafka.Config, cordon.Topics, error) {
	if !f.set.Changed("kafka-brokers") {
		i, err := datadir.Running(f.data)
		if err != nil {
			return wkafka.Config{}, cordon.Topics{}, err
		}
		f.found = i
		if err := f.fill(map[string]string{"kafka-brokers": strings.Join(i.Brokers, ","), "topic-prefix": i.TopicPrefix}); err != nil {
			return wkafka.Config{}, cordon.Topics{}, err
		}
	}
	c, err := f.kafka.Config("cordon")
	if err != nil {
		return wkafka.Config{}, cordon.Topics{}, err
	}
	return c, f.kafka.Topics(), nil
}

// Store returns the DSN of ClickHouse.
func (f *Flags) Store() (string, error) {
	if f.set.Changed("clickhouse") {
		return f.store.DSN()
	}
	i, err := datadir.Running(f.data)
	if err != nil {
		return "", fmt.Errorf("%w; or say where ClickHouse is with --clickhouse", err)
	}
	return i.Reader, nil
}

// StoreOf is the DSN of the ClickHouse that belongs to the log of Kafka, or ""
// where nobody says where it is.
func (f *Flags) StoreOf() (string, error) {
	if f.set.Changed("clickhouse") {
		return f.store.DSN()
	}
	return f.found.Reader, nil
}

// fill sets flags that nobody has set.
func (f *Flags) fill(values map[string]string) error {
	for name, v := range values {
		if f.set.Changed(name) {
			continue
		}
		if err := f.set.Set(name, v); err != nil {
			return fmt.Errorf("%s %q: %w", name, v, err)
		}
	}
	return nil
}
