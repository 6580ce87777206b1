package detect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect/engine"
	"github.com/cordon-iot/cordon/wkafka"
)

// ruleset is a set of policies that stands in the log, compiled.
type ruleset struct {
	digest, author string
	at             cordon.Position // where it stands
	pack           *engine.Pack
}

// library knows the sets of policies in the log. Any number of goroutines may
// use it.
type library struct {
	kafka     wkafka.Config
	topic     string
	partition int // where all of them stand
	log       *slog.Logger
	metrics   *reloadMetrics
	now       func() time.Time

	latest atomic.Pointer[ruleset] // what holds from the next event on

	mu    sync.Mutex
	packs []keptPack // compiled lately, the newest last
}

type keptPack struct {
	digest string
	pack   *engine.Pack
}

// mostPacks bounds the compiled sets that are kept in case somebody asks: what
// partitions run, and what they ran before the change that they fold over.
const mostPacks = 4

func newLibrary(ctx context.Context, o Options, m *reloadMetrics) (*library, error) {
	l := &library{kafka: o.Kafka, topic: o.Topics.Rulesets(), log: o.Log, metrics: m, now: o.Now}
	n, err := stream.Partitions(ctx, o.Kafka, l.topic)
	if err != nil {
		return nil, fmt.Errorf("topic %s: %w; make it with `cordon topic create`", l.topic, err)
	}
	l.partition = wkafka.PartitionOf([]byte(cordon.RulesetsKey), n)
	return l, nil
}

// newest reads the newest set in the log, nil if there is none.
func (l *library) newest(ctx context.Context) (*cordon.Ruleset, cordon.Position, error) {
	end, err := wkafka.EndOffset(ctx, l.kafka, l.topic, l.partition)
	if err != nil || end == 0 {
		return nil, cordon.Position{}, err
	}
	at := cordon.Position{Topic: l.topic, Partition: l.partition, Offset: end - 1}
	s, err := l.read(ctx, at)
	return s, at, err
}

func (l *library) read(ctx context.Context, at cordon.Position) (s *cordon.Ruleset, err error) {
	_, err = stream.Replay(ctx, l.kafka, at.Topic, at.Partition, at.Offset, at.Offset+1, func(r cordon.Record) error {
		got, err := cordon.RulesetOf(r)
		if err == nil && r.Position == at {
			s = &got
		}
		return err
	})
	if err == nil && s == nil {
		err = fmt.Errorf("no set of policies at %s: the topic must keep all of them", at)
	}
	return s, err
}

// compile returns s, compiled. Policies with errors are left out, as they were
// wherever else s was compiled.
func (l *library) compile(ctx context.Context, s *cordon.Ruleset, at cordon.Position) (*ruleset, error) {
	set := &ruleset{digest: s.Digest, author: s.Author, at: at, pack: l.known(s.Digest)}
	if set.pack != nil {
		return set, nil
	}
	pack, err := load(ctx, engine.LoadOptions{KeepGoing: true}, s.Files)
	if err != nil {
		return nil, fmt.Errorf("policies %s at %s: %w", short(s.Digest), at, err)
	}
	l.keep(s.Digest, pack)
	set.pack = pack
	return set, nil
}

// load compiles policies that are in memory.
func load(ctx context.Context, o engine.LoadOptions, files map[string]string) (*engine.Pack, error) {
	fsys, err := inMemory(files)
	if err != nil {
		return nil, err
	}
	return engine.Load(ctx, fsys, o)
}

func (l *library) known(digest string) *engine.Pack {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.packs {
		if k.digest == digest {
			return k.pack
		}
	}
	return nil
}

func (l *library) keep(digest string, p *engine.Pack) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.packs = slices.DeleteFunc(l.packs, func(k keptPack) bool { return k.digest == digest })
	l.packs = append(l.packs, keptPack{digest, p})
	l.packs = l.packs[max(0, len(l.packs)-mostPacks):]
}

// of returns the set that c puts in force.
func (l *library) of(ctx context.Context, c cordon.Change) (*ruleset, error) {
	at, err := cordon.ParsePosition(c.RulesetAt)
	if err != nil {
		return nil, fmt.Errorf("change at %s: %w", c.Position, err)
	}
	if pack := l.known(c.Ruleset); pack != nil {
		return &ruleset{digest: c.Ruleset, author: c.Author, at: at, pack: pack}, nil
	}
	s, err := l.read(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("change at %s: %w", c.Position, err)
	}
	return l.compile(ctx, s, at)
}

// catchUp puts the newest set in the log in force.
func (l *library) catchUp(ctx context.Context) error {
	newest, at, err := l.newest(ctx)
	if err != nil {
		return err
	}
	if newest == nil {
		return errors.New("no policies: the log has none yet; name the folder that holds <area>/<name>/policy.rego")
	}
	set, err := l.compile(ctx, newest, at)
	if err == nil {
		l.advance(set)
	}
	return err
}

// hold puts s in force, which stands at a place in the log and is compiled to p.
func (l *library) hold(s cordon.Ruleset, at cordon.Position, p *engine.Pack) {
	l.keep(s.Digest, p)
	l.advance(&ruleset{digest: s.Digest, author: s.Author, at: at, pack: p})
}

// publish appends s, which is compiled to p, and puts it in force.
func (l *library) publish(ctx context.Context, s cordon.Ruleset, p *engine.Pack) error {
	rec, err := s.Record()
	if err != nil {
		return err
	}
	app, err := stream.NewAppender(l.kafka, l.now)
	if err != nil {
		return err
	}
	defer func() { _ = app.Close() }()
	for {
		at, err := app.Append(ctx, l.topic, rec)
		if err == nil {
			l.metrics.changed("published")
			l.hold(s, at[0], p)
			return nil
		}
		if ctx.Err() != nil || !errors.Is(err, wkafka.ErrUnknownOutcome) { // the same set twice is one
			return fmt.Errorf("publish policies: %w", err)
		}
	}
}

// advance puts s in force unless something newer is.
func (l *library) advance(s *ruleset) {
	for {
		old := l.latest.Load()
		if old != nil && old.at.Offset >= s.at.Offset {
			return
		}
		if l.latest.CompareAndSwap(old, s) {
			l.metrics.newest(s.at.Offset)
			l.log.Info("policies in force from the next event on", "ruleset", short(s.digest), "author", s.author,
				"policies", len(s.pack.Policies), "problems", len(s.pack.Problems), "at", s.at.String())
			return
		}
	}
}

// follow puts every new set in the log in force until ctx ends. One that cannot
// be compiled here leaves the set before it.
func (l *library) follow(ctx context.Context) error {
	return stream.Follow(ctx, l.kafka, l.topic, l.partition, l.latest.Load().at.Offset+1, func(r cordon.Record) error {
		s, err := cordon.RulesetOf(r)
		var set *ruleset
		if err == nil {
			set, err = l.compile(ctx, &s, r.Position)
		}
		if err != nil {
			if ctx.Err() == nil {
				l.metrics.changed("unusable")
				l.log.Error("new policies in the log cannot be used; those before stay in force here", "err", err,
					"next", "correct them and publish again, or run the version of the program that published them")
			}
			return nil
		}
		l.advance(set)
		return nil
	})
}

// short is enough of a digest for people.
func short(digest string) string { return digest[:min(12, len(digest))] }
