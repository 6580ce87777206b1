package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Apache is a node of Apache Kafka, broker and controller in one Java process,
// on the loopback address, for tests. Its methods that start, stop or signal
// the process belong to one goroutine at a time.
type Apache struct {
	ID   int
	Addr string // host:port for clients, of the first listener, as advertised

	cfg       ApacheConfig
	listeners []Listener // with their addresses
	internal  string     // address for brokers and for this package
	control   string     // address of its controller
	props     string     // file
	log       string     // file with its output, of all starts

	cmd    *exec.Cmd
	exit   chan struct{} // closed when the process has ended
	paused bool
}

// ApacheConfig says where Apache Kafka keeps its data and listens.
type ApacheConfig struct {
	Libs string // folder with its jars, of Libs
	Data string // folder that is kept between starts
	Port int    // of a listener without an address; 0: a free one

	Listeners  []Listener        // for clients; none: PLAINTEXT at Port
	CA         *CA               // signs the node's certificate; for SSL and SASL_SSL
	Users      []User            // of SCRAM-SHA-256 and SCRAM-SHA-512; fixed when Data is new
	Properties map[string]string // of server.properties, before those of this package
	Heap       int               // most megabytes of Java's heap; 0: 512
	Java       []string          // more options of the virtual machine
}

const (
	startTimeout = 2 * time.Minute  // a cold start on a loaded machine
	stopTimeout  = 30 * time.Second // for an orderly end; then it is killed
	defaultHeap  = 512
)

// StartApache formats the data folder, if it is new, starts Kafka and returns
// when it answers.
func StartApache(ctx context.Context, cfg ApacheConfig) (*Apache, error) {
	a, err := newApache(cfg, 1)
	if err != nil {
		return nil, err
	}
	if err := a.format(ctx, []string{a.control}); err != nil {
		return nil, err
	}
	if err := a.Start(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// newApache gives the node its addresses.
func newApache(cfg ApacheConfig, id int) (*Apache, error) {
	a := &Apache{ID: id, cfg: cfg, exit: make(chan struct{})}
	close(a.exit)
	a.props, a.log = filepath.Join(cfg.Data, "server.properties"), filepath.Join(cfg.Data, "kafka.log")
	var err error
	if a.internal, err = freeAddress(); err != nil {
		return nil, err
	}
	if a.control, err = freeAddress(); err != nil {
		return nil, err
	}
	if a.listeners, err = bind(cfg); err != nil {
		return nil, err
	}
	a.Addr = a.listeners[0].Advertised
	return a, nil
}

// format writes the settings and makes the data folder Kafka's, if it is not
// yet. voters are the controllers' addresses; the node's place is its ID.
func (a *Apache) format(ctx context.Context, voters []string) error {
	if err := os.MkdirAll(a.cfg.Data, 0o750); err != nil {
		return err
	}
	p, err := a.properties(voters)
	if err != nil {
		return err
	}
	if err := os.WriteFile(a.props, []byte(p), 0o600); err != nil {
		return err
	}
	args := []string{"kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id", clusterID, "--config", a.props}
	for _, u := range a.cfg.Users {
		args = append(args, u.formatArgs()...)
	}
	if out, err := a.java(ctx, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("format storage: %w\n%s", err, out)
	}
	return nil
}

// Start starts a node that has ended, on its data and its addresses, and
// returns when it answers.
func (a *Apache) Start(ctx context.Context) error {
	if err := a.spawn(ctx); err != nil {
		return err
	}
	if err := a.await(ctx); err != nil {
		a.Kill()
		return err
	}
	return nil
}

func (a *Apache) spawn(ctx context.Context) error {
	if a.Running() {
		return fmt.Errorf("kafka node %d is running; stop it before it is started again", a.ID)
	}
	out, err := os.OpenFile(a.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	// Not bound to ctx: it is ended by Stop.
	cmd := a.java(context.WithoutCancel(ctx), "kafka.Kafka", a.props)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	exit := make(chan struct{})
	a.cmd, a.exit, a.paused = cmd, exit, false
	go func() { _ = cmd.Wait(); close(exit) }()
	return nil
}

// Running reports whether the process is there, paused or not.
func (a *Apache) Running() bool {
	select {
	case <-a.exit:
		return false
	default:
		return true
	}
}

// Stop asks Kafka to end and waits; after half a minute it kills it. A node
// that has ended is left alone.
func (a *Apache) Stop() {
	a.Continue()
	a.signal(syscall.SIGTERM)
	t := time.NewTimer(stopTimeout)
	defer t.Stop()
	select {
	case <-a.exit:
	case <-t.C:
		a.Kill()
	}
}

// Kill ends Kafka as a crash does, and returns when it is gone.
func (a *Apache) Kill() {
	a.signal(syscall.SIGKILL)
	<-a.exit
}

// Pause stops the process where it is, as a machine that hangs.
func (a *Apache) Pause() {
	a.paused = true
	a.signal(syscall.SIGSTOP)
}

// Continue lets a paused process go on.
func (a *Apache) Continue() {
	a.signal(syscall.SIGCONT)
	a.paused = false
}

// answers reports whether the process may answer.
func (a *Apache) answers() bool { return a.Running() && !a.paused }

func (a *Apache) signal(s syscall.Signal) {
	if a.Running() {
		_ = a.cmd.Process.Signal(s) // it may end meanwhile
	}
}

// Log is the end of what Kafka has printed, for the message of a test that
// fails.
func (a *Apache) Log() string { return tail(a.log) }

func (a *Apache) java(ctx context.Context, args ...string) *exec.Cmd {
	heap := a.cfg.Heap
	if heap == 0 {
		heap = defaultHeap
	}
	opts := []string{
		"-Xms64m", fmt.Sprintf("-Xmx%dm", heap), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
	}
	opts = append(opts, a.cfg.Java...)
	opts = append(opts, "-cp", filepath.Join(a.cfg.Libs, "*"))
	return exec.CommandContext(ctx, "java", append(opts, args...)...) //nolint:gosec // the caller names the folder; tests only
}

// await returns when the broker answers.
func (a *Apache) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(a.internal))
	if err != nil {
		return err
	}
	defer cl.Close()
	err = poll(ctx, func(ctx context.Context) error {
		if !a.Running() {
			return errEnded
		}
		return cl.Ping(ctx)
	})
	if err != nil {
		return fmt.Errorf("kafka node %d at %s: %w\n%s", a.ID, a.internal, err, a.Log())
	}
	return nil
}

var errEnded = errors.New("it ended at once")

// poll calls f five times a second until it returns nil, errEnded or ctx ends.
func poll(ctx context.Context, f func(context.Context) error) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := f(try)
		cancel()
		if err == nil || errors.Is(err, errEnded) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// tail is the end of a file, for an error.
func tail(name string) string {
	f, err := os.Open(name) //nolint:gosec // the caller names the folder; tests only
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		_, _ = f.Seek(max(0, end-4096), io.SeekStart)
	}
	b, _ := io.ReadAll(f)
	return strings.TrimSpace(string(b))
}
