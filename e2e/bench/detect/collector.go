package main

import (
	"runtime"
	"runtime/debug"
	"time"
)

// collector runs the garbage collection between rounds and charges each
// contender for what it allocated. Left to itself, a collection that one
// contender's garbage starts is paid by whoever happens to run next.
type collector struct {
	live   func() (bytes uint64) // after a collection
	run    func()
	cpu    func() time.Duration
	dirty  uint64  // allocated since the last collection
	perkib float64 // ns for 1024 bytes
}

// gogc is that of all services: the heap may grow to five times what is live.
const gogc = 400

const mostDirty = 256 << 20

// newCollector switches the collector of the runtime off; stop puts it back.
func newCollector() (c *collector, stop func()) {
	before := debug.SetGCPercent(-1)
	c = &collector{live: liveBytes, run: runtime.GC, cpu: cpu}
	c.collect()
	return c, func() { debug.SetGCPercent(before) }
}

func liveBytes() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// collect runs a collection and learns its price: what it took, spread over the
// garbage after which a service would have run it.
func (c *collector) collect() {
	before := c.cpu()
	c.run()
	took := c.cpu() - before
	c.perkib = float64(took) / (float64(c.live()) * gogc / 100) * 1024
	c.dirty = 0
}

// tidy collects if there is much to collect.
func (c *collector) tidy() {
	if c.dirty > mostDirty {
		c.collect()
	}
}

// charge is the time that s took with its share of collection.
func (c *collector) charge(s sample) time.Duration {
	c.dirty += s.bytes
	return s.cpu + time.Duration(float64(s.bytes)/1024*c.perkib)
}
