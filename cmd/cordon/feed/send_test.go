package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/pace"
)

// fakeLog takes records into two partitions by turns.
type fakeLog struct {
	got   []string
	at    []time.Duration // when, since the first
	begun time.Time
	limit int             // bytes of a record; 0: none
	fail  func(int) error // of the n-th call
	calls int
}

func (f *fakeLog) Append(_ context.Context, topic string, recs ...cordon.Record) ([]cordon.Position, error) {
	f.calls++
	if f.fail != nil {
		if err := f.fail(f.calls); err != nil {
			return nil, err
		}
	}
	if f.begun.IsZero() {
		f.begun = time.Now()
	}
	var out []cordon.Position
	for _, r := range recs {
		if f.limit > 0 && len(r.Value) > f.limit {
			return nil, fmt.Errorf("append: %w", kafka.MessageSizeTooLarge)
		}
		n := len(f.got)
		f.got = append(f.got, string(r.Value))
		f.at = append(f.at, time.Since(f.begun))
		out = append(out, cordon.Position{Topic: topic, Partition: n % 2, Offset: int64(n / 2)})
	}
	return out, nil
}

func feeder(to Appender, s pace.Speed) *Feeder {
	return &Feeder{To: to, Topic: "raw.zeek", Speed: s, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
}

func zeekFormat(t *testing.T) format {
	t.Helper()
	f, err := newFormat("zeek", "gate", "conn")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSendKeepsOrder(t *testing.T) {
	var in strings.Builder
	var want []string
	for i := range 3 * maxBatch {
		want = append(want, fmt.Sprintf(`{"_path":"conn","ts":%d}`, i+1))
		in.WriteString(want[i] + "\n")
	}
	to := &fakeLog{}
	f := feeder(to, pace.Max)
	sent, err := f.Send(t.Context(), strings.NewReader(in.String()), zeekFormat(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, to.got); diff != "" {
		t.Errorf("records (-want +got):\n%.300s", diff)
	}
	if diff := cmp.Diff(Ranges{0: {{0, 1499}}, 1: {{0, 1499}}}, sent); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
	if got := f.Count().Totals(); got.Records != 3*maxBatch || got.Refused != 0 || got.Blank != 0 {
		t.Errorf("totals = %+v; want all records", got)
	}
}

func TestSendPaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &fakeLog{}
		in := `{"_path":"c","ts":100}` + "\n" + `{"_path":"c","ts":100.1}` + "\n" + `{"_path":"c","ts":102}` + "\n" + `{"_path":"c","ts":101}` + "\n"
		if _, err := feeder(to, 10).Send(t.Context(), strings.NewReader(in), zeekFormat(t)); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 10 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond}
		if diff := cmp.Diff(want, to.at); diff != "" {
			t.Errorf("sent after (-want +got):\n%s", diff)
		}
	})
}

func TestSendGoesOnAfterWhatIsTooLarge(t *testing.T) {
	to := &fakeLog{limit: 1 << 20}
	f := feeder(to, pace.Max)
	in := "a\n" + strings.Repeat("b", 1<<20+1) + "\n\nc\n" + strings.Repeat("d", maxLine+1) + "\ne\n"
	if _, err := f.Send(t.Context(), strings.NewReader(in), zeekFormat(t)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "c", "e"}, to.got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Totals{Records: 3, Bytes: 3, Blank: 1, Refused: 2}, f.Count().Totals()); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

func TestSendEndsWithTheLog(t *testing.T) {
	gone := errors.New("gone")
	to := &fakeLog{fail: func(n int) error {
		if n == 2 {
			return gone
		}
		return nil
	}}
	f := feeder(to, pace.Max)
	_, err := f.Send(t.Context(), strings.NewReader(strings.Repeat("x\n", 5*maxBatch)), zeekFormat(t))
	if !errors.Is(err, gone) || !strings.Contains(err.Error(), "lines 1001 to 2000") {
		t.Errorf("Send = %v; want the lines that failed", err)
	}
	if got := f.Count().Totals().Records; got != maxBatch {
		t.Errorf("records = %d; want those of the first batch", got)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 67739: "67,739", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %q; want %q", n, got, want)
		}
	}
}
