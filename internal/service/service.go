// Package service is the shell around a process of cordon: settings from flags
// and the environment, logs, health, metrics and an orderly stop. All mains
// have the same shape:
//
//	func main() {
//		service.Main(service.Command("detect", "find what policies look for", "127.0.0.1:9465", bind, run))
//	}
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.opentelemetry.io/otel/trace"
)

// Shell is what a running service gets from its process.
type Shell struct {
	Log      *slog.Logger
	Registry *prometheus.Registry
	Health   *Health
	Tracers  trace.TracerProvider // nil: nothing is traced
}

// Command returns a command that runs a service: it reads settings from flags
// and CORDON_* variables, serves health and metrics, by default at listen, and
// ends run's context on SIGINT or SIGTERM.
func Command(name, short, listen string, bind func(*pflag.FlagSet), run func(context.Context, *Shell) error) *cobra.Command {
	var p processFlags
	c := &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			sh, err := p.shell(name)
			if err != nil {
				return err
			}
			stop, err := sh.Trace(c.Context(), name, os.LookupEnv)
			if err != nil {
				return err
			}
			defer stop()
			return serve(c.Context(), sh, p.listen, run)
		},
	}
	p.bind(c.PersistentFlags(), listen)
	bind(c.PersistentFlags())
	Bindable(c)
	c.AddCommand(configCommand(c), healthCommand(&p))
	return c
}

type processFlags struct {
	listen, logFormat, logLevel string
}

func (p *processFlags) bind(fs *pflag.FlagSet, listen string) {
	fs.StringVar(&p.listen, "listen", listen, "address of /livez, /readyz and /metrics; empty serves none")
	bindLog(fs, &p.logFormat, &p.logLevel)
}

func bindLog(fs *pflag.FlagSet, format, level *string) {
	fs.StringVar(format, "log-format", "auto", "auto, text or json; auto is text on a terminal")
	fs.StringVar(level, "log-level", "info", "debug, info, warn or error")
}

func (p *processFlags) shell(name string) (*Shell, error) {
	log, err := NewLog(os.Stderr, p.logFormat, p.logLevel)
	if err != nil {
		return nil, err
	}
	return NewShell(log.With("service", name)), nil
}

// NewShell returns a shell that logs to log, for a service that runs inside
// another process or a test.
func NewShell(log *slog.Logger) *Shell {
	return &Shell{Log: log, Registry: newRegistry(), Health: NewHealth()}
}

// serve runs a service beside its health endpoint until one of them ends.
func serve(ctx context.Context, sh *Shell, listen string, run func(context.Context, *Shell) error) error {
	stop, err := sh.Serve(listen)
	if err != nil {
		return err
	}
	defer stop()
	err = run(ctx, sh)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil
	}
	sh.Log.Info("stopped", "error", errText(err))
	return err
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Main runs c until it ends or SIGINT or SIGTERM asks it to stop, and exits. A
// second signal ends the process at once.
func Main(c *cobra.Command) {
	TuneGC()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		cancel() // restores the default: the next signal kills
	}()
	err := c.ExecuteContext(ctx)
	cancel()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(ExitCode(err))
}

// ExitError carries the exit code of a command whose error is not a failure of
// the command itself, such as "no match".
type ExitError struct {
	Code int
	Err  error
}

// Error is the error's own text.
func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap returns what happened.
func (e *ExitError) Unwrap() error { return e.Err }

// ExitCode is 0 for no error, the code of an ExitError, or 1.
func ExitCode(err error) int {
	var e *ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.Code
	}
	return 1
}
