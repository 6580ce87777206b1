package topics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/wkafka"
)

// Flags are the settings of whoever makes or checks topics.
type Flags struct {
	Partitions  int
	Replication int
	InSync      int
	Keep        Retention
}

// Bind adds the settings to fs.
func Bind(fs *pflag.FlagSet) *Flags {
	f := &Flags{}
	fs.IntVar(&f.Partitions, "partitions", 12, "partitions of each topic; cannot be changed later, devices keep their order in them")
	fs.IntVar(&f.Replication, "replication", 1, "copies of each partition; 3 in production")
	fs.IntVar(&f.InSync, "min-insync", 0, "copies that must have a record before it is accepted; 0: one less than --replication, at least 1")
	fs.DurationVar(&f.Keep.Raw, "raw-retention", DefaultRaw, "how long raw records are kept, whether ingest has read them or not; 0 keeps them for ever")
	fs.DurationVar(&f.Keep.Events, "events-retention", DefaultEvents, "how long the log keeps events; detect remembers no longer; 0 keeps them for ever")
	return f
}

// Specs are the topics of names as f wants them.
func (f *Flags) Specs(k *service.KafkaFlags) ([]wkafka.TopicSpec, error) {
	if f.Keep.Raw < 0 || f.Keep.Events < 0 {
		return nil, errors.New("raw-retention and events-retention cannot be negative; 0 keeps records for ever")
	}
	specs := f.Keep.Specs(k.Topics(), f.Partitions, f.Replication)
	for _, s := range specs {
		s.Config["min.insync.replicas"] = fmt.Sprint(f.inSync())
		s.Config["unclean.leader.election.enable"] = "false"
	}
	return specs, nil
}

func (f *Flags) inSync() int {
	if f.InSync > 0 {
		return f.InSync
	}
	return max(1, f.Replication-1)
}

// Command is `cordon topic`.
func Command() *cobra.Command {
	c := &cobra.Command{Use: "topic", Short: "Make the topics, and compare them with what cordon needs"}
	c.AddCommand(createCommand(), checkCommand())
	return c
}

func createCommand() *cobra.Command {
	var k *service.KafkaFlags
	var f *Flags
	c := &cobra.Command{
		Use: "create", Short: "Make the topics that are missing; what is there stays", Args: cobra.NoArgs,
		Example: "  cordon topic create --replication 3 --kafka-brokers kafka-1:9092,kafka-2:9092",
		RunE: func(c *cobra.Command, _ []string) error {
			specs, err := f.Specs(k)
			if err != nil {
				return err
			}
			cfg, err := reach(c.Context(), k)
			if err != nil {
				return err
			}
			if err := wkafka.CreateTopics(c.Context(), cfg, specs...); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%d topics are there with what `cordon topic check` compares\n", len(specs))
			return nil
		},
	}
	k, f = service.BindKafka(c.Flags()), Bind(c.Flags())
	service.Bindable(c)
	return c
}

func reach(ctx context.Context, k *service.KafkaFlags) (wkafka.Config, error) {
	cfg, err := k.Config("cordon-topic")
	if err != nil {
		return cfg, err
	}
	return cfg, service.Diagnose(ctx, cfg, wkafka.Rights{})
}

func checkCommand() *cobra.Command {
	var k *service.KafkaFlags
	var f *Flags
	var alter, asJSON bool
	c := &cobra.Command{
		Use: "check", Short: "Compare the topics with what cordon needs", Args: cobra.NoArgs,
		Long: "Compare the topics with what cordon needs. The exit code is 0 when nothing would lose or\n" +
			"stop anything (there may be warnings), 1 otherwise. --alter puts settings right that can be\n" +
			"changed while everything runs; it never changes the number of partitions, since every\n" +
			"device would move away from its past, nor the number of copies.",
		RunE: func(c *cobra.Command, _ []string) error {
			specs, err := f.Specs(k)
			if err != nil {
				return err
			}
			cfg, err := reach(c.Context(), k)
			if err != nil {
				return err
			}
			e := Expect{Topics: k.Topics(), Specs: specs, Replication: f.Replication, InSync: f.inSync()}
			if c.Flags().Changed("partitions") {
				e.Partitions = f.Partitions
			}
			return check(c, cfg, e, alter, asJSON)
		},
	}
	k, f = service.BindKafka(c.Flags()), Bind(c.Flags())
	c.Flags().BoolVar(&alter, "alter", false, "put right what a setting can, while everything runs")
	c.Flags().BoolVar(&asJSON, "json", false, "print the differences as JSON")
	service.Bindable(c)
	return c
}

func check(c *cobra.Command, cfg wkafka.Config, e Expect, alter, asJSON bool) error {
	diffs, err := Compare(c.Context(), cfg, &e)
	if err != nil {
		return err
	}
	if err := write(c.OutOrStdout(), diffs, asJSON); err != nil {
		return err
	}
	if alter {
		if err := Alter(c.Context(), cfg, diffs, c.OutOrStdout()); err != nil {
			return err
		}
		if diffs, err = settle(c.Context(), cfg, &e); err != nil {
			return err
		}
	}
	if n := count(diffs, Fail); n > 0 {
		return fmt.Errorf("%d differences that lose or stop something", n)
	}
	return nil
}

func count(diffs []Difference, l Level) (n int) {
	for _, d := range diffs {
		if d.Level == l {
			n++
		}
	}
	return n
}

// EmbeddedID is the cluster id of the broker that cordon brings along.
const EmbeddedID = "kfake"

// Compare asks the cluster at cfg about the topics of e and compares. It notes
// in e whether the broker is the embedded one.
func Compare(ctx context.Context, cfg wkafka.Config, e *Expect) ([]Difference, error) {
	var names []string
	for _, s := range e.Specs {
		names = append(names, s.Name)
	}
	cluster, err := wkafka.DescribeCluster(ctx, cfg, names...)
	if err != nil {
		return nil, service.Advise(err)
	}
	e.Embedded = cluster.ID == EmbeddedID
	a := wkafka.NewAdmin(cfg)
	defer a.Close()
	var there []string
	for _, t := range cluster.Topics {
		if t.Err == nil {
			there = append(there, t.Name)
		}
	}
	settings, err := a.TopicConfigs(ctx, there...)
	if err != nil {
		return nil, err
	}
	return Check(cluster.Topics, settings, *e), nil
}

// settle compares until the brokers have taken up what Alter has set, and
// returns what is left.
func settle(ctx context.Context, cfg wkafka.Config, e *Expect) ([]Difference, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		diffs, err := Compare(ctx, cfg, e)
		if err != nil || !slices.ContainsFunc(diffs, func(d Difference) bool { return d.Alter != "" }) {
			return diffs, err
		}
		select {
		case <-ctx.Done():
			return diffs, nil
		case <-tick.C:
		}
	}
}

// Alter puts right what a setting can.
func Alter(ctx context.Context, cfg wkafka.Config, diffs []Difference, w io.Writer) error {
	change := map[string]map[string]string{}
	for _, d := range diffs {
		if d.Alter == "" {
			continue
		}
		if change[d.Topic] == nil {
			change[d.Topic] = map[string]string{}
		}
		change[d.Topic][d.Setting] = d.Alter
	}
	a := wkafka.NewAdmin(cfg)
	defer a.Close()
	for _, topic := range slices.Sorted(maps.Keys(change)) {
		if err := a.SetTopicConfigs(ctx, topic, change[topic]); err != nil {
			return err
		}
		for _, setting := range slices.Sorted(maps.Keys(change[topic])) {
			fmt.Fprintf(w, "set       %s: %s = %s\n", topic, setting, change[topic][setting])
		}
	}
	return nil
}

func write(w io.Writer, diffs []Difference, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(append([]Difference{}, diffs...)) // [] and not null
	}
	if len(diffs) == 0 {
		fmt.Fprintln(w, "OK  the topics are as cordon needs them")
		return nil
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "\tTOPIC\tSETTING\tIS\tWANT\tWHY\tNEXT")
	for _, d := range diffs {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Level, d.Topic, d.Setting, d.Have, d.Want, d.Why, d.Next)
	}
	return tw.Flush()
}
