package store

import (
	"context"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/store/sqltext"
)

// killEvery is the pause between attempts to kill a statement: the first may
// come before the engine has begun it.
const killEvery = 50 * time.Millisecond

// cancelWith kills the statement when ctx ends, which is when the client has
// gone. The returned function ends the watch and waits for it.
func (x *exchange) cancelWith(ctx context.Context) (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-done:
		case <-ctx.Done():
			x.killUntil(done)
		}
	}()
	return func() {
		close(done)
		<-over
	}
}

func (x *exchange) killUntil(done <-chan struct{}) {
	for {
		x.kill()
		select {
		case <-done:
			return
		case <-time.After(killEvery):
		}
	}
}

// kill asks the engine to stop the statement. ASYNC: waiting for the victim's
// entry to disappear would never end (see package gate).
func (x *exchange) kill() {
	conn, err := x.server.pool.connect()
	if err != nil {
		x.server.log.Warn("store: cannot stop a statement whose client is gone", "query_id", x.q.queryID, "error", err)
		return
	}
	defer conn.Close()
	if err := conn.Exec("KILL QUERY WHERE Settings['log_comment'] = " + sqltext.Literal(x.tag) + " ASYNC"); err != nil {
		x.server.log.Warn("store: cannot stop a statement whose client is gone", "query_id", x.q.queryID, "error", err)
	}
}
