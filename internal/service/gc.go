package service

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to five times what is live before it is
// collected. A service holds little and makes much garbage: at Go's default of
// 100 a third of the processor time of the pipeline went into collecting.
const gcPercent = 400

// TuneGC sets how often garbage is collected, unless GOGC says.
func TuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
