package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/cmd/cordon/client"
	"github.com/cordon-iot/cordon/cmd/cordon/datadir"
	"github.com/cordon-iot/cordon/cmd/cordon/up"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/wkafka"
)

// Command is `cordon demo`.
func Command() *cobra.Command {
	var o Options
	var s up.Settings
	c := &cobra.Command{
		Use:   "demo",
		Short: "Play a site with a thousand devices and nine attacks",
		Long: "Play a simulated site to the cordon that runs, or bring one up with --dev if none does: devices in\n" +
			"zones that do what they do all day, and attacks on some of them. First an hour within seconds, then\n" +
			"as time goes. Findings, quarantines and releases are shown as they happen.\n" +
			"The same --seed and --start give the same records, byte for byte.",
		Args: cobra.NoArgs,
	}
	fs := c.Flags()
	fs.Uint64Var(&o.Seed, "seed", 42, "which site and which devices are attacked")
	fs.IntVar(&o.Devices, "devices", 1000, "devices of the site")
	fs.StringVar(&o.Start, "start", "", "when the hour begins, such as 2026-03-01T09:00:00Z; empty: an hour ago")
	fs.IntVar(&o.Rate, "rate", 700, "events per second of the first hour; 0: as fast as they are taken")
	fs.BoolVar(&o.Once, "once", false, "end when the first hour is over and everything contained is free again")
	fs.DurationVar(&o.Limit, "limit", 2*time.Minute, "with --once: fail if it takes longer")
	s.Bind(fs)
	hideMost(c)
	log := up.BindLog(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		sh, err := log.Shell(c.ErrOrStderr())
		if err != nil {
			return err
		}
		return run(c, o, &s, sh)
	}
	service.Bindable(c)
	return c
}

// hideMost keeps the help to what the demo is about; the settings of `cordon
// up` can all be given.
func hideMost(c *cobra.Command) {
	for _, s := range service.Settings(c) {
		switch s.Name {
		case "seed", "devices", "start", "rate", "once", "limit", "data", "policies", "max-lease":
			continue
		}
		c.Flags().Lookup(s.Name).Hidden = true
	}
}

func run(c *cobra.Command, o Options, s *up.Settings, sh *service.Shell) (err error) {
	ctx, cancel := context.WithCancelCause(c.Context())
	defer cancel(nil)
	at, stop, err := attach(ctx, c, s, sh, cancel)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	d, err := newDemo(o, at, newScreen(c.OutOrStdout(), time.Now), time.Now)
	if err != nil {
		return err
	}
	defer d.close()
	err = d.run(ctx)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// attach finds the cordon that runs, or starts one in this process.
func attach(ctx context.Context, c *cobra.Command, s *up.Settings, sh *service.Shell, failed context.CancelCauseFunc) (site, func() error, error) {
	nothing := func() error { return nil }
	if c.Flags().Changed("kafka-brokers") {
		k, err := s.Kafka.Config("demo")
		if err != nil {
			return site{}, nil, err
		}
		return site{kafka: k, topics: s.Kafka.Topics()}, nothing, client.Reach(ctx, k, s.Kafka.Topics().Events())
	}
	i, err := datadir.Running(s.Data)
	if err == nil {
		return siteOf(i), nothing, nil
	}
	if !errors.Is(err, datadir.ErrNotRunning) {
		return site{}, nil, err
	}
	s.Dev, s.Quiet = true, true
	y, err := up.Start(ctx, s, sh, c.OutOrStdout())
	if err != nil {
		return site{}, nil, err
	}
	go func() {
		select {
		case err := <-y.Failed():
			failed(err)
		case <-ctx.Done():
		}
	}()
	fmt.Fprintln(c.OutOrStdout())
	at := siteOf(y.Instance)
	at.own = true
	return at, y.Stop, nil
}

func siteOf(i datadir.Instance) site {
	s := site{kafka: wkafka.Config{Brokers: i.Brokers, ClientID: "demo"}}
	s.topics.Prefix = i.TopicPrefix
	if i.Store != "" {
		s.play = i.Store + "/play"
	}
	return s
}
