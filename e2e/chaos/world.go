package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/cmd/cordon/store"
	"github.com/cordon-iot/cordon/e2e/chaos/load"
)

const (
	partitions = 4
	replicas   = 3 // instances of each service
)

// world is a deployment: brokers, ClickHouse, three instances of each service
// and a receiver of webhooks, with something between each two of them that
// can make things go wrong.
type world struct {
	o        options
	dir      string // of this run: data, logs, policies
	topics   cordon.Topics
	director *director
	ledger   *ledger
	tap      *tap
	sabotage *sabotage

	brokers  brokers
	store    *instance
	storeAt  string            // its address
	dsn      map[string]string // by role
	hook     *hook
	services []*instance
	stops    []func()

	mu   sync.Mutex
	ends []string // of programs that ended by themselves
}

func newWorld(o options, dir string, d *director) (*world, error) {
	tr, err := newTrace(dir, o.trace)
	if err != nil {
		return nil, err
	}
	w := &world{
		o: o, dir: dir, director: d, ledger: newLedger(), topics: cordon.Topics{},
		sabotage: &sabotage{kind: o.sabotage}, dsn: map[string]string{},
	}
	w.tap = &tap{director: d, ledger: w.ledger, topics: w.topics, names: groupNames(w.topics), clients: map[string]*instance{}, trace: tr}
	return w, nil
}

// groupNames are consumer groups in the words of the plan.
func groupNames(t cordon.Topics) map[string]string {
	names := map[string]string{}
	for _, s := range lag.Stages(t) {
		for g := range s.Groups {
			names[g] = s.Name
			if s.Name == "ingest" {
				names[g] = "raw"
			}
		}
	}
	return names
}

func (w *world) program(name string) string { return filepath.Join(w.o.bin, name) }

// died notes that a program ended by itself, and starts it again as a
// supervisor would.
func (w *world) died(p *process, err error) {
	w.mu.Lock()
	w.ends = append(w.ends, fmt.Sprintf("%.2f s: %s: %v", time.Since(w.director.begun).Seconds(), p.name, err))
	w.mu.Unlock()
	time.Sleep(time.Second)
	if err := p.start(); err != nil {
		p.note(err.Error())
	}
}

// start brings everything up and waits until all consumers read.
func (w *world) start(ctx context.Context) error {
	if err := w.startBrokers(ctx); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	if err := w.startStore(ctx); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := w.init(ctx); err != nil {
		return err
	}
	if err := load.WritePolicies(filepath.Join(w.dir, "policies")); err != nil {
		return err
	}
	if err := w.startHook(); err != nil {
		return err
	}
	if err := w.startServices(); err != nil {
		return err
	}
	if err := w.ready(ctx); err != nil {
		return err
	}
	return w.replicated(ctx)
}

// replicated is nil when every node has a copy of everything; else the death of
// a node would be none of a leader, but of the data.
func (w *world) replicated(ctx context.Context) error {
	k, err := newKafka(w.brokers)
	if err != nil {
		return err
	}
	defer k.close()
	want := append(w.topics.All(), w.topics.State(), w.topics.Rulesets(), w.topics.Changes())
	if len(w.brokers.nodes) > 1 {
		want = append(want, "__consumer_offsets") // the embedded broker keeps offsets elsewhere
	}
	return k.replicated(ctx, want, len(w.brokers.nodes))
}

func (w *world) startBrokers(ctx context.Context) error {
	start, ok := map[string]func(context.Context) error{
		"embedded": w.startEmbedded,
		"apache":   func(ctx context.Context) error { return w.startApache(ctx, 1) },
		"apache3":  func(ctx context.Context) error { return w.startApache(ctx, 3) },
	}[w.o.broker]
	if ok {
		return start(ctx)
	}
	return fmt.Errorf("unknown broker %q: want embedded, apache or apache3", w.o.broker)
}

// startStore starts the embedded engine on an address that it keeps.
func (w *world) startStore(ctx context.Context) error {
	var err error
	if w.storeAt, err = freeAddress(); err != nil {
		return err
	}
	data := filepath.Join(w.dir, "store")
	p, err := newProcess(w.dir, "store", w.program("cordon"), nil, []string{"store", "--data", data, "--listen", w.storeAt}, w.died)
	if err != nil {
		return err
	}
	w.store = &instance{life: p, name: "store", service: "store"}
	if err := p.start(); err != nil {
		return err
	}
	w.stops = append(w.stops, func() { _ = p.kill() })
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := poll(ctx, 100*time.Millisecond, func() error { return w.pingStore(ctx) }); err != nil {
		return err
	}
	users, err := store.Users(data)
	for role, password := range users {
		u := url.URL{Scheme: "http", User: url.UserPassword(string(role), string(password)), Host: w.storeAt, Path: "/cordon"}
		w.dsn[string(role)] = u.String()
	}
	return err
}

func (w *world) pingStore(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.storeAt+"/ping", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// init makes topics and tables as a deployment does: each node has a copy, and
// a record is accepted when all but one have it.
func (w *world) init(ctx context.Context) error {
	c := exec.CommandContext(ctx, w.program("cordon"), "init", //nolint:gosec // our own program
		"--partitions", fmt.Sprint(partitions), "--replication", fmt.Sprint(len(w.brokers.nodes)))
	c.Env = append(append(os.Environ(), w.env("init")...), "CORDON_CLICKHOUSE="+w.dsn["admin"])
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("cordon init: %w\n%s", err, out)
	}
	return w.enroll(ctx)
}

func (w *world) startHook() error {
	var err error
	if w.hook, err = newHook(w.director); err != nil {
		return err
	}
	return nil
}

// env are the settings that all programs share.
func (w *world) env(name string) []string {
	return []string{
		"CORDON_KAFKA_BROKERS=" + join(w.brokers.addresses),
		"CORDON_KAFKA_CLIENT_ID=" + name,
		"CORDON_KAFKA_SESSION=" + w.o.session.String(),
		"CORDON_LOG_FORMAT=json",
	}
}

// startServices starts all instances.
func (w *world) startServices() error {
	hookAt, stop, err := serve(w.hook)
	if err != nil {
		return err
	}
	w.stops = append(w.stops, stop)
	for n := range replicas {
		for _, service := range []string{"ingest", "detect", "respond"} {
			inst, err := w.newService(service, n+1, hookAt)
			if err != nil {
				return err
			}
			w.services = append(w.services, inst)
			w.tap.clients[inst.name] = inst
		}
	}
	for _, s := range w.services {
		if err := s.start(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) newService(service string, n int, hookAt string) (*instance, error) {
	inst := &instance{name: fmt.Sprintf("%s-%d", service, n), service: service}
	var err error
	if inst.metrics, err = freeAddress(); err != nil {
		return nil, err
	}
	env := append(w.env(inst.name), "CORDON_LISTEN="+inst.metrics)
	var args []string
	switch service {
	case "ingest":
		at, stop, err := serve(newStoreProxy(inst, w))
		if err != nil {
			return nil, err
		}
		w.stops = append(w.stops, stop)
		dsn, err := url.Parse(w.dsn["writer"])
		if err != nil {
			return nil, err
		}
		dsn.Host = at
		env = append(env, "CORDON_CLICKHOUSE="+dsn.String())
	case "detect":
		args = []string{"--policies", filepath.Join(w.dir, "policies")}
	case "respond":
		w.hook.instances[inst.name] = inst
		lease := w.o.lease.String()
		env = append(env, "CORDON_WEBHOOK_SECRET="+webhookSecret)
		args = []string{"--webhook-url", "http://" + hookAt + "/" + inst.name, "--lease", lease, "--min-lease", "1s", "--max-lease", lease}
	}
	p, err := newProcess(w.dir, inst.name, w.program(service), env, args, w.died)
	if err != nil {
		return nil, err
	}
	inst.life = p
	w.stops = append(w.stops, func() { _ = p.kill() })
	return inst, nil
}

// ready waits until every group has all its members and reads.
func (w *world) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	groups := slices.Sorted(maps.Keys(w.tap.names))
	k, err := newKafka(w.brokers)
	if err != nil {
		return err
	}
	defer k.close()
	return poll(ctx, 200*time.Millisecond, func() error { return k.stable(ctx, groups, replicas) })
}

// close ends everything.
func (w *world) close() {
	for _, s := range slices.Backward(w.stops) {
		s()
	}
	for _, f := range w.brokers.forwarders {
		f.Close()
	}
	if w.brokers.stop != nil {
		w.brokers.stop()
	}
	w.tap.trace.close()
}

// ended are the ends of programs that nobody asked for.
func (w *world) ended() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.Clone(w.ends)
	for _, n := range w.brokers.nodes { // by now, all that was killed runs again
		if a, ok := n.life.(*apacheNode); ok && !a.node.Running() {
			all = append(all, n.name)
		}
	}
	return all
}
