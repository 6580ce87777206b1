package dlq

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// bench is a deployment with a few parked records:
//
//	rejected/0/0           json.syntax, of raw.zeek/0/0, which has a header
//	rejected/0/1           time.missing, of raw.zeek/0/1
//	rejected/0/2           json.size, of raw.zeek/0/2, cut to its first 3 bytes
//	rejected/0/3           no rejected record at all
//	raw.zeek.dlq/0/0       nack, of raw.zeek/0/1
type bench struct {
	*testing.T
	q   *Queue
	pub *wkafka.Publisher
	ctx context.Context
}

func newBench(t *testing.T) *bench {
	t.Helper()
	cfg := kafkatest.Start(t)
	topics := kafkatest.Topics(t, cfg, 1)
	kafkatest.Create(t, cfg, wkafka.TopicSpec{Name: topics.Raw("zeek") + wkafka.DeadLetterSuffix, Partitions: 1})
	pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: cfg, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pub.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	b := &bench{t, Open(cfg, topics), pub, ctx}
	t.Cleanup(b.q.Close)
	b.fill(topics)
	return b
}

func (b *bench) append(topic string, recs ...wkafka.Record) {
	b.Helper()
	if _, err := b.pub.Append(b.ctx, topic, recs); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) fill(t cordon.Topics) {
	b.Helper()
	raw := []wkafka.Record{
		{Key: []byte("s1"), Value: []byte("{broken"), Headers: []wkafka.Header{{Key: "zeek-header", Value: []byte("#path\tconn")}}},
		{Key: []byte("s2"), Value: []byte("{}")},
		{Key: []byte("s1"), Value: []byte("{long}")},
	}
	b.append(t.Raw("zeek"), raw...)
	for i, reason := range []string{"json.syntax", "time.missing", "json.size"} {
		in := cordon.Record{Position: cordon.Position{Topic: t.Raw("zeek"), Offset: int64(i)}, Key: string(raw[i].Key), Value: raw[i].Value, Time: time.Now()}
		j := cordon.NewRejected(in, "ingest", reason, "line 1", "zeek/1")
		if reason == "json.size" {
			j = j.Cut(3)
		}
		rec, err := j.Record()
		if err != nil {
			b.Fatal(err)
		}
		b.append(t.Rejected(), wkafka.Record{Key: []byte(rec.Key), Value: rec.Value})
	}
	b.append(t.Rejected(), wkafka.Record{Value: []byte("junk")})
	parked := raw[1]
	parked.Topic, parked.Offset = t.Raw("zeek"), 1
	b.append(t.Raw("zeek")+wkafka.DeadLetterSuffix, wkafka.DeadLetter{Record: parked, Group: t.Prefix + "g", Attempts: 3, Reason: wkafka.ReasonNack, Error: "no room"}.Letter())
}

func (b *bench) at(topic string, offset int64) cordon.Position {
	return cordon.Position{Topic: b.q.topics.Prefix + topic, Offset: offset}
}

// entries are the positions and reasons of what f chooses.
func (b *bench) entries(f Filter) []string {
	b.Helper()
	list, err := b.q.Entries(b.ctx, f)
	if err != nil {
		b.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, strings.TrimPrefix(e.At.String(), b.q.topics.Prefix)+" "+e.Reason)
	}
	slices.Sort(out) // some were parked in the same millisecond
	return out
}

func TestEntries(t *testing.T) {
	b := newBench(t)
	for _, tc := range []struct {
		name   string
		filter Filter
		want   []string
	}{
		{"all", Filter{}, []string{"raw.zeek.dlq/0/0 nack", "rejected/0/0 json.syntax", "rejected/0/1 time.missing", "rejected/0/2 json.size", "rejected/0/3 " + unreadable}},
		{"a reason", Filter{Reason: "time.missing"}, []string{"rejected/0/1 time.missing"}},
		{"a kind of reasons", Filter{Reason: "json"}, []string{"rejected/0/0 json.syntax", "rejected/0/2 json.size"}},
		{"part of a word is no kind", Filter{Reason: "jso"}, nil},
		{"a service", Filter{Service: "ingest"}, []string{"rejected/0/0 json.syntax", "rejected/0/1 time.missing", "rejected/0/2 json.size"}},
		{"a group, without the prefix", Filter{Service: "g"}, []string{"raw.zeek.dlq/0/0 nack"}},
		{"a topic", Filter{Topic: "raw.eve"}, nil},
		{"later than all", Filter{Since: time.Now().Add(time.Hour)}, nil},
		{"since a moment ago", Filter{Since: time.Now().Add(-time.Hour), Reason: "nack"}, []string{"raw.zeek.dlq/0/0 nack"}},
		{"positions", Filter{At: []cordon.Position{b.at("rejected", 2)}}, []string{"rejected/0/2 json.size"}},
	} {
		if diff := cmp.Diff(tc.want, b.entries(tc.filter)); diff != "" {
			t.Errorf("%s: Entries (-want +got):\n%s", tc.name, diff)
		}
	}
}

// retry retries all and says what became of each, and which records raw.zeek
// got.
func (b *bench) retry(o RetryOptions) (outcomes map[string]Outcome, appended []wkafka.Record) {
	b.Helper()
	end := b.end()
	list, err := b.q.Entries(b.ctx, Filter{})
	if err != nil {
		b.Fatal(err)
	}
	outcomes = map[string]Outcome{}
	if err := b.q.Retry(b.ctx, list, o, func(out Outcome) { outcomes[out.Entry.Reason] = out }); err != nil {
		b.Fatal(err)
	}
	err = b.q.scanPartition(b.ctx, b.q.topics.Raw("zeek"), 0, end, b.end(), func(r wkafka.Record) { appended = append(appended, r) })
	if err != nil {
		b.Fatal(err)
	}
	return outcomes, appended
}

func (b *bench) end() int64 {
	b.Helper()
	end, err := wkafka.EndOffset(b.ctx, b.q.kafka, b.q.topics.Raw("zeek"), 0)
	if err != nil {
		b.Fatal(err)
	}
	return end
}

func TestRetry(t *testing.T) {
	b := newBench(t)
	if out, recs := b.retry(RetryOptions{DryRun: true}); len(recs) != 0 || out["nack"].To.Offset != -1 {
		t.Errorf("a rehearsal = %v, appended %v; want nothing appended", out["nack"], recs)
	}
	out, recs := b.retry(RetryOptions{})
	if len(recs) != 4 || out[unreadable].Err == nil {
		t.Fatalf("Retry = %+v, appended %d records; want 4 and that the fifth is none", out, len(recs))
	}
	first := of(recs, b.at("rejected", 0))
	if string(first.Key) != "s1" || string(first.Value) != "{broken" {
		t.Errorf("retried = %s %s; want the key and the bytes as they stood", first.Key, first.Value)
	}
	if header(first, "zeek-header") != "#path\tconn" || header(first, HeaderRetry) != b.at("rejected", 0).String() {
		t.Errorf("headers = %v; want those it had, and where it is parked", first.Headers)
	}
	if !slices.ContainsFunc(recs, func(r wkafka.Record) bool { return string(r.Value) == "{long}" }) {
		t.Errorf("retried = %v; want all bytes of the long one, not those parked", recs)
	}

	again, more := b.retry(RetryOptions{})
	if len(more) != 0 || !errors.Is(again["nack"].Err, ErrRetried) || len(again["nack"].Before) != 1 {
		t.Errorf("a second Retry = %+v, appended %v; want that all were retried before", again["nack"], more)
	}
	_, forced := b.retry(RetryOptions{Force: true})
	second := of(forced, b.at("rejected", 0))
	if len(forced) != 4 || header(second, HeaderRetryID) == header(first, HeaderRetryID) {
		t.Errorf("Retry by force appended %d records, id %s; want 4 with another id than %s", len(forced), header(second, HeaderRetryID), header(first, HeaderRetryID))
	}
	if n := len(b.entries(Filter{})); n != 5 {
		t.Errorf("%d records are parked after retrying; want 5, nothing is deleted", n)
	}
}

// of is the retry of the record parked at p. Those parked in the same
// millisecond come in any order.
func of(recs []wkafka.Record, p cordon.Position) wkafka.Record {
	for _, r := range recs {
		if header(r, HeaderRetry) == p.String() {
			return r
		}
	}
	return wkafka.Record{}
}

func header(r wkafka.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// TestRetryAfterRetention: what is gone from where it stood is taken from what
// is parked, if that is all of it.
func TestRetryAfterRetention(t *testing.T) {
	b := newBench(t)
	kafkatest.DeleteRecords(t, b.q.kafka, b.q.topics.Raw("zeek"), 0, 3)
	out, recs := b.retry(RetryOptions{})
	if o := out["json.syntax"]; !o.Lost || o.Err != nil {
		t.Errorf("json.syntax = %+v; want it retried without its headers", o)
	}
	if err := out["json.size"].Err; err == nil || !strings.Contains(err.Error(), "no more than 3 of its 6 bytes are parked") {
		t.Errorf("json.size = %v; want that bytes are missing", err)
	}
	if got := of(recs, b.at("rejected", 0)); len(recs) != 3 || string(got.Value) != "{broken" {
		t.Errorf("appended %d records, %s; want 3, with the parked bytes", len(recs), got.Value)
	}
}

func TestShow(t *testing.T) {
	b := newBench(t)
	_, recs := b.retry(RetryOptions{})
	to := b.at("raw.zeek", of(recs, b.at("rejected", 0)).Offset)
	for _, tc := range []struct {
		at   cordon.Position
		want []string
	}{
		{b.at("rejected", 0), []string{"reason    json.syntax\n", "mapper    zeek/1\n", "key       s1\n", "value     7 bytes\n{broken\n", "retried   " + to.String()}},
		{b.at("rejected", 2), []string{"value     the first 3 of 6 bytes\n{lo\n"}},
		{b.at("raw.zeek.dlq", 0), []string{"reason    nack\n", "detail    no room\n", "attempts  3\n", "from      " + b.at("raw.zeek", 1).String()}},
	} {
		list, err := b.q.Entries(b.ctx, Filter{At: []cordon.Position{tc.at}})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		retried, err := b.q.Retries(b.ctx, list)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := one(&out, list[0], retried[tc.at]); err != nil {
			t.Fatal(err)
		}
		for _, want := range tc.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s is shown as\n%s\nwant %q in it", tc.at, out.String(), want)
			}
		}
	}
}

func TestBody(t *testing.T) {
	for in, want := range map[string]string{
		"":          "",
		"{\"a\":1}": "{\"a\":1}\n",
		"a\x00b":    "00000000  61 00 62 ",
		"\xff":      "00000000  ff ",
		"\x1b[31m":  "00000000  1b 5b 33", // no colours from outside
	} {
		if got := body([]byte(in)); !strings.HasPrefix(got, want) {
			t.Errorf("body(%q) = %q; want %q", in, got, want)
		}
	}
}
