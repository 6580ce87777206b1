package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/cmd/cordon/client"
	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/cmd/cordon/pace"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

type options struct {
	format, sensor, speed string
	wait                  bool
}

// Command is `cordon feed`.
func Command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "feed FILE --format zeek|eve|ocsf",
		Short: "Send the records of a file into the log",
		Long: "Send the records of a file, one per line, into the raw topic of their format: Zeek logs as JSON\n" +
			"or tab-separated, Suricata's EVE, or native OCSF; plain or compressed with gzip, zstd or bzip2.\n" +
			"- is standard input. What cannot be read is sent as well: ingest refuses it and keeps the bytes.",
		Args:    cobra.ExactArgs(1),
		Example: "  cordon feed conn.log.gz --format zeek --sensor gate-3\n  cordon feed eve.json --format eve --speed 10x",
	}
	f := client.Bind(c).WithKafka().WithStore()
	fs := c.Flags()
	fs.StringVar(&o.format, "format", "", "zeek, eve or ocsf")
	fs.StringVar(&o.sensor, "sensor", "", "sensor of records that do not name theirs; empty: the file's name")
	fs.StringVar(&o.speed, "speed", "max", "max, original or a factor of the original speed such as 10x")
	fs.BoolVar(&o.wait, "wait", false, "wait until all services have done all records, and account for each")
	c.RunE = func(c *cobra.Command, args []string) error { return o.run(c, f, args[0]) }
	service.Bindable(c)
	return c
}

func (o options) run(c *cobra.Command, flags *client.Flags, path string) error {
	speed, err := o.check()
	if err != nil {
		return err
	}
	in, err := Open(path, c.InOrStdin())
	if err != nil {
		return err
	}
	defer in.Close()
	k, topics, err := flags.KafkaUnseen()
	if err != nil {
		return err
	}
	if err := client.Allowed(c.Context(), k, wkafka.Rights{Write: []string{topics.Raw(o.format)}}); err != nil {
		return err
	}
	if err := client.Reach(c.Context(), k, topics.Raw(o.format)); err != nil {
		return err
	}
	f, err := newFeeder(c, k, topics.Raw(o.format), speed)
	if err != nil {
		return err
	}
	defer f.To.(*stream.Appender).Close()
	b := &books{kafka: k, topics: topics, format: o.format}
	if o.wait {
		if b.store, err = flags.StoreOf(); err != nil {
			return err
		}
		if err := b.open(c.Context()); err != nil {
			return err
		}
	}
	sent, err := o.send(c, f, in)
	if err != nil {
		return err
	}
	if o.wait {
		err = b.close(c.Context(), c.OutOrStdout(), sent)
	}
	return errors.Join(f.Count().Totals().Err(), err)
}

func (o options) check() (pace.Speed, error) {
	if o.format == "" {
		return 0, errors.New("format is missing: say --format zeek, eve or ocsf")
	}
	if _, err := newFormat(o.format, "", ""); err != nil {
		return 0, err
	}
	return pace.ParseSpeed(o.speed)
}

func newFeeder(c *cobra.Command, k wkafka.Config, topic string, speed pace.Speed) (*Feeder, error) {
	log, err := service.NewLog(c.ErrOrStderr(), "auto", "info")
	if err != nil {
		return nil, err
	}
	to, err := stream.NewAppender(k, time.Now)
	if err != nil {
		return nil, err
	}
	return &Feeder{To: to, Topic: topic, Speed: speed, Now: time.Now, Log: log}, nil
}

func (o options) send(c *cobra.Command, f *Feeder, in *Input) (Ranges, error) {
	form, err := newFormat(o.format, o.sensorOf(in), in.Base())
	if err != nil {
		return nil, err
	}
	begun := f.Now()
	p := watch(c.ErrOrStderr(), in, f.Count(), f.Now)
	sent, err := f.Send(c.Context(), in, form)
	p.stop()
	summary(c.OutOrStdout(), f, in.Name, sent, f.Now().Sub(begun))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return sent, nil
}

func (o options) sensorOf(in *Input) string {
	if o.sensor != "" {
		return o.sensor
	}
	return in.Base()
}

func summary(w io.Writer, f *Feeder, name string, sent Ranges, took time.Duration) {
	t := f.Count().Totals()
	rate := float64(t.Records) / max(took.Seconds(), 1e-3)
	fmt.Fprintf(w, "%s: %s records, %s MB in %s (%s/s)", name, grouped(t.Records), megabytes(t.Bytes), took.Round(10*time.Millisecond), grouped(int64(rate)))
	if t.Blank > 0 {
		fmt.Fprintf(w, ", %d lines are none", t.Blank)
	}
	if t.Refused > 0 {
		fmt.Fprintf(w, ", %d lines NOT sent", t.Refused)
	}
	fmt.Fprintln(w)
	for _, p := range slices.Sorted(maps.Keys(sent)) {
		x := sent.span(p)
		fmt.Fprintf(w, "  %s/%d  %d to %d\n", f.Topic, p, x.First, x.Last)
	}
}

// close waits until the services have done all, and tells what became of it.
func (b *books) close(ctx context.Context, w io.Writer, sent Ranges) error {
	m := lag.NewMeter(b.kafka)
	defer m.Close()
	for _, s := range lag.Stages(b.topics) {
		if s.Name == "history" && b.store == "" {
			continue
		}
		if err := m.Wait(ctx, s, nil); err != nil {
			return err
		}
		fmt.Fprintf(w, "  ✓ %-8s has done all\n", s.Name)
	}
	a, err := b.settle(ctx, sent)
	if err != nil {
		return err
	}
	a.print(w)
	return a.Err()
}
