package tap

import (
	"bufio"
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

type bench struct {
	kafka  wkafka.Config
	topics cordon.Topics
	to     *stream.Appender
}

func newBench(t *testing.T) bench {
	t.Helper()
	k := kafkatest.Start(t)
	b := bench{kafka: k, topics: kafkatest.Topics(t, k, 4)}
	to, err := stream.NewAppender(k, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { to.Close() })
	b.to = to
	return b
}

func (b bench) append(t *testing.T, key string, values ...string) {
	t.Helper()
	for _, v := range values {
		if _, err := b.to.Append(t.Context(), b.topics.Events(), cordon.Record{Key: key, Value: []byte(v)}); err != nil {
			t.Fatal(err)
		}
	}
}

func (b bench) read(t *testing.T, o Options) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	err := Read(ctx, b.kafka, b.topics, o, func(r cordon.Record) error {
		got = append(got, string(r.Value))
		return nil
	})
	if err != nil || ctx.Err() != nil {
		t.Fatalf("Read(%+v) = %v, %v; want none", o, err, ctx.Err())
	}
	return got
}

func TestRead(t *testing.T) {
	b := newBench(t)
	b.append(t, "cam-1", "a", "b", "c")
	b.append(t, "cam-2", "d")
	for _, c := range []struct {
		name string
		o    Options
		want []string
	}{
		{"of one key, in order", Options{Topic: "events", Start: true, Exit: true, Key: "cam-1"}, []string{"a", "b", "c"}},
		{"as many as asked for", Options{Topic: "events", Start: true, Key: "cam-1", Count: 2}, []string{"a", "b"}},
		{"nothing after the end", Options{Topic: "events", Exit: true}, nil},
		{"another key", Options{Topic: "events", Start: true, Exit: true, Key: "cam-2"}, []string{"d"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, b.read(t, c.o)); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadFollows(t *testing.T) {
	b := newBench(t)
	b.append(t, "cam-1", "before")
	got := make(chan string)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- Read(ctx, b.kafka, b.topics, Options{Topic: "events", Start: true}, func(r cordon.Record) error {
			got <- string(r.Value)
			return nil
		})
	}()
	if v := <-got; v != "before" {
		t.Errorf("first = %q; want %q", v, "before")
	}
	b.append(t, "cam-1", "after")
	if v := <-got; v != "after" {
		t.Errorf("next = %q; want %q", v, "after")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Read after its context ended = %v; want none", err)
	}
}

func TestWriteJSON(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 5_000_000, time.UTC)
	for _, c := range []struct{ name, value, want string }{
		{"json stays json", `{"a":1}`, `"value":{"a":1}`},
		{"text", "no json", `"text":"no json"`},
		{"bytes", "\xff", `"bytes":"/w=="`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			r := cordon.Record{
				Position: cordon.Position{Topic: "events", Partition: 2, Offset: 7}, Time: at, Key: "cam-1",
				Headers: []cordon.Header{{Key: "ce_id", Value: "x"}}, Value: []byte(c.value),
			}
			if err := WriteJSON(bufio.NewWriter(&out), r); err != nil {
				t.Fatal(err)
			}
			want := `{"topic":"events","partition":2,"offset":7,"time":"2026-03-01T10:00:00.005Z","key":"cam-1","headers":{"ce_id":"x"},` + c.want + "}\n"
			if out.String() != want {
				t.Errorf("WriteJSON = %s want %s", out.String(), want)
			}
		})
	}
}
