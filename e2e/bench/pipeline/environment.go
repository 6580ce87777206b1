package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/fleet"
	"github.com/cordon-iot/cordon/cmd/cordon/store"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/ingest/history"
	"github.com/cordon-iot/cordon/wkafka"
)

const partitions = 4

// environment is what all stages are measured in.
type environment struct {
	dir       string
	policies  string
	processes []*exec.Cmd
	kafka     wkafka.Config
	writer    string // DSN
	admin     driver.Conn
	log       *slog.Logger

	inventory []cordon.Device
	traffic   []fleet.Event
}

func newEnvironment(ctx context.Context, o options) (_ *environment, err error) {
	e := &environment{policies: o.policies, log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if e.dir, err = os.MkdirTemp("", "cordon-bench-"); err != nil {
		return nil, err
	}
	if err := e.startBroker(ctx, o.bin); err != nil {
		return nil, err
	}
	if err := e.startStore(ctx, o.bin); err != nil {
		return nil, err
	}
	site := fleet.New(42, 1000)
	plan := fleet.Plan{Start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Span: o.span}
	e.inventory, e.traffic = site.Inventory(plan), site.Traffic(plan)
	return e, nil
}

func (e *environment) close() {
	for _, c := range e.processes {
		if err := c.Process.Signal(syscall.SIGTERM); err == nil {
			_ = c.Wait() // it was told to end
		}
	}
	os.RemoveAll(e.dir)
}

func (e *environment) start(name string, args ...string) (io.Reader, error) {
	c := exec.Command(name, args...)                                 //nolint:gosec,noctx // programs of this repository, ended in order by close
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // none outlives a crash of this one
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("%w; run `make setup` first", err)
	}
	e.processes = append(e.processes, c)
	return out, nil
}

func (e *environment) startBroker(ctx context.Context, bin string) error {
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	e.kafka = wkafka.Config{Brokers: []string{addr}, ClientID: "bench"}
	if _, err := e.start(filepath.Join(bin, "cordon"), "broker", "--data", filepath.Join(e.dir, "broker"), "--listen", addr); err != nil {
		return err
	}
	return until(ctx, 30*time.Second, "the broker listens", func() (bool, error) {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil, nil
	})
}

func (e *environment) startStore(ctx context.Context, bin string) error {
	dir := filepath.Join(e.dir, "store")
	out, err := e.start(filepath.Join(bin, "cordon"), "store", "--data", dir, "--listen", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var ready struct{ Listen string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		return fmt.Errorf("the store did not start: %w", err)
	}
	users, err := store.Users(dir)
	if err != nil {
		return err
	}
	dsn := map[string]string{}
	for role, password := range users {
		u := url.URL{Scheme: "http", User: url.UserPassword(string(role), string(password)), Host: ready.Listen, Path: "/cordon"}
		dsn[string(role)] = u.String()
	}
	e.writer = dsn["writer"]
	if _, err := history.Migrate(ctx, history.MigrateOptions{DSN: dsn["admin"]}); err != nil {
		return err
	}
	opts, err := clickhouse.ParseDSN(dsn["admin"])
	if err != nil {
		return err
	}
	e.admin, err = clickhouse.Open(opts)
	return err
}

// fill makes the topics of a round and appends inventory and traffic to them.
func (e *environment) fill(ctx context.Context, prefix string) (cordon.Topics, error) {
	t := cordon.Topics{Prefix: prefix}
	if err := wkafka.CreateTopics(ctx, e.kafka, topics.Specs(t, partitions, 1)...); err != nil {
		return t, err
	}
	a, err := stream.NewAppender(e.kafka, time.Now)
	if err != nil {
		return t, err
	}
	defer a.Close()
	var devices []cordon.Record
	for _, d := range e.inventory {
		r, err := d.Record()
		if err != nil {
			return t, err
		}
		devices = append(devices, r)
	}
	if _, err := a.Append(ctx, t.Devices(), devices...); err != nil {
		return t, err
	}
	raw := map[string][]cordon.Record{}
	for _, ev := range e.traffic {
		topic := t.Raw(ev.Format)
		raw[topic] = append(raw[topic], cordon.Record{Key: ev.Key, Value: ev.Value})
	}
	for topic, recs := range raw {
		if _, err := a.Append(ctx, topic, recs...); err != nil {
			return t, err
		}
	}
	return t, nil
}

// bytesPerEvent is what a stored event takes on disk, once merged.
func (e *environment) bytesPerEvent(ctx context.Context) (float64, error) {
	if err := e.admin.Exec(ctx, "OPTIMIZE TABLE events FINAL"); err != nil {
		return 0, err
	}
	var b float64
	err := e.admin.QueryRow(ctx, "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND database = 'cordon' AND table = 'events'").Scan(&b)
	return b, err
}

// until polls ok until it is true.
func until(ctx context.Context, limit time.Duration, what string, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("waited in vain until " + what)
		}
	}
}

func freeAddress() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
