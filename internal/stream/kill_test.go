package stream

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// childEnv makes the test binary a process that runs a copier until it is
// killed: brokers, group, input and output separated by spaces.
const childEnv = "CORDON_STREAM_TEST_CHILD"

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		child(spec)
		return
	}
	os.Exit(m.Run())
}

func child(spec string) {
	f := strings.Fields(spec)
	err := Run(context.Background(), Config{
		Kafka: wkafka.Config{Brokers: []string{f[0]}, ClientID: "child"}, Group: f[1], Topics: []string{f[2]},
		Open:       func(context.Context, *Claim) (Step, error) { return &copier{out: f[3]}, nil },
		MaxRecords: 20, Session: kafkatest.MinSession, Now: time.Now,
	})
	fmt.Fprintln(os.Stderr, "child:", err)
	os.Exit(1)
}

// TestRunKilled kills a process that runs a step, with SIGKILL, again and again
// in the middle of its work: the log must hold every output once.
func TestRunKilled(t *testing.T) {
	b := newBench(t, 4)
	const total, kills = 6000, 4
	b.feed(t, 0, total)
	start := func() *exec.Cmd { return b.startChild(t) }
	for n := range kills {
		reached := b.follow(t, b.out, total*(n+1)/(kills+1))
		cmd := start()
		wait(t, reached, fmt.Sprintf("enough outputs for kill %d", n))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	all := b.follow(t, b.out, total)
	cmd := start()
	wait(t, all, "all outputs")
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	onceEach(t, b.contents(t, b.in), b.contents(t, b.out), 1)
}

// startChild starts a process that runs a copier.
func (b *bench) startChild(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{b.cfg.Brokers[0], b.group, b.in, b.out}, " "))
	cmd.Stderr = t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// TestRunStopped stops a process in the middle of its work for longer than its
// session, as SIGSTOP or a paused machine does, lets another one take over, and
// wakes it up: it must append nothing of what it had in hand.
func TestRunStopped(t *testing.T) {
	b := newBench(t, 4)
	const rounds, each = 3, 3000
	a := b.startChild(t)
	for n := range rounds {
		middle, all := b.follow(t, b.out, n*each+each/4), b.follow(t, b.out, (n+1)*each)
		b.feed(t, n*each, each)
		wait(t, middle, "outputs of the first process")
		if err := a.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		other := b.startChild(t)
		wait(t, all, "outputs of the second process")
		if err := a.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		_ = other.Process.Kill() // the first one is to join again, and to go on
		_ = other.Wait()
	}
	all := b.follow(t, b.out, rounds*each+100)
	b.feed(t, rounds*each, 100)
	wait(t, all, "the outputs after the last awakening")
	_ = a.Process.Kill()
	_ = a.Wait()
	onceEach(t, b.contents(t, b.in), b.contents(t, b.out), 1)
}

// TestDrainSettlesWhenIdle checks that a batch is committed as done when
// nothing follows it, so that it is not inserted again weeks later.
func TestDrainSettlesWhenIdle(t *testing.T) {
	b := newBench(t, 1)
	b.feed(t, 0, 5)
	s := newTable(5)
	ctx, cancel := context.WithCancel(within(t, 30*time.Second))
	settled := make(chan string, 1)
	stop := begin(t, func(ctx context.Context) error { return Drain(ctx, b.drain(t, s)) })
	wait(t, s.full, "rows")
	go func() {
		for ctx.Err() == nil {
			if off, meta, err := committed(ctx, b); err == nil && off == 5 {
				settled <- meta
				return
			}
		}
	}()
	select {
	case meta := <-settled:
		if meta != "" {
			t.Errorf("metadata after the last batch = %q; want none", meta)
		}
	case <-ctx.Done():
		t.Error("the last batch was not committed as done")
	}
	cancel()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// committed asks the broker where the group stands in partition 0 of the input.
func committed(ctx context.Context, b *bench) (int64, string, error) {
	return kafkatest.Committed(ctx, b.cfg, b.group, b.in, 0)
}
