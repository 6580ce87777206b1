package broker

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/internal/service"
)

// Folder is where the log lives below a data directory.
const Folder = "broker"

// Command is `cordon broker`: the broker as a process of its own.
func Command() *cobra.Command {
	var o Options
	var data, level string
	c := &cobra.Command{
		Use:   "broker",
		Short: "Run the embedded Kafka broker alone",
		Long: "Run the embedded Kafka broker alone: one node, no replication, no authentication,\n" +
			"loopback only. It prints its address when all topics exist.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			log, err := service.NewLog(c.ErrOrStderr(), "auto", level)
			if err != nil {
				return err
			}
			o.Dir, o.Log = filepath.Join(data, Folder), log
			return run(c.Context(), c.OutOrStdout(), o)
		},
	}
	fs := c.Flags()
	fs.StringVar(&data, "data", ".cordon", "data directory; the log is below it")
	fs.StringVar(&o.Listen, "listen", "127.0.0.1:9092", "address on loopback; port 0 takes a free one")
	fs.StringVar(&o.Advertise, "advertise", "", "address on loopback that clients are told to use, of a forwarder such as a tunnel; empty: that of --listen")
	fs.StringVar(&o.Topics.Prefix, "topic-prefix", "", "goes before every topic's name")
	fs.IntVar(&o.Partitions, "partitions", 4, "partitions of new topics")
	fs.BoolVar(&o.Sync, "sync", false, "fsync every batch before it is acknowledged")
	fs.StringVar(&level, "log-level", "info", "debug, info, warn or error")
	service.Bindable(c)
	return c
}

func run(ctx context.Context, w io.Writer, o Options) error {
	b, err := Start(o)
	if err != nil {
		return err
	}
	defer b.Close()
	fmt.Fprintf(w, "ready %s\n", b.Address())
	<-ctx.Done()
	return nil
}
