package stream

import (
	"strings"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// fromKafka returns recs as records of cordon. Keys and header values of all
// are cut from one string; values stay in the fetch buffer. So a record that is
// kept keeps its batch.
func fromKafka(recs []wkafka.Record) []cordon.Record {
	bytes, headers := 0, 0
	for i := range recs {
		bytes += len(recs[i].Key)
		headers += len(recs[i].Headers)
		for _, h := range recs[i].Headers {
			bytes += len(h.Value)
		}
	}
	c := fromConverter{headers: make([]cordon.Header, 0, headers)}
	c.text.Grow(bytes) // so that it never moves
	out := make([]cordon.Record, len(recs))
	for i := range recs {
		c.record(&out[i], &recs[i])
	}
	return out
}

type fromConverter struct {
	text    strings.Builder
	headers []cordon.Header
}

func (c *fromConverter) record(out *cordon.Record, r *wkafka.Record) {
	out.Position = cordon.Position{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset}
	out.Time, out.Value = r.Time, r.Value
	out.Key = c.string(r.Key)
	first := len(c.headers)
	for _, h := range r.Headers {
		c.headers = append(c.headers, cordon.Header{Key: h.Key, Value: c.string(h.Value)})
	}
	if len(c.headers) > first {
		out.Headers = c.headers[first:len(c.headers):len(c.headers)]
	}
}

// string returns b as a string without an allocation of its own.
func (c *fromConverter) string(b []byte) string {
	first := c.text.Len()
	c.text.Write(b)
	return c.text.String()[first:]
}

// toKafka prepares n records for Append; at gives the i-th. Keys and header
// values share one buffer. A record without a key has an empty one, so that it
// always goes to the same partition.
func toKafka(n int, at func(i int) *cordon.Record) []wkafka.Record {
	bytes, headers := 0, 0
	for i := range n {
		r := at(i)
		bytes += len(r.Key)
		headers += len(r.Headers)
		for _, h := range r.Headers {
			bytes += len(h.Value)
		}
	}
	c := toConverter{buf: make([]byte, 0, bytes), headers: make([]wkafka.Header, 0, headers)}
	out := make([]wkafka.Record, n)
	for i := range out {
		c.record(&out[i], at(i))
	}
	return out
}

type toConverter struct {
	buf     []byte
	headers []wkafka.Header
}

func (c *toConverter) record(out *wkafka.Record, r *cordon.Record) {
	out.Time, out.Value = r.Time, r.Value
	out.Key = c.bytes(r.Key)
	first := len(c.headers)
	for _, h := range r.Headers {
		c.headers = append(c.headers, wkafka.Header{Key: h.Key, Value: c.bytes(h.Value)})
	}
	out.Headers = c.headers[first:len(c.headers):len(c.headers)]
}

func (c *toConverter) bytes(s string) []byte {
	first := len(c.buf)
	c.buf = append(c.buf, s...)
	return c.buf[first:len(c.buf):len(c.buf)]
}
