package stream

import (
	"context"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Appender appends records that do not follow from one input record: of
// dispatchers, commands and simulators. It is safe for concurrent use.
type Appender struct{ pub *wkafka.Publisher }

// NewAppender returns an Appender. Records without a time get that of now,
// which topics with LogAppendTime overrule. It connects when it is first used;
// close it.
func NewAppender(k wkafka.Config, now func() time.Time) (*Appender, error) {
	pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: k, Compression: wkafka.LZ4, Now: now})
	if err != nil {
		return nil, err
	}
	return &Appender{pub: pub}, nil
}

// Append writes recs to topic, each into the partition of its key, and returns
// their positions in the same order when they are durable. It retries until ctx
// ends. After an error that errors.Is wkafka.ErrUnknownOutcome some of recs may
// be in the log: read it before trying again, or rely on their ids.
func (a *Appender) Append(ctx context.Context, topic string, recs ...cordon.Record) ([]cordon.Position, error) {
	done, err := a.pub.Append(ctx, topic, toKafka(len(recs), func(i int) *cordon.Record { return &recs[i] }))
	if err != nil {
		return nil, err
	}
	return positions(topic, done), nil
}

func positions(topic string, done []wkafka.Appended) []cordon.Position {
	at := make([]cordon.Position, len(done))
	for i, d := range done {
		at[i] = cordon.Position{Topic: topic, Partition: d.Partition, Offset: d.Offset}
	}
	return at
}

// Close waits for what is on its way and ends the connections.
func (a *Appender) Close() error { return a.pub.Close() }
