package lag_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect"
)

// step passes records over when gate lets it.
type step struct{ gate <-chan struct{} }

func (s step) Apply(ctx context.Context, _ cordon.Record) ([]stream.Output, error) {
	select {
	case <-s.gate:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestWait(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 4)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	to, err := stream.NewAppender(k, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	for _, key := range []string{"a", "b", "c"} {
		if _, err := to.Append(ctx, topics.Events(), cordon.Record{Key: key, Value: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	m := lag.NewMeter(k)
	defer m.Close()
	s := lag.Stage{Name: "test", Groups: map[string][]string{topics.Prefix + "test": {topics.Events()}}}
	if n, err := m.Behind(ctx, s); n != 3 || err != nil {
		t.Errorf("Behind before anybody reads = %d, %v; want 3", n, err)
	}
	if err := m.Reading(ctx, s); err == nil {
		t.Error("Reading before anybody reads = nil; want an error")
	}

	gate := make(chan struct{})
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- stream.Run(running, stream.Config{
			Kafka: k, Group: topics.Prefix + "test", Topics: []string{topics.Events()},
			Open: func(context.Context, *stream.Claim) (stream.Step, error) { return step{gate}, nil },
		})
	}()
	if err := m.WaitReading(ctx, s); err != nil {
		t.Fatal(err)
	}
	soon, end := context.WithTimeout(ctx, 300*time.Millisecond)
	defer end()
	if err := m.Wait(soon, s, nil); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "test is 3 records behind") {
		t.Errorf("Wait while nothing moves = %v; want 3 records behind", err)
	}
	close(gate)
	last := int64(-1)
	if err := m.Wait(ctx, s, func(n int64) { last = n }); err != nil || last != 0 {
		t.Errorf("Wait = %v, last heard %d; want none, 0", err, last)
	}
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestStagesNameTheServicesGroups(t *testing.T) {
	topics := cordon.Topics{Prefix: "s."}
	for _, s := range lag.Stages(topics) {
		for g := range s.Groups {
			if !strings.HasPrefix(g, "s.cordon.") {
				t.Errorf("group %s of %s; want s.cordon.<service>", g, s.Name)
			}
		}
		if _, ok := s.Groups["s."+detect.Group]; s.Name == "detect" && !ok {
			t.Errorf("groups of detect = %v; want %s", s.Groups, detect.Group)
		}
	}
}
