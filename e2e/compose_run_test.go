package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/store"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/testdata"
)

// TestComposeRuns runs what deploy/compose.yaml says as plain processes, in its
// order, with its commands and its variables: the secrets, Apache Kafka on
// deploy/kafka/server.properties with mutual TLS, init, the three services and
// their health checks. Only addresses and folders are others; ClickHouse is
// the embedded engine. It needs Apache Kafka, so `make test-kafka` runs it.
func TestComposeRuns(t *testing.T) {
	if os.Getenv(kafkatest.Env) == "" {
		t.Skip("SKIPPED: needs Apache Kafka; make test-kafka runs it")
	}
	d := newDeployment(t)
	d.run("secrets")
	d.startKafka()
	d.startStore()
	d.run("init")
	services := map[string]*process{}
	for _, name := range []string{"ingest", "detect", "respond"} {
		services[name] = start(t, name, d.env(name), d.project.Services[name].Command...)
	}
	for name, p := range services {
		eventually(t, 4*time.Minute, func() string { return name + " is not healthy:\n" + p.logs.tail(2000) }, func() bool {
			check := exec.Command(bin(t, name), d.project.Services[name].HealthCheck.Test[2:]...)
			check.Env = append(os.Environ(), d.env(name)...)
			return check.Run() == nil
		})
	}
	d.feedOne()
	eventually(t, 2*time.Minute, func() string { return "the event has no row: " + services["ingest"].logs.tail(2000) }, func() bool {
		return d.rows() == 1
	})
	d.refuseStranger()
	d.refuseOthersWork()
	d.examine()
	for name, p := range services {
		if err := p.stop(syscall.SIGTERM); err != nil {
			t.Errorf("%s ended with %v after SIGTERM; want exit code 0", name, err)
		}
	}
}

// deployment is the Compose file with the places of this test.
type deployment struct {
	*stack
	project *types.Project
	dir     string // of secrets
	broker  string // address
	control string
	ports   map[string]string // health endpoints
	address string            // of the store
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	return &deployment{
		stack: &stack{t: t, hook: newHook(t)}, project: compose(t), dir: t.TempDir(),
		broker: freeAddress(t), control: freeAddress(t), address: freeAddress(t),
		ports: map[string]string{"ingest": freeAddress(t), "detect": freeAddress(t), "respond": freeAddress(t)},
	}
}

// here puts the places of this test into a value of service name.
func (d *deployment) here(name, value string) string {
	return strings.NewReplacer(
		"/run/secrets/cordon", filepath.Join(d.dir, name),
		"/secrets", d.dir,
		"kafka:9092", d.broker,
		"clickhouse:8123", d.address,
		"cordon_admin@", "admin@", "cordon_writer@", "writer@", // users of the embedded engine
		":9464", d.ports[name],
		"/policies", filepath.Join(testdata.Root(), "policies"),
		"https://nac.example.org/hook", d.hook.url,
	).Replace(value)
}

// secretsOf is whose folder of secrets a service mounts.
func (d *deployment) secretsOf(name string) string {
	for _, v := range d.project.Services[name].Volumes {
		if v.Target == "/run/secrets/cordon" {
			return v.Volume.Subpath
		}
	}
	return name
}

func (d *deployment) env(name string) []string {
	var env []string
	for k, v := range d.project.Services[name].Environment {
		value := strings.ReplaceAll(*v, "/run/secrets/cordon", "/secrets/"+d.secretsOf(name))
		env = append(env, k+"="+d.here(name, value))
	}
	return env
}

// run runs the command of a service that ends.
func (d *deployment) run(name string) {
	d.t.Helper()
	s := d.project.Services[name]
	var args []string
	for _, a := range s.Command {
		args = append(args, d.here(name, a))
	}
	if name == "secrets" {
		args = append(args, "--broker-host", "127.0.0.1")
	}
	c := exec.Command(bin(d.t, program(s)), args...)
	c.Env = append(os.Environ(), d.env(name)...)
	if out, err := c.CombinedOutput(); err != nil {
		d.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func (d *deployment) startKafka() {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(testdata.Root(), "deploy/kafka/server.properties"))
	if err != nil {
		d.t.Fatal(err)
	}
	file := filepath.Join(d.t.TempDir(), "server.properties")
	write(d.t, file, strings.NewReplacer(
		"CLIENTS://:9092", "CLIENTS://"+d.broker, "kafka:9092", d.broker, "localhost:9093", d.control,
		"/run/secrets/cordon", filepath.Join(d.dir, "kafka"), "/var/lib/kafka/data", filepath.Join(d.t.TempDir(), "log"),
	).Replace(string(b)))
	libs := filepath.Join(testdata.Root(), ".cache/kafka/libs/*")
	format := exec.Command("java", "-cp", libs, "kafka.tools.StorageTool", "format", "--cluster-id", "Y29yZG9uLWUyZS1rYWZrYQ", "--config", file)
	if out, err := format.CombinedOutput(); err != nil {
		d.t.Fatalf("format Kafka's storage: %v\n%s", err, out)
	}
	p := &process{t: d.t, name: "java", args: []string{"-Xmx512m", "-cp", libs, "kafka.Kafka", file}, logs: &logBuffer{}}
	p.runProgram("java")
	d.t.Cleanup(func() {
		p.kill()
		if d.t.Failed() {
			d.t.Logf("log of Kafka:\n%s", p.logs.tail(4000))
		}
	})
}

func (d *deployment) startStore() {
	d.t.Helper()
	dir := d.t.TempDir()
	start(d.t, "cordon", nil, "store", "--data", dir, "--listen", d.address)
	eventually(d.t, time.Minute, func() string { return "the store does not answer" }, func() bool {
		res, err := http.Get("http://" + d.address + "/ping")
		if err == nil {
			res.Body.Close()
		}
		return err == nil
	})
	users, err := store.Users(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	for role, password := range users {
		folder := map[string]string{"admin": "cordon", "writer": "ingest", "reader": "grafana"}[string(role)]
		write(d.t, filepath.Join(d.dir, folder, "clickhouse"), string(password))
		if role == "reader" {
			d.dsn = map[string]string{"reader": "http://reader:" + string(password) + "@" + d.address + "/cordon"}
		}
	}
}

// feedOne sends one record with the certificate of the operator's commands.
func (d *deployment) feedOne() {
	d.t.Helper()
	file := filepath.Join(d.t.TempDir(), "conn.log")
	write(d.t, file, string(telnet(1))+"\n")
	c := exec.Command(bin(d.t, "cordon"), "feed", file, "--format", "zeek")
	c.Env = append(os.Environ(), d.env("init")...)
	if out, err := c.CombinedOutput(); err != nil {
		d.t.Fatalf("cordon feed: %v\n%s", err, out)
	}
}

func (d *deployment) rows() int64 {
	if d.reader == nil {
		d.reader = d.open(d.dsn["reader"])
	}
	return d.count("SELECT count() FROM events")
}

// cordon runs the operator's command with the certificate of user.
func (d *deployment) cordon(user string, args ...string) (string, error) {
	c := exec.Command(bin(d.t, "cordon"), args...)
	env := d.env("init")
	for i := range env {
		env[i] = strings.ReplaceAll(env[i], filepath.Join(d.dir, "cordon"), filepath.Join(d.dir, user))
	}
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	return string(out), err
}

// refuseOthersWork: a service that is taken over can do no more than its own
// work.
func (d *deployment) refuseOthersWork() {
	d.t.Helper()
	file := filepath.Join(d.t.TempDir(), "conn.log")
	write(d.t, file, string(telnet(2))+"\n")
	if out, err := d.cordon("detect", "feed", file, "--format", "zeek"); err == nil || !strings.Contains(out, "the certificate CN=detect,O=cordon may not see topic raw.zeek; allow it Describe on topic raw.zeek") {
		d.t.Errorf("feed with detect's certificate = %v:\n%s\nwant that it may not write raw records", err, out)
	}
	if out, err := d.cordon("respond", "tap", "events", "--from", "start", "-n", "1"); err == nil || !strings.Contains(out, "may not see topic events") {
		d.t.Errorf("tap events with respond's certificate = %v:\n%s\nwant that it may not see them", err, out)
	}
}

// examine: the deployment is as its own doctor wants it, but for its size.
func (d *deployment) examine() {
	d.t.Helper()
	out, err := d.cordon("cordon", "doctor")
	if err != nil {
		d.t.Errorf("cordon doctor = %v; want no failures\n%s", err, out)
	}
	for _, want := range []string{"TLS 1.3, certificate of CN=cordon", "User:ingest has what it needs", "User:respond has what it needs", "cordon.detect: Stable, 1 members", "each one that stops, stops everything"} {
		if !strings.Contains(out, want) {
			d.t.Errorf("cordon doctor says\n%s\nwant %q in it", out, want)
		}
	}
}

// refuseStranger: without a certificate of the deployment there is no way in,
// though the same command has one with it.
func (d *deployment) refuseStranger() {
	d.t.Helper()
	args := []string{
		"tap", cordon.Topics{}.Events(), "--from", "start", "-n", "1",
		"--kafka-brokers", d.broker, "--kafka-tls-ca", filepath.Join(d.dir, "cordon/ca.pem"),
	}
	member := append(slices.Clone(args), "--kafka-tls-cert", filepath.Join(d.dir, "cordon/cert.pem"), "--kafka-tls-key", filepath.Join(d.dir, "cordon/key.pem"))
	if out, err := exec.Command(bin(d.t, "cordon"), member...).CombinedOutput(); err != nil {
		d.t.Errorf("cordon tap with a certificate: %v\n%s", err, out)
	}
	c := exec.Command(bin(d.t, "cordon"), args...)
	done := make(chan error, 1)
	go func() {
		out, err := c.CombinedOutput()
		if err == nil {
			d.t.Errorf("cordon tap without a certificate = success:\n%s", out)
		}
		done <- err
	}()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		d.t.Error("cordon tap without a certificate neither fails nor says why within two minutes")
		c.Process.Kill()
		<-done
	}
}
