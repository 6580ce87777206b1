package main

import (
	"context"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon/wkafka"
)

const (
	partitions = 4
	setSize    = 4000 // records that differ; one bulk call
)

// event is about 700 bytes of JSON that compress as logs do.
func event(i int) []byte {
	return fmt.Appendf(nil, `{"class_uid":4001,"time":%d,"device":{"uid":"cam-%d","ip":"10.1.%d.%d","zone":"cameras"},"src_endpoint":{"ip":"10.1.%d.%d","port":%d},"dst_endpoint":{"ip":"192.0.2.%d","port":443},"traffic":{"bytes_in":%d,"bytes_out":%d,"packets_in":%d},"connection_info":{"protocol_name":"tcp","direction":"Outbound","uid":"C%x"},"metadata":{"version":"1.8.0","product":{"name":"Zeek","vendor_name":"Zeek"},"log_name":"conn","uid":"%x-%x-%x"},"pad":"%0300d"}`,
		1_700_000_000_000+i, i%1000, i%250, i%200, i%250, i%200, 1024+i%60000, i%250, i*7%100000, i*13%1000000, i%1000, i*2654435761, i*40503, i*69069, i*1103515245, i*31337)
}

// recordSet returns the records that are written again and again: a thousand
// keys, no headers.
func recordSet() []wkafka.Record {
	recs := make([]wkafka.Record, setSize)
	for i := range recs {
		recs[i] = wkafka.Record{Key: fmt.Appendf(nil, "cam-%d", i%1000), Value: event(i)}
	}
	return recs
}

// a sum tells a set of records from another: how many, and the checksums of
// their values.
type sum struct {
	n   int64
	crc uint64
}

func (s *sum) add(value []byte) { s.n++; s.crc += uint64(crc32.ChecksumIEEE(value)) }

// expected is the sum of the first n records of the set repeated without end.
func expected(set []wkafka.Record, n int) sum {
	var s sum
	for i := range n {
		s.add(set[i%len(set)].Value)
	}
	return s
}

// logSum reads a whole topic.
func logSum(ctx context.Context, cfg wkafka.Config, topic string) (sum, error) {
	var s sum
	ends, err := wkafka.EndOffsets(ctx, cfg, topic)
	if err != nil {
		return s, err
	}
	for p, end := range ends {
		r := wkafka.NewPartitionReader(cfg, topic, p, 0)
		for r.Offset() < end {
			b, err := r.Poll(ctx)
			if err != nil {
				_ = r.Close()
				return s, err
			}
			for i := range b.Records {
				s.add(b.Records[i].Value)
			}
		}
		if err := r.Close(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// fill makes a topic of n records.
func fill(ctx context.Context, cfg wkafka.Config, topic string, c wkafka.Compression, n int) error {
	if err := wkafka.CreateTopics(ctx, cfg, wkafka.TopicSpec{Name: topic, Partitions: partitions}); err != nil {
		return err
	}
	pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: cfg, Compression: c, Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { _ = pub.Close() }()
	set := recordSet()
	for done := 0; done < n; done += setSize {
		if _, err := pub.Append(ctx, topic, set[:min(setSize, n-done)]); err != nil {
			return err
		}
	}
	return nil
}

// drop removes a topic, so that a run takes little disk.
func drop(ctx context.Context, cfg wkafka.Config, topic string) error {
	c := kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Timeout: 10 * time.Second, Transport: &kafka.Transport{}}
	res, err := c.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	if err != nil {
		return err
	}
	return res.Errors[topic]
}
