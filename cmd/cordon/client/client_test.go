package client_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/cmd/cordon/client"
	"github.com/cordon-iot/cordon/cmd/cordon/datadir"
	"github.com/cordon-iot/cordon/internal/kafkatest"
)

// flags returns the flags of a command that got args.
func flags(t *testing.T, args ...string) *client.Flags {
	t.Helper()
	c := &cobra.Command{Use: "test", Run: func(*cobra.Command, []string) {}}
	f := client.Bind(c).WithKafka().WithStore()
	c.SetArgs(args)
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheRunningInstanceIsFound(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 1)
	dir := t.TempDir()
	i := datadir.Instance{PID: os.Getpid(), Brokers: k.Brokers, TopicPrefix: topics.Prefix, Reader: "http://reader:x@h:1/cordon"}
	if err := datadir.Publish(dir, i); err != nil {
		t.Fatal(err)
	}
	f := flags(t, "--data", dir)
	got, gotTopics, err := f.Kafka(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(k.Brokers, got.Brokers); diff != "" || gotTopics != topics {
		t.Errorf("Kafka = %v, %v; want those of the instance", got.Brokers, gotTopics)
	}
	if dsn, err := f.StoreOf(); dsn != i.Reader || err != nil {
		t.Errorf("StoreOf = %q, %v; want %q", dsn, err, i.Reader)
	}
	if dsn, err := f.Store(); dsn != i.Reader || err != nil {
		t.Errorf("Store = %q, %v; want %q", dsn, err, i.Reader)
	}
}

func TestFlagsWin(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 1)
	f := flags(t, "--data", t.TempDir(), "--kafka-brokers", strings.Join(k.Brokers, ","), "--topic-prefix", topics.Prefix)
	if _, got, err := f.Kafka(t.Context()); err != nil || got != topics {
		t.Errorf("Kafka = _, %v, %v; want %v", got, err, topics)
	}
	if dsn, err := f.StoreOf(); dsn != "" || err != nil {
		t.Errorf("StoreOf = %q, %v; want none: nobody says where it is", dsn, err)
	}
}

func TestStoreDSN(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("p@ss\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, address, want string
		ok                  bool
	}{
		{"with its password", "http://ada@h:8123/cordon", "http://ada:p%40ss@h:8123/cordon", true},
		{"no host", "cordon", "", false},
	} {
		got, err := flags(t, "--clickhouse", c.address, "--clickhouse-password-file", path).Store()
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%s: Store = %q, %v; want %q, ok %v", c.name, got, err, c.want, c.ok)
		}
	}
}
