package wkafka_test

import (
	"bufio"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// node is a broker in a process of its own.
type node struct {
	cfg wkafka.Config

	mu      sync.Mutex
	kill    func()
	revive  func() error
	crashes int
}

// crash kills the broker as kill -9 does and starts it again on its data.
func (n *node) crash() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.crashes++
	n.kill()
	return n.revive()
}

// nodes are the brokers that tests crash. Apache Kafka's is skipped without its
// jars.
func nodes() map[string]func(*testing.T) *node {
	return map[string]func(*testing.T) *node{"embedded broker": embeddedNode, "Apache Kafka": apacheNode}
}

func apacheNode(t *testing.T) *node {
	t.Helper()
	a, err := kafkatest.StartApache(within(t, 3*time.Minute), kafkatest.ApacheConfig{Libs: kafkatest.Jars(t), Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Kill)
	return &node{
		cfg: wkafka.Config{Brokers: []string{a.Addr}, ClientID: "test"}, kill: a.Kill,
		revive: func() error { return a.Start(context.Background()) },
	}
}

// embeddedNode runs kafkatest/embedded.
func embeddedNode(t *testing.T) *node {
	t.Helper()
	program := filepath.Join(t.TempDir(), "embedded")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../internal/kafkatest/embedded").CombinedOutput(); err != nil {
		t.Fatalf("build the broker: %v\n%s", err, out)
	}
	e := &embedded{program: program, dir: t.TempDir(), listen: "127.0.0.1:0"}
	if err := e.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.kill)
	return &node{cfg: wkafka.Config{Brokers: []string{e.listen}, ClientID: "test"}, kill: e.kill, revive: e.start}
}

type embedded struct {
	program, dir, listen string
	cmd                  *exec.Cmd
}

// start returns when the broker listens, from the second time on where it did
// before.
func (e *embedded) start() error {
	e.cmd = exec.Command(e.program, "-dir", e.dir, "-listen", e.listen)
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return errors.Join(errors.New("the broker does not start"), e.cmd.Wait())
	}
	e.listen = strings.TrimSpace(lines.Text())
	return nil
}

func (e *embedded) kill() {
	_ = e.cmd.Process.Kill() // it may have ended
	_ = e.cmd.Wait()
}
