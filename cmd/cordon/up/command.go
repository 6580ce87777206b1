package up

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/internal/service"
)

// Command is `cordon up`.
func Command() *cobra.Command {
	var s Settings
	c := &cobra.Command{
		Use:   "up",
		Short: "Run all services; with --dev, all that they need as well",
		Long: "Run ingest, history, detect and respond in one process. With --dev it needs nothing else: it brings a\n" +
			"Kafka broker, ClickHouse and a receiver of webhooks along, for one machine and not for production.\n" +
			"Without, say where Kafka and ClickHouse are. ctrl-C stops everything in order.",
		Args:    cobra.NoArgs,
		Example: "  cordon up --dev\n  cordon up --kafka-brokers kafka:9092 --clickhouse http://cordon_writer@clickhouse:8123/cordon --webhook-url https://nac/quarantine",
	}
	s.Bind(c.Flags())
	log := BindLog(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		sh, err := log.Shell(c.ErrOrStderr())
		if err != nil {
			return err
		}
		stop, err := sh.Trace(c.Context(), "up", os.LookupEnv)
		if err != nil {
			return err
		}
		defer stop()
		return run(c.Context(), &s, sh, c.OutOrStdout())
	}
	service.Bindable(c)
	return c
}

func run(ctx context.Context, s *Settings, sh *service.Shell, w io.Writer) error {
	y, err := Start(ctx, s, sh, w)
	if err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // ctrl-C during the start is no failure
		}
		return err
	}
	select {
	case <-ctx.Done():
	case err = <-y.Failed():
	}
	fmt.Fprintln(w, "  stopping")
	if stop := y.Stop(); err == nil {
		err = stop
	}
	return err
}

// LogFlags are the settings of the log of a process that also talks to people:
// it says little unless asked.
type LogFlags struct{ format, level string }

// BindLog adds them to c.
func BindLog(c *cobra.Command) *LogFlags {
	l := &LogFlags{}
	c.Flags().StringVar(&l.format, "log-format", "auto", "auto, text or json; auto is text on a terminal")
	c.Flags().StringVar(&l.level, "log-level", "warn", "debug, info, warn or error")
	return l
}

// Shell returns a shell whose log goes to w.
func (l *LogFlags) Shell(w io.Writer) (*service.Shell, error) {
	log, err := service.NewLog(w, l.format, l.level)
	if err != nil {
		return nil, err
	}
	return service.NewShell(log), nil
}

// ConfigCommand is `cordon config`.
func ConfigCommand() *cobra.Command {
	var output string
	var s Settings
	p := &cobra.Command{
		Use:   "print",
		Short: "Print every setting of `cordon up` and where it comes from",
		Long:  "Print every setting of `cordon up`, its value and where it comes from. It takes the flags of `cordon up`.",
		Args:  cobra.NoArgs,
	}
	s.Bind(p.Flags())
	BindLog(p)
	service.Bindable(p)
	p.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	p.RunE = func(c *cobra.Command, _ []string) error {
		var settings []service.Setting
		for _, x := range service.Settings(p) {
			if x.Name != "output" {
				settings = append(settings, x)
			}
		}
		return service.PrintSettings(c.OutOrStdout(), output, settings)
	}
	c := &cobra.Command{Use: "config", Short: "Look at the settings"}
	c.AddCommand(p)
	return c
}
