// Command apache runs Apache Kafka for tests: one broker on the loopback
// address, from jars that Maven fetches once.
//
//	apache -- go test ./...        # runs the tests with CORDON_TEST_KAFKA set, then stops Kafka;
//	                               # CORDON_TEST_KAFKA_LIBS names the jars, for tests that start more nodes
//	apache -port 9092 -data DIR    # runs until it is interrupted; DIR is kept
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/testdata"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	os.Exit(code(err))
}

// code is that of the command that was run, or 1 for an error of our own.
func code(err error) int {
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, "apache:", err)
	return 1
}

func run(ctx context.Context) error {
	pom := flag.String("pom", filepath.Join(testdata.Root(), "deploy", "kafka-test", "pom.xml"), "what Maven fetches")
	libs := flag.String("libs", "", "folder with the jars; default: Maven fetches what pom names")
	data := flag.String("data", "", "folder for Kafka's data; default: a temporary one")
	port := flag.Int("port", 0, "port for clients; default: a free one")
	flag.Parse()
	if *libs == "" {
		dir, err := fetch(ctx, *pom)
		if err != nil {
			return err
		}
		*libs = dir
	}
	var err error
	if *libs, err = filepath.Abs(*libs); err != nil { // the command may work elsewhere
		return err
	}
	if *data == "" {
		dir, err := os.MkdirTemp("", "cordon-kafka-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		*data = dir
	}
	kafka, err := kafkatest.StartApache(ctx, kafkatest.ApacheConfig{Libs: *libs, Data: *data, Port: *port})
	if err != nil {
		return err
	}
	defer kafka.Stop()
	fmt.Fprintf(os.Stderr, "apache: Kafka answers at %s\n", kafka.Addr)
	if flag.NArg() == 0 {
		<-ctx.Done()
		return nil
	}
	return command(ctx, flag.Args(), kafkatest.Env+"="+kafka.Addr, kafkatest.EnvLibs+"="+*libs)
}

// fetch returns a folder with the jars of pom, below the user's cache folder.
func fetch(ctx context.Context, pom string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return kafkatest.Libs(ctx, pom, filepath.Join(cache, "cordon"))
}

// command runs args with env added to the environment.
func command(ctx context.Context, args []string, env ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // runs the command it is given
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd.Run()
}
