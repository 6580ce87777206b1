package wkafka

import "time"

// Header is one header of a record. A key may occur more than once.
type Header struct {
	Key   string
	Value []byte
}

// Record is one entry of a partition. Key, Value and header values of a record
// that was read may alias the fetch buffer, which lives as long as any of them:
// copy what is kept for long.
type Record struct {
	Topic     string
	Partition int
	Offset    int64
	Time      time.Time // of the producer or of the broker, as the topic is configured
	Key       []byte    // nil: no key
	Value     []byte    // nil: a tombstone
	Headers   []Header
}

// size is an upper bound of the bytes r takes in an uncompressed batch.
func (r *Record) size() int {
	n := len(r.Key) + len(r.Value) + 32
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value) + 10
	}
	return n
}

// Batch is a run of records of one partition in the order of their offsets.
type Batch struct {
	Records []Record
	// HighWater is the offset after the last record that readers may see, as
	// of the answer that brought the batch.
	HighWater int64
}

// Last is the offset of the last record of b, or -1.
func (b Batch) Last() int64 {
	if len(b.Records) == 0 {
		return -1
	}
	return b.Records[len(b.Records)-1].Offset
}

// Appended says where a record was written.
type Appended struct {
	Partition int
	Offset    int64
}
