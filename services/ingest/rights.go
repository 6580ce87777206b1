package ingest

import (
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Rights are what ingest does with the log. It reads what it writes, to know
// after a crash what of it is there.
func Rights(t cordon.Topics) wkafka.Rights {
	r := wkafka.Rights{
		Read:   []string{t.Events(), t.Rejected(), t.Devices()},
		Write:  []string{t.Events(), t.Rejected()},
		Groups: Groups(t),
	}
	for _, f := range cordon.Formats() {
		r.Read = append(r.Read, t.Raw(f))
	}
	return r
}
