package detect

import (
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Rights are what detect does with the log. It reads what it writes, to know
// after a crash what of it is there, and keeps snapshots of its state. It puts
// changed policies into the log, and where they hold.
func Rights(t cordon.Topics) wkafka.Rights {
	return wkafka.Rights{
		Read:   []string{t.Events(), t.Findings(), t.Rejected(), t.State(), t.Rulesets(), t.Changes()},
		Write:  []string{t.Findings(), t.Rejected(), t.State(), t.Rulesets(), t.Changes()},
		Groups: []string{t.Prefix + Group},
	}
}
