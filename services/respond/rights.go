package respond

import (
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Rights are what respond does with the log. It reads what it writes: it acts
// on what it reads back alone.
func Rights(t cordon.Topics) wkafka.Rights {
	return wkafka.Rights{
		Read:   []string{t.Findings(), t.Actions(), t.Rejected()},
		Write:  []string{t.Actions(), t.Rejected()},
		Groups: []string{t.Prefix + Group},
	}
}
