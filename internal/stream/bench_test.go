package stream

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// The benchmarks compare with what kafka-go's Reader and Writer do on the same
// broker in the same run. With CORDON_TEST_KAFKA the broker is another process
// and cpu-µs/record is the client's alone.

const (
	benchRecords = 200_000
	benchParts   = 4
)

// event is about 700 bytes of JSON that compress as logs do.
func event(i int) []byte {
	return fmt.Appendf(nil, `{"class_uid":4001,"time":%d,"device":{"uid":"cam-%d","ip":"10.1.%d.%d","zone":"cameras"},"src_endpoint":{"ip":"10.1.%d.%d","port":%d},"dst_endpoint":{"ip":"192.0.2.%d","port":443},"traffic":{"bytes_in":%d,"bytes_out":%d,"packets_in":%d},"connection_info":{"protocol_name":"tcp","direction":"Outbound","uid":"C%x"},"metadata":{"version":"1.8.0","product":{"name":"Zeek","vendor_name":"Zeek"},"log_name":"conn","uid":"%x-%x-%x"},"pad":"%0300d"}`,
		1_700_000_000_000+i, i%1000, i%250, i%200, i%250, i%200, 1024+i%60000, i%250, i*7%100000, i*13%1000000, i%1000, i*2654435761, i*40503, i*69069, i*1103515245, i*31337)
}

func events(from, n int) []wkafka.Record {
	recs := make([]wkafka.Record, n)
	for i := range recs {
		recs[i] = wkafka.Record{Key: fmt.Appendf(nil, "cam-%d", (from+i)%1000), Value: event(from + i)}
		for _, h := range []string{"ce_id", "ce_type", "ce_source", "ce_time", "ce_specversion", "content-type"} {
			recs[i].Headers = append(recs[i].Headers, wkafka.Header{Key: h, Value: []byte("0190a1b2-c3d4-8e5f-9a0b-c1d2e3f40516")})
		}
	}
	return recs
}

// filled returns a topic with benchRecords events.
func filled(b *testing.B, cfg wkafka.Config) string {
	b.Helper()
	topic := kafkatest.Name(b)
	kafkatest.Create(b, cfg, wkafka.TopicSpec{Name: topic, Partitions: benchParts})
	pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: cfg, Compression: wkafka.LZ4, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer pub.Close()
	for i := 0; i < benchRecords; i += 4000 {
		if _, err := pub.Append(context.Background(), topic, events(i, 4000)); err != nil {
			b.Fatal(err)
		}
	}
	return topic
}

func emptyTopic(b *testing.B, cfg wkafka.Config) string {
	b.Helper()
	topic := kafkatest.Name(b)
	kafkatest.Create(b, cfg, wkafka.TopicSpec{Name: topic, Partitions: benchParts})
	return topic
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs f, which handles benchRecords records, b.N times.
func measure(b *testing.B, f func()) {
	b.Helper()
	b.ReportAllocs()
	began := cpu()
	b.ResetTimer()
	for range b.N {
		f()
	}
	b.StopTimer()
	n := float64(b.N) * benchRecords
	b.ReportMetric(n/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64((cpu()-began).Microseconds())/n, "cpu-µs/record")
}

// until calls stop when n reaches benchRecords.
func until(n *atomic.Int64, more int, stop func()) {
	if n.Add(int64(more)) >= benchRecords {
		stop()
	}
}

func BenchmarkReadClaims(b *testing.B) {
	cfg := kafkatest.Start(b)
	topic := filled(b, cfg)
	measure(b, func() {
		ctx, stop := context.WithCancel(context.Background())
		var n atomic.Int64
		err := wkafka.Consume(ctx, wkafka.ConsumerConfig{Config: cfg, Group: kafkatest.Name(b), Topics: []string{topic}}, func(ctx context.Context, c *wkafka.Claim) error {
			for {
				batch, err := c.Fetch(ctx)
				if err != nil {
					return err
				}
				until(&n, len(batch.Records), stop)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkReadKafkaGoReader(b *testing.B) {
	cfg := kafkatest.Start(b)
	topic := filled(b, cfg)
	measure(b, func() {
		r := kafka.NewReader(kafka.ReaderConfig{Brokers: cfg.Brokers, GroupID: kafkatest.Name(b), Topic: topic, QueueCapacity: 1000, MaxWait: 100 * time.Millisecond})
		for range benchRecords {
			if _, err := r.FetchMessage(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
		_ = r.Close()
	})
}

func BenchmarkWritePublisher(b *testing.B) {
	cfg := kafkatest.Start(b)
	topic := emptyTopic(b, cfg)
	pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: cfg, Compression: wkafka.LZ4, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer pub.Close()
	recs := events(0, 4000)
	measure(b, func() {
		for i := 0; i < benchRecords; i += 4000 {
			if _, err := pub.Append(context.Background(), topic, recs); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkWriteKafkaGoWriter(b *testing.B) {
	cfg := kafkatest.Start(b)
	topic := emptyTopic(b, cfg)
	w := &kafka.Writer{Addr: kafka.TCP(cfg.Brokers...), Transport: &kafka.Transport{}, Topic: topic, RequiredAcks: kafka.RequireAll, Compression: kafka.Lz4,
		BatchSize: 1000, BatchTimeout: time.Millisecond, Balancer: kafka.Murmur2Balancer{}}
	defer w.Close()
	msgs := messages(events(0, 4000))
	measure(b, func() {
		for i := 0; i < benchRecords; i += 4000 {
			if err := w.WriteMessages(context.Background(), msgs...); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func messages(recs []wkafka.Record) []kafka.Message {
	msgs := make([]kafka.Message, len(recs))
	for i, r := range recs {
		msgs[i] = kafka.Message{Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			msgs[i].Headers = append(msgs[i].Headers, kafka.Header{Key: h.Key, Value: h.Value})
		}
	}
	return msgs
}

// identity is the step of BenchmarkRun: what any step pays for.
type identity struct {
	out  string
	n    *atomic.Int64
	done func()
}

func (s identity) Apply(_ context.Context, in cordon.Record) ([]Output, error) {
	until(s.n, 1, s.done)
	return []Output{{s.out, cordon.Record{Key: in.Key, Headers: in.Headers, Value: in.Value}}}, nil
}

func BenchmarkRunIdentity(b *testing.B) {
	cfg := kafkatest.Start(b)
	in := filled(b, cfg)
	measure(b, func() {
		out := emptyTopic(b, cfg)
		ctx, stop := context.WithCancel(context.Background())
		var n atomic.Int64
		err := Run(ctx, Config{
			Kafka: cfg, Group: kafkatest.Name(b), Topics: []string{in},
			Open: func(context.Context, *Claim) (Step, error) { return identity{out, &n, stop}, nil },
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkBareReadAppend is the loop one would write with kafka-go alone: read
// a thousand, write them, commit. At least once, no state, no rejections.
func BenchmarkBareReadAppend(b *testing.B) {
	cfg := kafkatest.Start(b)
	in := filled(b, cfg)
	measure(b, func() {
		out := emptyTopic(b, cfg)
		r := kafka.NewReader(kafka.ReaderConfig{Brokers: cfg.Brokers, GroupID: kafkatest.Name(b), Topic: in, QueueCapacity: 1000, MaxWait: 100 * time.Millisecond})
		// Its own transport: the shared one does not know the topic for seconds.
		w := &kafka.Writer{Addr: kafka.TCP(cfg.Brokers...), Transport: &kafka.Transport{}, Topic: out, RequiredAcks: kafka.RequireAll, Compression: kafka.Lz4,
			BatchSize: 1000, BatchTimeout: time.Millisecond, Balancer: kafka.Murmur2Balancer{}}
		for done := 0; done < benchRecords; done += 1000 {
			bareStep(b, r, w)
		}
		_, _ = r.Close(), w.Close()
	})
}

func bareStep(b *testing.B, r *kafka.Reader, w *kafka.Writer) {
	ctx := context.Background()
	msgs := make([]kafka.Message, 1000)
	out := make([]kafka.Message, 1000)
	for i := range msgs {
		var err error
		if msgs[i], err = r.FetchMessage(ctx); err != nil {
			b.Fatal(err)
		}
		out[i] = kafka.Message{Key: msgs[i].Key, Value: msgs[i].Value, Headers: msgs[i].Headers}
	}
	if err := w.WriteMessages(ctx, out...); err != nil {
		b.Fatal(err)
	}
	if err := r.CommitMessages(ctx, msgs...); err != nil {
		b.Fatal(err)
	}
}
