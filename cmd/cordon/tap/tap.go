// Package tap is `cordon tap`: what a topic holds and what is added to it.
package tap

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

// Options say what to read.
type Options struct {
	Topic string // as in cordon.Topics, without the prefix
	Count int    // stop after so many records; 0: never
	Start bool   // from the oldest record kept; else from the end
	Exit  bool   // stop at the end of the topic as it is at the start
	Key   string // only records with this key; empty: all
}

// errEnough ends reading when there are as many records as were asked for.
var errEnough = errors.New("enough")

// Read calls f for the records of a topic, partition by partition in order and
// one call at a time, until ctx ends or o is met.
func Read(ctx context.Context, k wkafka.Config, t cordon.Topics, o Options, f func(cordon.Record) error) error {
	topic, err := named(t, o.Topic)
	if err != nil {
		return err
	}
	ends, err := wkafka.EndOffsets(ctx, k, topic)
	if err != nil {
		return err
	}
	err = read(ctx, k, topic, ends, o, o.filter(f))
	if errors.Is(err, errEnough) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func named(t cordon.Topics, word string) (string, error) {
	var words []string
	for _, topic := range t.All() {
		words = append(words, t.Word(topic))
	}
	if !slices.Contains(words, word) {
		return "", fmt.Errorf("no topic %q: want one of %s", word, strings.Join(words, ", "))
	}
	return t.Prefix + word, nil
}

// read runs one reader per partition; records pass through one channel, so
// that f is called by one goroutine.
func read(ctx context.Context, k wkafka.Config, topic string, ends []int64, o Options, f func(cordon.Record) error) error {
	g, ctx := errgroup.WithContext(ctx)
	records := make(chan cordon.Record) // unbuffered: readers wait for the output
	hand := func(r cordon.Record) error {
		select {
		case records <- r:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	readers, rctx := errgroup.WithContext(ctx)
	for p, end := range ends {
		readers.Go(func() error { return follow(rctx, k, topic, p, end, o, hand) })
	}
	g.Go(func() error { defer close(records); return readers.Wait() })
	g.Go(func() error {
		for r := range records {
			if err := f(r); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

func follow(ctx context.Context, k wkafka.Config, topic string, partition int, end int64, o Options, f func(cordon.Record) error) error {
	from := end
	if o.Start {
		from = 0
	}
	if o.Exit {
		_, err := stream.Replay(ctx, k, topic, partition, from, end, f)
		return err
	}
	return stream.Follow(ctx, k, topic, partition, from, f)
}

// filter passes on what o asks for.
func (o Options) filter(f func(cordon.Record) error) func(cordon.Record) error {
	n := 0
	return func(r cordon.Record) error {
		if o.Key != "" && r.Key != o.Key {
			return nil
		}
		if err := f(r); err != nil {
			return err
		}
		if n++; n == o.Count {
			return errEnough
		}
		return nil
	}
}

// line is one record as JSON.
type line struct {
	Topic     string            `json:"topic"`
	Partition int               `json:"partition"`
	Offset    int64             `json:"offset"`
	Time      time.Time         `json:"time"`
	Key       string            `json:"key"`
	Headers   map[string]string `json:"headers,omitempty"`
	Value     json.RawMessage   `json:"value,omitempty"` // when it is JSON
	Text      string            `json:"text,omitempty"`  // when it is other text
	Bytes     []byte            `json:"bytes,omitempty"` // else
}

// WriteJSON writes r as one line of JSON.
func WriteJSON(w *bufio.Writer, r cordon.Record) error {
	l := line{
		Topic: r.Position.Topic, Partition: r.Position.Partition, Offset: r.Position.Offset,
		Time: r.Time.UTC(), Key: r.Key, Headers: map[string]string{},
	}
	for _, h := range r.Headers {
		l.Headers[h.Key] = h.Value
	}
	switch {
	case json.Valid(r.Value):
		l.Value = r.Value
	case utf8.Valid(r.Value):
		l.Text = string(r.Value)
	default:
		l.Bytes = r.Value
	}
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return err
	}
	return w.Flush()
}

// lineWriter returns what writes records to w in the given format.
func lineWriter(w io.Writer, format string, compact func(cordon.Record) string) (func(cordon.Record) error, error) {
	out := bufio.NewWriter(w)
	switch format {
	case "json":
		return func(r cordon.Record) error { return WriteJSON(out, r) }, nil
	case "line":
		return func(r cordon.Record) error { _, err := fmt.Fprintln(w, compact(r)); return err }, nil
	}
	return nil, fmt.Errorf("output %q: want auto, line or json", format)
}
