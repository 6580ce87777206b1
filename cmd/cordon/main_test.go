package main

import (
	"log/slog"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cordon-iot/cordon/cmd/cordon/broker"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cordon": main})
}

// TestScripts runs the transcripts in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: func(e *testscript.Env) error { e.Setenv("TZ", "UTC"); return nil },
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"broker": startBroker},
	})
}

// startBroker is `broker`: it starts one for the script, where commands find it.
func startBroker(ts *testscript.TestScript, _ bool, _ []string) {
	b, err := broker.Start(broker.Options{
		Dir: ts.MkAbs("log"), Listen: "127.0.0.1:0", Partitions: 4, Log: slog.New(slog.DiscardHandler),
	})
	ts.Check(err)
	ts.Defer(b.Close)
	ts.Setenv("CORDON_KAFKA_BROKERS", b.Address())
}
