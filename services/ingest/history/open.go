package history

import (
	"errors"
	"fmt"
	"io"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
)

// Open returns the sink of one topic without a consumer in front of it, for
// measurements and backfills; close it with the closer.
func Open(o Options, topic string) (stream.Sink, io.Closer, error) {
	for _, t := range tables(o.Topics) {
		if t.topic != topic {
			continue
		}
		conn, err := open(o.DSN, o.Password)
		if err != nil {
			return nil, nil, err
		}
		return newSink(conn, t, newMetrics(o.Registry)), conn, nil
	}
	return nil, nil, errors.New(fmt.Sprint("topic ", topic, " has no table; the topics are ", cordon.Topics{}.All()))
}
