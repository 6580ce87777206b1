package up

import (
	"context"
	"errors"
	"fmt"

	"github.com/cordon-iot/cordon/cmd/cordon/broker"
	"github.com/cordon-iot/cordon/cmd/cordon/datadir"
	"github.com/cordon-iot/cordon/cmd/cordon/store"
	"github.com/cordon-iot/cordon/cmd/cordon/store/gate"
	"github.com/cordon-iot/cordon/services/ingest/history"
	"github.com/cordon-iot/cordon/wkafka"
)

// database is what the embedded store calls cordon's.
const database = "cordon"

// embed brings the parts along that the services need. The store takes longest
// and starts beside the broker.
func (y *System) embed(ctx context.Context) error {
	lock, err := datadir.Acquire(y.settings.Data)
	if err != nil {
		return err
	}
	y.closing(func() error { lock.Release(); return nil })
	stored := make(chan error, 1)
	proc, err := newStoreProcess(storeDir(y.settings.Data), y.settings.Store, y.shell.Log.With("service", "store"),
		func(err error) { y.shell.Health.Set("store", err) })
	if err != nil {
		return err
	}
	go func() { stored <- proc.start() }()
	brokerErr := y.startBroker()
	if err := errors.Join(brokerErr, <-stored); err != nil {
		return errors.Join(err, proc.stop())
	}
	y.closing(proc.stop)
	if err := y.prepareStore(ctx, proc.address); err != nil {
		return err
	}
	return y.startReceiver()
}

func (y *System) startBroker() error {
	s := y.settings
	y.plant.topics = s.Kafka.Topics()
	b, err := broker.Start(broker.Options{
		Dir: s.Data + "/" + broker.Folder, Listen: s.Broker, Topics: y.plant.topics,
		Partitions: s.Partitions, Sync: s.Sync, Log: y.shell.Log,
	})
	if err != nil {
		return err
	}
	y.closing(func() error { b.Close(); return nil })
	y.plant.kafka = wkafka.Config{Brokers: []string{b.Address()}}
	y.Instance.Brokers, y.Instance.TopicPrefix = []string{b.Address()}, y.plant.topics.Prefix
	y.screen.done("broker", "%s   %d topics of %d partitions", b.Address(), len(y.plant.topics.All()), s.Partitions)
	return nil
}

// prepareStore brings the schema up to date.
func (y *System) prepareStore(ctx context.Context, address string) error {
	users, err := store.Users(storeDir(y.settings.Data))
	if err != nil {
		return err
	}
	applied, err := history.Migrate(ctx, history.MigrateOptions{
		DSN: users.DSN(gate.Admin, address, database), Log: y.shell.Log,
	})
	if err != nil {
		return err
	}
	y.plant.writer = users.DSN(gate.Writer, address, database)
	y.Instance.Reader, y.Instance.Store = users.DSN(gate.Reader, address, database), "http://"+address
	y.screen.done("store", "%s   ClickHouse, %s", address, migrated(applied))
	return nil
}

func migrated(n int) string {
	if n == 0 {
		return "schema is up to date"
	}
	return fmt.Sprintf("schema made, %d steps", n)
}

// startReceiver starts what takes the webhooks, unless there is a real one.
func (y *System) startReceiver() error {
	secret, err := datadir.WebhookSecret(y.settings.Data)
	if err != nil {
		return err
	}
	if y.settings.WebhookURL != "" {
		return y.respondTo(y.settings.WebhookURL, shortURL(y.settings.WebhookURL), secret)
	}
	r, err := startReceiver(secret, y.shell.Log.With("service", "receiver"))
	if err != nil {
		return err
	}
	y.closing(func() error { r.stop(); return nil })
	return y.respondTo(r.url, r.url, secret)
}
