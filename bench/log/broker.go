package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

const (
	embedded = "embedded"
	apache   = "apache"

	heap = 1024 // megabytes of Apache Kafka
)

// startBroker starts one of the brokers as a process of its own that keeps its
// log in dir.
func startBroker(ctx context.Context, o options, name, dir string) (wkafka.Config, func(), error) {
	if name == embedded {
		return startEmbedded(o.bin, dir)
	}
	k, err := kafkatest.StartApache(ctx, kafkatest.ApacheConfig{
		Libs: o.libs, Data: dir, Heap: heap,
		Java:       []string{"-XX:TieredStopAtLevel=4"}, // the compiler that production has
		Properties: map[string]string{"log.segment.bytes": "134217728"},
	})
	if err != nil {
		return wkafka.Config{}, nil, fmt.Errorf("%w; run `make kafka` first", err)
	}
	return wkafka.Config{Brokers: []string{k.Addr}, ClientID: "bench"}, k.Stop, nil
}

// startEmbedded runs `cordon broker` and waits for the line with its address.
func startEmbedded(bin, dir string) (wkafka.Config, func(), error) {
	c := exec.Command(filepath.Join(bin, "cordon"), "broker", "--data", dir, "--listen", "127.0.0.1:0", "--log-level", "warn") //nolint:gosec,noctx // a program of this repository, ended by stop
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}                                                           // it does not outlive a crash of this one
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return wkafka.Config{}, nil, err
	}
	if err := c.Start(); err != nil {
		return wkafka.Config{}, nil, fmt.Errorf("%w; run `make setup` first", err)
	}
	stop := func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait() // it was told to end
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ready {
		stop()
		return wkafka.Config{}, nil, fmt.Errorf("the embedded broker said %q; want its address: %w", line, err)
	}
	return wkafka.Config{Brokers: []string{addr}, ClientID: "bench"}, stop, nil
}
