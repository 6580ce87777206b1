package kafkatest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Apache is a broker and controller of Apache Kafka in one Java process, on
// the loopback address, for tests.
type Apache struct {
	Addr string // host:port for clients

	cmd  *exec.Cmd
	exit chan struct{} // closed when the process has ended
	log  string        // file with its output
}

// ApacheConfig says where Apache Kafka keeps its data and listens.
type ApacheConfig struct {
	Libs string // folder with its jars, of Libs
	Data string // folder that is kept between starts
	Port int    // for clients; 0: a free one
}

// clusterID is 16 bytes in base64, as Kafka wants it.
const clusterID = "Y29yZG9uLXRlc3Qta2Fma2"

const (
	startTimeout = 2 * time.Minute  // a cold start on a loaded machine
	stopTimeout  = 30 * time.Second // for an orderly end; then it is killed
)

// Libs returns a folder with the jars that pom names. Maven fills it when it is
// not there; it is kept below cache for as long as pom does not change.
func Libs(ctx context.Context, pom, cache string) (string, error) {
	text, err := os.ReadFile(pom) //nolint:gosec // the caller names the files; tests only
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, fmt.Sprintf("kafka-%x", sha256.Sum256(text))[:18])
	if _, err := os.Stat(dir); err == nil { //nolint:gosec // as above
		return dir, nil
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil { //nolint:gosec // as above
		return "", err
	}
	mvn := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DoutputDirectory="+part) //nolint:gosec // as above
	if out, err := mvn.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mvn dependency:copy-dependencies: %w; is Maven installed?\n%s", err, out)
	}
	return dir, os.Rename(part, dir) //nolint:gosec // as above
}

// StartApache formats the data folder, if it is new, starts Kafka and returns
// when it answers.
func StartApache(ctx context.Context, cfg ApacheConfig) (*Apache, error) {
	props, addr, err := writeProperties(cfg)
	if err != nil {
		return nil, err
	}
	format := java(ctx, cfg, "kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id", clusterID, "--config", props)
	if out, err := format.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("format storage: %w\n%s", err, out)
	}
	a := &Apache{Addr: addr, exit: make(chan struct{}), log: filepath.Join(cfg.Data, "kafka.log")}
	out, err := os.Create(a.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	// Not bound to ctx: it is ended by Stop.
	a.cmd = java(context.WithoutCancel(ctx), cfg, "kafka.Kafka", props)
	a.cmd.Stdout, a.cmd.Stderr = out, out
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = a.cmd.Wait(); close(a.exit) }()
	if err := a.await(ctx); err != nil {
		a.Kill()
		return nil, err
	}
	return a, nil
}

// Stop asks Kafka to end and waits; after half a minute it kills it.
func (a *Apache) Stop() {
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	t := time.NewTimer(stopTimeout)
	defer t.Stop()
	select {
	case <-a.exit:
	case <-t.C:
		a.Kill()
	}
}

// Kill ends Kafka as a crash does.
func (a *Apache) Kill() {
	_ = a.cmd.Process.Kill()
	<-a.exit
}

func java(ctx context.Context, cfg ApacheConfig, args ...string) *exec.Cmd {
	opts := []string{
		"-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-cp", filepath.Join(cfg.Libs, "*"),
	}
	return exec.CommandContext(ctx, "java", append(opts, args...)...) //nolint:gosec // as above
}

// await returns when the broker answers.
func (a *Apache) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(a.Addr))
	if err != nil {
		return err
	}
	defer cl.Close()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := cl.Ping(try)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-a.exit:
			return fmt.Errorf("kafka ended at once:\n%s", tail(a.log))
		case <-ctx.Done():
			return fmt.Errorf("kafka does not answer at %s: %w\n%s", a.Addr, errors.Join(err, ctx.Err()), tail(a.log))
		}
	}
}

// tail is the end of a file, for an error.
func tail(name string) string {
	f, err := os.Open(name) //nolint:gosec // as above
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		_, _ = f.Seek(max(0, end-4096), io.SeekStart)
	}
	b, _ := io.ReadAll(f)
	return string(b)
}

// writeProperties writes server.properties and returns its name and the
// address for clients.
func writeProperties(cfg ApacheConfig) (file, addr string, err error) {
	if err := os.MkdirAll(cfg.Data, 0o750); err != nil {
		return "", "", err
	}
	ports, err := freePorts(2)
	if err != nil {
		return "", "", err
	}
	if cfg.Port != 0 {
		ports[0] = cfg.Port
	}
	addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	control := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[1]))
	file = filepath.Join(cfg.Data, "server.properties")
	return file, addr, os.WriteFile(file, []byte(properties(addr, control, filepath.Join(cfg.Data, "log"))), 0o600)
}

func properties(addr, control, logs string) string {
	return strings.Join([]string{
		"process.roles=broker,controller",
		"node.id=1",
		"controller.quorum.voters=1@" + control,
		"controller.listener.names=CONTROLLER",
		"listeners=PLAINTEXT://" + addr + ",CONTROLLER://" + control,
		"advertised.listeners=PLAINTEXT://" + addr,
		"log.dirs=" + logs,
		"auto.create.topics.enable=false",
		"offsets.topic.replication.factor=1",
		"offsets.topic.num.partitions=4",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"transaction.state.log.num.partitions=1",
		"group.initial.rebalance.delay.ms=0",
		fmt.Sprintf("group.min.session.timeout.ms=%d", MinSession.Milliseconds()),
		"log.segment.bytes=16777216",
		"",
	}, "\n")
}

// freePorts returns n ports that were free a moment ago.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
