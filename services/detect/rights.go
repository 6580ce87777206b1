package detect

import (
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Rights are what detect does with the log. It reads what it writes, to know
// after a crash what of it is there, and keeps snapshots of its state.
func Rights(t cordon.Topics) wkafka.Rights {
	return wkafka.Rights{
		Read:   []string{t.Events(), t.Findings(), t.Rejected(), t.State()},
		Write:  []string{t.Findings(), t.Rejected(), t.State()},
		Groups: []string{t.Prefix + Group},
	}
}
