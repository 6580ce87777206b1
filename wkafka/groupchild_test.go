package wkafka_test

import (
	"bufio"
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

// childEnv makes the test binary a member of a group until it is killed: broker,
// group and topic separated by spaces.
const childEnv = "CORDON_WKAFKA_TEST_CHILD"

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		runChild(strings.Fields(spec))
		return
	}
	os.Exit(m.Run())
}

// runChild writes what it does to standard output, a line each: "begin
// <partition> <offset>", "got <partition> <first> <last> <values>", "end
// <partition>". It looks at the lease before it writes what it got, as a writer
// of results must, and commits afterwards.
func runChild(f []string) {
	err := wkafka.Consume(context.Background(), wkafka.ConsumerConfig{
		Config: wkafka.Config{Brokers: []string{f[0]}, ClientID: "child"}, Group: f[1], Topics: []string{f[2]},
		SessionTimeout: kafkatest.MinSession, MaxRecords: 20, Now: time.Now,
	}, childClaim)
	fmt.Fprintln(os.Stderr, "child:", err)
	os.Exit(1)
}

func childClaim(ctx context.Context, c *wkafka.Claim) error {
	partition := at(c.Topic, c.Partition)
	fmt.Println("begin", partition, c.Start) // one write: the lines of claims do not mix
	defer fmt.Println("end", partition)
	for {
		b, err := c.Fetch(ctx)
		if err != nil {
			return err
		}
		if err := c.Lease(); err != nil {
			return err
		}
		fmt.Println("got", partition, b.Records[0].Offset, b.Last(), strings.Join(values(b), ","))
		if err := c.Commit(context.WithoutCancel(ctx), b.Last()+1, ""); err != nil {
			return err
		}
	}
}

// childMember is a member in a process of its own.
type childMember struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when all it wrote is in the ledger
}

// startChild starts a process whose doings are noted in l.
func startChild(t testing.TB, l *ledger, member string, cfg wkafka.Config, group, topic string) *childMember {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{cfg.Brokers[0], group, topic}, " "))
	cmd.Stderr = t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &childMember{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			l.note(member, lines.Text())
		}
	}()
	t.Cleanup(c.kill)
	return c
}

// note takes a line of a child.
func (l *ledger) note(member, line string) {
	f := strings.Fields(line)
	var first, last int64
	switch f[0] {
	case "begin":
		_, _ = fmt.Sscan(f[2], &first)
		l.begin(member, f[1], first)
	case "got":
		_, _ = fmt.Sscan(f[2]+" "+f[3], &first, &last)
		l.got(member, f[1], first, last, strings.Split(f[4], ","))
	case "end":
		l.end(member, f[1])
	}
}

func (c *childMember) signal(s syscall.Signal) { _ = c.cmd.Process.Signal(s) }

// kill ends the process, if it lives, and waits until all it wrote is noted.
func (c *childMember) kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
	_ = c.cmd.Wait()
}
