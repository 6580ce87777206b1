package store

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Command returns `cordon store`.
func Command() *cobra.Command {
	var o Options
	var parent bool
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Run the embedded ClickHouse over HTTP",
		Long: `Run the embedded ClickHouse engine behind ClickHouse's HTTP interface.

When it is ready it prints one line of JSON with its address. Users and their
generated passwords are in users.json in the data directory; /play serves a
page to type SQL in. SIGTERM or ctrl-C lets running statements finish.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if parent {
				ctx = untilEOF(ctx, cmd.InOrStdin())
			}
			o.Log = slog.Default()
			o.Ready = func(addr string) { announce(cmd.OutOrStdout(), addr) }
			return Run(ctx, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.DataDir, "data", ".cordon/store", "data `directory`")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8123", "`address` to serve on; port 0 takes a free one")
	f.StringVar(&o.Library, "library", "", "`path` of libchdb.so (default: searched)")
	f.BoolVar(&parent, "parent", false, "stop when standard input closes, so as not to outlive the process that started this one")
	return cmd
}

// announce prints the address for a parent process to read.
func announce(w io.Writer, addr string) {
	_ = json.NewEncoder(w).Encode(map[string]string{"listen": addr})
}

// untilEOF returns a context that ends when in does. The goroutine ends with
// in, that is with the process at the latest.
func untilEOF(ctx context.Context, in io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in)
	}()
	return ctx
}
