package history

import (
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Rights are what history does with the log.
func Rights(t cordon.Topics) wkafka.Rights {
	r := wkafka.Rights{Groups: []string{t.Prefix + Group}}
	for _, table := range tables(t) {
		r.Read = append(r.Read, table.topic)
	}
	return r
}
