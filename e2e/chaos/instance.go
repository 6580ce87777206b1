package main

import (
	"sync/atomic"
	"time"
)

// life is what can be done to a program.
type life interface {
	start() error
	kill() error // as a crash does
	pause(d time.Duration)
	note(what string) // into its log
}

// instance is one of the programs of a deployment.
type instance struct {
	life
	name    string // also its client id at the broker
	service string // in the words of the plan
	metrics string // address of its metrics; "" if it has none

	// busy is set while something is done to it, so that nothing else is done
	// to it at the same time.
	busy atomic.Bool
}
